"""postscreen: clients that talk too early, hang up, break the protocol, pass, or are listed."""

from contextlib import suppress
from typing import Any

from tests.e2e.ledger import between, now
from tests.e2e.outcomes import recipient, sender
from tests.e2e.session import Driver, Session

EARLY_HELO = b"EHLO early.example.com\r\n"
EARLY_MAIL = b"MAIL FROM:<early@example.com>\r\nRCPT TO:<accept.early@accept.example.net>\r\n"
# What a client sends after the greeting: action, stage and content that postscreen logs of it
VIOLATIONS: dict[bytes, list[tuple[str, str | None, str | None]]] = {
    b"NOOP\r\nNOOP\r\n": [("command pipelining", "NOOP", r"NOOP\r\n")],
    b"NOOP\n": [("bare newline", "NOOP", None)],
    b"GET / HTTP/1.0\r\n": [("non-smtp command", "CONNECT", "GET / HTTP/1.0")],
    b"EHLO a\r\nDATA\r\n": [
        ("command pipelining", "EHLO", r"DATA\r\n"),
        ("data without valid rcpt", None, None),
    ],
}


def meet_postscreen(driver: Driver) -> None:
    """Each thing that postscreen says of a client."""
    # The first visit passes the tests, but the client has to come back
    newcomer = driver.rig.next_address("127.72")
    with Session(driver, "SCREENED", source=newcomer, is_screened=True) as session:
        session.greet()
        session.envelope(sender(), [recipient("accept")])
    for _ in range(2):
        with Session(driver, "SCREENED", source=newcomer) as session:
            session.greet()
            session.transmit(sender(), [recipient("accept")])
    with Session(driver, "SCREENED", network="127.70") as session:
        session.greet()
        session.transmit(sender(), [recipient("accept")])
    with Session(driver, "SCREENED", network="127.71", is_screened=True) as session:
        _note_decision(session, "postscreen_denylisted", "denylisted")
        session.greet()
        session.envelope(sender(), [recipient("accept")])
    _talk_early(driver)
    with Session(driver, "SCREENED", is_raw=True, is_screened=True) as session:
        session.drop(reason="hangup")
    _violate(driver)


def _talk_early(driver: Driver) -> None:
    """A client that does not wait for the greeting."""
    with Session(driver, "SCREENED", is_raw=True, is_screened=True) as session:
        session.sock.sendall(EARLY_HELO + EARLY_MAIL + b"QUIT\r\n")
        session.expect_end()
        said = (EARLY_HELO + EARLY_MAIL).decode().replace("\r\n", r"\r\n")
        # 100 bytes of input are shown
        _note_decision(
            session, "postscreen_pregreet", "pregreet", content=said.removesuffix(r"\r\n")
        )
        _note_decision(
            session,
            "postscreen_violation",
            "command pipelining",
            stage="EHLO",
            content=said.partition(r"\r\n")[2] + r"QUIT\r\n",
        )
        session.helo_name = "early.example.com"
        session.sender = "early@example.com"
        session.note_refusal(
            "RCPT",
            550,
            b"5.5.1 Protocol error",
            session.began_at,
            "accept.early@accept.example.net",
        )


def _violate(driver: Driver) -> None:
    """Clients that break the protocol, and one that says nothing."""
    for text, decisions in VIOLATIONS.items():
        with Session(driver, "SCREENED", is_screened=True) as session:
            session.sock.sendall(text)
            session.sock.settimeout(1)
            with suppress(TimeoutError):
                session.expect_end()
            if not session.is_over:
                session.drop(reason="hangup")
            for action, stage, content in decisions:
                _note_decision(
                    session, "postscreen_violation", action, stage=stage, content=content
                )
    with Session(driver, "SCREENED", is_screened=True) as session:
        session.expect_end()
        _note_decision(session, "postscreen_violation", "command time limit", stage="CONNECT")


def _note_decision(session: Session, kind: str, action: str, **values: Any) -> None:
    """Write down what postscreen holds against a client."""
    session.refusals.append(
        session.driver.ledger.add(
            "rejections",
            connection=session.peer,
            logged_at=between(session.began_at, now()),
            daemon="postscreen",
            kind=kind,
            action=action,
            client_ip=session.source,
            client_port=session.client_port,
            **values,
        )
    )

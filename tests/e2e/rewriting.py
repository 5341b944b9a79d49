"""Recipients that become others: aliases, .forward, virtual aliases; and odd addresses."""

import shutil

from tests.e2e.ledger import Entry, between, matching, now
from tests.e2e.outcomes import expect_delivery, recipient, sender
from tests.e2e.session import Driver, Session
from tests.e2e.settle import wait_until_idle

LONG = "l" * 64


def expand_aliases(driver: Driver) -> None:
    """aliases(5): mailboxes, addresses elsewhere, commands and files."""
    spool = driver.rig.root / "mx" / "spool"
    local = [
        ("root", "news@mx.example.org", "2.0.0", "sent", "delivered to maildir"),
        (
            "counted",
            None,
            "2.0.0",
            "sent",
            "delivered to command: /bin/cat >/dev/null",
        ),
        (
            "broken",
            None,
            "4.3.0",
            "deferred",
            "temporary failure. Command output: no room ",
        ),
        ("filed", None, "2.0.0", "sent", f"delivered to file: {spool}/filed"),
        ("news+list", None, "2.0.0", "sent", "delivered to maildir"),
    ]
    with Session(driver, "MX") as session:
        session.greet()
        for name, to, dsn, status, reply in local:
            message = _send(session, f"{name}@mx.example.org")
            _expect(driver, message, name, to, dsn, status, reply)
        outside = _send(session, "outside@mx.example.org")
        team = _send(session, "team@mx.example.org")
        mixed = session.transmit(
            sender(), ["sales@alias.example.org", "both@alias.example.org"], recipient_count=3
        )
    for name in ("news", "games"):
        _expect(
            driver, team, "team", f"{name}@mx.example.org", "2.0.0", "sent", "delivered to maildir"
        )
    assert mixed is not None
    mixed["awaited"] = []
    mixed["originals"] = {
        "carol@accept.example.net": "sales@alias.example.org",
        "dave@accept.example.net": "both@alias.example.org",
    }
    expect_delivery(
        driver,
        mixed,
        "box@virtual.example.org",
        "virtual",
        "virtual",
        "2.0.0",
        "sent",
        "delivered to maildir",
        _until_now(mixed),
        orig_recipient="both@alias.example.org",
    )
    _expect_forwards(driver, outside, "outside@mx.example.org")
    _expect_forwards(driver, team, "team@mx.example.org")


def follow_forward_file(driver: Driver) -> None:
    """A user's .forward: the mailbox, and an address elsewhere."""
    forward = driver.rig.root / "mx" / "forward" / "games.forward"
    forward.write_text("\\games, carol@accept.example.net\n")
    shutil.chown(forward, "games")
    with Session(driver, "MX") as session:
        session.greet()
        message = _send(session, "games@mx.example.org")
    _expect(driver, message, "games", None, "2.0.0", "sent", "delivered to maildir")
    _expect_forwards(driver, message, "games@mx.example.org")
    forward.unlink()


def _send(session: Session, to: str) -> Entry:
    message = session.transmit(sender(), [to])
    assert message is not None
    message["awaited"] = []
    return message


def _expect(
    driver: Driver,
    message: Entry,
    name: str,
    to: str | None,
    dsn: str,
    status: str,
    reply: str,
) -> None:
    given = f"{name}@mx.example.org"
    expect_delivery(
        driver,
        message,
        to or given,
        "local",
        "local",
        dsn,
        status,
        reply,
        _until_now(message),
        orig_recipient=given if to else None,
    )


def _until_now(message: Entry) -> dict[str, str]:
    end = now()
    return {**message["queued_at"], "at_most": between(end, end)["at_most"]}


def _expect_forwards(driver: Driver, message: Entry, to: str) -> None:
    """A recipient that was forwarded elsewhere: as which message, tells the next hop."""
    wait_until_idle(driver)
    expect_delivery(
        driver,
        message,
        to,
        "local",
        "local",
        "2.0.0",
        "sent",
        matching(r"forwarded as \w+"),
        _until_now(message),
        remote_queue_id=matching(r"\w+"),
    )


def send_to_odd_addresses(driver: Driver) -> None:
    """Quoted, plus, percent, UTF-8 and very long addresses; sender and recipient."""
    domain = "accept.example.net"
    with Session(driver, "MX") as session:
        session.greet("[127.0.0.1]")
        for number, local_part in enumerate(
            (
                '"a b {}"',
                '"x > y, status=sent {}"',
                '"quote\\"d {}"',
                "plus+tag{}",
                "per%cent{}",
                "UPPER.case{}",
                "o'brien{}",
                "{}" + LONG[2:],
                "bounces+user{}=example.org",
            )
        ):
            address = local_part.format(number)
            session.transmit(f"{address}@example.com", [f"{address}@{domain}"])
        session.transmit(
            "grüße@example.com",
            ["用户@accept.example.net", recipient("accept")],
            options=("SMTPUTF8",),
        )
        session.transmit("<>".strip("<>"), [recipient("accept")])

"""Connections that end badly: dropped, timed out, or full of garbage."""

from tests.e2e.ledger import now
from tests.e2e.outcomes import recipient, sender
from tests.e2e.rig import PASSWORD
from tests.e2e.session import Driver, Session, make_mail

STEPS = ("CONNECT", "EHLO", "MAIL", "RCPT", "DATA", "RSET", "AUTH", "END-OF-MESSAGE", "STARTTLS")
CUT_MAIL = make_mail("cut off", body="this has no end\r\n")
NONSENSE = (
    *(b"\x00", b"\x01\xff\xfe", b"XYZZY", b"x" * 3000),
    *(b"MAIL FROM <broken", b"RCPT", b"DATA"),
)
ALICE = "alice@unix.example.org"


def drop_connections(driver: Driver) -> None:
    """A client that vanishes, after each command."""
    for stage in STEPS:
        service = "SUBMISSION" if stage in ("AUTH", "STARTTLS") else "MX"
        with Session(driver, service) as session:
            _go_on_to(session, stage)
            # smtpd takes it for good manners when a message was sent
            session.drop(reason="disconnected" if stage == "END-OF-MESSAGE" else "lost connection")
            _note_cut(session, stage)


def fall_silent(driver: Driver) -> None:
    """A client that says nothing more, after each command; smtpd waits for two seconds."""
    sessions = []
    for stage in STEPS[:-2]:
        session = Session(driver, "HASTY")
        _go_on_to(session, stage)
        sessions.append((session, stage))
    for session, stage in sessions:
        with session:
            session.expect_end("timeout", stage)
            _note_cut(session, stage)


def _note_cut(session: Session, stage: str) -> None:
    """Write a message down that was cut off in its middle."""
    if stage == "DATA":
        session.counts.add("data", False)
        session.ending["end_content_bytes"] = len(CUT_MAIL.text)
        session.end_transaction(message_id=CUT_MAIL.message_id)


def _go_on_to(session: Session, stage: str) -> None:
    """Say what comes up to a command, and that."""
    if stage == "CONNECT":
        return
    session.greet()
    if stage == "STARTTLS":
        session.starttls()
    elif stage == "AUTH":
        session.log_in(ALICE, PASSWORD, "PLAIN")
    elif stage == "END-OF-MESSAGE":
        session.transmit(sender(), [recipient("accept")])
    elif stage == "RSET":
        session.rset()
    elif stage == "MAIL":
        session.docmd("MAIL", f"FROM:<{sender()}>")
    elif stage in ("RCPT", "DATA"):
        session.envelope(sender(), [recipient("accept")])
    if stage == "DATA":
        session.docmd("DATA")
        session.verb = None
        session.sock.sendall(CUT_MAIL.text)


def make_too_many_errors(driver: Driver) -> None:
    """A client that errs until it is thrown out."""
    with Session(driver, "HASTY") as session:
        session.greet()
        for _ in range(3):
            session.docmd("NONSENSE")
        session.expect_end("too many errors", "UNKNOWN")


def fail_handshakes(driver: Driver) -> None:
    """Clients that speak no TLS where it is due, or hang up on it."""
    with Session(driver, "SUBMISSION") as session:
        session.greet()
        session.docmd("STARTTLS")
        session.counts.accepted["starttls"] -= 1
        session.sock.sendall(b"this is no handshake\r\n")
        session.expect_end("lost connection", "STARTTLS")
    for text in (b"EHLO client.example.com\r\n", b""):
        with Session(driver, "SUBMISSIONS", is_raw=True) as session:
            session.sock.sendall(text)
            if text:
                session.expect_end("lost connection", "CONNECT")
            session.drop()


def talk_nonsense(driver: Driver) -> None:
    """Garbage, commands of other protocols, commands sent ahead, lines without end."""
    with Session(driver, "MX") as session:
        session.sock.sendall(b"GET / HTTP/1.1\r\nHost: mx.example.org\r\n\r\n")
        session.counts.add("unknown", False)
        session.expect_end()
    with Session(driver, "MX") as session:
        session.greet()
        for line in (
            b"\x00",
            b"\x01\xff\xfe",
            b"XYZZY",
            b"x" * 3000,
            b"MAIL FROM <broken",
            b"RCPT",
            b"DATA",
        ):
            session.sock.sendall(line + b"\r\n")
            # An empty command does not count, nor one that is no UTF-8
            session.verb = line.split(b" ")[0].decode("ascii", "replace").lower()
            if line.startswith(b"\x00") or not line.isascii():
                session.verb = None
            session.getreply()
        session.docmd("VRFY", "alice@unix.example.org")
        session.docmd("EXPN", "team")
        session.docmd("HELP")
    with Session(driver, "MX") as session:
        session.sock.sendall(b"EHLO client.example.com\r\nNOOP\r\nNOOP \x01\r\n")
        for verb in ("ehlo", "noop", "noop"):
            session.verb = verb
            session.getreply()
    with Session(driver, "MX") as session:
        session.greet()
        for address in ("<a b@example.com>", "not <@> an address", "<x@[127.0.0.300]>"):
            began_at = now()
            code, text = session.docmd("MAIL", f"FROM:{address}")
            if address.startswith("<"):
                session.note_refusal(
                    "MAIL",
                    code,
                    text,
                    began_at,
                    kind="smtpd_bad_address",
                    dsn=None,
                    reason="Illegal address syntax",
                    content=address,
                    sender=address.strip("<>"),
                    protocol=None,
                    helo_name=None,
                )


def connect_and_leave(driver: Driver) -> None:
    """Port scans: a connection that is closed at once, and one that says QUIT at once."""
    with Session(driver, "MX") as session:
        session.drop()
    with Session(driver, "MX"):
        pass
    for _ in range(2):
        with Session(driver, "MX6", server="::1") as session:
            session.drop()

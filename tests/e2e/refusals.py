"""Mail that smtpd refuses or marks: decisions about client, HELO, sender, recipient and data."""

from typing import Any

from tests.e2e.ledger import Entry, now
from tests.e2e.outcomes import recipient, sender
from tests.e2e.rig import PASSWORD
from tests.e2e.session import Driver, Session, make_mail

NOT_ACTIVATED = {
    "activation_count": 0,
    "awaited": [],
    "recipient_count": None,
    "size_bytes": None,
    "sender": None,
    "end_reason": None,
}
# What sender_access says of a sender: action, text of the decision after the class
MARKS = {
    "noted@example.com": ("warn", "noted, sender"),
    "told@example.com": ("info", "told"),
    "held@example.com": ("hold", "<held@example.com>: Sender address kept for inspection"),
    "dropped@example.com": ("discard", "<dropped@example.com>: Sender address thrown away"),
    "diverted@example.com": (
        "redirect",
        "<diverted@example.com>: Sender address triggers REDIRECT erin@accept.example.net",
    ),
    "filtered@example.com": (
        "filter",
        "<filtered@example.com>: Sender address triggers FILTER relay:[127.0.0.1]:{next_hop}",
    ),
    "copied@example.com": (
        "bcc",
        "<copied@example.com>: Sender address triggers BCC frank@accept.example.net",
    ),
}


def refuse_at_rcpt(driver: Driver) -> None:
    """Everything that is decided when the recipient is known, as smtpd does by default."""
    for network in ("127.66", "127.67"):
        with Session(driver, "MX", network=network) as session:
            session.greet()
            session.envelope(sender(), [recipient("accept")])
    for name in ("bad.example.com", "client..example.com", "[198.51.100.300]"):
        with Session(driver, "MX") as session:
            session.greet(name)
            session.envelope(sender(), [recipient("accept")])
    with Session(driver, "MX") as session:
        session.greet()
        for from_address in ("blocked@example.com", "greylisted@example.com", "nodomain"):
            session.envelope(from_address, [recipient("accept")])
            session.rset()
        session.envelope(
            sender(),
            [
                recipient("relayed", "elsewhere.example.com"),
                "nobody@mx.example.org",
                "nobody@virtual.example.org",
                "nobody@alias.example.org",
                "nodomain",
                "closed@accept.example.net",
            ],
        )
    for _ in range(2):
        with Session(driver, "MX6", server="::1") as session:
            session.greet("[IPv6:::1]")
            session.envelope("blocked@example.com", [recipient("accept")])
    with Session(driver, "MX") as session:
        session.greet("bad.example.com", command="helo")
        session.envelope(sender(), [recipient("accept")])


def refuse_at_once(driver: Driver) -> None:
    """The same decisions at the command that they are about."""
    began_at = now()
    with Session(driver, "STRICT", network="127.66") as session:
        code, text = session.greeting
        session.note_refusal("CONNECT", code, text, began_at, protocol="SMTP", helo_name=None)
    for command in ("ehlo", "helo"):
        with Session(driver, "STRICT") as session:
            began_at = now()
            code, text = (session.ehlo if command == "ehlo" else session.helo)("bad.example.com")
            session.note_refusal(
                command.upper(),
                code,
                text,
                began_at,
                protocol="SMTP",
                helo_name="bad.example.com",
            )
    with Session(driver, "STRICT") as session:
        session.greet()
        session.envelope("blocked@example.com", [recipient("accept")])
        session.envelope(sender(), [recipient("relayed", "elsewhere.example.com")])
        session.verify("nobody@mx.example.org")
    with Session(driver, "MX") as session:
        session.greet()
        session.envelope(sender(), [recipient("accept")], ("SIZE=200000",))


def warn_about_helo(driver: Driver) -> None:
    """A restriction that only warns."""
    with Session(driver, "MX") as session:
        session.greet("short")
        from_address, to = sender(), recipient("accept")
        began_at = now()
        message = session.transmit(from_address, [to])
        assert message is not None
        session.note_refusal(
            "RCPT",
            504,
            b"5.5.2 <short>: Helo command rejected: need fully-qualified hostname",
            began_at,
            recipient=to,
            message=message["queue_id"],
            queue_id=None,
            kind="smtpd_reject_warning",
            action="reject_warning",
        )


def mark_senders(driver: Driver) -> None:
    """Decisions that accept the mail and do something to it."""
    for from_address, (action, reason) in MARKS.items():
        with Session(driver, "MX") as session:
            session.greet()
            to = recipient("accept")
            values: dict[str, Any] = {}
            if action == "hold":
                values = dict(NOT_ACTIVATED)
            if action == "discard":
                values = NOT_ACTIVATED | {"message_id": None}
            if action == "bcc":
                values = {"recipient_count": 2}
            if action == "redirect":
                values = {"originals": {"erin@accept.example.net": to}}
            message = session.transmit(from_address, [to])
            assert message is not None
            message |= values
            _note_mark(session, message, action, from_address, to, reason)
    with Session(driver, "MX") as session:
        session.greet()
        session.transmit("marked@example.com", [recipient("accept")])


def _note_mark(
    session: Session, message: Entry, action: str, from_address: str, to: str, reason: str
) -> None:
    """Write a decision down that the client hears nothing of."""
    entry = session.driver.ledger.add(
        "rejections",
        connection=session.peer,
        message=message["queue_id"],
        logged_at=message["queued_at"],
        daemon="smtpd",
        kind="smtpd_mark",
        action=action,
        stage="RCPT",
        client_ip=session.source,
        reason=reason.format(next_hop=session.driver.rig.ports["NEXT_HOP"]),
        sender=from_address,
        recipient=to,
        protocol="ESMTP",
        helo_name="client.example.com",
    )
    session.refusals.append(entry)


def refuse_data(driver: Driver) -> None:
    """Refusals at DATA and after the message."""
    with Session(driver, "MX") as session:
        session.greet()
        to = recipient("accept")
        session.envelope("data-refused@example.com", [to])
        began_at = now()
        code, text = session.docmd("DATA")
        session.note_refusal("DATA", code, text, began_at, recipient=to)
    with Session(driver, "MX") as session:
        session.greet()
        to = recipient("accept")
        mail = make_mail()
        session.transmit("end-refused@example.com", [to], mail)
        assert session.last_refusal is not None
        code, text, began_at = session.last_refusal
        session.note_refusal("END-OF-MESSAGE", code, text, began_at, recipient=to)
        session.end_transaction(message_id=mail.message_id)
    with Session(driver, "MX") as session:
        session.greet()
        session.envelope("", [recipient("accept"), recipient("accept")])
        began_at = now()
        code, text = session.docmd("DATA")
        session.note_refusal("DATA", code, text, began_at)
    with Session(driver, "MX") as session:
        session.greet()
        mail = make_mail(body="x" * 900 + "\r\n" + "0123456789\r\n" * 10000)
        session.transmit(sender(), [recipient("accept")], mail)
        session.end_transaction(message_id=mail.message_id)


def fail_logins(driver: Driver) -> None:
    """Refused logins of every kind."""
    for method, service in (("PLAIN", "SUBMISSION"), ("LOGIN", "SUBMISSION"), ("PLAIN", "MX")):
        with Session(driver, service) as session:
            session.greet()
            session.log_in("alice@unix.example.org", "wrong", method)
            session.log_in("nobody@unix.example.org", PASSWORD, method)
    with Session(driver, "SUBMISSION") as session:
        session.greet()
        session.starttls()
        session.greet()
        session.log_in("alice@unix.example.org", "wrong", "PLAIN")
        assert session.log_in("alice@unix.example.org", PASSWORD, "PLAIN")
        session.transmit("alice@unix.example.org", [recipient("accept")])
    with Session(driver, "SUBMISSION") as session:
        session.greet()
        began_at = now()
        session.docmd("AUTH", "LOGIN")
        session.docmd("*")
        session.note_login_failure(None, "LOGIN", "aborted by the client", began_at)
    with Session(driver, "SUBMISSION") as session:
        session.greet()
        began_at = now()
        session.docmd("AUTH", "GSSAPI =")
        session.note_login_failure(None, "GSSAPI", "Invalid authentication mechanism", began_at)

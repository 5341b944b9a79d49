"""Mail that comes in by every door: port 25, submission, TLS, IPv6, sendmail."""

import subprocess
from contextlib import suppress

from tests.e2e.installation import run
from tests.e2e.ledger import between, now
from tests.e2e.outcomes import recipient, sender
from tests.e2e.rig import PASSWORD
from tests.e2e.session import Driver, Session, make_mail

ALICE = "alice@unix.example.org"


def send_unauthenticated(driver: Driver) -> None:
    """Port 25, IPv4 and IPv6, several messages in one connection, HELO and EHLO."""
    for count in (1, 2, 3):
        with Session(driver, "MX") as session:
            session.greet()
            for _ in range(count):
                session.transmit(sender(), [recipient("accept")])
    with Session(driver, "MX") as session:
        session.greet(command="helo")
        session.transmit(sender(), [recipient("accept")])
    for _ in range(3):
        with Session(driver, "MX6", server="::1") as session:
            session.greet("[IPv6:::1]")
            session.transmit(sender(), [recipient("accept")])
            session.docmd("NOOP")
            session.docmd("ETRN", "accept.example.net")
            session.rset()
    with Session(driver, "MX") as session:
        session.greet()
        session.transmit("", [recipient("accept")], make_mail("a notice from elsewhere"))
        session.transmit(sender(), [recipient("accept")], make_mail(message_id=None))


def send_submissions(driver: Driver) -> None:
    """Submission with PLAIN and LOGIN, in clear, with STARTTLS and with TLS from the start."""
    for method in ("PLAIN", "LOGIN"):
        for is_encrypted in (False, True):
            with Session(driver, "SUBMISSION") as session:
                session.greet()
                if is_encrypted:
                    session.starttls()
                    session.greet()
                assert session.log_in(ALICE, PASSWORD, method)
                session.transmit(ALICE, [recipient("accept"), "accept.elsewhere@example.com"])
                session.transmit(ALICE, [recipient("accept", "example.com")])
        with Session(driver, "SUBMISSIONS", is_wrapped=True) as session:
            session.greet()
            assert session.log_in(ALICE, PASSWORD, method)
            session.transmit(ALICE, [recipient("accept", "example.com")])
    with Session(driver, "SUBMISSION") as session:
        session.greet()
        session.starttls()
        session.greet()
        session.log_in("shy user@unix.example.org", PASSWORD, "PLAIN")


def submit_with_sendmail(driver: Driver) -> None:
    """Mail that programs of the machine hand to sendmail; and one that names no recipient."""
    with suppress(subprocess.CalledProcessError):
        run(["sendmail", "-C", str(driver.rig.mx), "-t"], "Subject: to whom?\n\nhello\n")
    for from_address in (sender(), ""):
        to = recipient("accept")
        mail = make_mail("from a program")
        began_at = now()
        run(
            ["sendmail", "-C", str(driver.rig.mx), "-f", from_address or "<>", to],
            mail.text.decode().replace("\r\n", "\n"),
        )
        driver.ledger.add(
            "messages",
            instance="postfix",
            queue_id=None,
            birth_kind="pickup",
            origin="pickup",
            activation_count=1,
            uid=0,
            message_id=mail.message_id,
            sender=from_address,
            size_bytes=None,
            recipient_count=1,
            queued_at=between(began_at, now()),
            awaited=[to],
        )

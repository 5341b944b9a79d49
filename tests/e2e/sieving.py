"""Mail that Dovecot's Sieve sorts: filed, redirected, discarded, rejected, answered; full quota."""

import shutil
from typing import Any

from tests.e2e.ledger import Entry
from tests.e2e.outcomes import note_mailbox, sender
from tests.e2e.rig import MAIL_UID
from tests.e2e.session import Driver, Session, make_mail
from tests.e2e.settle import wait_until_idle

FULL = "full@unix.example.org"
SORTED = "sorted@unix.example.org"
# Word of the subject: what becomes of the message
OUTCOMES: dict[str, dict[str, Any]] = {
    "keep": {"action": "stored", "mailbox": "INBOX"},
    "file": {"action": "stored", "mailbox": "Lists.Work 9"},
    "misfile": {"action": "stored", "mailbox": "INBOX"},
    "redirect": {"action": "forwarded", "target": "redirected@accept.example.net"},
    "discard": {"action": "discarded"},
    "reject": {"action": "rejected"},
}
SCRIPT = """\
require ["fileinto", "reject", "vacation", "envelope", "mailbox"];
if header :is "Subject" "file it" { fileinto :create "Lists.Work 9"; stop; }
if header :is "Subject" "misfile it" { fileinto :create "Lists/Work 9"; stop; }
if header :is "Subject" "redirect it" { redirect "redirected@accept.example.net"; stop; }
if header :is "Subject" "discard it" { discard; stop; }
if header :is "Subject" "reject it" { reject "not here, status=sent"; stop; }
if header :is "Subject" "answer it" { vacation :days 1 "away (until Monday)"; }
"""


def sort_mail(driver: Driver) -> None:
    """One message for each action."""
    home = driver.rig.home(SORTED)
    home.mkdir(exist_ok=True)
    script = home / ".dovecot.sieve"
    script.write_text(SCRIPT)
    for path in (home, script):
        shutil.chown(path, MAIL_UID, MAIL_UID)
    with Session(driver, "MX") as session:
        session.greet()
        for word, outcome in OUTCOMES.items():
            message = session.transmit(sender(), [SORTED], make_mail(f"{word} it"))
            _note(driver, message, **outcome)
        # Of deliveries at the same time, Dovecot may lose one's record of what was answered
        wait_until_idle(driver)
        asker = sender()
        for action, target, text in (
            ("answered", asker, None),
            ("duplicate", asker, f"discarded duplicate vacation response to <{asker}>"),
            ("skipped", None, "discarded vacation reply to <>"),
        ):
            message = session.transmit(
                "" if action == "skipped" else asker,
                [SORTED],
                make_mail("answer it", (f"To: <{SORTED}>",)),
            )
            _note(driver, message, action=action, target=target, text=text)
            _note(driver, message, action="stored", mailbox="INBOX")
            wait_until_idle(driver)
    wait_until_idle(driver)


def _note(driver: Driver, message: Entry | None, action: str, **values: Any) -> None:
    assert message is not None
    if action == "rejected":
        values["target"] = message["sender"]
    note_mailbox(driver, message, SORTED, message["queued_at"], action, is_sieve=True, **values)


def fill_quota(driver: Driver) -> None:
    """More mail than a mailbox may hold."""
    with Session(driver, "MX") as session:
        session.greet()
        for _ in range(2):
            message = session.transmit(sender(), [FULL], make_mail(body="x" * 900 + "\r\n" * 2000))
            assert message is not None
            note_mailbox(
                driver,
                message,
                FULL,
                message["queued_at"],
                "quota full",
                mailbox="INBOX",
                text="Quota exceeded (mailbox for user is full)",
            )
    wait_until_idle(driver)

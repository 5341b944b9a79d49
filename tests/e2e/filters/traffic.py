"""One run of the filters: the daemons started, all letters sent, the ledger written."""

import re
import shutil
import time
from pathlib import Path

from tests.e2e.daemons import wait_for
from tests.e2e.filters.client import ProxiedClient
from tests.e2e.filters.daemons import GREY_SECONDS, running_filters
from tests.e2e.filters.letters import EARLY, INCOMING, OUTGOING, RETURNING, WAITING, Letter
from tests.e2e.filters.names import running_name_server
from tests.e2e.filters.rig import CLIENTS, FAILING, make_filter_rig, name_server_address, zone_of
from tests.e2e.installation import run
from tests.e2e.ledger import Ledger, between, now
from tests.e2e.rig import Rig


def drive_filters(root: Path, kept: Path) -> tuple[Path, Ledger]:
    """Send all letters, and keep the log and the ledger.

    Args:
        root: an empty folder for the daemons.
        kept: folder that log and ledger are copied to.
    """
    names = name_server_address()
    rig = make_filter_rig(root, names)
    ledger = Ledger()
    with running_name_server(names, zone_of(rig), FAILING), running_filters(rig):
        for letter in OUTGOING:
            _send(rig, ledger, letter, letter.text)
        signed = {letter.name: _signed_text(rig, letter) for letter in RETURNING}
        _send(rig, ledger, EARLY, EARLY.text)
        may_pass_at = time.monotonic() + GREY_SECONDS + 1
        for letter in RETURNING:
            before, after = letter.change or ("", "")
            text = signed[letter.name].replace(before.encode(), after.encode(), 1)
            _send(rig, ledger, letter, text)
        for letter in INCOMING:
            _send(rig, ledger, letter, letter.text)
        time.sleep(max(0, may_pass_at - time.monotonic()))
        _send(rig, ledger, WAITING, WAITING.text, waited_seconds=between(GREY_SECONDS, 120))
        wait_for(lambda: not _queued(rig), "the queue is empty")
    folder = kept / "filters"
    shutil.copytree(rig.logs, folder)
    ledger.write(folder / "ledger.jsonl")
    return folder, ledger


def _send(rig: Rig, ledger: Ledger, letter: Letter, text: bytes, **grey: object) -> None:
    """Send a letter, and write down what the filters must say of it."""
    helo_name = CLIENTS.get(letter.client, "client.example.com")
    began_at = now()
    with ProxiedClient(rig.ports[letter.service], letter.client, helo_name) as client:
        recipients = [f"{name}@example.org" for name in letter.recipients]
        answer, has_content = client.transmit(letter.sender, recipients, text)
    found = re.fullmatch(letter.answer, answer, re.DOTALL)
    assert found, f"{letter.name}: {answer}"
    # Of a message that was refused, a filter that names no queue id may not be linked to it
    message: object = {"matches": r"\w+", "or_null": True} if has_content else None
    if found.re.groups:
        message = found[1]
    for (program, check_name), values in letter.checks.items():
        told = message
        if letter is WAITING and program == "policyd-spf":
            # It was asked twice, and knows no queue id either time
            told = {"matches": message, "or_null": True}
        ledger.add(
            "message_checks",
            mail=letter.name,
            message=told,
            program=program,
            check_name=check_name,
            checked_at=between(began_at, now()),
            **(values | (grey if check_name == "greylist" else {})),
        )


def _signed_text(rig: Rig, letter: Letter) -> bytes:
    """Return what the office sent as it was delivered, from its signature on."""
    mailbox = rig.root / "mail" / "box" / "new"
    subject = f"\nSubject: {letter.name}\n".encode()

    def delivered() -> list[bytes]:
        return [text for file in mailbox.glob("*") if subject in (text := file.read_bytes())]

    wait_for(delivered, f"{letter.name} is delivered")
    (text,) = delivered()
    return text[text.index(b"DKIM-Signature:") :].replace(b"\n", b"\r\n")


def _queued(rig: Rig) -> list[str]:
    """Return the queue ids that are not held."""
    listed = run(["postqueue", "-c", str(rig.mx), "-p"])
    return re.findall(r"^(\w+)\*? +\d", listed, re.MULTILINE)

"""One run that is kept: its logs are samples, and its ledger tests them where no daemon runs."""

import json
import shutil
import socket
from pathlib import Path

from tests.e2e.ledger import Ledger

LOGS = Path(__file__).parents[2] / "sample_logs" / "live"
LEDGERS = Path(__file__).parent / "recorded"
OWN_HOST = "mx.example.org"
# Sites that filters send people to, and what stands for them
SITES = {
    "www.openspf.net": "spf.example.net",
    "postgrey.schweikert.ch": "postgrey.example.org",
}


def read_recorded(style: str) -> tuple[Path, Ledger]:
    """Return the folder of the logs of the kept run, and its ledger."""
    ledger = Ledger()
    text = (LEDGERS / f"{style}.jsonl").read_text()
    ledger.entries = [json.loads(line) for line in text.splitlines()]
    return LOGS / style, ledger


def record(style: str, logs: Path, names: tuple[str, ...]) -> None:
    """Keep the logs and the ledger of a run; names of this machine and of sites are taken out."""
    shown_as = {f"@{socket.gethostname()}": f"@{OWN_HOST}"} | SITES
    folder = LOGS / style
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    LEDGERS.mkdir(exist_ok=True)
    targets = {logs / name: folder / name for name in names}
    targets[logs / "ledger.jsonl"] = LEDGERS / f"{style}.jsonl"
    for source, target in targets.items():
        text = source.read_text()
        for name, shown in shown_as.items():
            text = text.replace(name, shown)
        target.write_text(text)

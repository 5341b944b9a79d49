"""The ledger: what the driver did and what the servers answered, as rows that the tables must have.

An entry is a table and the values of its columns, written by the driver from answers, never from
a log. A value is one that must be equal, or one of the forms below. A column that an entry does
not name must be NULL."""

import base64
import ipaddress
import json
import re
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

Entry = dict[str, Any]
# Stamps of syslog are whole seconds, cut off; a busy machine logs late
EARLY = timedelta(seconds=1.01)
LATE = timedelta(seconds=5)


class Ledger:
    """Entries, gathered by several threads."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self._lock = threading.Lock()

    def add(self, table: str, **values: Any) -> Entry:
        """Write an entry down; it may be completed until the run ends."""
        entry = {"table": table} | values
        with self._lock:
            self.entries.append(entry)
        return entry

    def of(self, table: str) -> list[Entry]:
        """Return the entries of one table."""
        with self._lock:
            return [entry for entry in self.entries if entry["table"] == table]

    def write(self, path: Path) -> None:
        """Write the entries as JSON lines; what must be NULL is left out."""
        with path.open("w") as file:
            for entry in self.entries:
                told = {name: value for name, value in entry.items() if value is not None}
                file.write(json.dumps(told, ensure_ascii=False) + "\n")


def now() -> datetime:
    """Return the time of the machine, as the daemons see it."""
    return datetime.now(UTC)


def between(low: Any, high: Any) -> dict[str, Any]:
    """Return the form of a value within bounds, both included; times are made room for."""
    if isinstance(low, datetime):
        return {"at_least": (low - EARLY).isoformat(), "at_most": (high + LATE).isoformat()}
    return {"at_least": low, "at_most": high}


def matching(pattern: str) -> dict[str, str]:
    """Return the form of text that a regular expression describes as a whole."""
    return {"matches": pattern}


def session_of(address: str, port: int) -> dict[str, Any]:
    """Return the form of a Dovecot session id of a client.

    It is base64 of six bytes of time, two of the port and the address (login-common, client.c).
    """
    return {"address": address, "port": port}


def _is_session_of(client: dict[str, Any], value: str) -> bool:
    raw = base64.b64decode(value + "=" * (-len(value) % 4))
    address = ipaddress.ip_address(client["address"]).packed
    return int.from_bytes(raw[6:8], "little") == client["port"] and raw[8:] == address


def agrees(expected: Any, value: Any) -> bool:
    """Whether the value of a column is what an entry says."""
    if isinstance(expected, dict):
        if value is None:
            return "or_null" in expected
        if "port" in expected:
            return _is_session_of(expected, value)
        if "matches" in expected:
            return re.fullmatch(expected["matches"], str(value), re.DOTALL) is not None
        if isinstance(value, datetime):
            low, high = (datetime.fromisoformat(expected[end]) for end in ("at_least", "at_most"))
            return bool(low <= value <= high)
        return bool(expected["at_least"] <= value <= expected["at_most"])
    return bool(expected == value)

"""From how many on reports tell of something -> variables of the connection (threshold in SQL)."""

from __future__ import annotations

from collections.abc import Mapping

import duckdb

from .errors import UsageError
from .statements import quote_identifier

FORM = "--thresholds guessed_names=5,harmful_events=20"


def read_thresholds(text: str | None) -> dict[str, int]:
    """Take NAME=NUMBER,... apart.

    Raises:
        UsageError: a part is none, a number is not whole or below 1, or a name is there twice.
    """
    thresholds: dict[str, int] = {}
    for part in (text or "").split(","):
        if not part.strip():
            continue
        name, equals, digits = (each.strip() for each in part.partition("="))
        # Of 18 digits, as the engine counts
        if not (name and equals and digits.isascii() and digits.isdigit() and len(digits) <= 18):
            raise UsageError(f"{part.strip()}: no NAME=NUMBER", FORM)
        if name in thresholds:
            raise UsageError(f"{name}: two numbers", FORM)
        if int(digits) < 1:
            raise UsageError(f"{name}: {digits}: below 1", FORM)
        thresholds[name] = int(digits)
    return thresholds


def set_thresholds(connection: duckdb.DuckDBPyConnection, thresholds: Mapping[str, int]) -> None:
    """Tell reports from how many on something counts; what is not named stays usual.

    Raises:
        UsageError: no report knows such a name.
    """
    if not thresholds:
        return
    rows = connection.execute("select unnest(map_keys(main.usual_thresholds()))").fetchall()
    known = [name for (name,) in rows]
    for name, number in thresholds.items():
        if name not in known:
            raise UsageError(f"{name}: no such threshold", f"one of {', '.join(known)}")
        connection.execute(f"set variable {quote_identifier(name)} = ?", [number])

"""The checks of sql/checks: queries that return no row as long as the tables are right."""

from __future__ import annotations

from collections.abc import Callable

import duckdb

from .output import format_rows
from .statements import sql_files

SHOWN_ROWS = 10


def run_checks(connection: duckdb.DuckDBPyConnection, tell: Callable[[str], None]) -> int:
    """Run every check, tell how it went, and return how many found rows."""
    failures = 0
    for file in sql_files("checks"):
        text = file.read_text(encoding="utf-8")
        claim = text.splitlines()[0].removeprefix("-- ")
        result = connection.execute(text)
        names = [column[0] for column in result.description or []]
        rows = result.fetchall()
        tell(f"{'ok  ' if not rows else 'FAIL'} {claim}")
        if rows:
            failures += 1
            tell(format_rows(names, rows[:SHOWN_ROWS]).rstrip())
            if len(rows) > SHOWN_ROWS:
                tell(f"... and {len(rows) - SHOWN_ROWS} more rows")
    return failures

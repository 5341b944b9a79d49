"""Messages of an export -> portions of them, so that memory does not grow with their number.

What is asked of all of them at once is computed at once: windows, and the sentences of all steps.
"""

from __future__ import annotations

import duckdb

MESSAGES_IN_PORTION = 50_000
VARIABLE = "portion"
# SQL over chosen_messages that is run portion by portion; without the variable all are one
IN_PORTION = f"coalesce(portion = getvariable('{VARIABLE}'), true)"


def set_size(connection: duckdb.DuckDBPyConnection) -> None:
    """Set how many messages are a portion, for the statements that make chosen_messages."""
    connection.execute("set variable messages_in_portion = ?", [MESSAGES_IN_PORTION])


def run_in_portions(connection: duckdb.DuckDBPyConnection, sql: str) -> None:
    """Run SQL, portion by portion of chosen_messages, in the order of their keys, if it asks so."""
    if IN_PORTION not in sql:
        connection.execute(sql)
        return
    for portion in range(count_portions(connection)):
        connection.execute(f"set variable {VARIABLE} = {portion}")
        connection.execute(sql)
    connection.execute(f"reset variable {VARIABLE}")


def has_portions(connection: duckdb.DuckDBPyConnection, sql: str) -> bool:
    """Whether SQL is to be run in more portions than one."""
    return IN_PORTION in sql and count_portions(connection) > 1


def count_portions(connection: duckdb.DuckDBPyConnection) -> int:
    """Number of the portions of chosen_messages."""
    row = connection.execute("select coalesce(max(portion) + 1, 0) from chosen_messages").fetchone()
    assert row is not None
    return int(row[0])

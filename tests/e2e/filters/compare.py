"""Comparing what filters say, as the tables have it, with the ledger."""

from collections import defaultdict
from typing import Any

import duckdb

from tests.e2e.ledger import Entry, agrees

KEY = ("mail", "program", "check_name", "result")
# Mail is known by the local part that its sender and Message-ID have in common
ROWS = """
select
    message_checks.*,
    messages.queue_id as message,
    split_part(
        coalesce(messages.message_id, message_checks.message_id, message_checks.sender, ''), '@', 1
    ) as mail
from message_checks
left join messages on message_checks.message_key = messages.message_key
order by message_checks.check_key, message_checks.check_name
"""


def check_differences(connection: duckdb.DuckDBPyConnection, entries: list[Entry]) -> list[str]:
    """Compare the entries with the rows of message_checks; return what differs.

    A filter may say the same in several lines, so several rows may be those of one entry; a column
    that an entry does not name may hold anything, except for the message.
    """
    result = connection.execute(ROWS)
    names = [column[0] for column in result.description or []]
    rows = [dict(zip(names, row, strict=True)) for row in result.fetchall()]
    rows_by_key = _grouped(rows)
    entries_by_key = _grouped(entries)
    found = [f"a row without entry: {key}" for key in rows_by_key if key not in entries_by_key]
    for key, same in entries_by_key.items():
        if key not in rows_by_key:
            found.append(f"an entry without row: {key}")
            continue
        for entry in same:
            if not any(_agree(entry, row) for row in rows_by_key[key]):
                found.append(f"an entry that no row agrees with: {entry}")
        for row in rows_by_key[key]:
            if not any(_agree(entry, row) for entry in same):
                found.append(f"a row that no entry agrees with: {row}")
    return found


def _grouped(items: list[dict[str, Any]]) -> dict[tuple[Any, ...], list[dict[str, Any]]]:
    grouped: dict[tuple[Any, ...], list[dict[str, Any]]] = defaultdict(list)
    for item in items:
        grouped[tuple(item[name] for name in KEY)].append(item)
    return grouped


def _agree(entry: Entry, row: dict[str, Any]) -> bool:
    told = {"message": None} | {name: value for name, value in entry.items() if name != "table"}
    return all(agrees(value, row[name]) for name, value in told.items())

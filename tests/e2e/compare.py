"""Comparing the ledger with the tables: every entry has its row, every row its entry."""

import itertools
import json
from collections import defaultdict
from typing import Any

import duckdb

from tests.conftest import columns
from tests.e2e.ledger import Entry, agrees

# What each table is looked up by; entries and rows with equal keys are paired in order
KEYS = {
    "connections": ("instance", "service", "client_ip", "client_port"),
    "messages": ("instance", "queue_id"),
    "deliveries": ("queue_id", "recipient"),
    "rejections": ("client_ip", "client_port", "action", "stage", "sender", "recipient"),
    "logins": ("protocol", "client_ip", "is_success"),
    "pop3_sessions": ("client_ip",),
    "imap_sessions": ("client_ip",),
    "service_sessions": ("client_ip",),
    "mailbox_deliveries": ("username", "message_id", "action"),
    "message_links": ("parent_queue_id", "child_queue_id"),
}
# Columns that no answer tells the driver
UNTOLD = {
    "connections": {"pid"},
    "deliveries": {
        *("before_qmgr_seconds", "in_qmgr_seconds"),
        *("connection_seconds", "transmission_seconds"),
        # recipient_outcomes are told, of which it is a part
        "own_outcome",
    },
    # tests/e2e/states.py knows states; a last line is written when the driver was answered
    "messages": {"state", "state_at", "last_logged_at"},
    "pop3_sessions": {"pid"},
    "imap_sessions": {"pid"},
    "service_sessions": {"pid"},
    "mailbox_deliveries": {"pid"},
}
# What the driver knows entries by that is no column
NOTES = {"table", "awaited", "originals", "steps", "of", "dropped"}
PEER = (
    "(select client_ip || coalesce(':' || client_port::varchar, '') from connections "
    "where connections.connection_key = {table}.connection_key) as connection"
)
MESSAGE = "(select queue_id from messages where messages.message_key = {table}.{column}) as {name}"
JOINED = {
    "messages": PEER.format(table="messages"),
    "rejections": ", ".join(
        (
            PEER.format(table="rejections"),
            MESSAGE.format(table="rejections", column="message_key", name="message"),
        )
    ),
    "logins": PEER.format(table="logins"),
    "deliveries": MESSAGE.format(table="deliveries", column="message_key", name="message"),
    "message_links": ", ".join(
        (
            MESSAGE.format(table="message_links", column="parent_key", name="parent"),
            MESSAGE.format(table="message_links", column="child_key", name="child"),
        )
    ),
}
SHOWN_LINES = 12


def differences(
    connection: duckdb.DuckDBPyConnection, table: str, entries: list[Entry]
) -> list[str]:
    """Compare the entries of one table with its rows; return what differs, told at length."""
    names = columns(connection, table)
    joined = f", {JOINED[table]}" if table in JOINED else ""
    result = connection.execute(f"select *{joined} from {table} order by 1")
    shown = [column[0] for column in result.description or []]
    rows = [dict(zip(shown, row, strict=True)) for row in result.fetchall()]
    key = KEYS[table]
    rows_by_key = _grouped(rows, key)
    entries_by_key = _grouped(entries, key)
    found = []
    _pair_untold(entries_by_key, rows_by_key)
    for value in sorted(rows_by_key | entries_by_key, key=str):
        for entry, row in itertools.zip_longest(entries_by_key[value], rows_by_key[value]):
            if entry is None:
                found.append(_tell(connection, names[0], "a row without entry", None, row))
            elif row is None:
                found.append(_tell(connection, names[0], "an entry without row", entry, None))
            elif wrong := _wrong_columns(table, entry, row):
                told = f"differs in {', '.join(wrong)}"
                found.append(_tell(connection, names[0], told, entry, row))
    return [f"{table}: {text}" for text in found]


def _grouped(items: list[Any], key: tuple[str, ...]) -> dict[tuple[Any, ...], list[Any]]:
    grouped: dict[tuple[Any, ...], list[Any]] = defaultdict(list)
    for item in items:
        grouped[tuple(_hashable(item.get(name)) for name in key)].append(item)
    return grouped


def _hashable(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, dict) else value


def _pair_untold(
    entries_by_key: dict[tuple[Any, ...], list[Any]], rows_by_key: dict[tuple[Any, ...], list[Any]]
) -> None:
    """Find the rows of entries whose queue id no answer told, by their connection."""
    untold = [
        entry
        for value in list(entries_by_key)
        if any(str(part).startswith('{"matches"') for part in value)
        for entry in entries_by_key.pop(value)
    ]
    for entry in untold:
        rows = [
            (value, row)
            for value, rows in rows_by_key.items()
            for row in rows
            if value not in entries_by_key and row["connection"] == entry.get("connection")
        ]
        value = rows[0][0] if rows else (entry.get("connection"),)
        entries_by_key[value].append(entry)


def _wrong_columns(table: str, entry: Entry, row: dict[str, Any]) -> list[str]:
    """Return the columns of a row that are not what the entry says.

    A row stands for one event, unless the entry names more.
    """
    if "occurrences" in row:
        entry = {"occurrences": 1} | entry
    told = [name for name in entry if name not in NOTES]
    silent = [name for name in row if name not in entry and not name.endswith("_key")]
    wrong = [
        f"{name} ({entry[name]!r}, not {row.get(name)!r})"
        for name in told
        if not agrees(entry[name], row.get(name))
    ]
    wrong += [
        f"{name} (NULL, not {row[name]!r})"
        for name in silent
        if name not in UNTOLD.get(table, ()) and row[name] is not None
    ]
    return wrong


def _tell(
    connection: duckdb.DuckDBPyConnection,
    key_column: str,
    what: str,
    entry: Entry | None,
    row: dict[str, Any] | None,
) -> str:
    """Tell a difference: entry, row and log lines."""
    parts = [what]
    if entry is not None:
        parts.append(f"  entry: {entry}")
    if row is not None:
        parts.append(f"  row:   { {name: v for name, v in row.items() if v is not None} }")
    parts += [f"  line:  {line}" for line in _lines_about(connection, key_column, entry, row)]
    return "\n".join(parts)


def _lines_about(
    connection: duckdb.DuckDBPyConnection,
    key_column: str,
    entry: Entry | None,
    row: dict[str, Any] | None,
) -> list[str]:
    """Return the log lines that a difference is about: the row's own and those that name it."""
    known = (row or {}) | {name: v for name, v in (entry or {}).items() if isinstance(v, str)}
    named = [
        f"[{known[name]}]" if name == "client_ip" else str(known[name])
        for name in ("queue_id", "client_ip", "recipient", "message_id", "parent_queue_id")
        if known.get(name) and known[name] not in ("127.0.0.1", "::1")
    ]
    lines = connection.execute(
        "select line from log_lines where line_key = ? "
        "or exists (select 1 from unnest(?::varchar[]) as named (text) "
        "where contains(log_lines.line, named.text)) "
        "order by line_key = ? desc, line_key limit ?",
        [row and row[key_column], named[:2], row and row[key_column], SHOWN_LINES],
    ).fetchall()
    return [line for (line,) in lines]


def unknown_lines(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Return the lines that no kind is known of."""
    return [
        line
        for (line,) in connection.execute(
            "select line from log_lines where kind = 'unknown' order by line_key"
        ).fetchall()
    ]

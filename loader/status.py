"""What is loaded and how much of it is understood, as text."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import duckdb

from .chain import last_link
from .ingest import LoadedSource, quoted
from .output import format_rows
from .own_forms import FAMILY
from .site import site_tables
from .sources import STANDARD_INPUT
from .statements import quote_identifier, quote_text
from .table_list import Table, tables
from .visible import one_line
from .wrappings import name_wrappings

OCCURRENCES = "coalesce(sum(occurrences), 0)"
UNKNOWN_SHAPES = 10
OWN_KINDS = f"select kind from line_kinds where family = '{FAMILY}'"
# What a stranger makes up is seldom written by so many
IS_NEW = "reason in ('new key', 'new text') and process_count >= 3"


def describe_load(
    connection: duckdb.DuckDBPyConnection, loaded: list[LoadedSource], database: Path
) -> str:
    """Return what a load added and what the database holds since."""
    lines = [_describe_source(source) for source in loaded if source.is_read]
    added = sum(source.line_count for source in loaded)
    steps = Counter(step for source in loaded for step in source.failed_steps)
    lines += [
        f"{count:,} {'lines' if count > 1 else 'line'} not read, for {step} failed: kept as "
        "unknown; please report it with the line (mailsql status)"
        for step, count in sorted(steps.items())
    ]
    lines += ["", f"{added:,} lines added to {database}, which now holds:", ""]
    rows = [
        *_line_counts(connection),
        *_new_counts(connection),
        *(
            (table.name.replace("_", " "), _count(connection, table))
            for table in tables().values()
            if table.counted
        ),
        *_own_counts(connection),
    ]
    width = max(len(f"{count:,}") for _, count in rows)
    lines += [f"  {count:>{width},}  {name}" for name, count in rows]
    return "".join(one_line(line) + "\n" for line in lines)


def _describe_source(source: LoadedSource) -> str:
    if source.is_empty:
        return f"{source.name}: empty"
    waiting = (
        f"; its last line has no end yet ({source.waiting_bytes:,} bytes wait for the next load)"
        if source.waiting_bytes
        else ""
    )
    if not source.line_count:
        return f"{source.name}: nothing new{waiting}"
    foreign = (
        f"; no line of Postfix or Dovecot was read, the first is: "
        f"{quoted(source.first_foreign_line)} ({name_wrappings()})"
        if source.first_foreign_line is not None
        else ""
    )
    since = " more" if source.loaded_before else ""
    doubled = (
        "; each line stands there twice and counts twice: if a rule of syslog writes it twice, "
        "load it with --once"
        if source.is_doubled
        else ""
    )
    hostless = (
        f"; it names no host, and what {source.named_host} tells is told again: both "
        "count, unless it is forgotten (mailsql forget) and loaded with --host"
        if source.named_host is not None
        else ""
    )
    future = (
        f"; {source.future_count:,} dated in the future, until {source.future_until:%Y-%m-%d}: a "
        "clock was wrong, or it is another year (mailsql forget, and load it with --year)"
        if source.future_until is not None
        else ""
    )
    told = doubled + hostless + future
    return (
        f"{source.name}: {source.line_count:,}{since} lines{_describe_copies(source)}{told}"
        f"{waiting}{foreign}"
    )


def _describe_copies(source: LoadedSource) -> str:
    """How many lines tell what other logs tell."""
    if not source.copies:
        return ""
    count = sum(source.copies.values())
    first, *others = (
        "standard input" if path == STANDARD_INPUT else path for path in source.copies
    )
    logs = f"{len(others)} other logs" if len(others) > 1 else "".join(others)
    return (
        f", {'all' if count == source.line_count else f'{count:,}'} of them copies of lines in "
        f"{first}{f' and {logs}' if others else ''}"
    )


def _line_counts(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, int]]:
    """Lines in all, and the parts that they fall into."""
    row = connection.execute(
        "select count(*), count(*) filter (copy_of is not null), "
        "count(*) filter (copy_of is null and kind not in ('foreign', 'unknown')), "
        "count(*) filter (copy_of is null and kind = 'foreign'), "
        "count(*) filter (copy_of is null and kind = 'unknown') from log_lines"
    ).fetchone()
    assert row is not None
    names = ("lines", "copies of others", "understood", "of other programs", "not understood")
    counts = zip(names, row, strict=True)
    return [(name, count) for name, count in counts if count or name != "copies of others"]


def _new_counts(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, int]]:
    """Lines that hold something new, where it is not made up by a stranger."""
    row = connection.execute(
        f"select coalesce(sum(line_count), 0)::bigint from unread_shapes where {IS_NEW}"
    ).fetchone()
    assert row is not None
    return [("with something new that is not read (mailsql status)", row[0])] if row[0] else []


def _own_counts(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, int]]:
    """How many events one's own forms tell, by the view that shows them."""
    return [
        (f"{FAMILY}.{name}", _number(connection, OCCURRENCES, f"{FAMILY}.{quote_identifier(name)}"))
        for name in site_tables(connection)
    ]


def _count(connection: duckdb.DuckDBPyConnection, table: Table) -> int:
    return _number(connection, table.total, table.name)


def _number(connection: duckdb.DuckDBPyConnection, counted: str, rows: str) -> int:
    row = connection.execute(f"select {counted} from {rows}").fetchone()
    assert row is not None
    return int(row[0])


def describe_status(connection: duckdb.DuckDBPyConnection) -> str:
    """Return files, lines by kind, and the commonest lines that are not understood."""
    parts = [
        _section(
            connection,
            "Logs",
            "with copies as (select line_key >> 32 as file_key, count(*) as copies from raw_lines "
            "where copy_of is not null group by 1) "
            "select file_key, path, loaded_lines, coalesce(copies, 0) as copies, loaded_bytes, "
            "first_logged_at, last_logged_at, count(batch_key) as batches from log_files "
            "left join load_batches using (file_key) left join copies using (file_key) "
            "group by all order by file_key",
        ),
        _chain(connection),
        _section(connection, "Lines", "select kind, line_count, line_percent from lines_by_kind"),
        _section(
            connection,
            "Lines of other programs",
            "select program, count(*) as line_count from log_lines "
            "where kind = 'foreign' and copy_of is null group by program "
            "order by line_count desc, program",
        ),
        _own_rows(connection),
        _section(
            connection,
            "Lines on which a step of mailsql failed: please report them",
            "select regexp_extract(notices.text, '^[^:]*') as step, count(*) as line_count, "
            "any_value(notices.text) as text, any_value(log_lines.line) as line "
            "from notices inner join log_lines on notices.notice_key = log_lines.line_key "
            "where notices.kind = 'line_failed' group by step order by step",
        ),
        _section(
            connection,
            "Lines with something new, behind what was read: please report them",
            "select kind, reason, line_count, process_count, rest from unread_shapes "
            f"where {IS_NEW} and kind not in ({OWN_KINDS}) limit {UNKNOWN_SHAPES}",
        ),
        _section(
            connection,
            "Lines with something new, behind what your own forms read: teach it",
            "select kind, reason, line_count, process_count, rest from unread_shapes "
            f"where reason in ('new key', 'new text') and kind in ({OWN_KINDS}) "
            f"limit {UNKNOWN_SHAPES}",
        ),
        _section(
            connection,
            "Lines not read to their end",
            "select unread as reason, count(*) as line_count from log_lines "
            "where unread is not null and copy_of is null "
            "group by reason order by line_count desc, reason",
        ),
        _section(
            connection,
            "Not understood",
            f"select line_count, program, shape from unknown_shapes limit {UNKNOWN_SHAPES}",
        ),
    ]
    return "\n".join(part for part in parts if part)


def _chain(connection: duckdb.DuckDBPyConnection) -> str:
    """The last value of the chain, and what it is for."""
    batch_key, chain = last_link(connection)
    if not batch_key:
        return ""
    return (
        f"Chain up to batch {batch_key:,}: {chain.hex()}\n"
        "(kept elsewhere, it tells later whether lines and hashes were both written anew)\n"
    )


def _own_rows(connection: duckdb.DuckDBPyConnection) -> str:
    """How many rows one's own forms give, and from when to when."""
    tables = " union all ".join(
        f"select {quote_text(f'{FAMILY}.{name}')} as table_name, "
        "count(*) as row_count, min(logged_at) as first_logged_at, "
        f"max(logged_at) as last_logged_at from {FAMILY}.{quote_identifier(name)}"
        for name in site_tables(connection)
    )
    return _section(connection, "Rows of your own forms", tables) if tables else ""


def _section(connection: duckdb.DuckDBPyConnection, title: str, sql: str) -> str:
    """A titled table, or nothing where there are no rows."""
    result = connection.execute(sql)
    names = [column[0] for column in result.description or []]
    rows = result.fetchall()
    return f"{title}\n\n{format_rows(names, rows)}" if rows else ""

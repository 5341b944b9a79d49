"""What is loaded and how much of it is understood, as text."""

from __future__ import annotations

import stat
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from .chain import last_link
from .ingest import LoadedSource, quoted
from .language import Language, Texts, read_texts
from .output import format_json, format_rows
from .own_forms import FAMILY
from .site import site_tables
from .sources import STANDARD_INPUT
from .statements import quote_identifier, quote_text
from .table_list import Table, tables
from .visible import one_line
from .wrappings import name_wrappings

OCCURRENCES = "coalesce(sum(occurrences), 0)"
UNKNOWN_SHAPES = 10
# More than this without a line end is something else than a line to come
LONG_LINE_BYTES = 1048576
OWN_KINDS = f"select kind from line_kinds where family = '{FAMILY}'"
# What a stranger makes up is seldom written by so many
IS_NEW = "reason in ('new key', 'new text') and process_count >= 3"

# What status tells, by the names that its JSON has; own_rows where nobody taught forms
SECTIONS = {
    "logs": "with copies as (select line_key >> 32 as file_key, count(*) as copies from raw_lines "
    "where copy_of is not null group by 1) "
    "select file_key, path, loaded_lines, coalesce(copies, 0) as copies, loaded_bytes, "
    "first_logged_at, last_logged_at, count(batch_key) as batches from log_files "
    "left join load_batches using (file_key) left join copies using (file_key) "
    "group by all order by file_key",
    "prunings": "select pruned_at, what, before, line_count, row_count from prunings "
    "order by batch_key",
    "lines": "select kind, line_count, line_percent from lines_by_kind",
    "foreign_lines": "select program, count(*) as line_count from log_lines "
    "where kind = 'foreign' and copy_of is null group by program order by line_count desc, program",
    "own_rows": "select null as table_name, 0 as row_count limit 0",
    "failed_lines": "select regexp_extract(notices.text, '^[^:]*') as step, "
    "count(*) as line_count, any_value(notices.text) as text, any_value(log_lines.line) as line "
    "from notices inner join log_lines on notices.notice_key = log_lines.line_key "
    "where notices.kind = 'line_failed' group by step order by step",
    "new_lines": "select kind, reason, line_count, process_count, rest from unread_shapes "
    f"where {IS_NEW} and kind not in ({OWN_KINDS}) limit {UNKNOWN_SHAPES}",
    "own_new_lines": "select kind, reason, line_count, process_count, rest from unread_shapes "
    f"where reason in ('new key', 'new text') and kind in ({OWN_KINDS}) limit {UNKNOWN_SHAPES}",
    "unread_lines": "select unread as reason, count(*) as line_count from log_lines "
    "where unread is not null and copy_of is null group by reason "
    "order by line_count desc, reason",
    "unknown_lines": "select line_count, program, shape from unknown_shapes "
    f"limit {UNKNOWN_SHAPES}",
}


def describe_load(
    connection: duckdb.DuckDBPyConnection,
    loaded: Sequence[LoadedSource],
    database: Path,
    language: Language = Language.EN,
) -> str:
    """Return what a load added and what the database holds since."""
    words = read_texts("summary", language)
    lines = [_describe_source(source, words) for source in loaded if source.is_read]
    lines += _describe_failures(loaded, words)
    added = sum(source.line_count for source in loaded)
    lines += ["", words.say("total", count=added, database=database), ""]
    counts = [
        *line_counts(connection),
        *_new_counts(connection),
        *((table.name, _count(connection, table)) for table in tables().values() if table.counted),
    ]
    rows = [(words.say(f"counted.{name}"), count) for name, count in counts]
    rows += _own_counts(connection)
    width = max(len(f"{count:,}") for _, count in rows)
    lines += [f"  {count:>{width},}  {name}" for name, count in rows]
    return "".join(one_line(line) + "\n" for line in lines)


def describe_source(source: LoadedSource, language: Language = Language.EN) -> list[str]:
    """Return lines that say what a load added of a log, and which steps failed on it."""
    words = read_texts("summary", language)
    said = [_describe_source(source, words)] if source.is_read else []
    return said + _describe_failures([source], words)


def _describe_failures(loaded: Sequence[LoadedSource], words: Texts) -> list[str]:
    """Which steps failed on how many lines."""
    steps = Counter(step for source in loaded for step in source.failed_steps)
    return [
        words.say("failed_lines" if count > 1 else "failed_line", count=count, step=step)
        for step, count in sorted(steps.items())
    ]


def _describe_source(source: LoadedSource, words: Texts) -> str:
    """What is to be said of a log, the rarer things behind."""
    name = source.name
    if source.is_empty:
        return words.say("empty", name=name)
    said = []
    if not source.line_count:
        said.append(words.say("unchanged", name=name))
    else:
        count = words.say(
            "added_more" if source.loaded_before else "added", name=name, count=source.line_count
        )
        said.append(count + _describe_copies(source, words))
        if source.is_doubled:
            said.append(words.say("doubled"))
        if source.named_host is not None:
            said.append(words.say("hostless", host=source.named_host))
        if source.future_until is not None:
            day = f"{source.future_until:%Y-%m-%d}"
            said.append(words.say("future", count=source.future_count, day=day))
    if source.gap is not None:
        since, until = (f"{moment.astimezone():%Y-%m-%d %H:%M:%S}" for moment in source.gap)
        said.append(words.say("gap", since=since, until=until))
    if source.waiting_bytes:
        said.append(words.say("waiting", count=source.waiting_bytes))
    if source.line_count and source.first_foreign_line is not None:
        line, known = quoted(source.first_foreign_line), name_wrappings(words.language)
        said.append(words.say("foreign", line=line, known=known))
    return words.say("between").join(said) + (words.say("end") if len(said) > 1 else "")


def _describe_copies(source: LoadedSource, words: Texts) -> str:
    """How many lines tell what other logs tell."""
    if not source.copies:
        return ""
    count = sum(source.copies.values())
    first, *others = (
        words.say("standard_input") if path == STANDARD_INPUT else path for path in source.copies
    )
    logs = first
    if others:
        more = words.say("other_logs", count=len(others)) if len(others) > 1 else others[0]
        logs = words.say("and", first=first, others=more)
    is_all = count == source.line_count
    return words.say("copies", logs=logs, count=words.say("all" if is_all else "some", count=count))


def line_counts(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, int]]:
    """Lines in all, and the parts that they fall into."""
    # A filter reads no row group that holds nothing of it
    row = connection.execute(
        "select (select count(*) from log_lines), "
        "(select count(*) from log_lines where copy_of is not null), "
        "(select count(*) from log_lines where copy_of is null and kind = 'foreign'), "
        "(select count(*) from log_lines where copy_of is null and kind = 'unknown')"
    ).fetchone()
    assert row is not None
    total, copies, foreign, unknown = row
    understood = total - copies - foreign - unknown
    parts = [("understood", understood), ("foreign", foreign), ("unknown", unknown)]
    return [("lines", total), *([("copies", copies)] if copies else []), *parts]


def _new_counts(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, int]]:
    """Lines that hold something new, where it is not made up by a stranger."""
    row = connection.execute(
        f"select coalesce(sum(line_count), 0)::bigint from unread_shapes where {IS_NEW}"
    ).fetchone()
    assert row is not None
    return [("new", row[0])] if row[0] else []


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


def describe_status(connection: duckdb.DuckDBPyConnection, language: Language = Language.EN) -> str:
    """Return files, lines by kind, and the commonest lines that are not understood."""
    words = read_texts("status", language)
    parts = []
    for name, sql in _sections(connection).items():
        names, rows = _rows(connection, sql)
        if rows:
            table = format_rows(names, rows, language=language)
            parts.append(f"{words.say(f'title.{name}')}\n\n{table}")
        if name == "logs":
            if (pseudonyms := _pseudonyms(connection)) is not None:
                kept = [words.say(key) for key, is_kept in pseudonyms.items() if is_kept is True]
                in_clear = words.say("and").join(kept) or words.say("keeps_nothing")
                told = words.say("pseudonyms", fingerprint=pseudonyms["key"], in_clear=in_clear)
                parts.append(told + "\n")
            batch_key, chain = last_link(connection)
            parts += [words.say("chain", batch=batch_key, chain=chain.hex()) + "\n"] * bool(
                batch_key
            )
    return "\n".join(parts)


def _pseudonyms(connection: duckdb.DuckDBPyConnection) -> dict[str, Any] | None:
    """Return fingerprint of the key, and what stays in clear; None where all does."""
    row = connection.execute(
        "select pseudonym_key, pseudonyms_keep from log_files "
        "where pseudonym_key is not null limit 1"
    ).fetchone()
    if row is None:
        return None
    kept = row[1].split(",")
    return {
        "key": row[0],
        "keeps_domains": "domains" in kept,
        "keeps_networks": "networks" in kept,
    }


@dataclass(frozen=True)
class LoadState:
    """How far the loads have come.

    Attributes:
        loaded_at: when lines were committed last; None before that.
        logged_at: time of the latest line.
        waiting_bytes: what plain logs hold behind what is loaded of them, as far as they are where
            they were seen last, and can be seen from here.
        lag_seconds: since the last load, where a whole line waits; else 0.
    """

    loaded_at: datetime | None
    logged_at: datetime | None
    waiting_bytes: int
    lag_seconds: float


def _has_line(log: Path, start: int) -> bool:
    """Whether a line ends behind a place; one without its end waits for it, maybe for ever."""
    try:
        with log.open("rb") as stream:
            stream.seek(start)
            behind = stream.read(LONG_LINE_BYTES)
    except OSError:
        return True
    return b"\n" in behind or len(behind) == LONG_LINE_BYTES


def load_state(connection: duckdb.DuckDBPyConnection, now: datetime) -> LoadState:
    """Return how far the loads have come; of the logs only what follows is looked at."""
    row = connection.execute(
        "select (select max(committed_at) from load_batches), "
        "(select max(last_logged_at) from log_files)"
    ).fetchone()
    assert row is not None
    loaded_at, logged_at = row
    # What was at a path before has another name now
    streams = connection.execute(
        "select path, max_by(loaded_bytes, file_key) from log_files where compression is null "
        "group by path"
    ).fetchall()
    waiting = 0
    is_late = False
    for path, loaded_bytes in streams:
        with suppress(OSError, ValueError):
            state = Path(path).stat()
            if stat.S_ISREG(state.st_mode):
                # A smaller one is another log
                is_other = state.st_size < loaded_bytes
                start = 0 if is_other else loaded_bytes
                waiting += state.st_size - start
                is_late = is_late or (state.st_size > start and _has_line(Path(path), start))
    lag = max(0.0, (now - loaded_at).total_seconds()) if is_late and loaded_at else 0.0
    return LoadState(loaded_at, logged_at, waiting, lag)


def status_json(connection: duckdb.DuckDBPyConnection, now: datetime) -> str:
    """Return the same as one line of JSON: an object with a list of rows for each section, which
    may be empty, how far the loads have come, the pseudonyms, null where all is in clear, and the
    last value of the chain with its batch, null without one.
    """
    sections: dict[str, Any] = {}
    for name, sql in _sections(connection).items():
        names, rows = _rows(connection, sql)
        sections[name] = [dict(zip(names, row, strict=True)) for row in rows]
    batch_key, chain = last_link(connection)
    state = load_state(connection, now)
    sections["load"] = {
        "last_loaded_at": state.loaded_at,
        "last_logged_at": state.logged_at,
        "waiting_bytes": state.waiting_bytes,
        "lag_seconds": state.lag_seconds,
    }
    sections["pseudonyms"] = _pseudonyms(connection)
    sections["chain"] = {"batch_key": batch_key, "chain": chain.hex()} if batch_key else None
    return format_json(sections) + "\n"


def _sections(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """What status tells, with how many rows one's own forms give, from when to when."""
    own_rows = " union all ".join(
        f"select {quote_text(f'{FAMILY}.{name}')} as table_name, count(*) as row_count, "
        "min(logged_at) as first_logged_at, max(logged_at) as last_logged_at "
        f"from {FAMILY}.{quote_identifier(name)}"
        for name in site_tables(connection)
    )
    return SECTIONS | ({"own_rows": own_rows} if own_rows else {})


def _rows(
    connection: duckdb.DuckDBPyConnection, sql: str
) -> tuple[list[str], list[tuple[Any, ...]]]:
    result = connection.execute(sql)
    return [column[0] for column in result.description or []], result.fetchall()

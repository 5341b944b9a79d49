"""A line of a log -> what mailsql reads in it: when, who, what it means, each value and its place.

The line is loaded into a database of its own, so that what is told is what a load gives.
"""

from __future__ import annotations

import tempfile
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

import duckdb

from .database import open_database
from .errors import InputError, UsageError
from .ingest import load
from .language import Language, read_texts
from .output import format_json, shown
from .own_forms import FAMILY, HEAD_COLUMNS
from .site import site_tables
from .statements import quote_identifier
from .table_list import tables
from .visible import columns_of, folded, one_line

# Each takes as long as a small load
MOST_LINES = 20
# Columns that repeat the head of the line
OF_THE_HEAD = ("host", "kind", "queue_id", "pid")
# Of counts, what says nothing; and that a message waits, which is said where no line tells its end
USUAL = {
    "message_count": 0,
    "rejection_count": 0,
    "activation_count": 0,
    "occurrences": 1,
    "state": "in queue",
}
WIDTH = 78
# Of a long line that stops being read, how many columns are shown before and behind
SHOWN_BEFORE, SHOWN_BEHIND = 52, 24


@dataclass(frozen=True)
class Explanation:
    """What is read in a line.

    Attributes:
        line: as it is kept (log_lines.line).
        head: when and by whom it was written, by column of log_lines; what is not said is missing.
        kind: of the line (line_kinds).
        meanings: what such a line means, by language.
        values: what the line gives: table, column, value.
        unread: why it was not read to its end (log_lines.unread), or None.
        rest: what follows where reading stopped.
    """

    line: str
    head: dict[str, Any]
    kind: str
    meanings: dict[Language, str]
    values: list[tuple[str, str, Any]]
    unread: str | None
    rest: str


def explain(
    lines: Sequence[bytes],
    *,
    now: datetime,
    year: int | None = None,
    timezone: str | None = None,
    forms: Path | None = None,
    shown_timezone: str | None = None,
) -> list[Explanation]:
    """Return what is read in each of some lines, each taken for itself.

    Args:
        lines: at most MOST_LINES, without line ends.
        now: current time; dates stamps without a year.
        year: of stamps without one, or None.
        timezone: IANA name of the zone of stamps without one; the system's if None.
        shown_timezone: of the zone that times are shown in; the system's if None.
        forms: directory of pages with forms of one's own, or None.

    Raises:
        UsageError: there are too many lines, or an argument is wrong.
        InputError: a line cannot be read as text.
    """
    if len(lines) > MOST_LINES:
        raise UsageError(
            f"{len(lines):,} lines, at most {MOST_LINES} are explained at once",
            "mailsql load reads a whole log; mailsql status says what was not understood",
        )
    return [_explain(line, now, year, timezone, shown_timezone, forms) for line in lines]


def _explain(
    line: bytes,
    now: datetime,
    year: int | None,
    timezone: str | None,
    shown_timezone: str | None,
    forms: Path | None,
) -> Explanation:
    with tempfile.TemporaryDirectory() as folder:
        log, database = Path(folder) / "line.log", Path(folder) / "line.duckdb"
        log.write_bytes(line + b"\n")
        (source,) = load(
            [str(log)], database, now=now, year=year, timezone=timezone, forms=forms, force=True
        )
        if source.fault is not None:
            text = str(source.fault).removeprefix(f"{log}: ")
            raise InputError(f"the line cannot be read: {text}")
        with open_database(database, timezone=shown_timezone) as connection:
            return _read(connection)


def _read(connection: duckdb.DuckDBPyConnection) -> Explanation:
    """Read what a database of one line says of it."""
    names, rows = _rows(
        connection,
        "select line, kind, unread, logged_at, host, program, pid, queue_id, meaning_en, "
        "meaning_ja, coalesce((select any_value(rest) from unread_shapes), '') as rest "
        "from log_lines inner join line_kinds using (kind)",
    )
    if len(rows) != 1:
        raise InputError(f"the line cannot be read: it is {len(rows)} lines")
    found = dict(zip(names, rows[0], strict=True))
    head = ("logged_at", "host", "program", "pid", "queue_id")
    return Explanation(
        line=found["line"],
        head={name: found[name] for name in head if found[name] is not None},
        kind=found["kind"],
        meanings={language: found[f"meaning_{language}"] for language in Language},
        values=list(_values(connection, found["logged_at"])),
        unread=found["unread"],
        rest=found["rest"],
    )


def _values(
    connection: duckdb.DuckDBPyConnection, logged_at: datetime | None
) -> Iterator[tuple[str, str, Any]]:
    told = {
        **{table.name: table.name for table in tables().values() if table.holds == "facts"},
        **{
            f"{FAMILY}.{name}": f"{FAMILY}.{quote_identifier(name)}"
            for name in site_tables(connection)
        },
    }
    for table, quoted in sorted(told.items()):
        names, rows = _rows(connection, f"select * from {quoted}")
        of_the_head = HEAD_COLUMNS if table.startswith(f"{FAMILY}.") else OF_THE_HEAD
        for row in rows:
            for name, value in zip(names, row, strict=True):
                is_of_the_head = name in of_the_head or name.endswith("_key") or value == logged_at
                if value is not None and not is_of_the_head and value != USUAL.get(name):
                    yield table, name, value


def _rows(
    connection: duckdb.DuckDBPyConnection, sql: str
) -> tuple[list[str], list[tuple[Any, ...]]]:
    result = connection.execute(sql)
    return [column[0] for column in result.description or []], result.fetchall()


def explain_text(found: Explanation, language: Language) -> str:
    """Return an explanation for people."""
    words = read_texts("explain", language)
    meaning = folded(found.meanings[language], WIDTH)
    parts = [
        one_line(found.line),
        _aligned([(words.say(f"head.{name}"), value) for name, value in found.head.items()]),
        f"{found.kind}\n{textwrap.indent(meaning, '  ')}",
    ]
    for table, values in groupby(found.values, key=itemgetter(0)):
        rows = _aligned([(column, value) for _, column, value in values])
        parts.append(f"{table}\n{textwrap.indent(rows, '  ')}")
    if found.unread is not None:
        reason = words.say(f"reason.{found.unread}")
        if found.rest:
            why = words.say("unread", reason=reason)
            parts.append(f"{why}\n{textwrap.indent(_marked(found), '  ')}")
        else:
            parts.append(words.say("incomplete"))
    return "\n\n".join(parts) + "\n"


def _aligned(rows: Sequence[tuple[str, Any]]) -> str:
    width = max((columns_of(name) for name, _ in rows), default=0)
    return "\n".join(
        f"{name}{' ' * (width - columns_of(name))}  {shown(value)}" for name, value in rows
    )


def _marked(found: Explanation) -> str:
    """The part of the line where reading stopped, with a mark below the place."""
    before = one_line(found.line[: len(found.line) - len(found.rest)])
    if columns_of(before) > SHOWN_BEFORE:
        while columns_of(before) > SHOWN_BEFORE - 3:
            before = before[1:]
        before = f"...{before}"
    behind = one_line(found.rest)
    if columns_of(behind) > SHOWN_BEHIND:
        while columns_of(behind) > SHOWN_BEHIND - 3:
            behind = behind[:-1]
        behind = f"{behind}..."
    return f"{before}{behind}\n{' ' * columns_of(before)}^"


def explain_json(found: Explanation, language: Language) -> str:
    """Return an explanation as one line of JSON, for programs."""
    values: dict[str, dict[str, Any]] = {}
    for table, column, value in found.values:
        values.setdefault(table, {})[column] = value
    return (
        format_json(
            {
                "line": found.line,
                **found.head,
                "kind": found.kind,
                "meaning": found.meanings[language],
                "rows": values,
                "unread": found.unread,
                "rest": found.rest or None,
            }
        )
        + "\n"
    )

"""A database -> one in which an address stands nowhere, in a file that takes its place.

In the lines the address becomes a name that is drawn for it and kept nowhere; the rows are derived
again from them. Hashes go on proving all other lines.
"""

from __future__ import annotations

import re
import secrets
import shutil
import time
from base64 import b32encode
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb

from .database import WAIT_SECONDS, open_database
from .derive_again import Progress, check_tables
from .erased import text_sha256
from .errors import DatabaseError, UsageError
from .memory import Memory, usual_memory
from .prune import keep_hashes
from .prunings import add_pruning
from .reparse import derive_from
from .replacement import replaced
from .statements import quote_identifier, run_sql
from .table_list import tables

ADDRESS = re.compile(r"[^\s<>@\"]+@[^\s<>@\"]+")
NAME_BYTES = 10
# What may stand before the name in an address; JSON may write < as \u003c
ATOM = r"[\w.!#$%&*+?^~-]"
GONE = (
    "(select first_line_key, last_line_key from pruned_lines union all "
    "select line_key, line_key from erased_lines anti join pruned_lines "
    "on line_key between first_line_key and last_line_key)"
)


@dataclass(frozen=True)
class Erased:
    """What was changed.

    Attributes:
        lines: how many lines of each log, by its path.
        rows: how many rows of each column, by table and column.
        pseudonym: what stands in the place of the address now.
    """

    lines: dict[str, int]
    rows: dict[tuple[str, str], int]
    pseudonym: str


class _NothingThereError(Exception):
    """The address stands nowhere."""


def erase(
    database: Path,
    address: str,
    tell: Callable[[str], None],
    *,
    now: datetime,
    memory: Memory | None = None,
    wait_seconds: float = WAIT_SECONDS,
    on_wait: Callable[[str], None] | None = None,
    progress: Progress | None = None,
) -> Erased:
    """Put a name that is kept nowhere in the place of an address, also of one with an extension.

    Killed at any moment, the database is as before or as after.

    Args:
        database: the DuckDB file.
        address: the address, in any letters.
        tell: told what is done, and the room that it takes.
        now: current time.
        memory: that may be taken; a share of the machine's if None.
        wait_seconds: for how long to wait where another process holds it.
        on_wait: told who holds it when waiting begins.
        progress: told how far it is.

    Raises:
        UsageError: it is no address.
        HeldError: another process holds the database.
        DatabaseError: it cannot be opened, its lines were changed since they were loaded, there is
            no room, or the address stands where it is not found.
    """
    if not ADDRESS.fullmatch(address):
        raise UsageError(f"{address}: not an address", "mailsql erase alice@example.com")
    allowed = memory or usual_memory()
    deadline = time.monotonic() + wait_seconds
    open_database(
        database, read_only=False, creates=False, wait_seconds=wait_seconds, on_wait=on_wait
    ).close()
    local_part, _, domain = address.rpartition("@")
    name = b32encode(secrets.token_bytes(NAME_BYTES)).decode().lower()
    pseudonym = f"erased-{name}@{domain}"
    pattern = re.compile(
        rf"(?i)(?:(?<!{ATOM})|(?<=\\u003c)){re.escape(local_part)}(?:\+[\w.=+-]*)?"
        rf"@(?={re.escape(domain)}(?![\w-]|\.\w))"
    )
    left = max(0.0, deadline - time.monotonic())
    try:
        with replaced(database, "erasing an address", tell, left, on_wait) as new:
            with open_database(new, read_only=False) as connection:
                connection.execute("set enable_external_access = false")
                connection.execute(f"set memory_limit = '{allowed.engine_limit}'")
                check_tables(connection, "mail", str(database))
                lines = _lines_with(connection, pattern, f"erased-{name}@", domain)
                rows = _rows_with(connection, address)
                if not lines and not rows:
                    raise _NothingThereError
                connection.execute("begin")
                counts = _change_lines(connection, lines)
                _change_rows_without_lines(connection, pattern, f"erased-{name}@", rows)
                connection.execute("commit")
                connection.execute("force checkpoint")
            changed = new.with_name(f"lines-{new.name}")
            shutil.copyfile(new, changed)
            derive_from(new, changed, progress, allowed)
            changed.unlink()
            with open_database(new, read_only=False) as connection:
                if left_over := _rows_with(connection, address, ("facts", "lines", "state")):
                    table, column = next(iter(left_over))
                    raise DatabaseError(
                        f"{database}: {address} is still in {table}.{column}",
                        f'mailsql query "select * from {table}" shows where; nothing was changed',
                    )
                connection.execute("begin")
                add_pruning(connection, now, "address", None, len(lines), sum(rows.values()))
                connection.execute("commit")
                connection.execute("force checkpoint")
    except _NothingThereError:
        return Erased({}, {}, "")
    return Erased(counts, rows, pseudonym)


def _lines_with(
    connection: duckdb.DuckDBPyConnection, pattern: re.Pattern[str], name: str, domain: str
) -> list[tuple[int, str]]:
    """Return the lines with the address by their keys, as they are to be."""
    found = connection.execute(
        "select line_key, line from raw_lines where contains(lower(line), ?) order by line_key",
        [f"@{domain.lower()}"],
    )
    changed = []
    while part := found.fetchmany(10_000):
        for line_key, line in part:
            told = pattern.sub(name, line)
            if told != line:
                changed.append((line_key, told))
    return changed


def _text_columns(holds: tuple[str, ...]) -> list[tuple[str, str]]:
    """Tables and columns of text, of tables that hold such things (tables.toml)."""
    with duckdb.connect() as empty:
        run_sql(empty, "tables")
        found = empty.execute(
            "select table_name, column_name from duckdb_columns() "
            "where schema_name = 'main' and data_type = 'VARCHAR' order by all"
        ).fetchall()
    return [
        (table, column)
        for table, column in found
        if table in tables() and tables()[table].holds in holds
    ]


def _rows_with(
    connection: duckdb.DuckDBPyConnection,
    address: str,
    holds: tuple[str, ...] = ("facts", "lines"),
) -> dict[tuple[str, str], int]:
    """How many rows have the address, by table and column, of tables that hold such things."""
    beginning, _, domain = address.lower().rpartition("@")
    pattern = (
        r"(?:^|[^\w.!#$%&*+?^~-]|\\u003c)"
        + re.escape(beginning)
        + r"(?:\+[\w.=+-]*)?@"
        + re.escape(domain)
        + r"(?:$|[^\w.-]|\.\W|\.$)"
    )
    counts = {}
    for table, column in _text_columns(holds):
        row = connection.execute(
            f"select count(*) from main.{quote_identifier(table)} "
            f"where contains(lower({quote_identifier(column)}), ?) "
            f"and regexp_matches(lower({quote_identifier(column)}), ?)",
            [f"@{domain}", pattern],
        ).fetchone()
        if row is not None and row[0]:
            counts[table, column] = int(row[0])
    return counts


def _change_lines(
    connection: duckdb.DuckDBPyConnection, lines: list[tuple[int, str]]
) -> dict[str, int]:
    """Change lines, keep what proves the others, and return how many of each log were changed."""
    connection.execute("create temp table changed (line_key bigint, line varchar, sha256 varchar)")
    for start in range(0, len(lines), 10_000):
        part = lines[start : start + 10_000]
        connection.execute(
            "insert into changed select unnest(?::bigint[]), unnest(?::varchar[]), "
            "unnest(?::varchar[])",
            [
                [key for key, _ in part],
                [line for _, line in part],
                [text_sha256(line) for _, line in part],
            ],
        )
    keep_hashes(
        connection,
        f"(from {GONE} as gone union select line_key, line_key from changed)",
        GONE,
        "nothing was erased",
    )
    connection.execute("delete from erased_lines where line_key in (select line_key from changed)")
    connection.execute("insert into erased_lines select line_key, sha256 from changed")
    connection.execute(
        "update raw_lines set line = changed.line from changed "
        "where raw_lines.line_key = changed.line_key"
    )
    counts = connection.execute(
        "select path, count(*) from changed inner join log_files on line_key >> 32 = file_key "
        "group by path order by path"
    ).fetchall()
    return dict(counts)


def _change_rows_without_lines(
    connection: duckdb.DuckDBPyConnection,
    pattern: re.Pattern[str],
    name: str,
    rows: dict[tuple[str, str], int],
) -> None:
    """Change rows whose lines were pruned, which nothing derives again."""
    for table, column in rows:
        if tables()[table].holds != "facts":
            continue
        key, text = quote_identifier(tables()[table].key[0]), quote_identifier(column)
        of_pruned = (
            f"select distinct {text} from main.{quote_identifier(table)} inner join pruned_lines "
            f"on {key} between first_line_key and last_line_key where {text} is not null"
        )
        for (value,) in connection.execute(of_pruned).fetchall():
            told = pattern.sub(name, value)
            if told != value:
                connection.execute(
                    f"update main.{quote_identifier(table)} set {text} = ? where {text} = ?",
                    [told, value],
                )

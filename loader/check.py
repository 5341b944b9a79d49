"""Whether the tables are right: the queries of sql/checks, which return no row as long as they are,
and all rows derived once more from the lines.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import duckdb

from .changes import changed_batches
from .compare import compare_tables
from .database import WAIT_SECONDS, speaking_of
from .derive import Deriver, Target
from .derive_again import (
    LinesError,
    Progress,
    check_tables,
    copy_loaded_tables,
    derive_stored,
)
from .objects import __version__
from .output import format_rows
from .private import OWNER_ONLY, created_with
from .room import look_for_room
from .statements import sql_files
from .table_list import compared_tables, list_views
from .visible import one_line

SHOWN_ROWS = 10


def run_checks(connection: duckdb.DuckDBPyConnection, tell: Callable[[str], None]) -> int:
    """Run every check, tell how it went, and return how many found rows."""
    failures = 0
    connection.execute(list_views())
    for file in sql_files("checks"):
        text = file.read_text(encoding="utf-8")
        result = connection.execute(text)
        names = [column[0] for column in result.description or []]
        rows = result.fetchall()
        claim = text.splitlines()[0].removeprefix("-- ")
        failures += _tell(claim, names, rows[:SHOWN_ROWS], len(rows), tell)
    (copies,) = connection.execute("select count(copy_of) from raw_lines").fetchone() or (0,)
    if copies:
        tell(f"{copies:,} lines are copies of others, and give no row")
    return failures


def check_lines(connection: duckdb.DuckDBPyConnection, tell: Callable[[str], None]) -> int:
    """Compare lines with the hashes of their batches, tell what was changed, and return 0 or 1."""
    changes = [
        (
            one_line(change.path),
            change.batch_key,
            change.first_line_no,
            change.last_line_no,
            ", ".join(change.differs),
        )
        for change in changed_batches(connection)
    ]
    names = ["path", "batch_key", "first_line_no", "last_line_no", "differs"]
    return _tell("Lines are as they were loaded", names, changes[:SHOWN_ROWS], len(changes), tell)


def check_rows(
    database: Path,
    directory: Path,
    tell: Callable[[str], None],
    *,
    wait_seconds: float = WAIT_SECONDS,
    progress: Progress | None = None,
) -> int:
    """Derive all rows again into a database that is removed, tell in which tables they differ.

    Returns how many tables differ. The database is only read, and held against loads meanwhile.

    Args:
        database: the DuckDB file, of which every line of every stream is there once.
        directory: where the other database is made.
        tell: told what is done, and how it went.
        wait_seconds: for how long to wait where another process writes to it.
        progress: told how far it is.

    Raises:
        HeldError: another process writes to it.
        DatabaseError: a table is none of mailsql's, or there is no room.
    """
    look_for_room(database, directory, "deriving all rows again", tell)
    with (
        tempfile.TemporaryDirectory(dir=directory, prefix=f".{database.name}-") as place,
        created_with(OWNER_ONLY),
        speaking_of(database),
    ):
        target = Target(Path(place) / database.name, stored=database, wait_seconds=wait_seconds)
        deriver = Deriver(target)
        try:
            check_tables(deriver.connection, "stored", str(database))
            copy_loaded_tables(deriver.connection)
            deriver.show_site()
            try:
                derive_stored(deriver, progress)
            except LinesError as error:
                tell(f"FAIL Rows cannot be derived again: {error}")
                return 1
            return _compare(deriver.connection, tell, progress)
        finally:
            deriver.connection.close()


def _compare(
    connection: duckdb.DuckDBPyConnection, tell: Callable[[str], None], progress: Progress | None
) -> int:
    """Tell which stored tables differ from the derived ones, and return how many."""
    connection.execute("set TimeZone = 'UTC'")
    tables = compared_tables()
    done = 0

    def tell_table() -> None:
        nonlocal done
        done += 1
        if progress is not None:
            progress("comparing", len(tables), done)

    failures = 0
    for compared in compare_tables(connection, tables, SHOWN_ROWS, tell_table):
        rows = [(one.key, one.column, one.stored, one.derived) for one in compared.differences]
        names = ["key", "column", "stored", "derived"]
        claim = f"Every row of {compared.table} is what the lines say"
        failures += _tell(claim, names, rows, compared.row_count, tell)
    if failures:
        older = connection.execute(
            "select distinct mailsql_version from load_batches where mailsql_version <> ? "
            "order by 1",
            [__version__],
        ).fetchall()
        if older:
            versions = ", ".join(str(version) for (version,) in older)
            tell(
                f"rows are of mailsql {versions}, and were derived by {__version__}: "
                "mailsql reparse brings them up to date"
            )
    return failures


def _tell(
    claim: str,
    names: list[str],
    rows: Sequence[tuple[object, ...]],
    row_count: int,
    tell: Callable[[str], None],
) -> int:
    """Tell whether a claim holds, and what says otherwise of the first rows; return 0 or 1."""
    tell(f"{'FAIL' if row_count else 'ok  '} {claim}")
    if rows:
        tell(format_rows(names, rows).rstrip())
    if row_count > SHOWN_ROWS:
        tell(f"... and {row_count - SHOWN_ROWS:,} more rows")
    return int(bool(row_count))

"""A database -> the same lines with all rows derived again, in a copy that takes its place.

The copy keeps what is the user's; only mailsql's derived tables are made anew.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

import duckdb

from .database import WAIT_SECONDS, open_database
from .derive import Deriver, Target
from .derive_again import (
    Progress,
    check_read_tables,
    check_tables,
    count_lines,
    derive_stored,
)
from .errors import DatabaseError, OutdatedError
from .memory import Memory, usual_memory
from .objects import __version__, bring_up_to_date
from .replacement import replaced
from .statements import quote_identifier
from .table_list import derived_tables, tables


def derive_anew(
    database: Path,
    tell: Callable[[str], None],
    *,
    what: str = "deriving all rows again",
    wait_seconds: float = WAIT_SECONDS,
    on_wait: Callable[[str], None] | None = None,
    progress: Progress | None = None,
    memory: Memory | None = None,
) -> int:
    """Derive all rows of a database again from its lines, and return how many lines there are.

    Killed at any moment, the database is as before or as after; what a killed one left beside it
    goes with the next load or reparse.

    Args:
        database: the DuckDB file.
        tell: told what is done, and the room that it takes.
        what: is done, in words.
        wait_seconds: for how long to wait where another process holds it.
        on_wait: told who holds it when waiting begins.
        progress: told how far it is.
        memory: that may be taken; a share of the machine's if None.

    Raises:
        HeldError: another process holds it.
        DatabaseError: it cannot be opened, a table is none of mailsql's, lines are missing, or
            there is no room.
    """
    is_outdated = False
    deadline = time.monotonic() + wait_seconds
    try:
        open_database(
            database, read_only=False, creates=False, wait_seconds=wait_seconds, on_wait=on_wait
        ).close()
    except OutdatedError:
        is_outdated = True
    left = max(0.0, deadline - time.monotonic())
    with replaced(database, what, tell, left, on_wait) as new:
        return derive_from(new, database, progress, memory, is_outdated=is_outdated)


def derive_from(
    new: Path,
    database: Path,
    progress: Progress | None,
    memory: Memory | None,
    *,
    is_outdated: bool = False,
    cutoffs: Mapping[str, datetime] | None = None,
) -> int:
    """Make the derived tables of a copy anew from the lines of the database; return their number.

    Args:
        new: the copy; it says which lines of the database are pruned.
        database: the DuckDB file.
        progress: told how far it is.
        memory: that may be taken; a share of the machine's if None.
        is_outdated: whether the database is of an older mailsql.
        cutoffs: by table: rows of pruned lines that were over before go.

    Raises:
        DatabaseError: a table is none of mailsql's, or lines are missing.
    """
    indexes = _empty(new, database)
    target = Target(new, stored=database.resolve(), memory=memory or usual_memory())
    deriver = Deriver(target)
    try:
        if is_outdated:
            check_read_tables(deriver.connection, str(database))
        else:
            check_tables(deriver.connection, "stored", str(database))
        line_count = derive_stored(deriver, progress, cutoffs)
        if count_lines(deriver.connection, "mail") != line_count:
            raise DatabaseError(
                f"{database}: some lines are of no log that it knows",
                "mailsql check --quick says more",
            )
        for index in indexes:
            deriver.connection.execute(index)
        deriver.connection.execute("force checkpoint")
        return line_count
    finally:
        deriver.connection.close()


def _empty(copy: Path, database: Path) -> list[str]:
    """Make the derived tables of a copy anew, empty, and return the user's indexes of them."""
    with open_database(copy, read_only=False, is_updated=False) as connection:
        # Views of the user's are written again
        connection.execute("set enable_external_access = false")
        indexes = _indexes(connection)
        for table in derived_tables():
            connection.execute(f"drop table if exists main.{quote_identifier(table)}")
        connection.execute("checkpoint")
        try:
            bring_up_to_date(connection)
        except OutdatedError as error:
            raise DatabaseError(
                f"{database}: its tables are those of an older mailsql ({error})",
                "load the logs into a new database",
            ) from error
        connection.execute("update load_batches set mailsql_version = ?", [__version__])
        _move_to_the_front(connection)
    return indexes


def _move_to_the_front(connection: duckdb.DuckDBPyConnection) -> None:
    """Write what was loaded anew, for a file only ever gets shorter behind its last used block."""
    names = [quote_identifier(name) for name, table in tables().items() if not table.is_derived]
    for name in names:
        connection.execute(f"create temp table {name} as from mail.main.{name}")
        connection.execute(f"truncate mail.main.{name}")
    connection.execute("force checkpoint")
    for name in names:
        connection.execute(f"insert into mail.main.{name} from temp.main.{name}")
        connection.execute(f"drop table temp.main.{name}")


def _indexes(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """The user's indexes of tables that are made anew, as SQL."""
    rows = connection.execute(
        "select table_name, sql from system.main.duckdb_indexes() "
        "where system.main.lower(database_name) = 'mail' and schema_name = 'main'"
    ).fetchall()
    return [sql for table, sql in rows if table in derived_tables()]

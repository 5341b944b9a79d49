"""A database -> the same lines with all rows derived again, in a copy that takes its place.

The copy keeps what is the user's; only mailsql's derived tables are made anew.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import duckdb

from .database import WAIT_SECONDS, open_database
from .derive import Deriver, Target
from .derive_again import Progress, check_tables, count_lines, derive_stored
from .errors import DatabaseError
from .objects import __version__, write_objects
from .replacement import replaced
from .statements import quote_identifier
from .table_list import derived_tables


def derive_anew(
    database: Path,
    tell: Callable[[str], None],
    *,
    wait_seconds: float = WAIT_SECONDS,
    on_wait: Callable[[str], None] | None = None,
    progress: Progress | None = None,
) -> int:
    """Derive all rows of a database again from its lines, and return how many lines there are.

    Killed at any moment, the database is as before or as after; what a killed one left beside it
    goes with the next load or reparse.

    Args:
        database: the DuckDB file.
        tell: told what is done, and the room that it takes.
        wait_seconds: for how long to wait where another process holds it.
        on_wait: told who holds it when waiting begins.
        progress: told how far it is.

    Raises:
        HeldError: another process holds it.
        DatabaseError: it cannot be opened, a table is none of mailsql's, lines are missing, or
            there is no room.
    """
    with replaced(database, "deriving all rows again", tell, wait_seconds, on_wait) as new:
        return _derive(new, database, progress)


def _derive(new: Path, database: Path, progress: Progress | None) -> int:
    """Make the derived tables of a copy anew from the lines of the database."""
    indexes = _empty(new)
    deriver = Deriver(Target(new, stored=database.resolve()))
    try:
        check_tables(deriver.connection, "stored", str(database))
        line_count = derive_stored(deriver, progress)
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


def _empty(copy: Path) -> list[str]:
    """Make the derived tables of a copy anew, empty, and return the user's indexes of them."""
    with open_database(copy, read_only=False) as connection:
        indexes = _indexes(connection)
        for table in derived_tables():
            connection.execute(f"drop table main.{quote_identifier(table)}")
        connection.execute("checkpoint")
        write_objects(connection)
        connection.execute("update load_batches set mailsql_version = ?", [__version__])
    return indexes


def _indexes(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """The user's indexes of tables that are made anew, as SQL."""
    rows = connection.execute(
        "select table_name, sql from system.main.duckdb_indexes() "
        "where system.main.lower(database_name) = 'mail' and schema_name = 'main'"
    ).fetchall()
    return [sql for table, sql in rows if table in derived_tables()]

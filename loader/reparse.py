"""A database -> the same lines with all rows derived again, in a new file that takes its place.

The new file is made beside the old one, which stays whole and locked until it is replaced by a
rename: a copy of it keeps what is the user's, and only mailsql's derived tables are made anew.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import duckdb

from .check import BYTES_PER_MB, Progress, check_room, derive_all, needed_bytes
from .database import WAIT_SECONDS, left_behind, open_database, speaking_of
from .derive import Deriver, Target
from .errors import DatabaseError, HeldError
from .objects import __version__, write_objects
from .private import created_with
from .snapshot import copy_file
from .statements import quote_identifier
from .stored_lines import check_tables, count_lines, derived_tables


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


@contextmanager
def replaced(
    database: Path,
    what: str,
    tell: Callable[[str], None],
    wait_seconds: float = WAIT_SECONDS,
    on_wait: Callable[[str], None] | None = None,
) -> Iterator[Path]:
    """Make a copy of a database, which takes its place at the end unless there is an error.

    Args:
        database: the DuckDB file, held and unchanged until then.
        what: what is done with the copy, in words.
        tell: told what is done, and the room that it takes.
        wait_seconds: for how long to wait where another process holds it.
        on_wait: told who holds it when waiting begins.

    Raises:
        HeldError: another process holds it.
        DatabaseError: it cannot be opened, or there is no room.
    """
    path = database.resolve()
    with _held(path, wait_seconds, on_wait) as old:
        found = path.stat()
        needed = needed_bytes(path)
        check_room(path.parent, needed)
        tell(
            f"{what}, in {path.parent}, which takes about {needed / BYTES_PER_MB:,.0f} MB for "
            "that time"
        )
        place = left_behind(path)
        try:
            with created_with(found.st_mode & 0o666), speaking_of(database):
                place.mkdir()
                new = place / path.name
                copy_file(old, new)
                yield new
            if new.with_name(f"{new.name}.wal").exists():
                raise DatabaseError(f"{new}: not written to its end", "try again")
            os.chown(new, found.st_uid, found.st_gid)
            new.chmod(found.st_mode & 0o7777)
            _sync(new)
            new.rename(path)
            _sync(path.parent)
        finally:
            shutil.rmtree(place, ignore_errors=True)


@contextmanager
def _held(
    path: Path, wait_seconds: float, on_wait: Callable[[str], None] | None
) -> Iterator[IO[bytes]]:
    """Open the file, whole without a write-ahead log, and keep others from writing to it.

    Raises:
        HeldError: another process holds it.
    """
    deadline = time.monotonic() + wait_seconds
    while True:
        left = max(0.0, deadline - time.monotonic())
        open_database(path, wait_seconds=left, on_wait=on_wait).close()
        left = max(0.0, deadline - time.monotonic())
        with open_database(path, read_only=False, wait_seconds=left, on_wait=on_wait) as connection:
            connection.execute("force checkpoint")
        with path.open("rb") as file:
            # Of this open file, so that it outlives what the engine opens and closes (fcntl(2))
            lock = struct.pack("hhqqi4x", fcntl.F_RDLCK, os.SEEK_SET, 0, 0, 0)
            try:
                fcntl.fcntl(file, fcntl.F_OFD_SETLK, lock)
                is_held = True
            except OSError:
                is_held = False
            # Another process may have been quicker, and may even have been killed
            if is_held and not Path(f"{path}.wal").exists() and file_is_at(file, path):
                yield file
                return
        if time.monotonic() > deadline:
            raise HeldError(f"{path}: in use by another process", "wait for it to end")


def file_is_at(file: IO[bytes], path: Path) -> bool:
    """Whether an open file is the one that a path leads to."""
    return os.path.samestat(os.fstat(file.fileno()), path.stat())


def _derive(new: Path, database: Path, progress: Progress | None) -> int:
    """Make the derived tables of a copy anew from the lines of the database."""
    indexes = _empty(new)
    deriver = Deriver(Target(new, stored=database.resolve()))
    try:
        check_tables(deriver.connection, "stored", str(database))
        line_count = derive_all(deriver, progress)
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
        "where database_name = 'mail' and schema_name = 'main'"
    ).fetchall()
    return [sql for table, sql in rows if table in derived_tables()]


def _sync(path: Path) -> None:
    """Have what was written to a file or directory on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

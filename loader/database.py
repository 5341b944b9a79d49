"""The DuckDB file: opened for reading or writing, or created.

A file is ours if it says so in mailsql_database. Its objects are written again when the version
of mailsql or its SQL changes: tables get the columns that they lack, rows are kept, and the user's
own views are written again from their SQL.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

import duckdb

from .errors import DatabaseError, HeldError, OutdatedError, UsageError
from .objects import (
    BLOCK_BYTES,
    OLDEST_SCHEMA,
    SCHEMA_VERSION,
    __version__,
    bring_up_to_date,
    copy_template,
    objects_hash,
    write_objects,
)
from .private import OWNER_ONLY
from .room import is_full, no_room, tells_full
from .statements import quote_identifier, quote_text

# Readable by DuckDB 1.4 and newer, and able to compress with zstd
STORAGE_VERSION = "v1.2.0"
# A row group is compressed by one thread, and held in memory until it is full; only attach takes it
ROW_GROUP_ROWS = 61440
WAIT_SECONDS = 5.0
# Of columns that are new, so many are named
NAMED_COLUMNS = 3
# Whatever the file is called: `memory` or `reports` would be something else in SQL
CATALOG = "mail"
VERSIONS = ("main", "mailsql_database")
IS_HELD = re.compile(r"Could not set lock on file|Conflicting lock|Unique file handle conflict")
HOLDER = re.compile(r"held in (?P<program>.+?) \(PID (?P<pid>\d+)\)")
# Of the engine, in words: what is wrong with a file, and what to do
FAULTS = (
    (
        re.compile(r"not a valid DuckDB database file|file is too small|magic bytes"),
        "not a DuckDB file, or damaged at its beginning",
        "name another file with --db, or restore it from a backup",
    ),
    (
        re.compile(r"version number|newer version of DuckDB"),
        "written by a newer DuckDB",
        "pip install --upgrade duckdb",
    ),
    (
        re.compile(
            r"Corrupt|checksum|corrupt|Serialization Error|replaying WAL|invalidated|INTERNAL"
            r"|wrong number of bytes|Could not read"
        ),
        "damaged",
        "restore it from a backup, or load the logs into a new one",
    ),
)


def set_timezone(connection: duckdb.DuckDBPyConnection, timezone: str) -> None:
    """Interpret and show times in a zone.

    Raises:
        UsageError: the zone is not known.
    """
    try:
        connection.execute("set TimeZone = ?", [timezone])
    except duckdb.Error as error:
        raise UsageError(
            f"{timezone}: unknown time zone", "use an IANA name such as Asia/Tokyo or UTC"
        ) from error


def open_database(
    path: Path,
    *,
    read_only: bool = True,
    creates: bool = True,
    timezone: str | None = None,
    mode: int = OWNER_ONLY,
    wait_seconds: float = WAIT_SECONDS,
    on_wait: Callable[[str], None] | None = None,
    shut: Callable[[duckdb.DuckDBPyConnection], None] | None = None,
    on_update: Callable[[str], None] | None = None,
    is_updated: bool = True,
    row_group_rows: int = ROW_GROUP_ROWS,
) -> duckdb.DuckDBPyConnection:
    """Open a mailsql database; for writing, create it or bring its objects up to this version.

    Args:
        path: the DuckDB file.
        read_only: whether it stays as it is.
        creates: whether it is created if it is missing and opened for writing.
        timezone: IANA name of the zone that times are shown in; the system's if None.
        mode: of a file that is created.
        wait_seconds: for how long to wait where another process holds it.
        on_wait: told who holds it when waiting begins.
        shut: shuts the door to other files, before anything of this one is asked.
        on_update: told what rows of an older mailsql lack since.
        is_updated: whether it is brought up to this version where it is opened for writing.
        row_group_rows: rows of the row groups that are written.

    Raises:
        UsageError: the time zone is not known.
        HeldError: another process holds it.
        OutdatedError: its rows must be derived again before it can be written to.
        DatabaseError: it is missing and not created, no database of mailsql, of a schema that
            cannot be read or brought up to this version's, or damaged.
    """
    creates = creates and not read_only
    _check_path(path, creates)
    if creates and not path.exists():
        try:
            with speaking_of(path):
                copy_template(path, _build_empty, mode)
        except OSError as error:
            raise file_error(path, error) from error
    connect = _connect_reading if read_only else partial(_connect_writing, rows=row_group_rows)
    connection = _connect(path, connect, time.monotonic() + wait_seconds, on_wait)
    try:
        if shut is not None:
            shut(connection)
        tables = _found_tables(connection, path)
        found = _found_versions(connection, path) if VERSIONS in tables else None
        if found is None:
            if tables or not creates:
                raise DatabaseError(
                    f"{path}: a DuckDB file, but not of mailsql",
                    "name another file with --db, or with MAILSQL_DB",
                )
        elif found[0] > SCHEMA_VERSION:
            raise DatabaseError(
                f"{path}: written by a newer mailsql ({found[1]})", "upgrade mailsql"
            )
        elif found[0] < (SCHEMA_VERSION if read_only else OLDEST_SCHEMA):
            raise DatabaseError(
                f"{path}: its tables are those of an older mailsql ({found[1]})",
                "load the logs into a new database"
                if found[0] < OLDEST_SCHEMA
                else "the next mailsql load or mailsql reparse brings them up to date",
            )
        if found is None:
            write_objects(connection)
        elif not read_only and is_updated and not _is_current(connection, found):
            if shut is None:
                _update_apart(connection, path, found[1], on_update)
                connection = connect(path)
            else:
                _update(connection, path, found[1], on_update)
        if timezone is not None:
            set_timezone(connection, timezone)
    except BaseException:
        connection.close()
        raise
    return connection


def _update(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    version: str,
    on_update: Callable[[str], None] | None,
) -> None:
    """Bring the objects of a file up to this version.

    Raises:
        OutdatedError: as open_database.
        DatabaseError: an object of the user's has the name of one of mailsql's.
    """
    with speaking_of(path):
        try:
            columns = bring_up_to_date(connection)
            # Until then nothing can be added to a table that got a column, where its last row group
            # has more rows than new ones get
            connection.execute("checkpoint")
        except duckdb.CatalogException as error:
            said = str(error).removeprefix("Catalog Error: ").partition("\n")[0]
            raise DatabaseError(
                f"{path}: cannot be brought up to date ({said})",
                "rename what is yours: this mailsql has something of that name",
            ) from error
        except OutdatedError as error:
            raise OutdatedError(
                f"{path}: its tables are those of an older mailsql ({version}; {error})"
            ) from error
        except DatabaseError as error:
            raise DatabaseError(f"{path}: {error}", error.hint) from error
    if columns and on_update is not None:
        more = f" and {len(columns) - NAMED_COLUMNS} more" if len(columns) > NAMED_COLUMNS else ""
        on_update(
            f"{path}: columns are new since mailsql {version}: "
            f"{', '.join(columns[:NAMED_COLUMNS])}{more}; "
            "rows of before have values there after mailsql reparse"
        )


def _update_apart(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    version: str,
    on_update: Callable[[str], None] | None,
) -> None:
    """Bring the objects of a file up to this version without access to others; close it.

    Raises:
        DatabaseError: as _update.
    """
    with connection:
        connection.execute("set enable_external_access = false")
        _update(connection, path, version, on_update)


def _check_path(path: Path, creates: bool) -> None:
    """Refuse what can be no database before the engine waits for it or words it badly.

    Raises:
        DatabaseError: as open_database.
    """
    another = "name another file with --db, or with MAILSQL_DB"
    try:
        str(path).encode()
    except UnicodeEncodeError as error:
        raise DatabaseError(f"{path}: the name is not UTF-8", another) from error
    if "?" in path.name:
        # The engine takes what follows for settings
        raise DatabaseError(f"{path}: a name with ? in it", another)
    try:
        found = path.stat()
    except FileNotFoundError as error:
        if not creates:
            raise DatabaseError(
                f"{path}: no such database", "mailsql load PATH... creates it"
            ) from error
        if not path.parent.is_dir():
            raise DatabaseError(f"{path.parent}: no such directory", another) from error
    except OSError as error:
        raise DatabaseError(f"{path}: {error.strerror}", another) from error
    else:
        if not stat.S_ISREG(found.st_mode):
            raise DatabaseError(f"{path}: not a regular file", another)


def attach_stored(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    wait_seconds: float = WAIT_SECONDS,
    on_wait: Callable[[str], None] | None = None,
) -> None:
    """Attach another database as `stored`, to be read only; wait for who writes to let it go.

    Raises:
        HeldError: another process still writes.
        DatabaseError: it cannot be opened.
    """
    attach = f"attach {quote_text(str(path.absolute()))} as stored (read_only)"
    _wait_for(path, lambda: connection.execute(attach), time.monotonic() + wait_seconds, on_wait)


def _connect(
    path: Path,
    connect: Callable[[Path], duckdb.DuckDBPyConnection],
    deadline: float,
    on_wait: Callable[[str], None] | None,
) -> duckdb.DuckDBPyConnection:
    """Connect to the file; wait for another process to let it go."""
    while True:
        before = path.stat() if path.exists() else None
        connection = _wait_for(path, lambda: connect(path), deadline, on_wait)
        # A file that was replaced while it was opened (reparse) is no longer the database
        if before is None or os.path.samestat(before, path.stat()):
            return connection
        connection.close()


def _wait_for(
    path: Path,
    open_file: Callable[[], duckdb.DuckDBPyConnection],
    deadline: float,
    on_wait: Callable[[str], None] | None,
) -> duckdb.DuckDBPyConnection:
    """Open the file as soon as no other process holds it."""
    is_told = False
    while True:
        try:
            return open_file()
        except duckdb.Error as error:
            if not IS_HELD.search(str(error)):
                raise database_error(path, error) from error
            holder = HOLDER.search(str(error))
            who = f"{holder['program']} (process {holder['pid']})" if holder else "another process"
            if time.monotonic() > deadline:
                raise HeldError(
                    f"{path}: in use by {who}", "wait for it to end, or close that DuckDB shell"
                ) from error
        if on_wait is not None and not is_told:
            on_wait(f"{path}: in use by {who}; waiting")
            is_told = True
        time.sleep(0.2)


def _settings(path: Path) -> dict[str, str | bool | int | float | list[str]]:
    """What holds for every connection: nothing is fetched, and no Python variable is a table."""
    return {
        "temp_directory": f"{path.absolute()}.tmp",
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
        "python_enable_replacements": "false",
    }


def _connect_reading(path: Path) -> duckdb.DuckDBPyConnection:
    """Connect so that no statement can change the file, nor attach another for writing."""
    connection = duckdb.connect(str(path.absolute()), read_only=True, config=_settings(path))
    try:
        named = connection.execute("select system.main.current_database()").fetchone()
        assert named is not None
        if str(named[0]).lower() != CATALOG:
            connection.execute(
                f"attach {quote_text(str(path.absolute()))} as {CATALOG} (read_only)"
            )
            connection.execute(f"use {CATALOG}")
            connection.execute(f"detach {quote_identifier(named[0])}")
    except BaseException:
        connection.close()
        raise
    return connection


def _connect_writing(
    path: Path, rows: int = ROW_GROUP_ROWS, *, is_new: bool = False
) -> duckdb.DuckDBPyConnection:
    """Connect for writing; what a killed process left in the temporary folder goes."""
    settings = _settings(path) | {"storage_compatibility_version": STORAGE_VERSION}
    options = f"row_group_size {rows}" + (f", block_size {BLOCK_BYTES}" if is_new else "")
    is_left_open = Path(f"{path}.wal").exists()
    connection = duckdb.connect(config=settings)
    try:
        connection.execute(f"attach {quote_text(str(path.absolute()))} as {CATALOG} ({options})")
        connection.execute(f"use {CATALOG}")
        if is_left_open:
            # The tables may have got columns in it (_update)
            connection.execute("checkpoint")
    except BaseException:
        connection.close()
        raise
    # The file is ours alone now, and so is what stands beside it
    shutil.rmtree(left_behind(path), ignore_errors=True)
    with suppress(OSError):
        for left in Path(f"{path}.tmp").iterdir():
            left.unlink()
    return connection


def left_behind(path: Path) -> Path:
    """The directory in which a new file is made that takes the place of a database."""
    return Path(f"{path.resolve()}.new")


def _build_empty(path: Path) -> None:
    """Create a database with all objects and no row."""
    with _connect_writing(path, is_new=True) as connection:
        write_objects(connection)
        # Closing says nothing of a checkpoint that fails
        connection.execute("force checkpoint")


@contextmanager
def speaking_of(path: Path) -> Iterator[None]:
    """Say what the engine says of a database, in the user's words.

    Raises:
        DatabaseError: it failed.
        UnicodeError: it was given text that is no UTF-8.
    """
    try:
        yield
    except duckdb.Error as error:
        check_encoded(error)
        raise database_error(path, error) from error


def check_encoded(error: duckdb.Error) -> None:
    """Tell text that the engine could not take from all else that it says.

    Raises:
        UnicodeError: it was given text that is no UTF-8.
    """
    if "cannot encode str as UTF-8" in str(error):
        raise UnicodeError(str(error)) from error


def database_error(name: Path | str, error: duckdb.Error) -> DatabaseError:
    """Return what the engine says of a file in the user's words."""
    said = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    if tells_full(str(error)):
        return no_room(name)
    if os.strerror(errno.EROFS) in said:
        return _only_read(name)
    if isinstance(error, duckdb.OutOfMemoryException):
        return DatabaseError(f"{name}: {said}", "ask for less at once, or free some memory")
    for pattern, fault, hint in FAULTS:
        if pattern.search(str(error)):
            return DatabaseError(f"{name}: {fault} ({said})", hint)
    if isinstance(error, duckdb.IOException):
        return DatabaseError(
            f"{name}: {said.removeprefix('IO Error: ')}",
            "look at the rights and the room of its directory, or name another with --db",
        )
    return DatabaseError(f"{name}: {said}", "please report this, with the command")


def file_error(name: Path | str, error: OSError) -> DatabaseError:
    """Return what the system says of a file that was to be written in the user's words."""
    if is_full(error):
        return no_room(name)
    if error.errno == errno.EROFS:
        return _only_read(name)
    return DatabaseError(
        f"{name}: {error.strerror or error}",
        "look at the rights and the room of its directory, or name a file elsewhere",
    )


def _only_read(name: Path | str) -> DatabaseError:
    return DatabaseError(
        f"{name}: its file system is read-only",
        "mount it for writing, and do the same again: a load continues",
    )


def _found_tables(connection: duckdb.DuckDBPyConnection, path: Path) -> set[tuple[str, str]]:
    """Schemas and names of all tables of the file.

    Functions are called by their full names wherever a file is not known to be ours: a macro of it
    may be called like any of them.
    """
    with speaking_of(path):
        found = connection.execute(
            "select database_name, schema_name, table_name from system.main.duckdb_tables()"
        ).fetchall()
    return {(schema, table) for database, schema, table in found if database.lower() == CATALOG}


def _is_current(connection: duckdb.DuckDBPyConnection, found: tuple[int, str] | None) -> bool:
    """Whether the objects of the database are those that this mailsql would write."""
    if found != (SCHEMA_VERSION, __version__):
        return False
    row = connection.execute(f"select objects_hash from {CATALOG}.main.mailsql_database").fetchone()
    return row == (objects_hash(),)


def _found_versions(connection: duckdb.DuckDBPyConnection, path: Path) -> tuple[int, str] | None:
    """Schema version and mailsql version that the file was last written with."""
    with speaking_of(path):
        row = connection.execute(
            f"select schema_version, mailsql_version from {CATALOG}.main.mailsql_database"
        ).fetchone()
    try:
        return (int(row[0]), str(row[1])) if row else None
    except (TypeError, ValueError):
        return None

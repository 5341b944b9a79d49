"""The DuckDB file: opened or created, with the tables, words, views and reports of sql/ in it.

A file is ours if it says so in mailsql_database; its objects are written again when the version
of mailsql changes, its rows and the user's own views are kept.
"""

from __future__ import annotations

import csv
import io
import re
import time
from functools import cache
from importlib.metadata import version as installed_version
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

import duckdb

from .errors import DatabaseError, UsageError

# Readable by DuckDB 1.4 and newer, and able to compress with zstd
STORAGE_VERSION = "v1.2.0"
# A row group is compressed by one thread, and held in memory until it is full; only attach takes it
ROW_GROUP_ROWS = 61440
SCHEMA_VERSION = 2
LOCK_SECONDS = 5.0
HOLDER = re.compile(r"held in (?P<program>.+?) \(PID (?P<pid>\d+)\)")

__version__ = installed_version("mailsql")


def sql_files(place: str) -> list[Traversable]:
    """Return the SQL files under a folder of sql/, in path order, or the one file named."""

    def walk(entry: Traversable) -> list[Traversable]:
        if not entry.is_dir():
            return [entry] if entry.name.endswith(".sql") else []
        inside = sorted(entry.iterdir(), key=lambda item: item.name)
        return [file for item in inside for file in walk(item)]

    return walk(files("mailsql.sql").joinpath(place))


@cache
def _sql_texts(place: str) -> tuple[tuple[str, str], ...]:
    """Names and texts of the SQL files of a place; names as `5_parse/pickups` below ingest."""
    top = str(files("mailsql.sql").joinpath("ingest"))
    return tuple(
        (
            str(file).removeprefix(top).strip("/").removesuffix(".sql"),
            file.read_text(encoding="utf-8"),
        )
        for file in sql_files(place)
    )


def run_sql(connection: duckdb.DuckDBPyConnection, place: str) -> None:
    """Run the SQL files under a folder of sql/, in path order, or the one file named.

    Raises:
        duckdb.Error: one failed; its note is the name of the file.
    """
    for name, text in _sql_texts(place):
        try:
            connection.execute(text)
        except duckdb.Error as error:
            error.add_note(name)
            raise


def quote_identifier(name: str) -> str:
    """Return a name as a quoted SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def quote_text(text: str) -> str:
    """Return text as an SQL string literal."""
    return "'" + text.replace("'", "''") + "'"


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
    path: Path, *, read_only: bool = True, timezone: str | None = None
) -> duckdb.DuckDBPyConnection:
    """Open a mailsql database; for writing, create it or bring its objects up to this version.

    Args:
        path: the DuckDB file.
        read_only: whether it must exist already and stays as it is.
        timezone: IANA name of the zone that times are shown in; the system's if None.

    Raises:
        UsageError: the time zone is not known.
        DatabaseError: it is missing (read-only), no database of mailsql, of another schema, or
            another process holds it.
    """
    if read_only and not path.exists():
        raise DatabaseError(f"{path}: no such database", "mailsql load PATH... creates it")
    connection = _connect(path, read_only)
    try:
        found = _found_versions(connection)
        if found is None:
            if read_only or connection.execute(
                "select count(*) from duckdb_tables()"
            ).fetchone() != (0,):
                raise DatabaseError(
                    f"{path}: a DuckDB file, but not of mailsql",
                    "name another file with --db, or with MAILSQL_DB",
                )
        elif found[0] > SCHEMA_VERSION:
            raise DatabaseError(
                f"{path}: written by a newer mailsql ({found[1]})", "upgrade mailsql"
            )
        elif found[0] < SCHEMA_VERSION:
            raise DatabaseError(
                f"{path}: its tables are those of an older mailsql ({found[1]})",
                "load the logs into a new database",
            )
        if timezone is not None:
            set_timezone(connection, timezone)
        if not read_only and (found is None or found != (SCHEMA_VERSION, __version__)):
            _write_objects(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _connect(path: Path, read_only: bool) -> duckdb.DuckDBPyConnection:
    """Connect to the file; wait a little for another process to let it go."""
    deadline = time.monotonic() + LOCK_SECONDS
    while True:
        connection = duckdb.connect(
            config={
                "storage_compatibility_version": STORAGE_VERSION,
                "temp_directory": f"{path}.tmp",
                "autoinstall_known_extensions": "false",
            }
        )
        option = "read_only" if read_only else f"row_group_size {ROW_GROUP_ROWS}"
        try:
            connection.execute(f"attach {quote_text(str(path))} ({option})")
            named = connection.execute(
                "select database_name from duckdb_databases() where path is not null"
            ).fetchone()
            assert named is not None
            connection.execute(f"use {quote_identifier(named[0])}")
            return connection
        except duckdb.Error as error:
            connection.close()
            holder = HOLDER.search(str(error))
            if holder is None and "lock" not in str(error).lower():
                raise DatabaseError(
                    f"{path}: {_first_line(error)}",
                    "name another file with --db, in a directory that you may write to",
                ) from error
            if time.monotonic() > deadline:
                who = (
                    f"{holder['program']} (process {holder['pid']})"
                    if holder
                    else "another process"
                )
                raise DatabaseError(
                    f"{path}: in use by {who}", "wait for it to end, or close that DuckDB shell"
                ) from error
            time.sleep(0.2)


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0].removeprefix("IO Error: ")


def _found_versions(connection: duckdb.DuckDBPyConnection) -> tuple[int, str] | None:
    """Schema version and mailsql version that the file was last written with."""
    known = connection.execute(
        "select count(*) from duckdb_tables() where table_name = 'mailsql_database'"
    ).fetchone()
    if known == (0,):
        return None
    row = connection.execute(
        "select schema_version, mailsql_version from mailsql_database"
    ).fetchone()
    return (int(row[0]), str(row[1])) if row else None


def _write_objects(connection: duckdb.DuckDBPyConnection) -> None:
    """Create or replace every object of sql/ in one transaction."""
    connection.execute("begin")
    for file in sql_files("tables"):
        _create(connection, file, "table")
    connection.execute("delete from line_kinds")
    for file in files("mailsql.sql").joinpath("words", "line_kinds").iterdir():
        family = file.name.removesuffix(".csv")
        _load_line_kinds(connection, family, file.read_text(encoding="utf-8"))
    connection.execute("create schema if not exists reports")
    run_sql(connection, "macros")
    for file in sql_files("views"):
        _create(connection, file, "view")
    run_sql(connection, "table_macros")
    for file in sql_files("reports"):
        _create(connection, file, "view", schema="reports")
    connection.execute("delete from mailsql_database")
    connection.execute(
        "insert into mailsql_database values (?, ?, ?)",
        [SCHEMA_VERSION, __version__, duckdb.__version__],
    )
    connection.execute("commit")


def _create(
    connection: duckdb.DuckDBPyConnection, file: Traversable, kind: str, schema: str = "main"
) -> None:
    """Run a file and make its first line the comment of the object that it creates."""
    text = file.read_text(encoding="utf-8")
    connection.execute(text)
    name = f"{schema}.{quote_identifier(file.name.removesuffix('.sql'))}"
    grain = text.splitlines()[0].removeprefix("-- ")
    connection.execute(f"comment on {kind} {name} is {quote_text(grain)}")


def _load_line_kinds(connection: duckdb.DuckDBPyConnection, family: str, text: str) -> None:
    """Fill line_kinds from a CSV text with a header; empty fields are NULL."""
    header, *rows = csv.reader(io.StringIO(text))
    columns = ", ".join(quote_identifier(name) for name in ["family", *header])
    places = f"({', '.join('?' for _ in ['family', *header])})"
    connection.execute(
        f"insert into line_kinds ({columns}) values {', '.join(places for _ in rows)}",
        [value for row in rows for value in (family, *(field or None for field in row))],
    )

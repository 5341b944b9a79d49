"""The SQL files of sql/, found and run; names and texts as pieces of SQL."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import TYPE_CHECKING

import duckdb

if TYPE_CHECKING:
    from .kinds import Present


def sql_files(place: str) -> list[Traversable]:
    """Return the SQL files under a folder of sql/, in path order, or the one file named."""

    def walk(entry: Traversable) -> list[Traversable]:
        if not entry.is_dir():
            return [entry] if entry.name.endswith(".sql") else []
        inside = sorted(entry.iterdir(), key=lambda item: item.name)
        return [file for item in inside for file in walk(item)]

    return walk(files("mailsql.sql").joinpath(place))


@cache
def sql_texts(place: str) -> tuple[tuple[str, str], ...]:
    """Names and texts of the SQL files of a place; names as `5_parse/pickups` below ingest."""
    top = str(files("mailsql.sql").joinpath("ingest"))
    return tuple(
        (
            str(file).removeprefix(top).strip("/").removesuffix(".sql"),
            file.read_text(encoding="utf-8"),
        )
        for file in sql_files(place)
    )


# Parsed once: a tenth of what a small batch takes. Statements are of no connection
_statements: dict[str, tuple[Present | None, list[duckdb.Statement]]] = {}


def parsed(
    connection: duckdb.DuckDBPyConnection, text: str, present: Present | None = None
) -> list[duckdb.Statement]:
    """Return the statements of the text of an SQL file.

    Args:
        connection: parses them.
        text: of the file.
        present: who wrote the lines whose kinds it tells, if it does; anybody if None.
    """
    if text not in _statements or _statements[text][0] != present:
        # It quotes with what is below
        from .kinds import with_kinds

        _statements[text] = present, connection.extract_statements(with_kinds(text, present))
    return _statements[text][1]


def run_sql(connection: duckdb.DuckDBPyConnection, place: str) -> None:
    """Run the SQL files under a folder of sql/, in path order, or the one file named.

    Raises:
        duckdb.Error: one failed; its note is the name of the file.
    """
    for name, text in sql_texts(place):
        with named_in_errors(name):
            for statement in parsed(connection, text):
                connection.execute(statement)


def run_told(connection: duckdb.DuckDBPyConnection, place: str, told: Mapping[str, str]) -> None:
    """Run an SQL file with what forms of one's own are in the place of its calls.

    Raises:
        duckdb.Error: it failed; its note is the name of the file.
    """
    # It quotes with what is below
    from .kinds import with_own_kinds

    for name, text in sql_texts(place):
        with named_in_errors(name):
            connection.execute(with_own_kinds(text, told))


@contextmanager
def named_in_errors(name: str) -> Iterator[None]:
    """Add the name of a file to an error of the engine, as its note."""
    try:
        yield
    except duckdb.Error as error:
        error.add_note(name)
        raise


def quote_identifier(name: str) -> str:
    """Return a name as a quoted SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def quote_text(text: str) -> str:
    """Return text as an SQL string literal."""
    return "'" + text.replace("'", "''") + "'"

"""The user's views and reports -> the same views, written again from their SQL.

A view keeps the columns that it had when it was made: up to DuckDB 1.4 one that selects all columns
of a table fails once the table has more of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from .statements import quote_identifier, quote_text, sql_files


@dataclass(frozen=True)
class _View:
    """A view of the user's.

    Attributes:
        name: with its schema, quoted.
        sql: that makes it.
        comments: SQL that says of it and its columns what was said of them.
    """

    name: str
    sql: str
    comments: tuple[str, ...]


def write_views_of_user(connection: duckdb.DuckDBPyConnection) -> None:
    """Write every view that is not mailsql's again, each in a transaction of its own.

    What cannot be written (it reads a file, or what is gone) stays as it is.

    Args:
        connection: without an open transaction, and without access to other files.
    """
    left = _views_of_user(connection)
    # A view of a view can be written when that one is
    while left:
        failed = [view for view in left if not _is_written(connection, view)]
        if len(failed) == len(left):
            return
        left = failed


def names_of_views() -> dict[str, list[str]]:
    """The names of mailsql's views, by their schema."""
    return {
        schema: [file.name.removesuffix(".sql") for file in sql_files(folder)]
        for schema, folder in (("main", "views"), ("reports", "reports"))
    }


def _is_written(connection: duckdb.DuckDBPyConnection, view: _View) -> bool:
    """Write a view again, with its comments; return whether that worked."""
    connection.execute("begin")
    try:
        for statement in (view.sql, *view.comments):
            connection.execute(statement)
    except duckdb.Error:
        connection.execute("rollback")
        return False
    connection.execute("commit")
    return True


def _views_of_user(connection: duckdb.DuckDBPyConnection) -> list[_View]:
    """The views of the database that are none of mailsql's files."""
    ours = names_of_views()
    columns: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for schema, view, column, comment in connection.execute(
        "select schema_name, table_name, column_name, comment from system.main.duckdb_columns() "
        "where database_name = system.main.current_database() and comment is not null"
    ).fetchall():
        columns.setdefault((schema, view), []).append((column, comment))
    views = []
    for schema, view, sql, comment in connection.execute(
        "select schema_name, view_name, sql, comment from system.main.duckdb_views() "
        "where database_name = system.main.current_database() and not internal"
    ).fetchall():
        if view in ours.get(schema, ()):
            continue
        name = f"{quote_identifier(schema)}.{quote_identifier(view)}"
        said = [f"comment on view {name} is {quote_text(comment)}"] if comment is not None else []
        said += [
            f"comment on column {name}.{quote_identifier(column)} is {quote_text(comment)}"
            for column, comment in columns.get((schema, view), [])
        ]
        views.append(_View(name, _replacing(sql), tuple(said)))
    return views


def _replacing(sql: str) -> str:
    """The SQL of a view as the engine tells it, in the place of the view that is there."""
    return "CREATE OR REPLACE VIEW " + sql.removeprefix("CREATE VIEW ")

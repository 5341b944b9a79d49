"""The saved reports: views of the schema reports, those of mailsql and those that users add."""

from __future__ import annotations

from datetime import datetime

import duckdb

from .errors import UsageError
from .statements import quote_identifier


def list_reports(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, str | None]]:
    """Return name and description of each report, by name."""
    return connection.execute(
        "select view_name, comment from duckdb_views() "
        "where database_name = current_database() and schema_name = 'reports' order by view_name"
    ).fetchall()


def run_report(
    connection: duckdb.DuckDBPyConnection, name: str, since: str | None, until: str | None
) -> duckdb.DuckDBPyConnection:
    """Run a report over a period and return its result.

    Raises:
        UsageError: there is no such report, or a time is not readable.
    """
    names = [known for known, _ in list_reports(connection)]
    if name not in names:
        raise UsageError(f"{name}: no such report", f"one of {', '.join(names)}")
    set_period(connection, since, until)
    return execute_report(connection, name, f"from reports.{quote_identifier(name)}")


def execute_report(
    connection: duckdb.DuckDBPyConnection, name: str, sql: str
) -> duckdb.DuckDBPyConnection:
    """Run SQL over a report, which may be a view of the user's own.

    Raises:
        UsageError: it does not run any more.
    """
    try:
        return connection.execute(sql)
    except (duckdb.IOException, duckdb.OutOfMemoryException):
        # Of the machine, not of the report
        raise
    except duckdb.Error as error:
        raise UsageError(
            f"{name}: {str(error).splitlines()[0]}", "repair or drop the view reports." + name
        ) from error


def set_period(connection: duckdb.DuckDBPyConnection, since: str | None, until: str | None) -> None:
    """Limit reports to a period: from since on, before until.

    Raises:
        UsageError: a time is not readable.
    """
    for variable, text in (("since", since), ("until", until)):
        if text is None:
            connection.execute(f"reset variable {variable}")
        else:
            connection.execute(f"set variable {variable} = ?", [read_time(connection, text)])


def read_time(connection: duckdb.DuckDBPyConnection, text: str) -> datetime:
    """Return the instant that a text names, in the zone of the connection unless it has an offset.

    Raises:
        UsageError: it is not readable.
    """
    # What is no UTF-8 cannot be handed to the engine, and is no time
    sent = text.encode(errors="replace").decode()
    row = connection.execute("select try_cast(? as timestamptz)", [sent]).fetchone()
    if row is None or row[0] is None:
        raise UsageError(f"{text}: not a time", "write it like 2026-02-03 or '2026-02-03 09:15:00'")
    found: datetime = row[0]
    return found

"""The saved reports: views of the schema reports, those of mailsql and those that users add."""

from __future__ import annotations

from datetime import datetime

import duckdb

from .errors import UsageError
from .language import Language
from .period import read_period
from .results import engine_words
from .scope import Scope, check_limits, set_period, set_scope
from .statements import quote_identifier
from .words import read_words

EVERYTHING = Scope()


def list_reports(
    connection: duckdb.DuckDBPyConnection, language: Language = Language.EN
) -> list[tuple[str, str | None]]:
    """Return name and description of each report, by name; those of users as they wrote them."""
    rows = connection.execute(
        "select view_name, comment from duckdb_views() "
        "where database_name = current_database() and schema_name = 'reports' order by view_name"
    ).fetchall()
    if language is Language.EN:
        return rows
    words = {row["report"]: row[language] for row in read_words("reports")}
    return [(name, words.get(name, comment)) for name, comment in rows]


def run_report(
    connection: duckdb.DuckDBPyConnection,
    name: str,
    since: str | None,
    until: str | None,
    scope: Scope = EVERYTHING,
    *,
    now: datetime,
) -> duckdb.DuckDBPyConnection:
    """Run a report over a period, in words (read_period), and a scope; return its result.

    Raises:
        UsageError: there is no such report, the period is not readable, no log tells of the host,
            or the report cannot be limited to it or to the domain.
    """
    names = [known for known, _ in list_reports(connection)]
    if name not in names:
        raise UsageError(f"{name}: no such report", f"one of {', '.join(names)}")
    check_limits(connection, name, scope)
    set_scope(connection, scope)
    set_period(connection, read_period(connection, since, until, now))
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
        message, detail = engine_words(error)
        raise UsageError(
            f"{name}: {message}", f"repair or drop the view reports.{name}", detail
        ) from error

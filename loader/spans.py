"""Spans of time -> a condition by which the engine leaves out row groups that lie in none.

A join with the spans would read all rows between the first span and the last.
"""

from __future__ import annotations

import duckdb

from .statements import quote_identifier


def make_span_macro(connection: duckdb.DuckDBPyConnection, name: str, spans: str) -> None:
    """Make a macro that tells whether a time lies in one of some spans.

    Args:
        connection: with the spans.
        name: of the macro.
        spans: a temporary table of a few rows: first_second and last_second since 1970.
    """
    found = connection.execute(
        f"select first_second, last_second from {quote_identifier(spans)} order by 1"
    ).fetchall()
    told = " or ".join(
        f"(moment >= to_timestamp({first:d}) and moment < to_timestamp({last + 1:d}))"
        for first, last in found
    )
    connection.execute(
        f"create or replace temp macro {quote_identifier(name)}(moment) as ({told or 'false'})"
    )

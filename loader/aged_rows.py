"""Rows whose lines were pruned, and cutoffs of tables -> those of them that are too old."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import duckdb

from .cut_loose import nullable_columns
from .statements import quote_identifier, quote_text, run_sql
from .table_list import tables


def choose_aged_rows(
    connection: duckdb.DuckDBPyConnection,
    cutoffs: Mapping[str, datetime],
    database: str = "mail",
    runs: str = "pruned_lines",
) -> None:
    """Make the temporary table aged_rows: table and key of rows that were over before its cutoff.

    What cannot be without one that goes, as deliveries without their message, goes with it.

    Args:
        connection: of the database that tells which lines are gone.
        cutoffs: by table.
        database: what the database with the rows is attached as.
        runs: the table of the lines that are gone (pruned_lines).
    """
    dated = {
        table.name: table.over or table.time
        for table in tables().values()
        if table.holds == "facts" and (table.over or table.time)
    }
    ends = dict(cutoffs)
    if all(name in cutoffs for name in dated if tables()[name].time):
        # Numbers of syslog go with the last rows that they may count
        ends |= {name: min(cutoffs.values()) for name in dated if name not in cutoffs}
    rows = " union all ".join(
        f"select {quote_text(name)} as table_name, {quote_identifier(tables()[name].key[0])} "
        f"as row_key, {over} as over_at from {database}.main.{quote_identifier(name)}"
        for name, over in dated.items()
    )
    connection.execute(
        f"create or replace temp view ended_rows as {rows}; "
        f"create or replace temp view gone_runs as from {runs}"
    )
    connection.execute(
        "create or replace temp table row_cutoffs as select unnest(?::varchar[]) as table_name, "
        "unnest(?::timestamptz[]) as cutoff",
        [list(ends), list(ends.values())],
    )
    run_sql(connection, "prune/8_aged_rows.sql")
    nullable = nullable_columns(connection)
    for table in tables().values():
        for column, target in table.leads_to.items():
            if (table.name, column) not in nullable and len(table.key) == 1:
                key = quote_identifier(table.key[0])
                connection.execute(
                    f"insert into aged_rows select {quote_text(table.name)}, {key} "
                    f"from {database}.main.{quote_identifier(table.name)} "
                    f"where {quote_identifier(column)} in "
                    "(select row_key from aged_rows where table_name = ?) and "
                    f"{key} not in (select row_key from aged_rows where table_name = ?)",
                    [target, table.name],
                )


def aged_counts(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """Return how many rows of each table go, of those whose rows have a time."""
    counts = dict(
        connection.execute("select table_name, count(*) from aged_rows group by all").fetchall()
    )
    return {name: counts[name] for name, table in tables().items() if table.time and name in counts}

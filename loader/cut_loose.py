"""Rows of which lines were pruned -> the same, but none leads to a row that is gone."""

from __future__ import annotations

import duckdb

from .statements import run_sql
from .table_list import tables


def nullable_columns(connection: duckdb.DuckDBPyConnection) -> set[tuple[str, str]]:
    """Return table and column where a row may lead to nothing."""
    return set(
        connection.execute(
            "select table_name, column_name from duckdb_columns() "
            "where schema_name = 'main' and is_nullable"
        ).fetchall()
    )


def cut_loose(connection: duckdb.DuckDBPyConnection) -> None:
    """Let rows of pruned lines lead to nothing that is gone; those that must lead to it go, too."""
    if connection.execute("select 1 from pruned_lines where has_rows limit 1").fetchone() is None:
        return
    nullable = nullable_columns(connection)
    is_any = True
    while is_any:
        is_any = False
        for table in tables().values():
            for column, target in table.leads_to.items():
                lost = (
                    f"{column} is not null "
                    f"and {column} not in (select {tables()[target].key[0]} from {target}) "
                    "and exists (select 1 from pruned_lines where has_rows and "
                    f"{table.name}.{table.key[0]} between first_line_key and last_line_key)"
                )
                if (table.name, column) in nullable:
                    # What came of what is gone begins a family of its own
                    value = table.key[0] if target == table.name else "null"
                    connection.execute(f"update {table.name} set {column} = {value} where {lost}")
                else:
                    gone = connection.execute(f"delete from {table.name} where {lost}").fetchone()
                    is_any |= gone is not None and gone[0] > 0
    run_sql(connection, "prune/7_counts.sql")

"""Stored rows and rows that were derived again -> what differs, by table, key and column."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import duckdb

from .statements import quote_identifier
from .table_list import tables

# Bounds the memory: rows of the keys of so many lines are compared at once
LINES_AT_ONCE = 500_000


@dataclass(frozen=True)
class Difference:
    """Where a stored row is not the derived one.

    Attributes:
        key: of the row, its columns in the order of the list of tables.
        column: that differs; "all of the row" where there is none on one side.
        stored: value as text.
        derived: value as text.
    """

    key: str
    column: str
    stored: str | None
    derived: str | None


@dataclass(frozen=True)
class Comparison:
    """How a stored table compares with the derived one.

    Attributes:
        table: its name.
        row_count: rows that differ, are missing, or should not be there.
        differences: of the first of them.
    """

    table: str
    row_count: int
    differences: list[Difference]


def compare_tables(
    connection: duckdb.DuckDBPyConnection,
    names: Sequence[str],
    most_rows: int,
    progress: Callable[[], None] | None = None,
) -> Iterator[Comparison]:
    """Compare tables of `stored` with those of the database itself, all columns of all rows.

    Args:
        connection: with both; `stored` has base tables of the same columns.
        names: of the tables; only one whose key is that of a line is compared in ranges.
        most_rows: rows of each table whose differences are told.
        progress: called after each table.
    """
    bounds = _key_bounds(connection)
    for table in names:
        described = connection.execute(f"select * from main.{table} limit 0").description or []
        columns = [column[0] for column in described]
        keys = tables()[table].key
        ranges = list(pairwise(bounds if tables()[table].is_keyed_by_line else [None, None]))
        row_count = 0
        found: list[Difference] = []
        for first, behind in ranges:
            joined = _joined(table, keys, columns, first, behind)
            differing, surplus = _counts(connection, table, keys[0], joined, first, behind)
            most = most_rows - row_count
            if differing and most > 0:
                found += _differences(connection, joined, keys, columns, most)
            elif surplus and most > 0:
                found += _doubled(
                    connection, _range(table, "stored", keys[0], first, behind), keys, most
                )
            row_count += differing or surplus
        yield Comparison(table, row_count, found)
        if progress is not None:
            progress()


def _key_bounds(connection: duckdb.DuckDBPyConnection) -> list[int | None]:
    """Keys between which there are as many lines as are compared at once; open at both ends."""
    bounds: list[int | None] = [None]
    size = 0
    for file_key, first_line_no, last_line_no in connection.execute(
        "select file_key, min(first_line_no), max(last_line_no) from load_batches "
        "group by file_key order by file_key"
    ).fetchall():
        start = first_line_no
        while size + last_line_no + 1 - start > LINES_AT_ONCE:
            start += LINES_AT_ONCE - size
            bounds.append(file_key * 2**32 + start)
            size = 0
        size += last_line_no + 1 - start
    return [*bounds, None]


def _range(table: str, database: str, column: str, first: int | None, behind: int | None) -> str:
    """A query of the rows of a table, or those in a range of keys."""
    # Only literals let the engine leave the other row groups alone
    name = quote_identifier(column)
    limits = [
        *([f"{name} >= {first}"] if first is not None else []),
        *([f"{name} < {behind}"] if behind is not None else []),
    ]
    where = f" where {' and '.join(limits)}" if limits else ""
    return f"select * from {database}.main.{quote_identifier(table)}{where}"


def _joined(
    table: str, keys: Sequence[str], columns: Sequence[str], first: int | None, behind: int | None
) -> str:
    """The rows of both that differ, as the end of a query."""
    sides = [
        f"(select *, true as is_there from ({_range(table, database, keys[0], first, behind)}))"
        for database in ("stored", "mail")
    ]
    same_row = " and ".join(
        f"stored_row.{quote_identifier(key)} is not distinct from "
        f"derived_row.{quote_identifier(key)}"
        for key in keys
    )
    differs = " or ".join(
        f"stored_row.{quote_identifier(column)} is distinct from "
        f"derived_row.{quote_identifier(column)}"
        for column in ["is_there", *columns]
    )
    return (
        f"from {sides[0]} as stored_row full outer join {sides[1]} as derived_row on {same_row} "
        f"where {differs}"
    )


def _counts(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    key: str,
    joined: str,
    first: int | None,
    behind: int | None,
) -> tuple[int, int]:
    """How many rows differ, and how many are stored besides: doubled, they differ from none."""
    counts = [
        f"(select count(*) from ({_range(table, database, key, first, behind)}))"
        for database in ("stored", "mail")
    ]
    row = connection.execute(
        f"select (select count(*) {joined}), {counts[0]} - {counts[1]}"
    ).fetchone()
    assert row is not None
    return int(row[0]), int(row[1])


def _doubled(
    connection: duckdb.DuckDBPyConnection, stored: str, keys: Sequence[str], most_rows: int
) -> Iterator[Difference]:
    """Of rows that are stored several times, the first."""
    key = ", ".join(map(quote_identifier, keys))
    rows = connection.execute(
        f"select concat_ws(' ', {key}), count(*) from ({stored}) "
        f"group by {key} having count(*) > 1 order by {key} limit {most_rows:d}"
    ).fetchall()
    for row_key, times in rows:
        yield Difference(row_key, "all of the row", f"is there {times} times", "is there")


def _differences(
    connection: duckdb.DuckDBPyConnection,
    joined: str,
    keys: Sequence[str],
    columns: Sequence[str],
    most_rows: int,
) -> Iterator[Difference]:
    """Differences of the first rows that differ."""
    names = [quote_identifier(column) for column in columns]
    pairs = ", ".join(
        f"stored_row.{name}::varchar, derived_row.{name}::varchar, "
        f"stored_row.{name} is distinct from derived_row.{name}"
        for name in names
    )
    key = ", ".join(
        f"coalesce(stored_row.{quote_identifier(name)}, derived_row.{quote_identifier(name)})"
        for name in keys
    )
    rows = connection.execute(
        f"select concat_ws(' ', {key}), stored_row.is_there, derived_row.is_there, {pairs} "
        f"{joined} order by {key} limit {most_rows:d}"
    ).fetchall()
    for row_key, is_stored, is_derived, *values in rows:
        if not is_stored or not is_derived:
            yield Difference(
                row_key,
                "all of the row",
                "is there" if is_stored else "missing",
                "is there" if is_derived else "missing",
            )
            continue
        for place, column in enumerate(columns):
            stored, derived, differs = values[3 * place : 3 * place + 3]
            if differs:
                yield Difference(row_key, column, stored, derived)

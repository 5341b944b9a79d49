"""The numbers that docs/numbers.md names: here, and by how much another program's differ.

A difference is a query with + or - in front, or with = where the other number is of another set."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb

NUMBERS = (Path(__file__).parent.parent / "docs" / "numbers.md").read_text()
# What logwatch tells in three figures
DECISIONS = {"5xx": "refused", "4xx": "put off", "Warn": "warned of"}
THREE_FIGURES = ", ".join(DECISIONS) + " "


@dataclass(frozen=True)
class Row:
    """A number of another program.

    Attributes:
        name: its own name of it, or its title.
        title: under which it is printed.
        here: SQL of the number here; None where the document says why there is none.
        changes: sign and SQL of what makes the other number of it.
    """

    name: str
    title: str
    here: str | None
    changes: tuple[tuple[str, str], ...]


def text_below(heading: str) -> str:
    """The text below a heading of the document."""
    return NUMBERS.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


def documented(heading: str) -> list[Row]:
    """The rows of the tables below a heading; of a number in three figures, three."""
    rows = []
    for name, here, difference in _cells(heading):
        named = re.fullmatch(r"`(\w+)` ?(.*)", name)
        sql = re.fullmatch(r"`(select .*)`", here)
        row = Row(
            named[1] if named else name,
            named[2] if named else name,
            sql[1] if sql else None,
            tuple(re.findall(r"`([-+=]) (select [^`]*)`", difference)),
        )
        rows += _three_figures(row) if row.title.startswith(THREE_FIGURES) else [row]
    return rows


def documented_lists(heading: str) -> dict[str, str]:
    """The tables of lists below a heading: SQL of text and number, by the name of the number."""
    return {
        name: sql.replace("\\|", "|")
        for name, sql in re.findall(
            r"^\| `(\w+)` by (?:[^|]+) \| `(select .*)` \|$", text_below(heading), re.MULTILINE
        )
    }


def differing_figures(
    connection: duckdb.DuckDBPyConnection, rows: list[Row], printed: Mapping[str, int]
) -> dict[str, tuple[int, int]]:
    """By title, what was printed and what the document says must be, where these differ."""
    found = {
        row.title: (printed.get(row.title, 0), figure_of_other(connection, row))
        for row in rows
        if row.here
    }
    return {title: pair for title, pair in found.items() if pair[0] != pair[1]}


def figure_of_other(connection: duckdb.DuckDBPyConnection, row: Row) -> int:
    """What the other program must print, by the number here and the differences."""
    assert row.here is not None
    number = _one(connection, row.here)
    for sign, sql in row.changes:
        value = _one(connection, sql)
        number = value if sign == "=" else number + (value if sign == "+" else -value)
    return number


def _cells(heading: str) -> list[list[str]]:
    """The rows of three cells; a bar in a cell is \\| there."""
    lines = re.findall(r"^\|(.*)\|$", text_below(heading), re.MULTILINE)
    cells = [
        [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)]
        for line in lines
    ]
    return [row for row in cells if len(row) == 3 and not row[0].startswith("--")][1:]


def _three_figures(row: Row) -> list[Row]:
    title = row.title.removeprefix(THREE_FIGURES)
    return [
        Row(
            row.name,
            f"{code} {title}",
            f"{row.here} and decision = '{decision}'",
            row.changes,
        )
        for code, decision in DECISIONS.items()
    ]


def _one(connection: duckdb.DuckDBPyConnection, sql: str) -> int:
    # Each report is asked for many numbers, so what it says is kept
    for report in set(re.findall(r"\breports\.(\w+)", sql)):
        connection.execute(
            f'create temporary table if not exists "kept_{report}" as from reports.{report}'
        )
    row = connection.execute(re.sub(r"\breports\.(\w+)", r"kept_\1", sql)).fetchone()
    return int(row[0] or 0) if row else 0

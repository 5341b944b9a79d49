"""sql/tables/tables.toml -> what is said of each table: who is exported, counted, compared, and by
which columns a row is named.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

from .statements import quote_identifier, quote_text


@dataclass(frozen=True)
class Table:
    """A table of mailsql; each field is explained where the list begins.

    Attributes:
        name: of the table, and of its file below sql/tables.
        holds: facts, lines, state, loads, words or file.
        key: columns that name a row.
        line: column with the line that a row comes from; None: the first one of the key.
        placed: column with the line of which line_kinds says that its row is here.
        leads_to: tables by the columns that have the key of a row of theirs.
        events: column that says how many events a row stands for.
        time: SQL of the time that dates a row, where it is exported.
        over: SQL of when what a row tells was over; None where that is its time.
        not_exported: why it is not.
        by_address: whether rows of chosen messages are exported all the same.
        counted: whether load says how much of it there is.
        not_compared: why check does not compare it.
        stream: column with the key of a stream, or of a line of it.
        view: what people read in its place.
    """

    name: str
    holds: str
    key: tuple[str, ...]
    line: str | None = None
    placed: str | None = None
    leads_to: dict[str, str] = field(default_factory=dict)
    events: str | None = None
    time: str | None = None
    over: str | None = None
    not_exported: str | None = None
    by_address: bool = False
    counted: bool = False
    not_compared: str | None = None
    stream: str | None = None
    view: str | None = None

    @property
    def is_derived(self) -> bool:
        """Whether every row of it follows from the lines."""
        return self.holds not in ("loads", "file")

    @property
    def is_keyed_by_line(self) -> bool:
        """Whether the first column of its key is the key of a line."""
        return self.holds in ("facts", "lines")

    @property
    def line_column(self) -> str:
        """The column with the line that a row comes from."""
        return self.line or self.key[0]

    @property
    def total(self) -> str:
        """SQL of how much it holds: events, or rows where each is one."""
        return f"coalesce(sum({self.events}), 0)" if self.events else "count(*)"


@cache
def tables() -> dict[str, Table]:
    """All tables by their names, in the order of the list."""
    return read_tables(
        files("mailsql.sql").joinpath("tables", "tables.toml").read_text(encoding="utf-8")
    )


def read_tables(text: str) -> dict[str, Table]:
    """Return the tables that a list tells of.

    Raises:
        TypeError: a field is missing, or is none.
    """
    listed: dict[str, dict[str, Any]] = tomllib.loads(text)
    return {
        name: Table(**said | {"name": name, "key": tuple(said["key"])})
        for name, said in listed.items()
    }


def derived_tables() -> list[str]:
    """All tables of which every row follows from the lines."""
    return [table.name for table in tables().values() if table.is_derived]


def compared_tables() -> list[str]:
    """Tables that are the same however the lines were cut when they were loaded."""
    return [table.name for table in tables().values() if table.not_compared is None]


def list_views() -> str:
    """SQL of temporary views for sql/checks: what the list says, and the rows that it is said of.

    row_keys: table, key, line, and line of its place, of all rows that hold facts; the key is NULL
    where several columns name a row. row_references: what leads from a row to one of another table.
    placed_tables: those of which line_kinds says that a line has its row there.
    """
    listed = tables().values()
    keys = [
        f"select {quote_text(table.name)} as table_name, "
        f"{quote_identifier(table.key[0]) if len(table.key) == 1 else 'null::bigint'} as row_key, "
        f"{quote_identifier(table.line_column)} as line_key, "
        f"{quote_identifier(table.placed) if table.placed else 'null::bigint'} as placed_key "
        f"from main.{quote_identifier(table.name)}"
        for table in listed
        if table.holds == "facts"
    ]
    references = [
        f"select {quote_text(table.name)} as table_name, "
        f"{quote_identifier(table.line_column)} as line_key, {quote_text(column)} as column_name, "
        f"{quote_text(target)} as target_name, {quote_identifier(column)} as target_key "
        f"from main.{quote_identifier(table.name)} where {quote_identifier(column)} is not null"
        for table in listed
        for column, target in table.leads_to.items()
    ]
    placed = [f"select {quote_text(table.name)} as table_name" for table in listed if table.placed]
    views = {"row_keys": keys, "row_references": references, "placed_tables": placed}
    return "".join(
        f"create or replace temp view {view} as {' union all '.join(queries)};\n"
        for view, queries in views.items()
    )

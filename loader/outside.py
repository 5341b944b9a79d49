"""What lies outside the period of an export, and was included or left out: counted, with why."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import duckdb

from .language import Language, read_texts
from .selection import Who, of_host, rows_of
from .statements import quote_identifier
from .table_list import Table, tables


@dataclass(frozen=True)
class Outside:
    """Rows that the period does not decide about.

    Attributes:
        table: that they are of.
        rows: how many.
        is_included: whether they are in the export.
        reason: key of the words that say why (sql/words/export.csv).
    """

    table: str
    rows: int
    is_included: bool
    reason: str

    def to_json(self) -> dict[str, object]:
        """Return what the manifest says of them."""
        why = read_texts("export", Language.EN).say(self.reason)
        return {"table": self.table, "rows": self.rows, "is_included": self.is_included, "why": why}


def find_outside(
    connection: duckdb.DuckDBPyConnection, who: Who, exported: list[str]
) -> list[Outside]:
    """Return what lies outside the period that is set, table by table, none where it is nothing.

    Args:
        connection: with the period, and with chosen rows where who is named.
        who: is asked for.
        exported: names of the tables of the export.
    """
    chosen = [tables()[name] for name in exported if name in tables()]
    queries = _of_named(chosen, who) if who.is_named else _of_all(chosen, who)
    found = []
    for table, is_included, reason, sql in queries:
        row = connection.execute(sql).fetchone()
        if row is not None and row[0]:
            found.append(Outside(table, row[0], is_included, reason))
    return found


def _of_named(chosen: list[Table], who: Who) -> Iterator[tuple[str, bool, str, str]]:
    """Rows of the export that lie outside, and messages that were left out."""
    for table in chosen:
        if table.time is not None:
            yield (
                table.name,
                True,
                "why.family" if table.name == "messages" else "why.belongs",
                f"select count(*) from ({rows_of(table, who)}) as chosen "
                f"where coalesce(not in_period({table.time}), true)",
            )
    left = (
        "select count(*) from named_messages anti join chosen_messages "
        "on named_messages.message_key = chosen_messages.message_key where "
    )
    since = "try_cast(getvariable('since')::varchar as timestamptz)"
    yield ("messages", False, "why.before", f"{left} queued_at < {since}")
    yield ("messages", False, "why.after", f"{left} not coalesce(queued_at < {since}, false)")


def _of_all(chosen: list[Table], who: Who) -> Iterator[tuple[str, bool, str, str]]:
    """What rows of the period lead to outside, and what leads to them from there."""
    times = {table.name: table.time for table in chosen if table.time is not None}
    for table in chosen:
        if table.time is None:
            continue
        name = f"main.{quote_identifier(table.name)}"
        is_in = f"coalesce(in_period({table.time}), false)"
        yield (
            table.name,
            False,
            "why.undated",
            f"select count(*) from {name} where ({table.time}) is null and not {is_in} "
            f"and {of_host(table, who)}",
        )
        for column, target in table.leads_to.items():
            if target not in times or target == table.name:
                continue
            other = tables()[target]
            pointing = (
                f"select {quote_identifier(column)} as key, {is_in} as is_in from {name} "
                f"where {of_host(table, who)}"
            )
            led_to = (
                f"select {quote_identifier(other.key[0])} as key, "
                f"coalesce(in_period({other.time}), false) as is_in "
                f"from main.{quote_identifier(target)}"
            )
            both = (
                f"select count(*) from ({pointing}) as pointing "
                f"inner join ({led_to}) as target using (key) where"
            )
            yield (
                table.name,
                True,
                f"why.without_{target}",
                f"{both} pointing.is_in and not target.is_in",
            )
            yield (
                table.name,
                False,
                f"why.of_{target}",
                f"{both} target.is_in and not pointing.is_in",
            )

"""What forms say of kinds of lines -> rows of line_kinds."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import duckdb

from .forms import WORDS, Form, rows_of_kinds
from .kinds import beginnings_of_forms


def write_kinds(
    connection: duckdb.DuckDBPyConnection,
    forms: Sequence[Form],
    is_pattern: Callable[[str], bool] = lambda _: True,
) -> None:
    """Add the kinds that some forms explain to line_kinds.

    Args:
        connection: of the database.
        forms: with all texts of these kinds.
        is_pattern: whether a beginning of a text is a pattern by itself; others are left out.
    """
    columns = ["kind", "family", *WORDS.values(), "beginnings"]
    begun = beginnings_of_forms(forms)
    rows = [
        (*row, [one for one in begun[str(row[0])] if is_pattern(one)] if row[0] in begun else None)
        for row in rows_of_kinds(forms)
    ]
    if not rows:
        return
    places = f"({', '.join('?' for _ in columns)})"
    connection.execute(
        f"insert into line_kinds ({', '.join(columns)}) values {', '.join(places for _ in rows)}",
        [value for row in rows for value in row],
    )

"""A result of the engine -> rows on standard output or in a file, as many as were asked for."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import Any

import duckdb

from .language import Language, read_texts
from .output import Format, narrate, write_rows
from .private import OWNER_ONLY

FETCHED_ROWS = 2048
# Rows that are left are counted one by one up to here, and by the engine above
COUNTED_ROWS = 20_000
SCREEN_ROWS = 40
PAGE_WIDTH = 100


def write_result(
    result: duckdb.DuckDBPyConnection,
    form: Format,
    output: Path | None,
    mode: int = OWNER_ONLY,
    *,
    limit: int | None = None,
    count: Callable[[], int | None],
    is_fitted: bool = False,
    language: Language = Language.EN,
    shown_row: Callable[[Sequence[str], tuple[Any, ...]], tuple[Any, ...]] | None = None,
) -> bool:
    """Write a result, and return whether it has rows; on a terminal a table of many rows is cut,
    and how many there are is told.

    Args:
        result: of a statement that returns rows.
        form: the format.
        output: the file; None is standard output.
        mode: of the file.
        limit: how many rows at most, 0 for all; None: 40 of a table on a terminal, else all.
        count: asks the engine how many rows there are, None where it cannot say.
        is_fitted: whether a table is made to fit the terminal, or else 100 columns.
        language: of a table's headings, and of what is told.
        shown_row: gives the words that a table has in the place of a row's values.
    """
    names = [column[0] for column in result.description or []]
    is_screen = form is Format.TABLE and output is None and sys.stdout.isatty()
    if limit is None and is_screen:
        limit = SCREEN_ROWS
    width = None
    if is_fitted:
        width = shutil.get_terminal_size((PAGE_WIDTH, 0)).columns if is_screen else PAGE_WIDTH
    rows = _fetched(result)
    first = list(islice(rows, 1))
    rows = chain(first, rows)
    shown: Iterator[tuple[Any, ...]] = islice(rows, limit) if limit else rows
    if shown_row is not None and form is Format.TABLE:
        shown = (shown_row(names, row) for row in shown)
    write_rows(names, shown, form, output, mode, width, language)
    if not limit:
        return bool(first)
    left = sum(1 for _ in islice(rows, COUNTED_ROWS))
    if left:
        total = limit + left if left < COUNTED_ROWS else count()
        words = read_texts("table", language)
        of = words.say("more_than", count=limit + left)
        if total is not None:
            of = words.say("exactly", count=total)
        narrate(words.say("cut", shown=limit, total=of))
    return bool(first)


def engine_words(error: duckdb.Error) -> tuple[str, str | None]:
    """Return what the engine says of SQL: in a line, and its hints and the place that it marks."""
    message, _, rest = str(error).strip().partition("\n")
    # It indents with tabs, which no terminal gets
    lines = [line.rstrip() for line in rest.expandtabs(4).splitlines()]
    return message, "\n".join(line for line in lines if line) or None


def name_hint(error: duckdb.Error) -> str | None:
    """Return what to try where the engine knows no such table or column."""
    message = str(error)
    if isinstance(error, duckdb.CatalogException) and "Table" in message:
        return "mailsql query 'show tables' lists what there is"
    if isinstance(error, duckdb.BinderException) and "column" in message.lower():
        return "mailsql query 'describe messages' lists the columns of a table"
    return None


def count_rows(
    connection: duckdb.DuckDBPyConnection, sql: str, values: dict[str, object] | None = None
) -> int | None:
    """Ask the engine how many rows a statement has; None where it is none that can be counted."""
    statement = sql.rstrip("; \t\r\n")
    try:
        found = connection.execute(
            f"select count(*) from ({statement}\n)", values or None
        ).fetchone()
    except duckdb.Error:
        return None
    return int(found[0]) if found else None


def _fetched(result: duckdb.DuckDBPyConnection) -> Iterator[tuple[Any, ...]]:
    while rows := result.fetchmany(FETCHED_ROWS):
        yield from rows

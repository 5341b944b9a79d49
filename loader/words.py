"""The CSV files of sql/words -> SQL: rows as a list of values, patterns as branches of a case.

Patterns have to be constants of a statement, or the engine would compile them for each row.
"""

from __future__ import annotations

import csv
import io
import re
from importlib.resources import files

from .statements import quote_identifier, quote_text

# In the text of a view or macro: what the words of a file are written in the place of
ROWS = re.compile(r"select \* from rows_of\.(?P<file>\w+)")
BRANCHES = re.compile(r"\bbranches_of\.causes\b")


def read_words(name: str) -> list[dict[str, str]]:
    """Return the rows of a CSV file below sql/words, by the names of its header."""
    words = files("mailsql.sql").joinpath("words", f"{name}.csv")
    text = words.read_text(encoding="utf-8")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def with_words(text: str) -> str:
    """Return the SQL of an object with the words that it names in their places."""
    return BRANCHES.sub(lambda _: _branches(), ROWS.sub(lambda place: _rows(place["file"]), text))


def _rows(name: str) -> str:
    """All rows of a file, with their number; a cell of several lines stays one."""
    rows = read_words(name)
    columns = ", ".join(quote_identifier(column) for column in ["place", *rows[0]])
    values = ", ".join(
        f"({', '.join([str(place), *(quote_text(cell) for cell in row.values())])})"
        for place, row in enumerate(rows, 1)
    )
    return f"select * from (values {values}) as words ({columns})"


def _branches() -> str:
    """The cause of a text, or of a code where no pattern says it: the first that fits.

    General words say less than a code, unless that is one of those that say nothing closer (X.Y.0).
    """
    rows = read_words("causes")
    by_text = [_branch("said.text", row["pattern"], row["cause"]) for row in rows]
    by_general_text = [_branch("said.text", row["general_pattern"], row["cause"]) for row in rows]
    by_code = [
        f"when regexp_matches(said.code, {quote_text(f'^(?:[245][.])?(?:{pattern})$')}) "
        f"then {quote_text(row['cause'])}"
        for row in rows
        if (pattern := row["code_pattern"])
    ]
    by_close_code = [
        branch.replace("when ", "when not ends_with(said.code, '.0') and ", 1) for branch in by_code
    ]
    branches = [*by_text, *by_close_code, *by_general_text, *by_code]
    return f"case {' '.join(branches)} else {quote_text(rows[-1]['cause'])} end"


def _branch(subject: str, patterns: str, cause: str) -> str:
    """The branch of a text that one of some patterns fits, one a line; none without any."""
    if not patterns:
        return ""
    pattern = quote_text("|".join(patterns.splitlines()))
    return f"when regexp_matches({subject}, {pattern}, 'i') then {quote_text(cause)}"

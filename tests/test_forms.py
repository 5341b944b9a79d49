"""The pages of sql/forms: what a form says is true of its lines, in whatever order forms stand."""

import csv
import random
import re
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import duckdb
import pytest

from mailsql import kinds, statements
from mailsql.forms import Form, read_forms
from tests.test_lines import FAMILIES, read_samples, rows_of_lines

SHUFFLES = 3
# The header of a line of Postfix or Dovecot whose host may be another
HEADER = re.compile(
    r"(?P<stamp>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d) mx1 "
    r"(?P<program>(?:postfix|dovecot)\S*: )(?P<text>.*)"
)


def all_samples(*without: str) -> list[str]:
    return [
        line
        for family in FAMILIES
        if family.stem not in without
        for expected, line in read_samples(family)
        if expected is not None and "\0" not in line and "message repeated" not in line
    ]


def patterns() -> list[tuple[str, str]]:
    """All patterns of the forms, each with the form that has it."""
    return [
        (f"{form.page}: {form.name}", pattern)
        for form in read_forms()
        for pattern in (
            *(form.told[key] for key in ("matches", "unless") if key in form.told),
            *(text.pattern for text in form.texts),
            *(text.unless for text in form.texts if text.unless is not None),
        )
    ]


def test_patterns_are_patterns():
    with duckdb.connect() as connection:
        for form, pattern in patterns():
            try:
                connection.execute(f"select regexp_matches('', {kinds.quote_text(pattern)})")
            except duckdb.Error as error:
                pytest.fail(f"{form}: {error}")


def shuffled(seed: int) -> tuple[Form, ...]:
    """The forms, those of each page in another order, but for what a form says it stands behind."""
    order = random.Random(seed)
    pages: dict[str, list[Form]] = defaultdict(list)
    for form in read_forms():
        pages[form.page].append(form)
    found: list[Form] = []
    for forms in pages.values():
        left = order.sample(forms, len(forms))
        while left:
            ready = next(
                form for form in left if not {*form.after} & {other.name for other in left}
            )
            left.remove(ready)
            found.append(ready)
    return tuple(found)


@contextmanager
def shuffled_forms(seed: int) -> Iterator[None]:
    """Make all that is loaded meanwhile read with shuffled forms."""
    kinds.expression.cache_clear()
    try:
        with (
            patch.object(kinds, "read_forms", lambda: shuffled(seed)),
            patch.object(statements, "_statements", {}),
        ):
            yield
    finally:
        kinds.expression.cache_clear()


@pytest.mark.newest
def test_order_of_forms_matters_only_where_they_say_so(loaded):
    text = "".join(line + "\n" for line in all_samples())
    query = "select line_no, kind from log_lines order by line_no"
    expected = loaded(text, year=2026).execute(query).fetchall()
    for seed in range(SHUFFLES):
        with shuffled_forms(seed):
            assert loaded(text, year=2026).execute(query).fetchall() == expected


# What a new release may put into a line
NEW_KEY, NEW_WORD = "newkey=1", "newword"
KEY = re.compile(r"(?<=[ (])([A-Za-z_]+)=(<[^<>]*>|[^ ,;()<>]*)")
# Losses that are no fault, each with its reason
ALLOWED = Path(__file__).parent / "formats" / "bent.csv"


def bent(text: str) -> Iterator[tuple[str, str, str]]:
    """A text with something new at each place where a writer would put it, doubled, or cut.

    Yields what was done, what is new, and the text.
    """
    for place in re.finditer(r", ", text):
        yield "key", NEW_KEY, f"{text[: place.end()]}{NEW_KEY}, {text[place.end() :]}"
    for place in re.finditer(r"(?<!,) (?=[a-z_]+=)", text):
        yield "key", NEW_KEY, f"{text[: place.end()]}{NEW_KEY} {text[place.end() :]}"
    yield "key", NEW_KEY, f"{text}{',' if ', ' in text else ''} {NEW_KEY}"
    for place in re.finditer(" ", text):
        yield "word", NEW_WORD, f"{text[: place.end()]}{NEW_WORD} {text[place.end() :]}"
    for place in KEY.finditer(text):
        twice = f"{place[0]}{',' if text[place.end() :].startswith(',') else ''} {place[0]}"
        yield "doubled", twice, f"{text[: place.start()]}{twice}{text[place.end() :]}"
    if " " in text:
        yield "cut", "", text.rpartition(" ")[0]


def values(rows: dict[str, Any]) -> dict[str, str]:
    """What the rows of a line hold, by table and column."""
    return {
        f"{table}.{column}": str(value)
        for table, columns in rows.items()
        if isinstance(columns, dict)
        for column, value in columns.items()
    }


def bent_samples() -> Iterator[tuple[str, str, str]]:
    """What was done to a sample, what is new in it, and the line; the sample itself before.

    A stranger's imitations are left out: what is put between them makes one of them look true.
    """
    host = 0
    for line in dict.fromkeys(all_samples("hostile")):
        header = HEADER.fullmatch(line)
        if header is None:
            continue
        for how, new, text in [("", "", header["text"]), *bent(header["text"])]:
            # Lines of one host are told together
            host += 1
            yield how, new, f"{header['stamp']} mx{host} {header['program']}{text}\n"


@pytest.mark.long
def test_no_bent_line_loses_a_column_and_is_called_read(loaded):
    samples = list(bent_samples())
    connection = loaded("".join(line for _, _, line in samples), year=2026)
    unread = dict(connection.execute("select line_no, unread from log_lines").fetchall())
    rows = rows_of_lines(connection)
    lost: dict[tuple[str, str, str], str] = {}
    whole: dict[str, str] = {}
    for line_no, (how, new, line) in enumerate(samples, start=1):
        found = values(rows[line_no])
        if not how:
            kind = rows[line_no]["kind"]
            whole = found if unread[line_no] is None and kind != "unknown" else {}
        elif unread[line_no] is None and rows[line_no]["kind"] != "unknown":
            # A column that has all of the new shows it
            if how != "cut" and any(new in value for value in found.values()):
                continue
            for place in whole:
                if found.get(place) != whole[place]:
                    lost.setdefault((kind, how, place), line)
    with ALLOWED.open(newline="") as file:
        allowed = {(row["kind"], row["bent"], row["column"]) for row in csv.DictReader(file)}
    assert {key: line for key, line in lost.items() if key not in allowed} == {}
    assert allowed <= lost.keys()

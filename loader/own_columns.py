"""Named groups of the texts of one's own forms -> columns of the views of the schema site.

A view is read where the macros of the ingest are not: what a text is read as stands here as plain
SQL of the engine.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from .forms import Form, FormError, groups
from .statements import quote_identifier, quote_text

# What a group may be read as, with the text as {}; NULL where it is none of its type
READINGS = {
    "text": "nullif({}, '')",
    # The empty one is one
    "address": "{}",
    "name": "nullif(nullif({}, ''), 'unknown')",
    "ip": "nullif(regexp_extract({}, '^(?:::ffff:|IPv6:)?([0-9A-Fa-f:.]+)$', 1), '')",
    "integer": "try_cast({} as integer)",
    # Of at most 13 digits: what is added up cannot overflow
    "count": "case when strlen({0}) <= 13 then try_cast({0} as bigint) end",
    "number": "case when isfinite(try_cast({0} as double)) then try_cast({0} as double) end",
    # Less than thirty years
    "seconds": (
        r"case when regexp_full_match({0}, '\d{{1,9}}(?:\.\d*)?|\.\d+') "
        "then try_cast({0} as double) end"
    ),
}
# A group of this name is the queue id of the line
QUEUE_ID = "queue_id"


@dataclass(frozen=True)
class Reading:
    """A pattern that reads lines of a kind.

    Attributes:
        kind: of the lines.
        pattern: for the whole of what they say, or for its beginning.
        unless: a pattern; where it is found, this text is not meant.
        columns: that its groups give, each with its place among them, from 1.
    """

    kind: str
    pattern: str
    unless: str | None
    columns: Mapping[str, int]


def places(where: str, pattern: str) -> dict[str, int]:
    """Return the named groups of a pattern, each with its place, from 1.

    Raises:
        FormError: one has no name, or cannot be counted.
    """
    for odd in ("\\Q", "(?<"):
        if odd in pattern:
            raise FormError(f"{where}: {odd} in a pattern", "\\. and (?P<name>...) are read")
    return {name: place for place, name in enumerate(groups(where, pattern), start=1)}


def readings(form: Form) -> Iterator[Reading]:
    """Yield what reads lines of a form: its texts, then what reads their beginning only."""
    for text in form.texts:
        columns = places(form.name, text.pattern)
        yield Reading(form.kind, f"^(?:{text.pattern})$", text.unless, columns)
    for text in form.partly:
        columns = places(form.name, text.pattern)
        yield Reading(form.kind, f"^(?:{text.pattern})", text.unless, columns)


def named_queue_id(found: Sequence[Reading]) -> str:
    """Return an SQL expression: what the group queue_id of a text that reads a line gives."""
    cases = " ".join(
        f"when {_is_read(reading, 'body')} "
        f"then {_group(reading, 'body', reading.columns[QUEUE_ID])}"
        for reading in found
        if QUEUE_ID in reading.columns
    )
    return f"case {cases} end" if cases else "null::varchar"


def select_columns(readings: Sequence[Reading], columns: Mapping[str, str]) -> str:
    """Return a query of the lines of some kinds (site_lines) with what is read in them.

    The first pattern of its kind that reads a line gives all columns of its row.

    Args:
        readings: in the order in which they count.
        columns: name and reading of each.
    """
    if not columns:
        return "select * from main.site_lines"
    tried = " ".join(
        f"when {_is_read(reading, 'text')} then {number}" for number, reading in enumerate(readings)
    )
    return (
        f"select * exclude (reading), {_columns(readings, columns)} "
        f"from (select *, case {tried} end as reading from main.site_lines)"
    )


def _is_read(reading: Reading, text: str) -> str:
    read = (
        f"kind = {quote_text(reading.kind)} "
        f"and regexp_matches({text}, {quote_text(reading.pattern)})"
    )
    if reading.unless is None:
        return read
    return f"{read} and not regexp_matches({text}, {quote_text(reading.unless)})"


def _columns(readings: Sequence[Reading], columns: Mapping[str, str]) -> str:
    return ", ".join(
        f"{_column(readings, name, READINGS[as_what])} as {quote_identifier(name)}"
        for name, as_what in columns.items()
    )


def _column(readings: Sequence[Reading], name: str, as_what: str) -> str:
    cases = " ".join(
        f"when {number} then {as_what.format(_group(reading, 'text', reading.columns[name]))}"
        for number, reading in enumerate(readings)
        if name in reading.columns
    )
    return f"case reading {cases} end"


def _group(reading: Reading, text: str, place: int) -> str:
    return f"regexp_extract({text}, {quote_text(reading.pattern)}, {place})"

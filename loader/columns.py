"""Forms of lines -> SQL that gives the columns that their patterns name.

A file of sql/ingest writes `columns_of(LINES, 'ROWS')` in the place of a table: all lines of a
table or view whose forms say `rows = "ROWS"`, with what they hold and the columns that patterns
give. The first text counts that reads a line to its end and gives something, else the first
pattern of `partly` that does; what a form says of `always` stands in all lines of its kind.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import cache

from .forms import Form, Text, groups, read_forms
from .readings import READINGS
from .statements import quote_identifier, quote_text

NOTHING = "null::varchar"
# Begins with a word as it is: that is found fast
CALL = re.compile(r"columns_of\((?P<lines>\w+), '(?P<rows>\w+)'\)")


def with_columns(text: str, present: Set[str] | None = None) -> str:
    """Return the text of an SQL file with what forms give in the place of its calls.

    Args:
        text: of the file.
        present: kinds of the lines at hand; any if None.
    """
    return CALL.sub(
        lambda call: f"({select_columns(read_forms(), call['lines'], call['rows'], present)})", text
    )


@cache
def kinds_asked(text: str) -> tuple[str, ...]:
    """Return the kinds of lines that the calls in the text of an SQL file select."""
    return tuple(
        kind for call in CALL.finditer(text) for kind in kinds_of_rows(read_forms(), call["rows"])
    )


def kinds_of_rows(forms: Sequence[Form], rows: str) -> list[str]:
    """Return the kinds of lines that give some rows."""
    return sorted({form.kind for form in forms if form.rows == rows})


def readings_of_rows(forms: Sequence[Form], rows: str) -> dict[str, str]:
    """Return the columns that forms give to some rows, and what they are read as."""
    return {
        column: reading
        for form in forms
        if form.rows == rows
        for column, reading in form.columns.items()
    }


def select_columns(
    forms: Sequence[Form], lines: str, rows: str, present: Set[str] | None = None
) -> str:
    """Return a query: the lines that give some rows, with the columns that forms give.

    Args:
        forms: all that there are.
        lines: a table or view of lines with kind, body and may_be_cut.
        rows: as the forms of these lines name them.
        present: kinds of the lines that there are; any if None. What no line can be is not planned.
    """
    known = kinds_of_rows(forms, rows)
    assert known, f"no form gives {rows}"
    kinds = [kind for kind in known if present is None or kind in present] or known[:1]
    query = f"select * from {lines} where kind in ({_listed(kinds)})"
    tried: list[_Try] = []
    for made in _tries(forms, kinds):
        tries = ", ".join(
            f"{one.sql([*_of_kinds(one, kinds), *_gave_nothing(one, tried)])} as {one.name}"
            for one in made
        )
        query = f"select *, {tries} from ({query})"
        tried += made
    readings = readings_of_rows(forms, rows)
    always = _always_of_rows(forms, rows)
    columns = [
        f"{_value(column, readings.get(column), tried, always.get(column, {}))} "
        f"as {quote_identifier(column)}"
        for column in dict.fromkeys([*readings, *always])
    ]
    if not columns:
        return query
    excluded = f" exclude ({', '.join(one.name for one in tried)})" if tried else ""
    return f"select *{excluded}, {', '.join(columns)} from ({query})"


def _always_of_rows(forms: Sequence[Form], rows: str) -> dict[str, dict[str, str]]:
    """The columns that lines of some kinds always have, with the text of each kind."""
    always: dict[str, dict[str, str]] = {}
    for form in forms:
        if form.rows == rows:
            for column, text in form.always.items():
                always.setdefault(column, {})[form.kind] = text
    return always


@dataclass(frozen=True)
class _Pattern:
    """A pattern that gives columns, and what must hold of a line for it to be tried."""

    pattern: str
    columns: tuple[str, ...]
    conditions: tuple[str, ...]


@dataclass
class _Try:
    """A pattern as it is tried at lines of some kinds; its name is that of what it gives."""

    name: str
    pattern: _Pattern
    kinds: list[str]

    def sql(self, conditions: Sequence[str]) -> str:
        found = (
            f"regexp_extract(body, {quote_text(self.pattern.pattern)}, "
            f"[{_listed(self.pattern.columns)}])"
        )
        asked = [*conditions, *self.pattern.conditions]
        return f"case when {' and '.join(asked)} then {found} end" if asked else found

    @property
    def gave(self) -> str:
        empty = ", ".join(f"{quote_identifier(column)}: ''" for column in self.pattern.columns)
        return f"{self.name} <> {{{empty}}}"


def _tries(forms: Sequence[Form], kinds: Sequence[str]) -> Iterator[list[_Try]]:
    """Yield what is tried at once: the first patterns of all kinds, then the second ones."""
    patterns = {kind: list(_patterns(forms, kind)) for kind in kinds}
    count = 0
    for number in range(max(map(len, patterns.values()))):
        tries: dict[_Pattern, _Try] = {}
        for kind, found in patterns.items():
            if number >= len(found):
                continue
            if found[number] not in tries:
                count += 1
                tries[found[number]] = _Try(f"given_{count}", found[number], [])
            tries[found[number]].kinds.append(kind)
        yield list(tries.values())


def _patterns(forms: Sequence[Form], kind: str) -> Iterator[_Pattern]:
    """Yield the patterns that give columns of a kind, in the order in which they count."""
    of_kind = [form for form in forms if form.kind == kind]
    whole = [_pattern(kind, text, "$") for form in of_kind for text in form.texts]
    partly = [_pattern(kind, text, "") for form in of_kind for text in form.partly]
    yield from dict.fromkeys(found for found in (*whole, *partly) if found.columns)


def _pattern(kind: str, text: Text, end: str) -> _Pattern:
    # Where the end may be missing, nothing is known to stand at it
    conditions = ["not may_be_cut"] if end or text.pattern.endswith("$") else []
    if text.unless is not None:
        conditions.append(f"not regexp_matches(body, {quote_text(text.unless)})")
    columns = tuple(groups(kind, text.pattern))
    return _Pattern(f"^(?:{text.pattern}){end}", columns, tuple(conditions))


def _of_kinds(one: _Try, kinds: Sequence[str]) -> list[str]:
    return [] if len(one.kinds) == len(kinds) else [f"kind in ({_listed(one.kinds)})"]


def _gave_nothing(one: _Try, tried: Sequence[_Try]) -> list[str]:
    """Conditions: no pattern gave anything that was tried at the same lines."""
    return [
        f"({other.gave}) is not true"
        for other in tried
        if not set(other.kinds).isdisjoint(one.kinds)
    ]


def _value(
    column: str, reading: str | None, tried: Sequence[_Try], always: Mapping[str, str]
) -> str:
    """What a line of its kind always has, else what is read of it."""
    read = READINGS[reading].sql.format(_text(column, reading, tried)) if reading else NOTHING
    if not always:
        return read
    kinds = " ".join(
        f"when {quote_text(kind)} then {quote_text(text)}" for kind, text in always.items()
    )
    return f"case kind {kinds} else {read} end"


def _text(column: str, reading: str, tried: Sequence[_Try]) -> str:
    """What the one pattern gives that gave something."""
    giving = [one for one in tried if column in one.pattern.columns]
    if not giving:
        return NOTHING
    texts = [f"{one.name}.{quote_identifier(column)}" for one in giving]
    if READINGS[reading].may_be_empty:
        cases = zip((one.gave for one in giving), texts, strict=True)
        return f"case {' '.join(f'when {gave} then {text}' for gave, text in cases)} end"
    if len(texts) == 1:
        return texts[0]
    return f"coalesce({', '.join(_not_empty(text) for text in texts)})"


def _not_empty(text: str) -> str:
    return f"nullif({text}, '')"


def _listed(texts: Sequence[str]) -> str:
    return ", ".join(map(quote_text, texts))

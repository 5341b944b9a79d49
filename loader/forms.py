"""The pages of sql/forms -> forms of lines: how each is told, read and explained.

A page is a TOML file per daemon, read from top to bottom. What stands above its first table holds
for all its forms. A form tells by whom (`daemons`, `services`, their `not_`, `severity`,
`queue_id`) and by which words (`begins`, `equals`, `ends`, `contains`, `matches`, `unless`,
`where`) a line is known; `texts` are patterns that read it to its end. Their named groups are
columns of `rows`, read as `columns` says (readings.py); where no text gives them, the patterns of
`partly`, which need not reach the end, are tried; `always` are columns that no line of its kind has
otherwise. The first form of a kind says what such a line means. `%{name}` in a pattern stands for a
piece of pieces.toml.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

from .errors import MailsqlError
from .readings import LINE_COLUMNS, READINGS

PIECES = "pieces.toml"
PIECE = re.compile(r"%\{(\w+)\}")
# What an opening bracket may be in a pattern, besides one that stands for itself
GROUP = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|(?P<open>\()(?!\?[^P])(?:\?P<(?P<name>\w+)>)?")
# Whether a page is asked before or behind the others of its family
PAGE_KEYS = {"first": bool, "last": bool}
WRITER_KEYS = {
    "programs": list,
    "daemons": list,
    "not_daemons": list,
    "services": list | bool,
    "not_services": list,
    "severity": str,
    "queue_id": bool,
}
FORM_KEYS = {
    "kind": str,
    "after": list,
    "begins": str | list,
    "equals": str,
    "ends": str,
    "contains": str,
    "matches": str | list,
    "unless": str,
    "where": str,
    "texts": list,
    "partly": list,
    "rows": str,
    "columns": dict,
    "always": dict,
}
# What a form says of its lines that does not tell which they are
NOT_TOLD = {"kind", "after", "texts", "partly", "rows", "columns", "always"}
# Columns of line_kinds beside kind and family
WORDS = {
    "writer": "daemon",
    "table": "place",
    "step": "step",
    "sample": "example",
    "meaning_en": "meaning_en",
    "meaning_ja": "meaning_ja",
    "sentence_en": "sentence_en",
    "sentence_ja": "sentence_ja",
}
NEEDED_WORDS = ("sample", "meaning_en", "meaning_ja")
SEVERITIES = ("any", "debug", "warning", "error", "fatal", "panic")


class FormError(MailsqlError):
    """A page of forms says something that cannot be."""


@dataclass(frozen=True)
class Text:
    """A pattern that reads what a line says: to its end, or of `partly` its beginning.

    Attributes:
        pattern: in RE2's syntax.
        unless: a pattern; where it is found, this text is not meant.
    """

    pattern: str
    unless: str | None = None


@dataclass(frozen=True)
class Form:
    """A form of a line.

    Attributes:
        family: postfix, dovecot, other, mailsql, or site for one's own.
        page: its file, such as postfix/smtpd.toml.
        name: its own, which no other form of the family has.
        kind: of the lines that have it (line_kinds).
        rank: of its page: the forms of a lower one are asked first.
        told: what its page and it say of who writes it and of its words, pieces put in.
        after: names of forms that must be asked before.
        texts: that read it to its end; none where there is nothing to read.
        partly: that give columns where none of these does; they need not reach the end.
        rows: that its columns are of; None if it gives none.
        columns: what groups of these patterns are read as, by name.
        always: texts of columns that are the same in all lines of its kind.
        words: what line_kinds says of its kind; empty where another form says it.
    """

    family: str
    page: str
    name: str
    kind: str
    rank: int
    told: Mapping[str, Any]
    after: tuple[str, ...]
    texts: tuple[Text, ...]
    partly: tuple[Text, ...]
    rows: str | None
    columns: Mapping[str, str]
    always: Mapping[str, str]
    words: Mapping[str, str]


@cache
def read_forms() -> tuple[Form, ...]:
    """Return the forms of mailsql, in the order in which they are asked.

    Raises:
        FormError: a page is wrong.
    """
    folder = files("mailsql.sql").joinpath("forms")
    pieces = read_pieces()
    forms = [
        form
        for family, place, text in _pages(folder)
        for form in read_page(family, place, parsed_page(place, text), pieces)
    ]
    # Stable: forms of a page stay as they stand there
    forms.sort(key=lambda form: (form.rank, form.page))
    check_kinds(forms)
    check_columns(forms)
    return tuple(forms)


def _pages(folder: Traversable) -> Iterator[tuple[str, str, str]]:
    """Family, place and text of each page."""
    for family in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if family.is_dir():
            for file in sorted(family.iterdir(), key=lambda entry: entry.name):
                if file.name.endswith(".toml"):
                    place = f"{family.name}/{file.name}"
                    yield family.name, place, file.read_text(encoding="utf-8")


def read_pieces() -> dict[str, str]:
    """Return the pieces of patterns by their names."""
    file = files("mailsql.sql").joinpath("forms", PIECES)
    return dict(parsed_page(file.name, file.read_text(encoding="utf-8")))


def parsed_page(place: str, text: str) -> dict[str, Any]:
    """Return what a page says, by its keys.

    Raises:
        FormError: it is no TOML.
    """
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise FormError(f"{place}: {error}") from error


def read_page(
    family: str, place: str, page: Mapping[str, Any], pieces: Mapping[str, str]
) -> Iterator[Form]:
    """Yield the forms of a page.

    Raises:
        FormError: it is wrong.
    """
    heads = {key: value for key, value in page.items() if not isinstance(value, dict)}
    check_keys(place, heads, PAGE_KEYS | WRITER_KEYS | {"rows": str})
    rank = _rank(heads)
    for name, found in page.items():
        if not isinstance(found, dict):
            continue
        where = f"{place}: [{name}]"
        check_keys(where, found, WRITER_KEYS | FORM_KEYS | dict.fromkeys(WORDS, str))
        told = {key: value for key, value in heads.items() if key in WRITER_KEYS} | {
            key: value
            for key, value in found.items()
            if key in WRITER_KEYS or key in FORM_KEYS.keys() - NOT_TOLD
        }
        if told.get("severity", "any") not in SEVERITIES:
            raise FormError(f"{where}: severity: one of {', '.join(SEVERITIES)}")
        for key in ("matches", "unless", "where"):
            if key in told:
                told[key] = with_pieces(where, told[key], pieces, in_sql=key == "where")
        yield Form(
            family,
            place,
            name,
            found.get("kind", name),
            rank,
            told,
            tuple(found.get("after", ())),
            tuple(_text(where, one, pieces) for one in found.get("texts", ())),
            tuple(_text(where, one, pieces) for one in found.get("partly", ())),
            found.get("rows", heads.get("rows")),
            found.get("columns", {}),
            found.get("always", {}),
            {key: found[key] for key in WORDS if key in found},
        )


def _rank(heads: Mapping[str, Any]) -> int:
    """Who is named is asked first: the words of others may stand in what it says."""
    if heads.get("first"):
        return 0
    if heads.get("last"):
        return 3
    return 1 if "daemons" in heads or "services" in heads else 2


def check_keys(where: str, found: Mapping[str, Any], known: Mapping[str, Any]) -> None:
    """Refuse keys that are not known, or whose values are of another type."""
    for key, value in found.items():
        if key not in known:
            raise FormError(f"{where}: unknown key {key}", f"known are {', '.join(sorted(known))}")
        if not isinstance(value, known[key]):
            raise FormError(f"{where}: {key}: not of the right type")


def with_pieces(where: str, found: Any, pieces: Mapping[str, str], in_sql: bool = False) -> str:
    """Put pieces into a pattern, or several of which one must be found."""
    pattern = found if isinstance(found, str) else "|".join(found)

    def piece(place: re.Match[str]) -> str:
        if place[1] not in pieces:
            raise FormError(f"{where}: unknown piece %{{{place[1]}}}", f"known are in {PIECES}")
        text = with_pieces(where, pieces[place[1]], pieces)
        return text.replace("'", "''") if in_sql else text

    return PIECE.sub(piece, pattern)


def _text(where: str, found: Any, pieces: Mapping[str, str]) -> Text:
    if isinstance(found, str):
        return Text(with_pieces(where, found, pieces))
    keys = {"text": str, "unless": str}
    if not isinstance(found, dict) or found.keys() != keys.keys():
        raise FormError(f"{where}: a text is a pattern, or {{ text = ..., unless = ... }}")
    check_keys(where, found, keys)
    return Text(
        with_pieces(where, found["text"], pieces), with_pieces(where, found["unless"], pieces)
    )


def check_kinds(forms: Sequence[Form]) -> None:
    """Each form has a name of its own, each kind is explained once, each order is kept."""
    places = {(form.family, form.name): number for number, form in enumerate(forms)}
    explained: set[str] = set()
    for number, form in enumerate(forms):
        where = f"{form.page}: [{form.name}]"
        if places[form.family, form.name] != number:
            raise FormError(f"{where}: another form has this name")
        for name in form.after:
            if places.get((form.family, name), number) >= number:
                raise FormError(f"{where}: is not asked after {name}")
        if form.words:
            missing = [word for word in NEEDED_WORDS if word not in form.words]
            if missing:
                raise FormError(f"{where}: without {', '.join(missing)}")
            if form.kind in explained:
                raise FormError(f"{where}: {form.kind} is explained twice")
            explained.add(form.kind)
    for form in forms:
        if form.kind not in explained:
            raise FormError(f"{form.page}: [{form.name}]: nothing says what {form.kind} means")


def check_columns(forms: Sequence[Form]) -> None:
    """Each group has a reading, the same in all forms of its rows, and each reading a group.

    What `always` gives is text.

    Raises:
        FormError: it is not so.
    """
    readings: dict[tuple[str | None, str], str] = {}
    given = [_given(form) for form in forms]
    for form, columns in zip(forms, given, strict=True):
        for column, reading in form.columns.items():
            where = f"{form.page}: [{form.name}]: columns: {column}"
            if reading not in READINGS:
                raise FormError(
                    f"{where}: unknown reading {reading}", f"known are {', '.join(READINGS)}"
                )
            if column in LINE_COLUMNS:
                raise FormError(f"{where}: each line has it already")
            if column not in columns:
                raise FormError(f"{where}: no group of this name gives it")
            if readings.setdefault((form.rows, column), reading) != reading:
                raise FormError(f"{where}: another form of {form.rows} reads it otherwise")
    for form, columns in zip(forms, given, strict=True):
        for column in form.always:
            where = f"{form.page}: [{form.name}]: always: {column}"
            if column in LINE_COLUMNS:
                raise FormError(f"{where}: each line has it already")
            if readings.get((form.rows, column), "text") != "text":
                raise FormError(f"{where}: another form of {form.rows} reads no text")
        where = f"{form.page}: [{form.name}]: columns"
        if (columns or form.always) and form.rows is None:
            raise FormError(f"{where}: of no rows")
        for column in sorted(columns):
            if (form.rows, column) not in readings:
                raise FormError(f"{where}: no reading for {column}")


def _given(form: Form) -> set[str]:
    where = f"{form.page}: [{form.name}]"
    texts = (*form.texts, *form.partly)
    return {column for text in texts for column in groups(where, text.pattern)}


def groups(where: str, pattern: str) -> list[str]:
    """Return the names of the groups of a pattern, in their order.

    Raises:
        FormError: one has no name, or that of another.
    """
    names = [found["name"] for found in GROUP.finditer(pattern) if found["open"]]
    if None in names:
        raise FormError(f"{where}: a group without a name", "write (?:...) where it is no column")
    if len(set(names)) < len(names):
        raise FormError(f"{where}: two groups of one name in a pattern")
    return names


def kind_rows() -> list[tuple[str | None, ...]]:
    """Return the rows of line_kinds: kind, family, then the columns of WORDS."""
    return rows_of_kinds(read_forms())


def rows_of_kinds(forms: Sequence[Form]) -> list[tuple[str | None, ...]]:
    """Return the rows of line_kinds that some forms give."""
    return [
        (form.kind, form.family, *(form.words.get(word) for word in WORDS))
        for form in forms
        if form.words
    ]


def forms_bytes() -> bytes:
    """Return all pages with their names, to tell whether they have changed."""
    folder = files("mailsql.sql").joinpath("forms")
    pages = [("", PIECES, folder.joinpath(PIECES).read_text(encoding="utf-8")), *_pages(folder)]
    return "".join(f"\0{place}\0{text}" for _, place, text in pages).encode()

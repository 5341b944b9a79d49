"""Pages of a directory, or of a database -> forms of one's own, checked in every part.

They are read like those of mailsql, but say less: a database with such pages may come from a
stranger, so that they hold no SQL, every name in them is a plain identifier, every pattern is one
of RE2, and nothing in them is large.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import duckdb

from .errors import UsageError
from .forms import (
    PIECE,
    PIECES,
    Form,
    FormError,
    Text,
    check_keys,
    check_kinds,
    kind_rows,
    parsed_page,
    read_page,
    read_pieces,
)
from .own_columns import QUEUE_ID, READINGS, places

FAMILY = "site"
MOST_BYTES = 262_144
MOST_PAGES = 100
MOST_FORMS = 200
MOST_TEXTS = 20
LONGEST_PATTERN = 4000
NAME = re.compile(r"[a-z][a-z0-9_]{0,59}")
PAGE_NAME = re.compile(r"[\w.-]{1,100}\.toml")
# Behind what all rows of lines have
HEAD_COLUMNS = (
    "line_key",
    "logged_at",
    "host",
    "program",
    "pid",
    "queue_id",
    "kind",
    "occurrences",
)
HEAD_KEYS = {"programs": list, "queue_id": bool}
OWN_KEYS = {"columns": dict, "comments": dict, "samples": list}
FORM_KEYS = {
    **HEAD_KEYS,
    **OWN_KEYS,
    "kind": str,
    "after": list,
    "begins": str | list,
    "equals": str,
    "ends": str,
    "contains": str,
    "matches": str | list,
    "unless": str,
    "texts": list,
    "partly": list,
    "table": str,
    "sample": str,
    "meaning_en": str,
    "meaning_ja": str,
    "sentence_en": str,
    "sentence_ja": str,
}
# Of a form that gives further texts to a kind of mailsql
FURTHER_KEYS = ("kind", "texts", "samples")
# What a sentence may name
FACTS = ("program", "text", "queue_id")
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


@dataclass(frozen=True)
class OwnForm:
    """A form of one's own.

    Attributes:
        form: how a line is told, read and explained; its kind may be one of mailsql.
        columns: of its table that its texts give, each with its reading (columns.READINGS).
        comments: what some of these columns hold, in words.
        samples: lines that it must tell and read to their end.
        line_no: where it stands in its page.
    """

    form: Form
    columns: Mapping[str, str]
    comments: Mapping[str, str]
    samples: tuple[str, ...]
    line_no: int

    @property
    def is_further(self) -> bool:
        """Whether it only gives further texts to a kind of mailsql."""
        return "programs" not in self.form.told

    @property
    def place(self) -> str:
        """File, line and name."""
        return f"{self.form.page}:{self.line_no}: [{self.form.name}]"


@dataclass(frozen=True)
class OwnForms:
    """Pages that were told together.

    Attributes:
        sha256: of the pages.
        pages: name and text of each, in the order of their names.
        forms: what they say.
    """

    sha256: str
    pages: tuple[tuple[str, str], ...]
    forms: tuple[OwnForm, ...]

    @property
    def kinds(self) -> list[Form]:
        """The forms that tell kinds of one's own."""
        return [one.form for one in self.forms if not one.is_further]

    @property
    def further(self) -> list[Form]:
        """Those that give further texts to kinds of mailsql."""
        return [one.form for one in self.forms if one.is_further]


def read_directory(directory: Path) -> tuple[tuple[str, str], ...]:
    """Return name and text of each page of a directory.

    Raises:
        UsageError: it cannot be read, or holds no page, or too many.
    """
    try:
        files = sorted(
            file for file in directory.iterdir() if file.name.endswith(".toml") and file.is_file()
        )
        if not files:
            raise UsageError(
                f"{directory}: no page in it", "a page is a file NAME.toml (docs/forms.md)"
            )
        if sum(file.stat().st_size for file in files) > MOST_BYTES:
            raise UsageError(f"{directory}: its pages have more than {MOST_BYTES:,} bytes")
        return tuple((file.name, file.read_text(encoding="utf-8")) for file in files)
    except OSError as error:
        raise UsageError(
            f"{error.filename or directory}: {error.strerror}", "name a directory of pages"
        ) from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{directory}: a page is not UTF-8", "write it in UTF-8") from error


def told_forms(directory: Path) -> OwnForms:
    """Return what the pages of a directory say.

    Raises:
        UsageError: it cannot be read, or with the first thing that is wrong in it.
    """
    try:
        return compile_pages(read_directory(directory))
    except FormError as error:
        raise UsageError(
            f"{directory}: {error}", f"mailsql forms check {directory} says all that is wrong"
        ) from error


@lru_cache(maxsize=64)
def compile_pages(pages: tuple[tuple[str, str], ...]) -> OwnForms:
    """Return what pages say.

    Raises:
        FormError: with the first thing that is wrong.
    """
    forms, faults = examine(pages)
    if faults:
        raise faults[0]
    digest = hashlib.sha256("".join(f"{name}\0{text}\0" for name, text in pages).encode())
    return OwnForms(digest.hexdigest(), pages, tuple(forms))


def examine(pages: Sequence[tuple[str, str]]) -> tuple[list[OwnForm], list[FormError]]:
    """Return the forms of pages, and all that is wrong: of each form the first thing."""
    faults: list[FormError] = []
    if len(pages) > MOST_PAGES or sum(len(text.encode()) for _, text in pages) > MOST_BYTES:
        return [], [FormError(f"more than {MOST_PAGES} pages, or {MOST_BYTES:,} bytes")]
    found: list[OwnForm] = []
    with duckdb.connect() as engine:
        try:
            pieces = _own_pieces(dict(pages).get(PIECES), engine)
        except FormError as error:
            return [], [error]
        for name, text in pages:
            if name != PIECES:
                found += _page(name, text, pieces, engine, faults)
    # As those of mailsql; pages in the order of their names
    if len(found) > MOST_FORMS:
        faults.append(FormError(f"{len(found)} forms, at most {MOST_FORMS} are read"))
    if not faults:
        try:
            check_kinds([one.form for one in found if not one.is_further])
            _check_tables(found)
        except FormError as error:
            faults.append(error)
    return found, faults


def _own_pieces(text: str | None, engine: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """Pieces of mailsql, and those of one's own, each made of those before it."""
    pieces = read_pieces()
    # Filled in once: what is left has no piece in it
    flat = {name: _flat(f"%{{{name}}}", pieces) for name in pieces}
    for name, pattern in parsed_page(PIECES, text or "").items():
        where = f"{PIECES}:{_line_of(text or '', name)}: {name}"
        if not NAME.fullmatch(name) or not isinstance(pattern, str):
            raise FormError(f"{where}: not a name and a pattern")
        if name in flat:
            raise FormError(f"{where}: is a piece already")
        unknown = [found for found in PIECE.findall(pattern) if found not in flat]
        if unknown:
            raise FormError(f"{where}: unknown piece %{{{unknown[0]}}}")
        flat[name] = PIECE.sub(lambda place: flat[place[1]], pattern)
        _check_pattern(where, flat[name], engine)
    return flat


def _flat(pattern: str, pieces: Mapping[str, str]) -> str:
    while PIECE.search(pattern):
        pattern = PIECE.sub(lambda place: pieces[place[1]], pattern)
    return pattern


def _page(
    name: str,
    text: str,
    pieces: Mapping[str, str],
    engine: duckdb.DuckDBPyConnection,
    faults: list[FormError],
) -> Iterator[OwnForm]:
    """Yield the forms of a page that are right, and tell what is wrong with the others."""
    try:
        if not PAGE_NAME.fullmatch(name):
            raise FormError(f"{name}: not a name of a page", "letters, digits, - and _, .toml")
        if CONTROL.search(text):
            raise FormError(f"{name}: a control character in it")
        page = parsed_page(name, text)
        heads = {key: value for key, value in page.items() if not isinstance(value, dict)}
        check_keys(name, heads, HEAD_KEYS)
    except FormError as error:
        faults.append(error)
        return
    for form, said in page.items():
        if isinstance(said, dict):
            line_no = _line_of(text, form)
            try:
                yield _form(f"{name}:{line_no}: [{form}]", name, form, heads, said, pieces, engine)
            except FormError as error:
                faults.append(_placed(error, name, form, line_no))


def _placed(error: FormError, page: str, form: str, line_no: int) -> FormError:
    """What is wrong, with the line of its form."""
    said = str(error).removeprefix(f"{page}: [{form}]")
    return (
        error if said == str(error) else FormError(f"{page}:{line_no}: [{form}]{said}", error.hint)
    )


def _line_of(text: str, name: str) -> int:
    """The line where a form or a piece begins, from 1."""
    begun = re.compile(rf'\s*(?:\[\s*"?{re.escape(name)}"?\s*\]|"?{re.escape(name)}"?\s*=)')
    for line_no, line in enumerate(text.split("\n"), start=1):
        if begun.match(line):
            return line_no
    return 1


def _form(
    where: str,
    page: str,
    name: str,
    heads: Mapping[str, Any],
    said: Mapping[str, Any],
    pieces: Mapping[str, str],
    engine: duckdb.DuckDBPyConnection,
) -> OwnForm:
    check_keys(where, said, FORM_KEYS)
    _check_values(where, {**heads, **said})
    kind = said.get("kind", name)
    builtin = {row[0] for row in kind_rows()}
    for what in (name, kind):
        if not NAME.fullmatch(what):
            raise FormError(f"{where}: {what}: not a plain name", "a-z, 0-9 and _, a letter first")
    if name in builtin:
        raise FormError(
            f"{where}: a kind of mailsql is called so",
            f'call the form otherwise; kind = "{name}" gives further texts to that kind',
        )
    is_further = kind in builtin
    meanings = {key: said[key] for key in ("meaning_en", "meaning_ja") if key in said}
    if is_further:
        rest = [key for key in said if key not in FURTHER_KEYS]
        if rest:
            raise FormError(f"{where}: {rest[0]}: {kind} is a kind of mailsql, which has that")
        if "texts" not in said:
            raise FormError(f"{where}: no texts for {kind}")
        heads = {}
    elif not {**heads, **said}.get("programs"):
        raise FormError(f"{where}: no programs", 'programs = ["my-policyd"], as syslog names them')
    if meanings:
        # Who writes in one language is understood in both
        said = {"meaning_en": "", "meaning_ja": "", **said}
        only = next(iter(meanings.values()))
        said |= {key: meanings.get(key, only) for key in ("meaning_en", "meaning_ja")}
    usual = {key: value for key, value in said.items() if key not in OWN_KEYS}
    (form,) = read_page(FAMILY, page, {**heads, name: usual}, pieces)
    told = {"severity": "any", **form.told}
    if "table" in form.words:
        words = dict(form.words) | {"table": f"{FAMILY}.{form.words['table']}"}
        form = replace(form, words=words)
    if form.words:
        form = replace(form, words={"writer": ", ".join(told["programs"]), **form.words})
    _check_patterns(where, form, engine)
    _check_columns(where, form, said)
    samples = [said["sample"]] if "sample" in said else []
    return OwnForm(
        replace(form, told=told),
        said.get("columns", {}),
        said.get("comments", {}),
        (*samples, *said.get("samples", ())),
        int(where.removeprefix(f"{page}:").partition(":")[0]),
    )


def _check_values(where: str, said: Mapping[str, Any]) -> None:
    """What keys hold is text, and not more of it than a form needs."""
    for key, value in said.items():
        listed = value if isinstance(value, list) else [value]
        if key in ("columns", "comments"):
            listed = [*value, *value.values()]
        elif key in ("texts", "partly") and len(value) > MOST_TEXTS:
            raise FormError(f"{where}: {key}: {len(value)}, at most {MOST_TEXTS} are read")
        if key in ("texts", "queue_id"):
            continue
        for one in listed:
            if not isinstance(one, str):
                raise FormError(f"{where}: {key}: not text")
            if not one or len(one) > LONGEST_PATTERN or CONTROL.search(one):
                raise FormError(
                    f"{where}: {key}: empty, longer than {LONGEST_PATTERN:,} characters, or with "
                    "a control character"
                )
    table = said.get("table")
    if table is not None and not NAME.fullmatch(table):
        raise FormError(f"{where}: table: {table}: not a plain name", "a-z, 0-9 and _")
    for key in ("sentence_en", "sentence_ja"):
        for fact in re.findall(r"\{([^{}]*)\}?", said.get(key, "")):
            if fact not in FACTS:
                raise FormError(f"{where}: {key}: {{{fact}}}: it may name {', '.join(FACTS)}")


def _check_patterns(where: str, form: Form, engine: duckdb.DuckDBPyConnection) -> None:
    """Each pattern is one of RE2."""
    for key in ("matches", "unless"):
        if key in form.told:
            _check_pattern(f"{where}: {key}", form.told[key], engine)
    for number, text in enumerate(form.texts, start=1):
        _check_text(f"{where}: texts: {number}", text, engine)
    for number, text in enumerate(form.partly, start=1):
        _check_text(f"{where}: partly: {number}", text, engine)


def _check_text(where: str, text: Text, engine: duckdb.DuckDBPyConnection) -> None:
    _check_pattern(where, text.pattern, engine)
    if text.unless is not None:
        _check_pattern(f"{where}: unless", text.unless, engine)


def _check_pattern(where: str, pattern: str, engine: duckdb.DuckDBPyConnection) -> None:
    if len(pattern) > LONGEST_PATTERN:
        raise FormError(f"{where}: longer than {LONGEST_PATTERN:,} characters, pieces put in")
    if CONTROL.search(pattern):
        raise FormError(f"{where}: a control character in it")
    if not is_pattern(engine, pattern):
        raise FormError(
            f"{where}: not a pattern of RE2", "https://github.com/google/re2/wiki/Syntax"
        )


def is_pattern(engine: duckdb.DuckDBPyConnection, pattern: str) -> bool:
    """Return whether RE2 can read a pattern."""
    try:
        engine.execute("select system.main.regexp_matches('', ?)", [pattern]).fetchone()
    except duckdb.Error:
        return False
    return True


def _check_columns(where: str, form: Form, said: Mapping[str, Any]) -> None:
    """Each named group is a column with a reading, and each column one of a group."""
    columns = said.get("columns", {})
    patterns = [text.pattern for text in (*form.texts, *form.partly)]
    named = {name for pattern in patterns for name in places(where, pattern)}
    if columns and "table" not in said:
        raise FormError(f"{where}: columns: no table", 'table = "..." says which')
    for name, reading in columns.items():
        if not NAME.fullmatch(name) or name in HEAD_COLUMNS:
            raise FormError(f"{where}: columns: {name}: not a plain name, or each table has it")
        if reading not in READINGS:
            raise FormError(
                f"{where}: columns: {name}: {reading}: unknown reading",
                f"known are {', '.join(READINGS)}",
            )
    for name in sorted((named - {QUEUE_ID}) ^ columns.keys()):
        raise FormError(
            f"{where}: columns: {name}: no reading for it"
            if name in named
            else f"{where}: columns: {name}: no group (?P<{name}>...) in the texts"
        )
    for name in said.get("comments", {}):
        if name not in columns:
            raise FormError(f"{where}: comments: {name}: no such column")


def _check_tables(forms: Sequence[OwnForm]) -> None:
    """What several forms say of a column of a table is the same."""
    readings: dict[tuple[str, str], str] = {}
    tables = {one.form.kind: one.form.words.get("table") for one in forms if one.form.words}
    for one in forms:
        for column, reading in one.columns.items():
            told = readings.setdefault((str(tables[one.form.kind]), column), reading)
            if told != reading:
                raise FormError(f"{one.place}: columns: {column}: {told} in another form")

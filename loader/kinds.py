"""Forms of lines -> SQL that tells the kind of a line, and whether its text was read to its end."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import groupby
from typing import Any

from .columns import with_columns
from .forms import Form, Text, read_forms
from .own_columns import named_queue_id, readings
from .statements import quote_text

QUANTIFIER = re.compile(r"(?:[*+?]|\{\d+(?:,\d*)?\})?\??")
WORDS_GO_ON = re.compile(r"[\w ,:=<>/-](?=[\w ,:=<>/-](?![*+?{]))")
POSTFIX_KIND = "postfix_kind(daemon, severity, queue_id, body)"
# The families whose kinds calls tell
TOLD_BY = {
    POSTFIX_KIND: "postfix",
    "dovecot_kind(daemon, severity, speaker, body)": "dovecot",
    "filters_kind(daemon, body)": "filters",
}
IS_READ = "is_read(kind, body)"
KNOWN_KEYS = "known_keys(kind)"
CALLED = (
    *("postfix_kind", "dovecot_kind", "filters_kind", "site_kind"),
    *("site_queue_id", "is_read", "known_keys"),
)
CALL = re.compile(rf"\b(?:{'|'.join(CALLED)})\([a-z_, ]+\)")
# In a pattern: a key, or several of which one stands there
KEYS = re.compile(r"(?:\(\?:(?P<several>[A-Za-z_|]+)\)|(?P<one>[A-Za-z_]+))=")


@dataclass(frozen=True)
class Present:
    """What the lines at hand may be, as far as it is known when it is asked.

    Attributes:
        daemons: of Postfix, before kinds are told; a line of another one is of no form.
        filters: that have forms, before kinds are told.
        kinds: of the lines of which it is asked whether they are read, or that give columns.
    """

    daemons: frozenset[str] = frozenset()
    filters: frozenset[str] = frozenset()
    kinds: frozenset[str] = frozenset()

    def may_write(self, form: Form) -> bool:
        """Return whether lines at hand may have a form, which of Dovecot's is told by its kind."""
        match form.family:
            case "postfix":
                daemons = self.daemons
            case "filters":
                daemons = self.filters
            case _:
                return True
        return any(
            _is_named(daemon, form.told.get("daemons", ["*"]))
            and not _is_named(daemon, form.told.get("not_daemons", ()))
            for daemon in daemons
        )


@lru_cache(maxsize=64)
def expression(call: str, present: Present | None = None) -> str:
    """Return what the forms are as SQL that stands for a call in sql/ingest.

    A macro of this size would be planned once more for each connection, and to plan what no line
    at hand can be takes longer than a small batch.

    Args:
        call: of which the forms are asked.
        present: what the lines may be that are asked; anything if None.
    """
    if call in (IS_READ, KNOWN_KEYS):
        texts = texts_of_kinds(read_forms())
        if present is not None:
            texts = {kind: found for kind, found in texts.items() if kind in present.kinds}
        return _read(texts) if call == IS_READ else _known_keys(texts)
    family = TOLD_BY[call]
    return told_kind(
        [
            form
            for form in read_forms()
            if form.family == family and (present is None or present.may_write(form))
        ]
    )


@cache
def known_filters() -> frozenset[str]:
    """Return the daemons that forms of filters name."""
    return frozenset(
        daemon
        for form in read_forms()
        if form.family == "filters"
        for daemon in form.told["daemons"]
    )


def own_expressions(forms: Sequence[Form], further: Sequence[Form]) -> dict[str, str]:
    """Return what forms of one's own are as SQL, by the call that stands for it.

    Args:
        forms: that tell kinds of their own.
        further: that give further texts to kinds of mailsql.
    """
    told = told_kind(forms) if forms else "null::varchar"
    named = named_queue_id([reading for form in forms for reading in readings(form)])
    texts = texts_of_kinds([*forms, *further])
    return {
        "site_kind(program, queue_id, body)": told,
        "site_queue_id(kind, body)": named,
        IS_READ: _read(texts),
        KNOWN_KEYS: _known_keys(texts),
    }


@cache
def calls(text: str) -> frozenset[str]:
    """Return the calls in the text of an SQL file in whose place stands what the forms are."""
    # Most files have none, and words are found faster than a pattern
    if not any(f"{name}(" in text for name in CALLED):
        return frozenset()
    return frozenset(CALL.findall(text))


def with_kinds(text: str, present: Present | None = None) -> str:
    """Return the text of an SQL file with what the forms are in the place of its calls."""
    text = with_columns(text, None if present is None else present.kinds)
    if not calls(text):
        return text
    return CALL.sub(lambda call: f"({expression(call[0], present)})", text)


def with_own_kinds(text: str, told: Mapping[str, str]) -> str:
    """Return the text of an SQL file with what forms of one's own are in the place of its calls.

    Args:
        text: of the file.
        told: what stands for each call (own_expressions).
    """
    return CALL.sub(lambda call: f"({told[call[0]]})", text)


def texts_of_kinds(forms: Sequence[Form]) -> dict[str, list[Text]]:
    """Return the texts of all forms of each kind that has any."""
    texts: dict[str, list[Text]] = {}
    for form in forms:
        for text in form.texts:
            if text not in texts.setdefault(form.kind, []):
                texts[form.kind].append(text)
    return {kind: found for kind, found in texts.items() if found}


def _read(texts: Mapping[str, Sequence[Text]]) -> str:
    """Whether a text of its kind reads a line to its end; NULL where none has any."""
    return _by_kind(
        {kind: _any([_is_read(text) for text in found]) for kind, found in texts.items()}
    )


def _by_kind(values: Mapping[str, str]) -> str:
    """The value of each kind, else NULL."""
    kinds = " ".join(f"when {quote_text(kind)} then {value}" for kind, value in values.items())
    return f"case kind {kinds} end" if kinds else "null"


def _is_read(text: Text) -> str:
    whole = f"regexp_full_match(body, {quote_text(text.pattern)})"
    if text.unless is None:
        return whole
    return f"({whole} and not regexp_matches(body, {quote_text(text.unless)}))"


def _known_keys(texts: Mapping[str, Sequence[Text]]) -> str:
    """The keys that stand before an = in the texts of a kind, a blank around each."""
    return _by_kind(
        {kind: quote_text(" ".join(["", *keys_of(found), ""])) for kind, found in texts.items()}
    )


def keys_of(texts: Sequence[Text]) -> list[str]:
    """Return what may stand before an = in some texts."""
    found = [place for text in texts for place in KEYS.finditer(text.pattern)]
    return sorted({key for place in found for key in (place["several"] or place["one"]).split("|")})


def told_kind(forms: Sequence[Form]) -> str:
    """Return an SQL expression: the kind of the first form that a line has, else NULL."""
    choices: list[list[_Page]] = []
    for _, group in groupby(forms, key=lambda form: form.page):
        page = _Page(list(group))
        # Of pages that exclude each other one is asked at most
        if choices and all(page.excludes(other) for other in choices[-1]):
            choices[-1].append(page)
        else:
            choices.append([page])
    cases = (" ".join(page.when for page in pages) for pages in choices)
    found = ", ".join(f"case {case} end" for case in cases)
    return f"coalesce({found})" if found else "null"


class _Page:
    """The forms of a page; what all of them ask is asked once."""

    def __init__(self, forms: Sequence[Form]) -> None:
        asked = [_conditions(form) for form in forms]
        shared = [one for one in asked[0] if all(one in others for others in asked)]
        kinds = " ".join(
            f"when {_all([one for one in conditions if one not in shared])} "
            f"then {quote_text(form.kind)}"
            for form, conditions in zip(forms, asked, strict=True)
        )
        self.when = f"when {_all(shared)} then case {kinds} end"
        self._forms = forms

    def excludes(self, other: _Page) -> bool:
        """Return whether no line is of both, as far as it is told by whom they are written."""
        return all(_exclude(one.told, two.told) for one in self._forms for two in other._forms)


def _exclude(one: Mapping[str, Any], two: Mapping[str, Any]) -> bool:
    for key in ("programs", "daemons", "services"):
        first, second = one.get(key), two.get(key)
        if isinstance(first, list) and isinstance(second, list) and set(first).isdisjoint(second):
            return True
    severities = one.get("severity"), two.get("severity")
    if severities[0] != severities[1] and "any" not in severities:
        return True
    return {one.get("queue_id"), two.get("queue_id")} == {True, False}


def _all(conditions: Sequence[str]) -> str:
    return " and ".join(conditions) or "true"


def _any(conditions: Sequence[str]) -> str:
    return conditions[0] if len(conditions) == 1 else f"({' or '.join(conditions)})"


def _conditions(form: Form) -> list[str]:
    """What must hold of a line, the cheapest first."""
    told = {"severity": None, **form.told}
    return [
        write(told[key]) for key, write in CONDITIONS.items() if key in told and write(told[key])
    ]


def _severity(severity: str | None) -> str:
    if severity is None:
        return "severity is null"
    return "" if severity == "any" else f"severity = {quote_text(severity)}"


def _names(column: str, names: Sequence[str]) -> str:
    """Whether a column has one of some names; `*-login` stands for all with this end."""
    whole = [quote_text(name) for name in names if not name.startswith("*")]
    found = [
        f"ends_with({column}, {quote_text(name[1:])})" for name in names if name.startswith("*")
    ]
    if whole:
        found.insert(0, f"{column} in ({', '.join(whole)})")
    return _any(found)


def _is_named(name: str, names: Sequence[str]) -> bool:
    return any(name.endswith(one[1:]) if one.startswith("*") else name == one for one in names)


def _services(services: Sequence[str] | bool) -> str:
    if isinstance(services, bool):
        return f"speaker.service is {'not ' if services else ''}null"
    return _names("speaker.service", services)


def _begins(beginnings: str | Sequence[str]) -> str:
    several = [beginnings] if isinstance(beginnings, str) else beginnings
    return _any([f"starts_with(body, {quote_text(one)})" for one in several])


CONDITIONS: dict[str, Callable[..., str]] = {
    "programs": lambda names: _names("program", names),
    "daemons": lambda names: _names("daemon", names),
    "not_daemons": lambda names: f"not {_names('daemon', names)}",
    "services": _services,
    "not_services": lambda names: f"not coalesce({_names('speaker.service', names)}, false)",
    "severity": _severity,
    "queue_id": lambda has: f"queue_id is {'not ' if has else ''}null",
    "equals": lambda text: f"body = {quote_text(text)}",
    "begins": _begins,
    "ends": lambda text: f"ends_with(body, {quote_text(text)})",
    "contains": lambda text: f"contains(body, {quote_text(text)})",
    "matches": lambda pattern: f"regexp_matches(body, {quote_text(pattern)})",
    "unless": lambda pattern: f"not regexp_matches(body, {quote_text(pattern)})",
    "where": lambda condition: f"({condition})",
}


def beginnings_of_forms(forms: Sequence[Form]) -> dict[str, list[str]]:
    """Return the patterns that the texts of each kind of some forms begin with."""
    return {
        kind: sorted({begun for text in texts for begun in beginnings(text.pattern)})
        for kind, texts in texts_of_kinds(forms).items()
    }


def beginnings(pattern: str) -> Iterator[str]:
    """Yield the patterns that a pattern begins with, itself the last, for each alternative."""
    begun = ""
    for atom in _atoms(pattern):
        begun = "" if atom == "|" else begun + atom
        if begun:
            yield begun
        # What may stand there any number of times, once at least
        if atom.endswith("*") and len(atom) > 2:
            yield f"{begun[:-1]}+"


def _atoms(pattern: str) -> Iterator[str]:
    """Cut a pattern where no group or set is open: words, or one thing with what repeats it."""
    start = place = depth = 0
    is_set = False
    while place < len(pattern):
        character = pattern[place]
        if character == "\\":
            place += 1
        elif is_set:
            is_set = character != "]"
        elif character == "[":
            is_set = True
        elif character in "()":
            depth += 1 if character == "(" else -1
        place += 1
        if depth == 0 and not is_set:
            repeated = QUANTIFIER.match(pattern, place)
            assert repeated is not None
            place = repeated.end()
            if not WORDS_GO_ON.match(pattern, place - 1):
                yield pattern[start:place]
                start = place

"""Rows -> text on standard output or in a file, in the format asked for; narration -> stderr.

What a log holds was written by strangers: no control character of it reaches a terminal, no
formula a spreadsheet, no markup a page.
"""

from __future__ import annotations

import csv
import io
import json
import math
import re
import sys
import textwrap
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO

from .errors import MailsqlError, UsageError
from .language import Language
from .private import OWNER_ONLY, created_with
from .room import writing
from .tables import table_pieces
from .visible import UNSHOWN, one_line, visible
from .whole import write_whole

# What a spreadsheet may run as a formula, also where it cuts the text at separators or quotes, or
# reads full-width signs as ASCII ones; for Python's and for the engine's regular expressions
FORMULA = re.compile(
    r"^[\x00-\x20\x7f-\xa0\xad"
    "\u1680\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff"
    ";；,，､、\"＂'＇‘’“”„«»「」『』]*"
    r"[-=+@\t\r＝＋－＠﹦﹢﹣﹫−]"
)
# Before a text, it keeps a spreadsheet from running it
APOSTROPHE = "'"
MARKDOWN_SIGNS = re.compile(r"[\\|`*\[\]<>!~&]|:(?=//)|(?<!\w)_|_(?!\w)|(?<=www)\.", re.IGNORECASE)


class Format(StrEnum):
    """How rows are written."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"
    JSONL = "jsonl"
    MARKDOWN = "markdown"
    LIST = "list"


class TextFormat(StrEnum):
    """How what is no table is written."""

    TEXT = "text"
    JSON = "json"


class StatusFormat(StrEnum):
    """How the state of the database is written."""

    TEXT = "text"
    JSON = "json"
    OPENMETRICS = "openmetrics"


def narrate(text: str) -> None:
    """Tell the user something that is no data, on standard error."""
    print(visible(text), file=sys.stderr)


def tell_error(error: MailsqlError) -> None:
    """Tell the user in one line what went wrong, and in another what to try."""
    narrate(f"mailsql: {one_line(str(error))}")
    if error.detail:
        narrate(error.detail)
    if error.hint:
        narrate(f"try: {one_line(error.hint)}")


def write(text: str, output: Path | None = None, mode: int = OWNER_ONLY) -> None:
    """Write data to standard output, or to a file, which gets a mode if it is new.

    Whoever reads the file meanwhile, or after a disk was full, sees the one before as a whole.

    Raises:
        UsageError: the file cannot be written.
        RoomError: there is no room for it.
    """
    if output is None or not write_whole(text, output, mode):
        _write_pieces([text], output, mode)


def _write_pieces(pieces: Iterable[str], output: Path | None, mode: int) -> None:
    if output is None:
        for piece in pieces:
            sys.stdout.write(piece)
        sys.stdout.flush()
        return
    with writing(output), _opened(output, mode) as target:
        target.writelines(piece.encode() for piece in pieces)


def write_bytes(pieces: Iterable[bytes], output: Path | None, mode: int) -> None:
    """Write bytes as they are to standard output, or to a file, which gets a mode if it is new.

    Raises:
        UsageError: the file cannot be written, or standard output is a terminal, which strangers
            could direct.
    """
    if output is not None:
        with writing(output), _opened(output, mode) as target:
            target.writelines(pieces)
        return
    if sys.stdout.isatty():
        raise UsageError(
            "bytes of a log are not for a terminal", "--output FILE, or a pipe: | less"
        )
    sys.stdout.buffer.writelines(pieces)
    sys.stdout.buffer.flush()


def _opened(output: Path, mode: int) -> BinaryIO:
    try:
        with created_with(mode):
            return output.open("wb")
    except OSError as error:
        raise UsageError(
            f"{output}: {error.strerror}", "name a file in a directory that exists"
        ) from error


def write_rows(
    names: Sequence[str],
    rows: Iterable[Sequence[Any]],
    form: Format = Format.TABLE,
    output: Path | None = None,
    mode: int = OWNER_ONLY,
    width: int | None = None,
    language: Language = Language.EN,
) -> None:
    """Write rows, as they come, to standard output, or to a file, which gets a mode if it is new.

    Args:
        names: of the columns.
        rows: as many values each.
        form: the format.
        output: the file; None is standard output.
        mode: of the file.
        width: that a table is to fit.
        language: of the headings of a table.

    Raises:
        UsageError: the file cannot be written.
    """
    _write_pieces(row_pieces(names, rows, form, width, language), output, mode)


def format_rows(
    names: Sequence[str],
    rows: Iterable[Sequence[Any]],
    form: Format = Format.TABLE,
    width: int | None = None,
    language: Language = Language.EN,
) -> str:
    """Return rows as text that ends in a newline."""
    return "".join(row_pieces(names, rows, form, width, language))


def row_pieces(
    names: Sequence[str],
    rows: Iterable[Sequence[Any]],
    form: Format = Format.TABLE,
    width: int | None = None,
    language: Language = Language.EN,
) -> Iterator[str]:
    """Return rows as pieces of text, made as the rows come."""
    match form:
        case Format.TABLE:
            return table_pieces(names, rows, width, language)
        case Format.CSV:
            return _csv(names, rows)
        case Format.JSON:
            return _json_array(names, rows)
        case Format.JSONL:
            return (_json(entry) + "\n" for entry in _objects(names, rows))
        case Format.MARKDOWN:
            return _markdown(names, rows)
        case Format.LIST:
            return (shown(row[0]) + "\n" for row in rows if row[0] is not None)


def shown(value: Any) -> str:
    """A value as it is, for people and programs; NULL is empty."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, bool):
        return "true" if value else "false"
    return one_line(str(value))


def _csv(names: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    heading = [visible(spreadsheet_safe(name)) for name in names]
    for row in chain([heading], ([_csv_value(value) for value in row] for row in rows)):
        writer.writerow(row)
        yield text.getvalue()
        text.seek(0)
        text.truncate()


def spreadsheet_safe(text: str) -> str:
    """Return text with an apostrophe in front where a spreadsheet could run it as a formula."""
    return APOSTROPHE + text if FORMULA.match(text) else text


def _csv_value(value: Any) -> Any:
    if isinstance(value, (int, float, Decimal)):
        return value
    return visible(spreadsheet_safe(value if isinstance(value, str) else shown(value)))


def _json(value: Any, indent: int | None = None) -> str:
    """JSON (RFC 8259) in which no character can direct what a terminal shows."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, indent=indent)
    if text.isascii():
        return text
    return "".join(
        character
        if character == "\n" or unicodedata.category(character) not in UNSHOWN
        else json.dumps(character)[1:-1]
        for character in text
    )


def format_json(value: Any) -> str:
    """Return a value, also one of dictionaries and lists, as JSON in one line."""
    return _json(_json_value(value))


def _json_array(names: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    before = "["
    for entry in _objects(names, rows):
        yield before + textwrap.indent("\n" + _json(entry, indent=2), "  ")
        before = ","
    yield "[]\n" if before == "[" else "\n]\n"


def _objects(names: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[dict[str, Any]]:
    unique = unique_names(names)
    for row in rows:
        yield {name: _json_value(value) for name, value in zip(unique, row, strict=True)}


def unique_names(names: Sequence[str]) -> list[str]:
    """Return names of columns, each once: another of the same name gets a number."""
    unique: list[str] = []
    for name in names:
        number, numbered = 1, name
        while numbered in unique or (number > 1 and numbered in names):
            number += 1
            numbered = f"{name}_{number}"
        unique.append(numbered)
    return unique


def _json_value(value: Any) -> Any:
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if isinstance(value, dict):
        return {str(key): _json_value(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_json_value(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        # JSON has no such numbers
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return value if value is None or isinstance(value, (bool, int, float, str)) else str(value)


def _markdown(names: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    for row in chain([names, ["---"] * len(names)], rows):
        # No markup, link, image or HTML of a stranger's (CommonMark 2.4, GFM 6.9)
        cells = [MARKDOWN_SIGNS.sub(r"\\\g<0>", shown(value)) for value in row]
        yield "| " + " | ".join(cells) + " |\n"

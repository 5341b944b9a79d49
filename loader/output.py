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
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from .errors import MailsqlError, UsageError
from .private import OWNER_ONLY, created_with

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
UNLIMITED_WIDTH = 100_000
# Control, direction and line-breaking characters, and halves of characters
UNSHOWN = ("Cc", "Cf", "Cs", "Zl", "Zp")
MARKDOWN_SIGNS = re.compile(r"[\\|`*\[\]<>!~&]|:(?=//)|(?<!\w)_|_(?!\w)|(?<=www)\.", re.IGNORECASE)


class Format(StrEnum):
    """How rows are written."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"
    JSONL = "jsonl"
    MARKDOWN = "markdown"


def narrate(text: str) -> None:
    """Tell the user something that is no data, on standard error."""
    print(visible(text), file=sys.stderr)


def tell_error(error: MailsqlError) -> None:
    """Tell the user in one line what went wrong, and in another what to try."""
    narrate(f"mailsql: {one_line(str(error))}")
    if error.hint:
        narrate(f"try: {one_line(error.hint)}")


def write(text: str, output: Path | None = None, mode: int = OWNER_ONLY) -> None:
    """Write data to standard output, or to a file, which gets a mode if it is new.

    Raises:
        UsageError: the file cannot be written.
    """
    if output is None:
        sys.stdout.write(text)
        sys.stdout.flush()
        return
    try:
        with created_with(mode):
            output.write_text(text, encoding="utf-8")
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
) -> None:
    """Write rows in a format to standard output, or to a file, which gets a mode if it is new."""
    write(format_rows(names, rows, form), output, mode)


def format_rows(names: Sequence[str], rows: Iterable[Sequence[Any]], form: Format) -> str:
    """Return rows as text that ends in a newline."""
    match form:
        case Format.TABLE:
            return _table(names, rows)
        case Format.CSV:
            return _csv(names, rows)
        case Format.JSON:
            return _json(_objects(names, rows), indent=2) + "\n"
        case Format.JSONL:
            return "".join(_json(entry) + "\n" for entry in _objects(names, rows))
        case Format.MARKDOWN:
            return _markdown(names, rows)


def visible(text: str) -> str:
    """Return text with control, direction and line-breaking characters written as escapes."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        character
        if character == "\n" or unicodedata.category(character) not in UNSHOWN
        else f"\\u{ord(character):04x}"
        for character in text
    )


def one_line(text: str) -> str:
    """Return visible text without line ends, for what must stay within its line."""
    return visible(text).replace("\n", "\\n")


def _shown(value: Any) -> str:
    """A value as people read it; NULL is empty."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, bool):
        return "true" if value else "false"
    return one_line(str(value))


def _table(names: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    console = Console(file=io.StringIO(), width=UNLIMITED_WIDTH, color_system=None)
    table = Table(box=None, pad_edge=False, header_style="bold")
    body = [list(row) for row in rows]
    for place, name in enumerate(names):
        numbers = [row[place] for row in body if row[place] is not None]
        is_number = bool(numbers) and all(
            isinstance(value, (int, float)) and not isinstance(value, bool) for value in numbers
        )
        table.add_column(Text(name), justify="right" if is_number else "left", no_wrap=True)
    for row in body:
        table.add_row(*(Text(_shown(value)) for value in row))
    console.print(table)
    stream = console.file
    assert isinstance(stream, io.StringIO)
    return "".join(line.rstrip() + "\n" for line in stream.getvalue().splitlines())


def _csv(names: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([visible(spreadsheet_safe(name)) for name in names])
    writer.writerows([_csv_value(value) for value in row] for row in rows)
    return text.getvalue()


def spreadsheet_safe(text: str) -> str:
    """Return text with an apostrophe in front where a spreadsheet could run it as a formula."""
    return APOSTROPHE + text if FORMULA.match(text) else text


def _csv_value(value: Any) -> Any:
    if isinstance(value, (int, float, Decimal)):
        return value
    return visible(spreadsheet_safe(value if isinstance(value, str) else _shown(value)))


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


def _objects(names: Sequence[str], rows: Iterable[Sequence[Any]]) -> list[dict[str, Any]]:
    unique = unique_names(names)
    return [
        {name: _json_value(value) for name, value in zip(unique, row, strict=True)} for row in rows
    ]


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


def _markdown(names: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    def cell(value: Any) -> str:
        # No markup, link, image or HTML of a stranger's (CommonMark 2.4, GFM 6.9)
        return MARKDOWN_SIGNS.sub(r"\\\g<0>", _shown(value))

    lines = [
        [cell(name) for name in names],
        ["---"] * len(names),
        *([cell(value) for value in row] for row in rows),
    ]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)

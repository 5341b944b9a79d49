"""Rows -> text on standard output or in a file, in the format asked for; narration -> stderr.

What a log holds was written by strangers: no control character of it reaches a terminal, no
formula a spreadsheet, no markup a page.
"""

from __future__ import annotations

import csv
import io
import json
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

from .errors import UsageError

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


def write(text: str, output: Path | None = None) -> None:
    """Write data to standard output, or to a file.

    Raises:
        UsageError: the file cannot be written.
    """
    if output is None:
        sys.stdout.write(text)
        sys.stdout.flush()
        return
    try:
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
) -> None:
    """Write rows in a format to standard output, or to a file."""
    write(format_rows(names, rows, form), output)


def format_rows(names: Sequence[str], rows: Iterable[Sequence[Any]], form: Format) -> str:
    """Return rows as text that ends in a newline."""
    match form:
        case Format.TABLE:
            return _table(names, rows)
        case Format.CSV:
            return _csv(names, rows)
        case Format.JSON:
            return json.dumps(_objects(names, rows), ensure_ascii=False, indent=2) + "\n"
        case Format.JSONL:
            lines = [json.dumps(entry, ensure_ascii=False) for entry in _objects(names, rows)]
            return "".join(line + "\n" for line in lines)
        case Format.MARKDOWN:
            return _markdown(names, rows)


def visible(text: str) -> str:
    """Return text with control, direction and line-breaking characters written as escapes."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        character
        if character == "\n"
        or unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Zl", "Zp")
        else f"\\u{ord(character):04x}"
        for character in text
    )


def _shown(value: Any) -> str:
    """A value as people read it; NULL is empty."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, bool):
        return "true" if value else "false"
    return visible(str(value)).replace("\n", "\\n")


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


def _objects(names: Sequence[str], rows: Iterable[Sequence[Any]]) -> list[dict[str, Any]]:
    return [
        {name: _json_value(value) for name, value in zip(names, row, strict=True)} for row in rows
    ]


def _json_value(value: Any) -> Any:
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if isinstance(value, dict):
        return {str(key): _json_value(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_json_value(item) for item in value]
    return value if value is None or isinstance(value, (bool, int, float, str)) else str(value)


def _markdown(names: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    def cell(value: Any) -> str:
        text = _shown(value).replace("\\", "\\\\").replace("|", "\\|")
        return text.replace("<", "&lt;").replace("`", "\\`")

    lines = [list(names), ["---"] * len(names), *([cell(value) for value in row] for row in rows)]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)

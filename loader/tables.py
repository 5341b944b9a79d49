"""Rows -> a table for people: columns aligned by what a terminal shows, units that are read at a
glance, times in one zone that the heading names.

Widths come from the first rows, so that any number of them streams; what is wider later stands out
of its column.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache
from itertools import accumulate, chain, islice
from typing import Any

from rich.cells import cell_len, set_cell_size

from .language import Language, read_texts
from .visible import one_line
from .words import read_words

MEASURED_ROWS = 1000
GAP = "  "
# A column of text is not made narrower than this to fit a width
LEAST_WIDTH = 10
# Of no use if it is cut
IDENTIFIER = re.compile(r"(?:^|_)(?:id|ip|key|network|dsn|day)$")
UNIT = re.compile(r"(?<=.)_(?:bytes|seconds|percent)$")
COUNTED = re.compile(r"(?:^|_)(?:count|total|ok|lines|rows)\b|^count[_(]")
BYTE_UNITS = ("B", "kB", "MB", "GB", "TB", "PB")


@dataclass
class _Column:
    """How a column is written.

    Attributes:
        heading: lines of its name.
        width: in cells of a terminal.
        is_number: whether it stands at the right.
        is_text: whether it may be cut.
        is_shown: whether there is room for it.
    """

    heading: list[str]
    width: int
    is_number: bool
    is_text: bool
    is_shown: bool = True


def table_pieces(
    names: Sequence[str],
    rows: Iterable[Sequence[Any]],
    width: int | None = None,
    language: Language = Language.EN,
) -> Iterator[str]:
    """Return the lines of a table, heading first.

    Args:
        names: of the columns; a suffix such as _bytes or _seconds tells the unit of the values.
        rows: as many values each.
        width: to fit it, names of columns are broken, texts cut, and columns at the end left out,
            which is said; None: as wide as it gets.
        language: of the headings; in English they are the names.
    """
    words = read_texts("table", language)
    headings_of = {name: heading_of(name, language) for name in names}
    rows = iter(rows)
    first = list(islice(rows, MEASURED_ROWS))
    zones = {str(value.tzinfo) for row in first for value in row if _is_moment(value)}
    if zones:
        yield words.say("times", zones=", ".join(sorted(zones))) + "\n"
    is_fitted = width is not None
    shown = [_shown_row(names, row, is_fitted) for row in first]
    columns = [
        _measured(
            name,
            headings_of[name],
            [row[place] for row in first],
            [row[place] for row in shown],
            is_fitted,
        )
        for place, name in enumerate(names)
    ]
    if width is not None:
        # Keys are for joins
        for name, column in zip(names, columns, strict=True):
            column.is_shown = not name.endswith("_key")
        _fit([column for column in columns if column.is_shown], width)
        left_out = [
            name for name, column in zip(names, columns, strict=True) if not column.is_shown
        ]
        if left_out:
            yield words.say("left_out", names=", ".join(map(one_line, left_out))) + "\n"
    height = max((len(column.heading) for column in columns if column.is_shown), default=0)
    headings = [[""] * (height - len(column.heading)) + column.heading for column in columns]
    for line in range(height):
        yield _line([heading[line] for heading in headings], columns)
    for cells in chain(shown, (_shown_row(names, row, is_fitted) for row in rows)):
        yield _line(cells, columns)


def _shown_row(names: Sequence[str], row: Sequence[Any], is_fitted: bool) -> list[str]:
    return [
        # Where there is little room, minutes will do
        f"{value:%Y-%m-%d %H:%M}"
        if is_fitted and isinstance(value, datetime)
        else shown_value(name, value)
        for name, value in zip(names, row, strict=True)
    ]


def heading_of(name: str, language: Language) -> str:
    """Return what stands above a column: its name, or a word for it where there is one."""
    return name if language is Language.EN else _headings().get(name, name)


@cache
def _headings() -> dict[str, str]:
    return {row["column"]: row["ja"] for row in read_words("headings")}


def _measured(
    name: str, heading: str, values: list[Any], cells: list[str], is_fitted: bool
) -> _Column:
    """How a column with these values is written."""
    known = [value for value in values if value is not None]
    width = max(map(_width, cells), default=0)
    lines = _broken(heading, width) if is_fitted else [one_line(heading)]
    is_number = bool(known) and all(_is_number(value) for value in known)
    is_text = (
        is_fitted and not IDENTIFIER.search(name) and any(isinstance(value, str) for value in known)
    )
    return _Column(lines, max(width, *map(_width, lines)), is_number, is_text)


def shown_value(name: str, value: Any) -> str:
    """Return a value as people read it, in the unit that the name of its column tells; NULL is
    empty.
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    if isinstance(value, (int, float, Decimal)):
        if name.endswith("_bytes"):
            return shown_bytes(value)
        if name.endswith("_seconds"):
            return shown_seconds(value)
        if isinstance(value, int) and COUNTED.search(name):
            return f"{value:,}"
        if name.endswith("_percent"):
            return f"{value} %"
    if isinstance(value, timedelta):
        return shown_seconds(value.total_seconds())
    return one_line(str(value))


def shown_bytes(count: float | Decimal) -> str:
    """Return a number of bytes with the unit that leaves up to three digits before the point."""
    size = float(count)
    for unit in BYTE_UNITS:
        if abs(size) < 999.5 or unit == BYTE_UNITS[-1]:
            break
        size /= 1000
    return f"{size:.0f} {unit}" if unit == "B" or abs(size) >= 99.5 else f"{size:.1f} {unit}"


def shown_seconds(seconds: float | Decimal) -> str:
    """Return a duration in its two greatest units."""
    seconds = float(seconds)
    if abs(seconds) < 60:
        return f"{seconds:.3g} s"
    minutes, second = divmod(round(seconds), 60)
    hours, minute = divmod(minutes, 60)
    days, hour = divmod(hours, 24)
    if days:
        return f"{days:,} d {hour} h"
    return f"{hours} h {minute} min" if hours else f"{minutes} min {second} s"


def _is_moment(value: Any) -> bool:
    return isinstance(value, datetime) and value.tzinfo is not None


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float, Decimal)) and not isinstance(value, bool)


def _width(text: str) -> int:
    return len(text) if text.isascii() else cell_len(text)


def _broken(name: str, width: int) -> list[str]:
    """The words of a name, on as few lines of a width as hold them; units stand in the values."""
    words = UNIT.sub("", one_line(name)).split("_")
    width = max(width, *map(_width, words))
    lines: list[str] = []
    for word in words:
        if lines and _width(lines[-1]) + 1 + _width(word) <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines


def _fit(columns: list[_Column], width: int) -> None:
    """Make the widest columns of text narrower, and leave out at the end what does not fit then."""
    room = width - len(GAP) * (len(columns) - 1)
    while sum(column.width for column in columns) > room:
        widest = max(
            (column for column in columns if column.is_text and column.width > LEAST_WIDTH),
            key=lambda column: column.width,
            default=None,
        )
        if widest is None:
            break
        widest.width -= 1
    ends = accumulate(column.width + len(GAP) for column in columns)
    for column, end in zip(columns, ends, strict=True):
        column.is_shown = end - len(GAP) <= width


def _line(cells: Sequence[str], columns: list[_Column]) -> str:
    placed = []
    for cell, column in zip(cells, columns, strict=True):
        if not column.is_shown:
            continue
        space = column.width - _width(cell)
        if space < 0 and column.is_text:
            placed.append(set_cell_size(cell, column.width - 1) + "…")
        else:
            placed.append(" " * space + cell if column.is_number else cell + " " * space)
    return GAP.join(placed).rstrip() + "\n"

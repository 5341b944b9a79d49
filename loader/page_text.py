"""Sections of the morning page -> text for a terminal or a mail, as wide as it is told."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from rich.cells import cell_len, set_cell_size

from .duration import shown_duration
from .page import Column, Page, Section
from .page_parts import Unit
from .page_words import PageWords
from .tables import shown_bytes
from .visible import one_line

WIDTH = 80
GAP = "  "
INDENT = "  "
# A column of text is not made narrower than this
LEAST_WIDTH = 8
BAR_WIDTH = 24
# Of a text below its row
LINES_BELOW = 2
TEXTS = (Unit.TEXT, Unit.WORD, Unit.NAME, Unit.BAR)
LEFT = (*TEXTS, Unit.TIME)


def page_text(page: Page, width: int = WIDTH) -> str:
    """Return the page as lines that are no wider than told."""
    lines = (line for text in (page.title, *page.lines) for line in _wrapped(one_line(text), width))
    return "".join(line + "\n" for line in lines) + "".join(
        _section_text(section, page.words, width) for section in page.sections
    )


def shown_cell(column: Column, value: Any, words: PageWords) -> str:
    """Return a value as people read it, in one line; None is empty."""
    if value is None:
        return ""
    match column.unit:
        case Unit.COUNT:
            return f"{value:,}"
        case Unit.BYTES:
            return shown_bytes(value)
        case Unit.SECONDS:
            return shown_duration(value, words)
        case Unit.PERCENT:
            return f"{value:.2f} %"
        case Unit.CHANGE:
            return _shown_change(value, words)
        case Unit.BAR:
            return "#" * round(float(value) * BAR_WIDTH)
        case Unit.TIME if isinstance(value, datetime):
            return f"{value:%m-%d %H:%M}"
        case _:
            return one_line(str(value))


def _shown_change(figures: tuple[int, int], words: PageWords) -> str:
    """By how many percent a figure has changed; whole ones will do."""
    now, before = figures
    if now == before:
        return words.say("unit.same")
    if not before:
        return words.say("unit.new")
    percent = round(100 * (now - before) / before)
    # No sign where it says nothing
    return f"{percent:+,} %" if percent else "0 %"


def _section_text(section: Section, words: PageWords, width: int) -> str:
    title = _cut(section.title, width)
    lines = ["", title, "-" * cell_len(title)]
    if section.rows:
        lines += _table(section, words, width)
    elif not section.notes:
        lines.append(words.say("none"))
    for note in section.notes:
        lines += _wrapped(one_line(note), width)
    return "".join(line + "\n" for line in lines)


def _table(section: Section, words: PageWords, width: int) -> Iterator[str]:
    placed = [column for column in section.columns if column.unit is not Unit.BELOW]
    below = [place for place, column in enumerate(section.columns) if column.unit is Unit.BELOW]
    cells = [
        [
            shown_cell(column, value, words)
            for column, value in zip(section.columns, row, strict=True)
            if column.unit is not Unit.BELOW
        ]
        for row in section.rows
    ]
    if section.heads:
        for place, row in enumerate(cells):
            row[0] = row[0] if place in section.heads else INDENT + row[0]
    widths = [
        max(cell_len(column.heading), *(cell_len(row[place]) for row in cells))
        for place, column in enumerate(placed)
    ]
    _fit(widths, placed, width)
    if any(column.heading for column in placed):
        yield _line([column.heading for column in placed], placed, widths)
    for row, values in zip(cells, section.rows, strict=True):
        yield _line(row, placed, widths)
        for place in below:
            if values[place]:
                yield from _shortened(one_line(str(values[place])), width)


def _shortened(text: str, width: int) -> Iterator[str]:
    """The first lines of a text that stands below its row."""
    margin = INDENT * 2
    lines = list(_wrapped(text, width - len(margin)))
    if len(lines) > LINES_BELOW:
        rest = " ".join(lines[LINES_BELOW - 1 :])
        lines[LINES_BELOW - 1 :] = [_cut(rest, width - len(margin))]
    yield from (margin + line for line in lines)


def _fit(widths: list[int], columns: list[Column], width: int) -> None:
    """Make the widest columns of text narrower until the line fits."""
    room = width - len(GAP) * (len(widths) - 1)
    while sum(widths) > room:
        texts = [
            place
            for place, column in enumerate(columns)
            if column.unit in TEXTS and widths[place] > LEAST_WIDTH
        ]
        if not texts:
            return
        widths[max(texts, key=lambda place: widths[place])] -= 1


def _line(cells: list[str], columns: list[Column], widths: list[int]) -> str:
    placed = []
    for cell, column, width in zip(cells, columns, widths, strict=True):
        shown = _cut(cell, width)
        space = " " * (width - cell_len(shown))
        placed.append(shown + space if column.unit in LEFT else space + shown)
    return GAP.join(placed).rstrip()


def _wrapped(text: str, width: int) -> Iterator[str]:
    """The lines of a text, broken at blanks, and where there is none anywhere."""
    while cell_len(text) > width:
        line = set_cell_size(text, width).rstrip()
        end = len(line) if text[len(line)] == " " else line.rfind(" ")
        end = end if end > 0 else len(line)
        yield text[:end].rstrip()
        text = text[end:].lstrip()
    yield text


def _cut(text: str, width: int) -> str:
    if cell_len(text) <= width:
        return text
    return set_cell_size(text, width - 1).rstrip() + "…"

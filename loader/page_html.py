"""Sections of the morning page -> one HTML page that needs nothing else.

What logs hold was written by strangers: every text is escaped, and the page forbids scripts and
whatever would be fetched.
"""

from __future__ import annotations

from html import escape

from .page import Page, Section
from .page_parts import Unit
from .page_text import shown_cell
from .page_words import PageWords
from .visible import one_line

POLICY = "default-src 'none'; style-src 'unsafe-inline'"
STYLE = """
:root { color-scheme: light; }
body { font: 15px/1.45 system-ui, sans-serif; color: #1d2329; background: #fff;
  max-width: 62rem; margin: 0 auto; padding: 1rem; }
h1 { font-size: 1.4rem; margin: 0 0 .3rem; }
h2 { font-size: 1.05rem; margin: 1.8rem 0 .4rem; border-bottom: 2px solid #d5dbe1; }
p { margin: .15rem 0; color: #4c5761; overflow-wrap: anywhere; }
div { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th { text-align: left; color: #4c5761; font-weight: 600; vertical-align: bottom; }
th, td { padding: .15rem .7rem .15rem 0; }
tr { border-top: 1px solid #edf0f3; }
thead tr, tr.below { border-top: 0; }
td { overflow-wrap: break-word; }
.n { text-align: right; white-space: nowrap; }
.t { white-space: nowrap; }
.below td { color: #5d6872; font-size: .87rem; padding: 0 0 .35rem 1.2rem; }
.head td { font-weight: 600; padding-top: .55rem; }
.part td:first-child { padding-left: 1.2rem; }
.bar { width: 34%; }
.bar span { display: block; height: .8rem; background: #4a7fb5; }
"""
CLASSES = {
    Unit.TEXT: "",
    Unit.WORD: "",
    Unit.NAME: "",
    Unit.BELOW: "",
    Unit.BAR: ' class="bar"',
    Unit.TIME: ' class="t"',
}
NUMBER = ' class="n"'
# Characters of a text; a stranger's may be of any length
LONGEST = 400
LONGEST_CELL = 60


def page_html(page: Page) -> str:
    """Return the page as an HTML document."""
    lines = "".join(f"<p>{_text(line)}</p>\n" for line in page.lines if line)
    sections = "".join(_section_html(section, page.words) for section in page.sections)
    return (
        f'<!DOCTYPE html>\n<html lang="{page.words.language.value}">\n<head>\n'
        '<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{_text(page.subject)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
        f"<h1>{_text(page.title)}</h1>\n{lines}{sections}</body>\n</html>\n"
    )


def _text(text: str, length: int = LONGEST) -> str:
    text = one_line(text)
    return escape(text if len(text) <= length else text[: length - 1] + "…")


def _section_html(section: Section, words: PageWords) -> str:
    notes = "".join(f"<p>{_text(note)}</p>\n" for note in section.notes)
    body = _table(section, words) if section.rows else ""
    if not body and not notes:
        notes = f"<p>{_text(words.say('none'))}</p>\n"
    return f"<section>\n<h2>{_text(section.title)}</h2>\n{body}{notes}</section>\n"


def _table(section: Section, words: PageWords) -> str:
    placed = [column for column in section.columns if column.unit is not Unit.BELOW]
    heading = "".join(
        f"<th{CLASSES.get(column.unit, NUMBER)}>{_text(column.heading)}</th>" for column in placed
    )
    rows = []
    for place, row in enumerate(section.rows):
        kind = ""
        if section.heads:
            kind = ' class="head"' if place in section.heads else ' class="part"'
        cells, below = "", ""
        for column, value in zip(section.columns, row, strict=True):
            if column.unit is Unit.BELOW:
                if value:
                    below += (
                        f'<tr class="below"><td colspan="{len(placed)}">'
                        f"{_text(str(value))}</td></tr>\n"
                    )
                continue
            shown = (
                f'<span style="width: {value:.0%}"></span>'
                if column.unit is Unit.BAR
                else _text(shown_cell(column, value, words), LONGEST_CELL)
            )
            cells += f"<td{CLASSES.get(column.unit, NUMBER)}>{shown}</td>"
        rows.append(f"<tr{kind}>{cells}</tr>\n{below}")
    return (
        f"<div><table>\n<thead><tr>{heading}</tr></thead>\n"
        f"<tbody>\n{''.join(rows)}</tbody>\n</table></div>\n"
    )

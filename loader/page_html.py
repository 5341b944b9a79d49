"""Sections of the morning page -> one HTML page that needs nothing else.

What logs hold was written by strangers: every text is escaped, and the page forbids scripts and
whatever would be fetched.
"""

from __future__ import annotations

import re
from datetime import datetime
from html import escape
from typing import Any

from .charts import BarChart, Chart, draw
from .page import Page, Section
from .page_parts import Unit
from .page_script import SCRIPT, SOURCE
from .page_text import shown_cell
from .page_words import PageWords
from .visible import one_line

POLICY = "default-src 'none'; base-uri 'none'; form-action 'none'; style-src 'unsafe-inline'"
LIGHT = {
    "paper": "#fff", "text": "#1d2329", "muted": "#4c5761", "line": "#d5dbe1", "faint": "#edf0f3",
    "plain": "#4a7fb5", "good": "#3d8b6a", "wait": "#d09a2b", "bad": "#b5423d",
}  # fmt: skip
DARK = {
    "paper": "#14181c", "text": "#e3e7eb", "muted": "#a6b0ba", "line": "#3d4751",
    "faint": "#262d34", "plain": "#6b9fd6", "good": "#58b08d", "wait": "#dbad50", "bad": "#e0726b",
}  # fmt: skip
STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; color: var(--text); background: var(--paper);
  max-width: 62rem; margin: 0 auto; padding: 1rem; }
h1 { font-size: 1.4rem; margin: 0 0 .3rem; }
h2 { font-size: 1.05rem; margin: 1.8rem 0 .4rem; border-bottom: 2px solid var(--line); }
p { margin: .15rem 0; color: var(--muted); overflow-wrap: anywhere; }
div { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th { text-align: left; color: var(--muted); font-weight: 600; vertical-align: bottom; }
th, td { padding: .15rem .7rem .15rem 0; }
tr { border-top: 1px solid var(--faint); }
thead tr, tr.below { border-top: 0; }
td { overflow-wrap: break-word; word-break: keep-all; }
.n { text-align: right; white-space: nowrap; }
.t { white-space: nowrap; }
.below td { word-break: normal; overflow-wrap: anywhere; color: var(--muted);
  font-size: .87rem; padding: 0 0 .35rem 1.2rem; }
.head td { font-weight: 600; padding-top: .55rem; }
.part td:first-child { padding-left: 1.2rem; }
.bar { width: 34%; }
.bar span { display: block; height: .8rem; background: var(--plain); }
"""
# Of what a mail has not: charts, and tables that sort
SCREEN_STYLE = """\
.charts { columns: 20rem 2; column-gap: 2rem; overflow: visible; }
figure { break-inside: avoid; margin: 0; padding: .3rem 0 1rem; }
figcaption { font-weight: 600; margin-bottom: .3rem; }
figcaption span { font-weight: 400; font-size: .87rem; color: var(--muted);
  display: inline-block; }
figcaption i { display: inline-block; width: .7em; height: .7em; margin: 0 .3em 0 .8em; }
figcaption i:first-child { margin-left: 0; }
svg { display: block; width: 100%; height: auto; }
th button { all: unset; cursor: pointer; position: relative; border-bottom: 1px dotted; }
th button:hover { color: var(--text); }
th button:focus-visible { outline: 2px solid var(--plain); outline-offset: 2px; }
th[aria-sort] button::after { position: absolute; left: 100%; padding-left: .1em; font-size: .7em; }
th[aria-sort=ascending] button::after { content: "▲"; }
th[aria-sort=descending] button::after { content: "▼"; }
@media (max-width: 34rem) {
  table { font-size: .87rem; }
  th, td { padding-right: .5rem; }
}
@media print {
  body { max-width: none; padding: 0; font-size: 10pt; }
  * { print-color-adjust: exact; }
  h2 { break-after: avoid; }
  th button { border: 0; }
  tr { break-inside: avoid; }
  div { overflow: visible; }
}
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
SORTED = ' class="sorted"'
MEASURED = (Unit.BYTES, Unit.SECONDS)
# Characters of a text; a stranger's may be of any length
LONGEST = 400
LONGEST_CELL = 60


def page_html(page: Page, *, is_mail: bool = False) -> str:
    """Return the page as an HTML document; in a mail it has neither charts nor a script."""
    lines = "".join(f"<p>{_text(line)}</p>\n" for line in page.lines if line)
    sections = [_section_html(section, page.words) for section in page.sections]
    policy, style, script = POLICY, _in_colors(STYLE), ""
    if not is_mail:
        if page.charts:
            # What is to be looked at first stays first
            sections.insert(1, _charts_html(page.charts, page.words))
        elif page.charts is None:
            sections.append(f"<p>{_text(page.words.say('chart.missing'))}</p>\n")
        policy += f"; script-src {SOURCE}"
        style = f"{_schemes()}{STYLE}{SCREEN_STYLE}"
        script = f"<script>{SCRIPT}</script>\n"
    return (
        f'<!DOCTYPE html>\n<html lang="{page.words.language.value}">\n<head>\n'
        '<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{_text(page.subject)}</title>\n<style>{style}</style>\n</head>\n<body>\n"
        f"<h1>{_text(page.title)}</h1>\n{lines}{''.join(sections)}{script}</body>\n</html>\n"
    )


def _in_colors(style: str) -> str:
    """A style with the colours themselves: not all mail programs know custom properties."""
    return ":root { color-scheme: light; }" + re.sub(
        r"var\(--(\w+)\)", lambda name: LIGHT[name[1]], style
    )


def _schemes() -> str:
    """The colours by name; paper is light."""
    light, dark = (
        " ".join(f"--{name}: {color};" for name, color in scheme.items())
        for scheme in (LIGHT, DARK)
    )
    return (
        f"\n:root {{ color-scheme: light; {light} }}\n@media screen and "
        f"(prefers-color-scheme: dark) {{ :root {{ color-scheme: dark; {dark} }} }}"
    )


def _charts_html(charts: tuple[Chart, ...], words: PageWords) -> str:
    figures = "".join(
        f"<figure>\n<figcaption>{_text(chart.title)}{_keys(chart)}</figcaption>\n"
        f"{draw(chart)}\n</figure>\n"
        for chart in charts
    )
    title = _text(words.say("chart.heading"))
    return f'<section>\n<h2>{title}</h2>\n<div class="charts">\n{figures}</div>\n</section>\n'


def _keys(chart: Chart) -> str:
    """What colours mean, where there are several."""
    if not isinstance(chart, BarChart) or len(chart.keys) < 2:
        return ""
    keys = "".join(
        f'<i style="background: var(--{series.color})"></i>{_text(series.name)}'
        for series in chart.keys
    )
    return f" <span>{keys}</span>"


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
            cells += (
                f"<td{CLASSES.get(column.unit, NUMBER)}{_value(column.unit, value)}>{shown}</td>"
            )
        rows.append(f"<tr{kind}>{cells}</tr>\n{below}")
    return (
        f"<div><table{SORTED if _is_sorted(section) else ''}>\n<thead><tr>{heading}</tr></thead>\n"
        f"<tbody>\n{''.join(rows)}</tbody>\n</table></div>\n"
    )


def _is_sorted(section: Section) -> bool:
    """Whether rows may be sorted: several of a kind, none of them part of another."""
    kinds = {column.unit for column in section.columns}
    return len(section.rows) > 1 and not section.heads and Unit.FIGURE not in kinds


def _value(unit: Unit, value: Any) -> str:
    """What a cell is sorted by, where its text does not tell."""
    if isinstance(value, datetime):
        return f' data-v="{value.timestamp():.0f}"'
    return f' data-v="{value}"' if value is not None and unit in MEASURED else ""

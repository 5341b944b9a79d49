"""Figures -> a chart as SVG without styles or script, drawn by Vega-Lite (the extra `charts`).

Colours are names of CSS properties, so that the page decides them. The library places marks where
texts belong, and never sees a text of a stranger: some characters make it abort the process.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from typing import Any
from xml.etree import ElementTree

from .visible import columns_of, one_line

MODULE = "vl_convert"
# In pixels of a chart that is shown in its own size
WIDTH = 400
FONT = 11
PANEL_HEIGHT = 40
SCALE_WIDTH = 56
BAR_HEIGHT = 20
LABEL_WIDTH = 158
TOTAL_WIDTH = 66
# Columns of a label
LONGEST_LABEL = 22
MOST_TICKS = 7
DAY = timedelta(days=1)
# How far ticks may be from each other within days
TICKS = tuple(
    timedelta(minutes=minutes) for minutes in (5, 10, 15, 30, 60, 120, 180, 360, 720, 1440)
)
SVG = "{http://www.w3.org/2000/svg}"
ELEMENTS = {"g", "path", "line", "rect", "text"}
ATTRIBUTES = {
    "d", "fill", "font-size", "font-weight", "height", "opacity", "stroke", "stroke-width",
    "text-anchor", "transform", "width", "x", "x1", "x2", "y", "y1", "y2",
}  # fmt: skip
# Values of attributes that say nothing
NO_CHANGE = {"none", "translate(0,0)"}
FRACTION = re.compile(r"-?\d+\.\d+")
# In the place of a text: which one
MARK = re.compile(r"text(\d+)")


@dataclass(frozen=True)
class Series:
    """Figures of one meaning.

    Attributes:
        name: in the language of the page.
        color: name of the CSS property that has it.
    """

    name: str
    color: str


@dataclass(frozen=True)
class Panel:
    """A row of a chart over time, with a scale of its own.

    Attributes:
        series: what it shows.
        values: of each step; None is nothing.
        peak: the greatest of them as people read it.
    """

    series: Series
    values: tuple[float | None, ...]
    peak: str


@dataclass(frozen=True)
class TimeChart:
    """Bars over time.

    Attributes:
        title: in the language of the page.
        begin: where the time begins, by the clock of the page's zone.
        end: where it ends.
        steps: beginning and end of each step.
        panels: from top to bottom.
    """

    title: str
    begin: datetime
    end: datetime
    steps: tuple[tuple[datetime, datetime], ...]
    panels: tuple[Panel, ...]


@dataclass(frozen=True)
class Bar:
    """A row of a chart of bars.

    Attributes:
        label: what it is of; a stranger may have written it.
        values: of each series.
        total: all of them as people read it.
    """

    label: str
    values: tuple[float, ...]
    total: str


@dataclass(frozen=True)
class BarChart:
    """Bars side by side.

    Attributes:
        title: in the language of the page.
        keys: the series that bars consist of.
        bars: from top to bottom.
    """

    title: str
    keys: tuple[Series, ...]
    bars: tuple[Bar, ...]


Chart = TimeChart | BarChart


def can_draw() -> bool:
    """Return whether the extra is installed."""
    return find_spec(MODULE) is not None


def draw(chart: Chart) -> str:
    """Return a chart as an SVG element to stand in HTML."""
    # 80 MB that most commands do without
    import vl_convert

    if isinstance(chart, TimeChart):
        specification = _over_time(chart)
        texts = [text for panel in chart.panels for text in (panel.series.name, panel.peak)]
    else:
        specification = _bars(chart)
        texts = [text for bar in chart.bars for text in (_label(bar.label), bar.total)]
    svg = vl_convert.vegalite_to_svg(specification | _settings(), allowed_base_urls=[])
    return _cleaned(svg, chart.title, texts)


def _settings() -> dict[str, Any]:
    text = {"labelColor": "var(--muted)", "labelFontSize": FONT}
    axis = {"domainColor": "var(--line)", "gridColor": "var(--line)", "tickColor": "var(--line)"}
    return {
        "background": None,
        "config": {
            "font": "sans-serif",
            "view": {"stroke": None},
            "axis": text | axis | {"title": None, "ticks": False, "labelPadding": 4},
            "title": {
                "color": "var(--text)",
                "fontSize": FONT,
                "fontWeight": "normal",
                "anchor": "start",
                "offset": 3,
            },
            "text": {"fontSize": FONT, "color": "var(--text)"},
            "aria": False,
        },
    }


def _over_time(chart: TimeChart) -> dict[str, Any]:
    return {
        "padding": 2,
        "spacing": 8,
        "vconcat": [
            _panel(chart, panel, 2 * place, is_last=panel is chart.panels[-1])
            for place, panel in enumerate(chart.panels)
        ],
    }


def _panel(chart: TimeChart, panel: Panel, mark: int, *, is_last: bool) -> dict[str, Any]:
    values = [
        {"begin": _milliseconds(begin), "end": _milliseconds(end), "value": value}
        for (begin, end), value in zip(chart.steps, panel.values, strict=True)
        if value
    ]
    greatest = max(value["value"] for value in values)
    ticks = tuple(_ticks(chart))
    return {
        "title": f"text{mark}",
        "width": WIDTH - SCALE_WIDTH,
        "height": PANEL_HEIGHT,
        "data": {"values": values},
        "mark": {"type": "bar", "color": f"var(--{panel.series.color})", "binSpacing": 1},
        "encoding": {
            "x": {
                "field": "begin",
                "type": "quantitative",
                "bin": "binned",
                "scale": {
                    "domain": [_milliseconds(chart.begin), _milliseconds(chart.end)],
                    "nice": False,
                    "zero": False,
                },
                "axis": {
                    "values": [_milliseconds(tick) for tick in ticks],
                    "labels": is_last,
                    "labelExpr": _tick_words(chart),
                    "labelFlush": True,
                    "grid": True,
                },
            },
            "x2": {"field": "end"},
            "y": {
                "field": "value",
                "type": "quantitative",
                "scale": {"domain": [0, greatest], "nice": False},
                "axis": {
                    "values": [greatest],
                    "labelExpr": f"'text{mark + 1}'",
                    "minExtent": SCALE_WIDTH,
                    "maxExtent": SCALE_WIDTH,
                    "domain": False,
                },
            },
        },
    }


def _milliseconds(moment: datetime) -> int:
    """The clock of the page, told as if it were that of UTC: no zone of the machine comes in."""
    return round(moment.replace(tzinfo=UTC).timestamp() * 1000)


def _ticks(chart: TimeChart) -> Iterator[datetime]:
    """Some beginnings of steps, or full hours within days."""
    span = chart.end - chart.begin
    if _is_of_days(chart):
        begins = [begin for begin, _ in chart.steps]
        yield from begins[:: -(-len(begins) // MOST_TICKS)]
        return
    width = next((tick for tick in TICKS if span / tick <= MOST_TICKS), DAY)
    tick = datetime.combine(chart.begin.date(), datetime.min.time())
    while tick <= chart.end:
        if tick >= chart.begin:
            yield tick
        tick += width


def _is_of_days(chart: TimeChart) -> bool:
    return all(end - begin >= DAY for begin, end in chart.steps)


def _tick_words(chart: TimeChart) -> str:
    """The expression of Vega that writes a tick: a date where it matters, else a time."""
    if _is_of_days(chart):
        is_of_months = any(end - begin > 7 * DAY for begin, end in chart.steps)
        return f"utcFormat(datum.value, '{'%Y-%m' if is_of_months else '%m-%d'}')"
    if chart.end - chart.begin <= DAY:
        return "utcFormat(datum.value, '%H:%M')"
    return "utcFormat(datum.value, utchours(datum.value) == 0 ? '%m-%d' : '%H:%M')"


def _bars(chart: BarChart) -> dict[str, Any]:
    rows = [
        {"place": place, "series": series, "value": value}
        for place, bar in enumerate(chart.bars)
        for series, value in enumerate(bar.values)
    ]
    texts = [
        {
            "place": place,
            "label": f"text{2 * place}",
            "total": f"text{2 * place + 1}",
            "value": sum(bar.values),
        }
        for place, bar in enumerate(chart.bars)
    ]
    greatest = max(text["value"] for text in texts)
    place = {"field": "place", "type": "ordinal", "axis": None, "scale": {"padding": 0.25}}
    amount = {
        "type": "quantitative",
        "axis": None,
        "scale": {"domain": [0, greatest or 1], "nice": False},
    }
    colors = {
        "domain": [*range(len(chart.keys))],
        "range": [f"var(--{series.color})" for series in chart.keys],
    }
    return {
        "autosize": {"type": "none"},
        "padding": {"left": LABEL_WIDTH, "right": TOTAL_WIDTH, "top": 0, "bottom": 0},
        "width": WIDTH - LABEL_WIDTH - TOTAL_WIDTH,
        "height": BAR_HEIGHT * len(chart.bars),
        "layer": [
            {
                "data": {"values": rows},
                "mark": {"type": "bar"},
                "encoding": {
                    "y": place,
                    "x": amount | {"field": "value", "aggregate": "sum", "stack": "zero"},
                    "color": {
                        "field": "series",
                        "type": "ordinal",
                        "scale": colors,
                        "legend": None,
                    },
                    "order": {"field": "series", "type": "quantitative"},
                },
            },
            {
                "data": {"values": texts},
                "mark": {"type": "text", "align": "left", "dx": 4},
                "encoding": {
                    "y": place,
                    "x": amount | {"field": "value"},
                    "text": {"field": "total"},
                },
            },
            {
                "data": {"values": texts},
                "mark": {"type": "text", "align": "right", "dx": -6},
                "encoding": {"y": place, "x": {"value": 0}, "text": {"field": "label"}},
            },
        ],
    }


def _label(text: str) -> str:
    """As much of a text as fits, in one line."""
    text = one_line(text)
    if columns_of(text) <= LONGEST_LABEL:
        return text
    while columns_of(text) >= LONGEST_LABEL:
        text = text[: -1 if len(text) <= LONGEST_LABEL else LONGEST_LABEL]
    return text + "…"


def _cleaned(svg: str, title: str, texts: list[str]) -> str:
    """Keep what is drawn, known elements and attributes alone, with texts in the place of marks."""
    root = ElementTree.fromstring(svg)
    kept = ElementTree.Element(
        "svg",
        {
            "fill": "none",
            "viewBox": root.attrib["viewBox"],
            "role": "img",
            "aria-label": one_line(title),
        },
    )
    kept.extend(_kept(root, [one_line(text) for text in texts]))
    return ElementTree.tostring(kept, encoding="unicode", short_empty_elements=False)


def _kept(parent: ElementTree.Element, texts: list[str]) -> Iterator[ElementTree.Element]:
    for child in parent:
        name = child.tag.removeprefix(SVG)
        if name not in ELEMENTS or child.get("display") == "none":
            continue
        inside = [*_kept(child, texts)]
        if not (inside or child.text or _is_visible(child)):
            continue
        attributes = {
            key: FRACTION.sub(lambda number: f"{float(number[0]):.1f}", value)
            for key, value in child.attrib.items()
            if key in ATTRIBUTES and value not in NO_CHANGE
        }
        if name == "g" and not attributes:
            yield from inside
            continue
        element = ElementTree.Element(name, attributes)
        mark = MARK.fullmatch(child.text or "")
        element.text = texts[int(mark[1])] if mark else child.text
        element.extend(inside)
        yield element


def _is_visible(element: ElementTree.Element) -> bool:
    """Whether a shape is drawn: a line, or what is filled."""
    return element.get("stroke") is not None or element.get("fill", "none") != "none"

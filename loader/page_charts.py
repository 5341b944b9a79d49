"""The reports of a period -> the charts of the morning page, as data.

Charts over time have reports of their own (time_step); reasons are those of the page's sections.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import duckdb

from .charts import Bar, BarChart, Chart, Panel, Series, TimeChart
from .duration import shown_duration
from .page_words import PageWords
from .report import execute_report

# Rows of a chart of bars
MOST_BARS = 8
# Words of the steps (time_step); a month of DuckDB has 30 days
STEPS = {
    timedelta(minutes=1): "minute",
    timedelta(minutes=10): "ten_minutes",
    timedelta(hours=1): "hour",
    timedelta(days=1): "day",
    timedelta(days=7): "week",
    timedelta(days=30): "month",
}


@dataclass(frozen=True)
class OverTime:
    """A chart to be made of a report over time.

    Attributes:
        report: its name.
        panels: column, key of its words, and colour of each.
        is_of_seconds: whether they are durations; else counts, which have a sum.
    """

    report: str
    panels: tuple[tuple[str, str, str], ...]
    is_of_seconds: bool = False


OVER_TIME = (
    OverTime(
        "traffic_over_time",
        (
            ("message_count", "chart.accepted", "plain"),
            ("sent_count", "column.sent_count", "good"),
            ("deferred_count", "column.deferred_count", "wait"),
            ("bounced_count", "column.bounced_count", "bad"),
            ("rejected_count", "column.rejected_count", "bad"),
        ),
    ),
    OverTime(
        "delays_over_time",
        (
            ("median_delay_seconds", "chart.median", "plain"),
            ("p95_delay_seconds", "chart.p95", "plain"),
        ),
        is_of_seconds=True,
    ),
    OverTime(
        "logins_over_time",
        (
            ("login_count", "term.worked", "good"),
            ("failed_attempt_count", "term.failed", "bad"),
        ),
    ),
)


@dataclass(frozen=True)
class ByReason:
    """A chart to be made of the rows of a section, which are in page_rows.

    Attributes:
        reason: column of the reason.
        kind: of its words.
        series: SQL of its counts, key of its words, and colour of each.
    """

    reason: str
    kind: str
    series: tuple[tuple[str, str, str], ...]


BY_REASON = {
    "rejections_by_cause": ByReason(
        "cause",
        "cause",
        (
            ("rejection_count - put_off_count", "term.refused", "bad"),
            ("put_off_count", "term.put off", "wait"),
        ),
    ),
    "undelivered_by_cause": ByReason(
        "cause",
        "cause",
        (
            ("case when outcome = 'deferred' then attempt_count end", "outcome.deferred", "wait"),
            ("case when outcome <> 'deferred' then attempt_count end", "chart.given_up", "bad"),
        ),
    ),
    "login_failures_by_reason": ByReason(
        "failure", "term", (("attempt_count", "term.failed", "bad"),)
    ),
}
DELAYS = "delays_by_destination"
# What an older mailsql did not have
REPORTS = (*(part.report for part in OVER_TIME), DELAYS)


def read_charts_over_time(
    connection: duckdb.DuckDBPyConnection,
    words: PageWords,
    first: datetime,
    until: datetime | None,
    last: datetime,
) -> list[Chart]:
    """Return the charts over the period that is set, as far as it is within the logs.

    Args:
        connection: whose time zone they are in.
        words: of their language.
        first: beginning.
        until: end of the period.
        last: last moment of the logs.
    """
    row = connection.execute(
        "select begin_of_step(step, ?::timestamptz), begin_of_step(step, last_at) + step, step "
        "from (select main.time_step() as step, "
        "least(?::timestamptz - interval 1 microsecond, ?::timestamptz) as last_at)",
        [first, until, last],
    ).fetchone()
    assert row is not None
    begin, end, step = row
    made = (_over_time(connection, words, chart, begin, end, step) for chart in OVER_TIME)
    return [chart for chart in made if chart is not None]


def _over_time(
    connection: duckdb.DuckDBPyConnection,
    words: PageWords,
    chart: OverTime,
    begin: datetime,
    end: datetime,
    step: timedelta,
) -> Chart | None:
    columns = ", ".join(column for column, _, _ in chart.panels)
    rows = execute_report(
        connection,
        chart.report,
        f"select begins_at, begins_at + main.time_step(), {columns} from reports.{chart.report} "
        "where begins_at is not null",
    ).fetchall()
    panels = []
    for place, (_, key, color) in enumerate(chart.panels, start=2):
        values = tuple(row[place] for row in rows)
        greatest = max((value for value in values if value), default=0)
        if not greatest:
            continue
        name = words.say(key)
        if chart.is_of_seconds:
            peak = shown_duration(greatest, words)
        else:
            name = words.say("chart.sum", name=name, count=f"{sum(filter(None, values)):,}")
            peak = f"{greatest:,}"
        panels.append(Panel(Series(name, color), values, peak))
    if not panels:
        return None
    title = words.say(f"chart.{chart.report}", step=words.say(f"step.{STEPS[step]}"))
    steps = tuple((row[0], row[1]) for row in rows)
    return TimeChart(title, begin, end, steps, tuple(panels))


def read_chart_by_reason(
    connection: duckdb.DuckDBPyConnection, words: PageWords, report: str
) -> list[Chart]:
    """Return the chart of the rows of a report that are in page_rows; none of no rows."""
    chart = BY_REASON[report]
    names = [f"count_{place}" for place in range(len(chart.series))]
    counts = ", ".join(
        f"coalesce(sum({sql}), 0)::bigint as {name}"
        for name, (sql, _, _) in zip(names, chart.series, strict=True)
    )
    rows = connection.execute(
        f"from (select {chart.reason} as reason, {counts} from page_rows group by all) "
        f"order by {' + '.join(names)} desc, reason"
    ).fetchall()
    title = words.say(f"title.{report}")
    keys = tuple(Series(words.say(key), color) for _, key, color in chart.series)
    bars = [(words.name(chart.kind, reason), tuple(counts)) for reason, *counts in rows]
    if len(bars) > MOST_BARS:
        rest = bars[MOST_BARS - 1 :]
        name = words.say("chart.others", count=f"{len(rest):,}")
        sums = tuple(map(sum, zip(*(counts for _, counts in rest), strict=True)))
        bars[MOST_BARS - 1 :] = [(name, sums)]
    return _bars(title, keys, bars, lambda total: f"{total:,}")


def read_chart_of_delays(connection: duckdb.DuckDBPyConnection, words: PageWords) -> list[Chart]:
    """Return the chart of the slowest destinations; none of no deliveries."""
    rows = execute_report(
        connection,
        DELAYS,
        f"select relay_name, p95_delay_seconds from reports.{DELAYS} "
        "where p95_delay_seconds is not null "
        f"order by p95_delay_seconds desc, relay_name limit {MOST_BARS}",
    ).fetchall()
    bars = [
        (words.say("term.unknown") if name is None else name, (seconds,)) for name, seconds in rows
    ]
    return _bars(
        words.say(f"chart.{DELAYS}"),
        (Series(words.say("chart.p95"), "plain"),),
        bars,
        lambda seconds: shown_duration(seconds, words),
    )


def _bars(
    title: str,
    keys: tuple[Series, ...],
    bars: list[tuple[str, tuple[Any, ...]]],
    shown: Callable[[Any], str],
) -> list[Chart]:
    told = tuple(Bar(label, values, shown(sum(values))) for label, values in bars)
    return [BarChart(title, keys, told)] if told else []

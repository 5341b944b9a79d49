"""The reports of a period -> the sections of the morning page, as data.

Each section names its report and what it shows of it; text, HTML and mail are made of the same
sections. Figures come from SQL alone: here they are only placed side by side.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from typing import Any

import duckdb

from .charts import Chart
from .errors import UsageError
from .page_charts import (
    BY_REASON,
    REPORTS,
    read_chart_by_reason,
    read_chart_of_delays,
    read_charts_over_time,
)
from .page_parts import PARTS, SUSPICIONS, Part, Unit
from .page_words import PageWords
from .period import Period, read_period
from .report import execute_report, list_reports
from .scope import Scope, hosts_of, set_period, set_scope
from .statements import quote_identifier
from .tables import shown_bytes

HOURS = 24
# Rows of a list, unless told
TOP = 5
MOST_ROWS = 10_000
# The part of a period that may have no line before its first one
NIGHT = 12
# Hosts and domains named in a heading
NAMED = 4


@dataclass(frozen=True)
class Column:
    """A column of a section.

    Attributes:
        name: of the report's column.
        heading: in the language of the page.
        unit: how its values are written; BELOW: as a line of its own under the row; FIGURE: text
            of a number; BAR: share of the longest; CHANGE: the value now and before.
    """

    name: str
    heading: str
    unit: Unit


@dataclass(frozen=True)
class Section:
    """A part of the page.

    Attributes:
        title: in the language of the page.
        columns: of its table.
        rows: a value for each column; None is nothing. A word stands in the page's language.
        heads: places of rows that those below them are parts of.
        notes: sentences below the table.
    """

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Any, ...], ...]
    heads: frozenset[int] = frozenset()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Page:
    """The whole page.

    Attributes:
        subject: in one line, as of a mail.
        title: heading.
        lines: what it is about: period, hosts, comparison.
        sections: in order.
        words: of its language.
        charts: in order; None if none were asked for.
    """

    subject: str
    title: str
    lines: tuple[str, ...]
    sections: tuple[Section, ...]
    words: PageWords
    charts: tuple[Chart, ...] | None = None


def read_page(
    connection: duckdb.DuckDBPyConnection,
    words: PageWords,
    scope: Scope,
    since: str | None,
    until: str | None,
    *,
    top: int,
    now: datetime,
    has_charts: bool = False,
) -> Page:
    """Return the page of a period.

    Args:
        connection: whose time zone the page is in.
        words: of its language.
        scope: what it is limited to.
        since: beginning of the period, in words (read_period); with until None too, the period is
            yesterday, or the last day that the logs tell of if that is earlier or yesterday has
            no line.
        until: its end.
        top: rows of each list.
        now: current time, aware.
        has_charts: whether it has charts.

    Raises:
        UsageError: the period is not readable, no log tells of the host, or reports are missing.
    """
    known = {name for name, _ in list_reports(connection)}
    needed = {part.report for part in (SUSPICIONS, *PARTS)} | (
        set(REPORTS) if has_charts else set()
    )
    missing = sorted(needed - known)
    if missing:
        raise UsageError(
            f"{', '.join(missing)}: no such report, as in a database of an older mailsql",
            "the next mailsql load or mailsql reparse writes them anew",
        )
    set_scope(connection, scope)
    first, last = _ask(
        connection,
        "select min(logged_at), max(logged_at) from main.raw_lines where on_host(host)",
    )
    period = read_period(connection, since, until, now)
    if since is None and until is None:
        period = _morning(connection, now, last)
    period = Period(
        *_ask(connection, "select ?::timestamptz, ?::timestamptz", period.since, period.until)
    )
    before = _before(connection, period, first, last)
    set_period(connection, period)
    shown = _until_last(period, last)
    zone = _ask(connection, "select current_setting('TimeZone')")[0]
    hosts = hosts_of(connection)
    named = ", ".join(hosts[:NAMED]) + (", ..." if len(hosts) > NAMED else "")
    kind = _kind_of_period(connection, shown)
    named_period = words.say(
        f"period.{kind}", since=_moment(shown.since), until=_moment(shown.until), day=_day(shown)
    )
    lines = [
        words.say(
            "heading.since",
            since=_moment(shown.since) or words.say("beginning"),
            until=_moment(shown.until) or words.say("end"),
            zone=zone,
        )
    ]
    lines += [words.say("heading.hosts", hosts=named)] if hosts else []
    lines += [words.say("heading.domain", domain=scope.domain)] if scope.domain else []
    if before is not None:
        moments = {"since": _moment(before.since), "until": _moment(before.until)}
        is_whole = before.until == period.since
        key = "heading.before" if is_whole else "heading.before_unfinished"
        lines.append(words.say(key, end=_moment(last), **moments))
    elif first is not None and period.since is not None and last > period.since:
        lines.append(words.say("heading.no_before", since=_moment(first)))
    subject = words.say("subject", hosts=scope.host or named or "mailsql", period=named_period)
    title = words.say("heading.day" if kind == "day" else "heading", period=named_period)
    (line_count,) = _ask(
        connection,
        "select count(*) from main.raw_lines where in_period(logged_at) and on_host(host)",
    )
    if not line_count:
        empty = "heading.empty" if scope.host is None else "heading.empty_host"
        lines += ["", words.say(empty, host=scope.host)]
        return Page(subject, title, tuple(lines), (), words, () if has_charts else None)
    sections = [
        _suspicions(connection, words, top, _options(period, scope)),
        *_totals(connection, words, period, before),
        _hours(connection, words),
    ]
    own_domains = _own_domains(connection, words, scope)
    charts: list[Chart] = []
    if has_charts:
        begin = first if period.since is None else max(first, period.since)
        charts += read_charts_over_time(connection, words, begin, period.until, last)
        charts += read_chart_of_delays(connection, words)
    for part in PARTS:
        limits = Period(None, period.until) if part.is_of_all_time else period
        set_period(connection, limits)
        made = _sections(connection, words, part, top, _options(limits, scope))
        if part.report == "mail_by_direction":
            made = [replace(section, notes=(own_domains,)) for section in made]
        sections += made
        if has_charts and part.report in BY_REASON:
            charts += read_chart_by_reason(connection, words, part.report)
    set_period(connection, period)
    return Page(
        subject,
        title,
        tuple(lines),
        _told(sections, words),
        words,
        tuple(charts) if has_charts else None,
    )


def _told(sections: list[Section], words: PageWords) -> tuple[Section, ...]:
    """The sections that tell something, and which ones do not."""
    told: list[Section] = []
    silent: list[str] = []
    for place, section in enumerate(sections):
        if place and not section.rows:
            silent += [section.title]
        # A short list is the same in any order
        elif not place or _facts(section) != _facts(sections[place - 1]):
            told.append(section)
    if silent:
        titles = words.say("between").join(silent)
        told.append(Section(words.say("title.silent"), (), (), notes=(titles,)))
    return tuple(told)


def _facts(section: Section) -> tuple[tuple[Column, ...], set[tuple[Any, ...]]]:
    return section.columns, set(section.rows)


def _morning(connection: duckdb.DuckDBPyConnection, now: datetime, last: datetime | None) -> Period:
    """Yesterday, or where that has no line the last day of the logs."""
    yesterday = read_period(connection, "yesterday", "today", now)
    set_period(connection, yesterday)
    has_lines = _ask(
        connection,
        "select count(*) from main.raw_lines where in_period(logged_at) and on_host(host)",
    )[0]
    if has_lines or last is None:
        return yesterday
    begin, end = _ask(
        connection,
        "select ?::timestamptz::date::timestamptz, (?::timestamptz::date + 1)::timestamptz",
        last,
        last,
    )
    return Period(begin, end)


def _before(
    connection: duckdb.DuckDBPyConnection,
    period: Period,
    first: datetime | None,
    last: datetime | None,
) -> Period | None:
    """The same stretch of the period before, by the clock; None where the logs begin later.

    A period, or a day, in which the logs end is compared as far as they go.
    """
    if period.since is None or first is None or last is None:
        return None
    if first >= period.since or last <= period.since:
        return None
    begin, end = _ask(
        connection,
        "select (since - (until - since))::timestamptz, "
        "(since - (until - since) + (least(until, last) - since))::timestamptz from "
        "(select since, last, coalesce(until, "
        "case when since = since::date then last::date + 1 else last end) as until from "
        "(select ?::timestamptz::timestamp as since, ?::timestamptz::timestamp as until, "
        "?::timestamptz::timestamp as last))",
        period.since,
        period.until,
        last,
    )
    # Nights are quiet: the first line may come late
    whole = begin + min((period.since - begin) / NIGHT, timedelta(days=1))
    return Period(begin, end) if first < whole else None


def _totals(
    connection: duckdb.DuckDBPyConnection, words: PageWords, period: Period, before: Period | None
) -> list[Section]:
    """Totals and volumes, beside those of the period before."""
    figures = "select section, figure, amount, share_percent from reports.totals"
    set_period(connection, period)
    now_figures = execute_report(connection, "totals", figures).fetchall()
    now_volumes = _volumes(connection)
    former: dict[tuple[str, str], int] | None = None
    former_volumes: dict[str, int] = {}
    if before is not None:
        set_period(connection, before)
        rows = execute_report(connection, "totals", figures).fetchall()
        former = {(section, figure): amount for section, figure, amount, _ in rows}
        former_volumes = _volumes(connection)
        set_period(connection, period)
    compared = () if former is None else (("before", Unit.COUNT), ("change", Unit.CHANGE))
    columns = _columns(
        words,
        [("figure", Unit.WORD), ("amount", Unit.COUNT), ("share_percent", Unit.PERCENT), *compared],
    )
    rows, heads = [], set()
    for section, figure, amount, share in now_figures:
        is_head = figure == "all"
        if is_head:
            heads.add(len(rows))
        kind = {"messages by state": "state", "delivery attempts": "outcome"}.get(section, "term")
        name = words.say(f"section.{section}") if is_head else words.name(kind, figure)
        row: tuple[Any, ...] = (name, amount, share)
        if former is not None:
            was = former.get((section, figure), 0)
            row += (was, (amount, was))
        rows.append(row)
    volumes = []
    for name, value in now_volumes.items():
        row = (words.say(f"volume.{name}"), _figure(name, value))
        if former is not None:
            was = former_volumes[name]
            row += (_figure(name, was), (value, was))
        volumes.append(row)
    figures_before = () if former is None else (("before", Unit.FIGURE), ("change", Unit.CHANGE))
    volume_columns = _columns(
        words, [("figure", Unit.WORD), ("amount", Unit.FIGURE), *figures_before]
    )
    return [
        Section(words.say("title.totals"), columns, tuple(rows), frozenset(heads)),
        Section(words.say("title.volumes"), volume_columns, tuple(volumes)),
    ]


def _volumes(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    result = execute_report(connection, "volumes", "from reports.volumes")
    names = [column[0] for column in result.description or []]
    return dict(zip(names, result.fetchall()[0], strict=True))


def _figure(name: str, value: int) -> str:
    return shown_bytes(value) if name.endswith("_bytes") else f"{value:,}"


def _hours(connection: duckdb.DuckDBPyConnection, words: PageWords) -> Section:
    """All hours of the day, with a bar of the mail that came."""
    names = ("message_count", "sent_count", "deferred_count", "bounced_count", "rejected_count")
    found = {
        hour: counts
        for hour, *counts in execute_report(
            connection,
            "traffic_per_hour",
            f"select hour, {', '.join(names)} from reports.traffic_per_hour",
        ).fetchall()
    }
    busiest = max((counts[0] for counts in found.values()), default=0)
    columns = [("hour", Unit.COUNT), *((name, Unit.COUNT) for name in names), ("bar", Unit.BAR)]
    rows = []
    for hour in range(HOURS) if found else ():
        counts = found.get(hour, [0] * len(names))
        share = counts[0] / busiest if busiest else 0.0
        # Zeros would hide the others
        rows.append((hour, *(count or None for count in counts), share))
    return Section(words.say("title.traffic_per_hour"), _columns(words, columns), tuple(rows))


def _suspicions(
    connection: duckdb.DuckDBPyConnection, words: PageWords, top: int, options: list[str]
) -> Section:
    """What is odd, with a detail that is a text of the logs or a number of something."""
    rows = execute_report(
        connection,
        SUSPICIONS.report,
        "select suspicion, subject, event_count, detail, last_at, detail_kind, detail_count "
        f"from reports.suspicions limit {top + 1}",
    ).fetchall()
    told = [
        (*row, detail or (words.say(f"detail.{kind}", count=f"{count:,}") if kind else None), at)
        for *row, detail, at, kind, count in rows
    ]
    return _section(words, SUSPICIONS, "title.suspicions", told, top, options)


def _sections(
    connection: duckdb.DuckDBPyConnection,
    words: PageWords,
    part: Part,
    top: int,
    options: list[str],
) -> list[Section]:
    """The first rows of a report, or all; and those of the greatest size."""
    chosen = ", ".join(map(quote_identifier, part.columns))
    source = f"select {chosen} from reports.{quote_identifier(part.report)} where {part.filter}"
    limit = "" if part.is_whole else f" limit {top + 1}"
    title = f"title.{part.report}"
    if not part.is_by_size and part.report not in BY_REASON:
        rows = execute_report(connection, part.report, source + limit).fetchall()
        return [_section(words, part, title, rows, top, options)]
    execute_report(connection, part.report, f"create or replace temp table page_rows as {source}")
    orders = {title: ""}
    if part.is_by_size:
        orders[f"{title}.size"] = " order by size_bytes desc nulls last, rowid"
    return [
        _section(
            words,
            part,
            key,
            connection.execute(f"from page_rows{order}{limit}").fetchall(),
            top,
            options,
        )
        for key, order in orders.items()
    ]


def _section(
    words: PageWords,
    part: Part,
    title: str,
    rows: list[tuple[Any, ...]],
    top: int,
    options: list[str],
) -> Section:
    is_more = not part.is_whole and len(rows) > top
    command = shlex.join(["mailsql", "report", part.report, *options])
    return Section(
        words.say(title),
        _columns(words, part.columns.items()),
        tuple(
            tuple(
                _shown(words, part.words.get(name, "term"), unit, value)
                for (name, unit), value in zip(part.columns.items(), row, strict=True)
            )
            for row in (rows[:top] if is_more else rows)
        ),
        notes=(words.say("more", command=command),) if is_more else (),
    )


def _shown(words: PageWords, kind: str, unit: Unit, value: Any) -> Any:
    if unit is Unit.WORD:
        return words.name(kind, value)
    return words.say("term.unknown") if unit is Unit.NAME and value is None else value


def _options(period: Period, scope: Scope) -> list[str]:
    """What limits a report to what the page is about."""
    limits = {
        "--since": _written(period.since),
        "--until": _written(period.until),
        "--host": scope.host,
        "--domain": scope.domain,
    }
    return [word for option, value in limits.items() if value for word in (option, value)]


def _written(moment: datetime | None) -> str | None:
    if moment is None:
        return None
    clock = moment.replace(tzinfo=None)
    return str(clock.date() if clock.time() == time() else clock)


def _own_domains(connection: duckdb.DuckDBPyConnection, words: PageWords, scope: Scope) -> str:
    """Which domains decide about the direction, and whether they were told; they are set then."""
    domains = scope.local_domains
    if domains is None:
        found = connection.execute(
            "select domain from main.local_domains() order by domain"
        ).fetchall()
        domains = tuple(domain for (domain,) in found)
        # A report need not guess again
        set_scope(connection, replace(scope, local_domains=domains))
    if not domains:
        return words.say("own_domains.none")
    named = ", ".join(domains[:NAMED]) + (", ..." if len(domains) > NAMED else "")
    return words.say(
        f"own_domains.{'guessed' if scope.local_domains is None else 'told'}", domains=named
    )


def _columns(words: PageWords, columns: Iterable[tuple[str, Unit]]) -> tuple[Column, ...]:
    return tuple(Column(name, words.say(f"column.{name}"), unit) for name, unit in columns)


def _moment(moment: datetime | None) -> str:
    return "" if moment is None else moment.replace(tzinfo=None).isoformat(" ", "minutes")


def _until_last(period: Period, last: datetime | None) -> Period:
    """A period that is open ends with the logs, unless it begins after them."""
    if period.until is not None or last is None:
        return period
    is_after = period.since is not None and period.since >= last
    return period if is_after else Period(period.since, last)


def _day(period: Period) -> str:
    return "" if period.since is None else period.since.date().isoformat()


def _kind_of_period(connection: duckdb.DuckDBPyConnection, period: Period) -> str:
    """Which words tell a period: a day by its date, others by the ends that they have."""
    if period.since is None or period.until is None:
        if period.since is not None:
            return "since"
        return "all" if period.until is None else "until"
    (is_day,) = _ask(
        connection,
        "select since = since::date and until = since + interval 1 day from "
        "(select ?::timestamptz::timestamp as since, ?::timestamptz::timestamp as until)",
        period.since,
        period.until,
    )
    return "day" if is_day else "span"


def _ask(connection: duckdb.DuckDBPyConnection, sql: str, *values: object) -> tuple[Any, ...]:
    row = connection.execute(sql, list(values)).fetchone()
    assert row is not None
    return row

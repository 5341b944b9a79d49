"""The reports of a period -> the sections of the morning page, as data.

Each section names its report and what it shows of it; text, HTML and mail are made of the same
sections. Figures come from SQL alone: here they are only placed side by side.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from typing import Any

import duckdb

from .page_words import PageWords
from .period import Period, read_period
from .report import execute_report
from .scope import Scope, hosts_of, set_period, set_scope
from .statements import quote_identifier
from .tables import shown_bytes

HOURS = 24
# Rows of a list, unless told
TOP = 5
# Hosts and domains named in a heading
NAMED = 4


class Unit(Enum):
    """How a value is written, and on which side of its column it stands."""

    TEXT = "text"
    WORD = "word"
    BELOW = "below"
    COUNT = "count"
    FIGURE = "figure"
    BYTES = "bytes"
    SECONDS = "seconds"
    PERCENT = "percent"
    CHANGE = "change"
    TIME = "time"
    BAR = "bar"


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
    """

    subject: str
    title: str
    lines: tuple[str, ...]
    sections: tuple[Section, ...]
    words: PageWords


@dataclass(frozen=True)
class _Part:
    """A section to be made of a report.

    Attributes:
        report: its name.
        columns: names and units of those that are shown.
        words: kinds of words by column, where they are not terms.
        order: SQL that sorts its rows; empty: as the report does.
        filter: SQL that chooses rows.
        is_whole: whether all rows are shown, and not only the first ones.
        is_of_all_time: whether what began before the period counts.
    """

    report: str
    columns: dict[str, Unit]
    words: dict[str, str] = field(default_factory=dict)
    order: str = ""
    filter: str = "true"
    is_whole: bool = False
    is_of_all_time: bool = False

    @property
    def title(self) -> str:
        """Key of its heading."""
        return f"title.{self.report}{'.size' if self.order else ''}"


T, W, N, B = Unit.TEXT, Unit.WORD, Unit.COUNT, Unit.BYTES
BY_SIZE = "size_bytes desc nulls last"
SENDERS = {"sender": T, "message_count": N, "recipient_count": N, "size_bytes": B}
SENDER_DOMAINS = {"domain": T, "message_count": N, "sender_count": N, "size_bytes": B}
RECIPIENTS = {
    "recipient": T,
    "sent_count": N,
    "size_bytes": B,
    "deferred_count": N,
    "bounced_count": N,
}
RECIPIENT_DOMAINS = {
    "domain": T,
    "sent_count": N,
    "size_bytes": B,
    "deferred_count": N,
    "bounced_count": N,
    "mean_delay_seconds": Unit.SECONDS,
    "longest_delay_seconds": Unit.SECONDS,
}
CLIENTS = {
    "client_ip": T,
    "client_name": T,
    "connection_count": N,
    "message_count": N,
    "size_bytes": B,
    "rejection_count": N,
}
PARTS = (
    _Part(
        "mail_by_direction",
        {
            "direction": W,
            "message_count": N,
            "sent_count": N,
            "size_bytes": B,
            "deferred_count": N,
            "bounced_count": N,
        },
        is_whole=True,
    ),
    _Part(
        "rejections_by_cause",
        {
            "cause": W,
            "rejection_count": N,
            "put_off_count": N,
            "client_count": N,
            "last_at": Unit.TIME,
            "last_text": Unit.BELOW,
        },
        {"cause": "cause"},
        is_whole=True,
    ),
    _Part(
        "rejections_by_address",
        {
            "client_ip": T,
            "client_name": T,
            "rejection_count": N,
            "put_off_count": N,
            "last_at": Unit.TIME,
        },
    ),
    _Part(
        "undelivered_by_cause",
        {
            "outcome": W,
            "destination": T,
            "cause": W,
            "attempt_count": N,
            "recipient_count": N,
            "last_text": Unit.BELOW,
        },
        {"outcome": "outcome", "cause": "cause"},
    ),
    _Part(
        "messages_in_queue",
        {
            "queued_at": Unit.TIME,
            "state": W,
            "queue_id": T,
            "sender": T,
            "last_recipient": T,
            "last_reply": Unit.BELOW,
        },
        {"state": "state"},
        is_of_all_time=True,
    ),
    _Part("senders_by_volume", SENDERS),
    _Part("senders_by_volume", SENDERS, order=BY_SIZE),
    _Part("senders_by_domain", SENDER_DOMAINS),
    _Part("senders_by_domain", SENDER_DOMAINS, order=BY_SIZE),
    _Part("recipients_by_volume", RECIPIENTS),
    _Part("recipients_by_volume", RECIPIENTS, order=BY_SIZE),
    _Part("recipients_by_domain", RECIPIENT_DOMAINS),
    _Part("recipients_by_domain", RECIPIENT_DOMAINS, order=BY_SIZE),
    _Part("clients_by_volume", CLIENTS),
    _Part("clients_by_volume", CLIENTS, order=BY_SIZE),
    _Part(
        "delays_by_percentile",
        {
            "percentile": N,
            "delay_seconds": Unit.SECONDS,
            "before_qmgr_seconds": Unit.SECONDS,
            "in_qmgr_seconds": Unit.SECONDS,
            "connection_seconds": Unit.SECONDS,
            "transmission_seconds": Unit.SECONDS,
        },
        is_whole=True,
    ),
    _Part(
        "logins_by_method",
        {
            "protocol": T,
            "method": T,
            "is_tls": W,
            "login_count": N,
            "failed_attempt_count": N,
            "user_count": N,
        },
        is_whole=True,
    ),
    _Part(
        "login_failures_by_reason",
        {
            "protocol": T,
            "failure": W,
            "attempt_count": N,
            "username_count": N,
            "address_count": N,
            "last_at": Unit.TIME,
        },
    ),
    _Part(
        "failed_logins_by_address",
        {
            "client_ip": T,
            "attempt_count": N,
            "username_count": N,
            "protocols": T,
            "last_username": T,
            "last_at": Unit.TIME,
        },
    ),
    _Part(
        "tls_by_protocol",
        {
            "direction": W,
            "is_tls": W,
            "protocol": T,
            "event_count": N,
            "share_percent": Unit.PERCENT,
        },
        {"direction": "direction"},
        is_whole=True,
    ),
    _Part(
        "pop3_use_by_user",
        {
            "username": T,
            "session_count": N,
            "retr_count": N,
            "retr_bytes": B,
            "deleted_count": N,
            "last_mailbox_bytes": B,
        },
    ),
    _Part(
        "imap_use_by_user",
        {
            "username": T,
            "session_count": N,
            "body_count": N,
            "expunged_count": N,
            "in_bytes": B,
            "out_bytes": B,
        },
    ),
    _Part(
        "mailbox_deliveries_by_outcome",
        {
            "action": W,
            "is_sieve": W,
            "delivery_count": N,
            "user_count": N,
            "last_text": Unit.BELOW,
        },
        {"action": "action"},
        is_whole=True,
    ),
    _Part(
        "notices_by_text",
        {
            "severity": W,
            "program": T,
            "notice_count": N,
            "last_at": Unit.TIME,
            "last_text": Unit.BELOW,
        },
        filter="severity <> 'info'",
    ),
    _Part(
        "unknown_lines_by_shape", {"program": T, "line_count": N, "first_line": Unit.BELOW}
    ),
)  # fmt: skip
SUSPICIONS = _Part(
    "suspicions",
    {"suspicion": W, "subject": T, "event_count": N, "detail": T, "last_at": Unit.TIME},
)


def read_page(
    connection: duckdb.DuckDBPyConnection,
    words: PageWords,
    scope: Scope,
    since: str | None,
    until: str | None,
    *,
    top: int,
    now: datetime,
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

    Raises:
        UsageError: the period is not readable, or no log tells of the host.
    """
    set_scope(connection, scope)
    first, last = _ask(
        connection,
        "select min(logged_at), max(logged_at) from main.raw_lines where on_host(host)",
    )
    period = read_period(connection, since, until, now)
    if since is None and until is None:
        period = _morning(connection, now, last)
    before = _before(connection, period, first, last)
    set_period(connection, period)
    zone = _ask(connection, "select current_setting('TimeZone')")[0]
    hosts = hosts_of(connection)
    named = ", ".join(hosts[:NAMED]) + (", ..." if len(hosts) > NAMED else "")
    day = _shown_period(connection, words, Period(period.since, period.until or last))
    lines = [
        words.say(
            "heading.since",
            since=_moment(period.since) or words.say("beginning"),
            until=_moment(period.until or last) or words.say("end"),
            zone=zone,
        )
    ]
    lines += [words.say("heading.hosts", hosts=named)] if hosts else []
    lines += [words.say("heading.domain", domain=scope.domain)] if scope.domain else []
    if before is not None:
        moments = {"since": _moment(before.since), "until": _moment(before.until)}
        lines.append(words.say("heading.before", **moments))
    elif first is not None and period.since is not None:
        lines.append(words.say("heading.no_before", since=_moment(first)))
    subject = words.say("subject", hosts=scope.host or named or "mailsql", period=day)
    title = words.say("heading", period=day)
    if (
        not hosts
        and not _ask(connection, "select count(*) from main.raw_lines where in_period(logged_at)")[
            0
        ]
    ):
        return Page(subject, title, (*lines, "", words.say("heading.empty")), (), words)
    sections = [
        _section(connection, words, SUSPICIONS, top),
        *_totals(connection, words, period, before),
        _hours(connection, words),
    ]
    for part in PARTS:
        if part.is_of_all_time:
            set_period(connection, Period(None, period.until))
        sections.append(_section(connection, words, part, top))
        set_period(connection, period)
    return Page(subject, title, tuple(lines), _told(sections, words), words)


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
        told.append(Section(words.say("title.silent"), (), (), notes=(", ".join(silent),)))
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
    """The period of the same length before, by the clock; None where the logs begin later."""
    end = period.until or last
    if period.since is None or end is None or first is None or end <= period.since:
        return None
    (begin,) = _ask(
        connection,
        "select (since - (until - since))::timestamptz from "
        "(select ?::timestamptz::timestamp as since, ?::timestamptz::timestamp as until)",
        period.since,
        end,
    )
    # A log that begins with the first message of a day tells of the day
    whole = begin + min((period.since - begin) / 24, timedelta(days=1))
    return Period(begin, period.since) if first < whole else None


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
        [("figure", W), ("amount", N), ("share_percent", Unit.PERCENT), *compared],
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
    volume_columns = _columns(words, [("figure", W), ("amount", Unit.FIGURE), *figures_before])
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
    columns = [("hour", Unit.COUNT), *((name, N) for name in names), ("bar", Unit.BAR)]
    rows = []
    for hour in range(HOURS) if found else ():
        counts = found.get(hour, [0] * len(names))
        share = counts[0] / busiest if busiest else 0.0
        # Zeros would hide the others
        rows.append((hour, *(count or None for count in counts), share))
    return Section(words.say("title.traffic_per_hour"), _columns(words, columns), tuple(rows))


def _section(
    connection: duckdb.DuckDBPyConnection, words: PageWords, part: _Part, top: int
) -> Section:
    """The first rows of a report, or all."""
    chosen = ", ".join(map(quote_identifier, part.columns))
    order = f" order by {part.order}" if part.order else ""
    limit = "" if part.is_whole else f" limit {top + 1}"
    rows = execute_report(
        connection,
        part.report,
        f"select {chosen} from reports.{quote_identifier(part.report)} "
        f"where {part.filter}{order}{limit}",
    ).fetchall()
    notes = []
    if not part.is_whole and len(rows) > top:
        rows = rows[:top]
        notes.append(words.say("more", report=part.report))
    if part.report == "mail_by_direction":
        notes.append(_own_domains(connection, words))
    return Section(
        words.say(part.title),
        _columns(words, list(part.columns.items())),
        tuple(
            tuple(
                words.name(part.words.get(name, "term"), value) if unit is W else value
                for (name, unit), value in zip(part.columns.items(), row, strict=True)
            )
            for row in rows
        ),
        notes=tuple(notes),
    )


def _own_domains(connection: duckdb.DuckDBPyConnection, words: PageWords) -> str:
    """Which domains decided about the direction, and whether they were told."""
    domains = [
        domain
        for (domain,) in connection.execute(
            "select domain from main.local_domains() order by domain"
        ).fetchall()
    ]
    if not domains:
        return words.say("own_domains.none")
    (told,) = _ask(connection, "select getvariable('local_domains') is not null")
    named = ", ".join(domains[:NAMED]) + (", ..." if len(domains) > NAMED else "")
    return words.say(f"own_domains.{'told' if told else 'guessed'}", domains=named)


def _columns(words: PageWords, columns: Iterable[tuple[str, Unit]]) -> tuple[Column, ...]:
    return tuple(Column(name, words.say(f"column.{name}"), unit) for name, unit in columns)


def _moment(moment: datetime | None) -> str:
    return "" if moment is None else f"{moment:%Y-%m-%d %H:%M}"


def _shown_period(connection: duckdb.DuckDBPyConnection, words: PageWords, period: Period) -> str:
    """A period in as few words as tell it: a day by its date."""
    begin = _moment(period.since) or words.say("beginning")
    if period.since is not None and period.until is not None:
        (is_day,) = _ask(
            connection,
            "select since = since::date and until = since + interval 1 day from "
            "(select ?::timestamptz::timestamp as since, ?::timestamptz::timestamp as until)",
            period.since,
            period.until,
        )
        if is_day:
            return f"{period.since:%Y-%m-%d}"
    return f"{begin} - {_moment(period.until) or words.say('end')}"


def _ask(connection: duckdb.DuckDBPyConnection, sql: str, *values: object) -> tuple[Any, ...]:
    row = connection.execute(sql, list(values)).fetchone()
    assert row is not None
    return row

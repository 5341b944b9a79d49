"""A time in people's words -> the instant that it names, in the zone of a connection.

A word for a stretch of time (yesterday, last-month, 2026-03) means its beginning. Hours, days and
weeks are 60 minutes, 24 hours and 7 days long, whatever clocks do; only days begin at midnight.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import duckdb

from .errors import UsageError

UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
PERIOD_HELP = (
    "2026-03-05, '2026-03-05 09:15', 2026-03, today, yesterday, monday, last-week, this-month, "
    "24h, '3 days ago', ...; a word for a stretch of time means its beginning."
)


@dataclass(frozen=True)
class Period:
    """From since on, before until; None where it is open."""

    since: datetime | None
    until: datetime | None


@dataclass(frozen=True)
class _Form:
    """A way to write a time.

    Attributes:
        sample: an instance of it.
        pattern: that the whole text, in small letters, matches.
        read: gives, for the match and the wall clock's time, another wall clock's time; or how
            long ago it was.
    """

    sample: str
    pattern: re.Pattern[str]
    read: Callable[[re.Match[str], datetime], datetime | timedelta]


def _midnight(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


def _age(match: re.Match[str]) -> timedelta:
    return timedelta(**{UNITS[match["unit"][0]]: int(match["count"])})


def _day(match: re.Match[str], clock: datetime) -> datetime:
    return _midnight(clock) - timedelta(days=match[0] == "yesterday")


def _weekday(match: re.Match[str], clock: datetime) -> datetime:
    return _midnight(clock) - timedelta(days=(clock.weekday() - WEEKDAYS.index(match[0])) % 7)


def _week(match: re.Match[str], clock: datetime) -> datetime:
    weeks = timedelta(weeks=match["which"] == "last")
    return _midnight(clock) - timedelta(days=clock.weekday()) - weeks


def _month(match: re.Match[str], clock: datetime) -> datetime:
    begin = _midnight(clock).replace(day=1)
    return begin if match["which"] == "this" else (begin - timedelta(days=1)).replace(day=1)


def _year(match: re.Match[str], clock: datetime) -> datetime:
    begin = _midnight(clock).replace(month=1, day=1)
    return begin.replace(year=begin.year - (match["which"] == "last"))


def _month_of(match: re.Match[str], _: datetime) -> datetime:
    return datetime(int(match["year"]), int(match["month"]), 1)


FORMS = tuple(
    _Form(sample, re.compile(pattern), read)
    for sample, pattern, read in (
        ("now", r"now", lambda _match, _clock: timedelta()),
        ("yesterday", r"today|yesterday", _day),
        ("monday", "|".join(WEEKDAYS), _weekday),
        ("last-week", r"(?P<which>this|last)[- ]week", _week),
        ("last-month", r"(?P<which>this|last)[- ]month", _month),
        ("last-year", r"(?P<which>this|last)[- ]year", _year),
        ("24h", r"(?P<count>\d{1,5}) ?(?P<unit>[mhdw])", lambda match, _: _age(match)),
        (
            "3 days ago",
            r"(?P<count>\d{1,5}) (?P<unit>minute|min|hour|day|week)s? ago",
            lambda match, _: _age(match),
        ),
        ("2026-03", r"(?P<year>[12]\d{3})-(?P<month>0[1-9]|1[0-2])", _month_of),
    )
)
# What the engine reads: a day, a time of it, an offset (ISO 8601)
WRITTEN_TIME = re.compile(r"[12]\d{3}-\d\d-\d\d(?:[ t].*)?")


def read_period(
    connection: duckdb.DuckDBPyConnection, since: str | None, until: str | None, now: datetime
) -> Period:
    """Return the period between two times in people's words.

    Args:
        connection: whose time zone the words are in.
        since: its beginning; None: there is none.
        until: its end, which is no part of it; None: there is none.
        now: current time, aware.

    Raises:
        UsageError: a time is not readable, or until is not after since.
    """
    begin = None if since is None else read_time(connection, since, now)
    end = None if until is None else read_time(connection, until, now)
    if begin is not None and end is not None and end <= begin:
        raise UsageError(
            f"until before since: {until} is {end:%Y-%m-%d %H:%M:%S}, {since} is "
            f"{begin:%Y-%m-%d %H:%M:%S}",
            "a word for a stretch of time means its beginning, also for --until",
        )
    return Period(begin, end)


def read_time(connection: duckdb.DuckDBPyConnection, text: str, now: datetime) -> datetime:
    """Return the instant that a text names, in the zone of the connection unless it has an offset.

    Args:
        connection: whose time zone the words are in.
        text: in one of FORMS, or a date, with a time and an offset (ISO 8601) or without.
        now: current time, aware.

    Raises:
        UsageError: it is not readable.
    """
    words = " ".join(text.lower().split())
    clock: datetime = _ask(connection, "select ?::timestamptz::timestamp", now)
    for form in FORMS:
        match = form.pattern.fullmatch(words)
        if match is not None:
            found = form.read(match, clock)
            if isinstance(found, timedelta):
                return now - found
            instant: datetime = _ask(connection, "select ?::timestamp::timestamptz", found)
            return instant
    if WRITTEN_TIME.fullmatch(words):
        written = _ask(connection, "select try_cast(? as timestamptz)", words.upper())
        if isinstance(written, datetime):
            return written
    samples = ", ".join(form.sample for form in FORMS)
    raise UsageError(f"{text}: not a time", f"2026-02-03, '2026-02-03 09:15', {samples}")


def _ask(connection: duckdb.DuckDBPyConnection, sql: str, value: object) -> Any:
    row = connection.execute(sql, [value]).fetchone()
    assert row is not None
    return row[0]

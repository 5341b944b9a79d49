"""Times in people's words, by a clock that stands still."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import duckdb
import pytest

from mailsql.errors import UsageError
from mailsql.period import FORMS, Period, read_period, read_time

pytestmark = pytest.mark.newest

# Thursday, 5 March 2026, a quarter past nine in Tokyo
NOW = datetime(2026, 3, 5, 0, 15, tzinfo=UTC)
IN_TOKYO = {
    "now": "2026-03-05 09:15",
    "today": "2026-03-05",
    "Yesterday": "2026-03-04",
    "monday": "2026-03-02",
    "thursday": "2026-03-05",
    "Friday": "2026-02-27",
    "this-week": "2026-03-02",
    "last week": "2026-02-23",
    "last-week": "2026-02-23",
    "this-month": "2026-03-01",
    "last month": "2026-02-01",
    "this-year": "2026-01-01",
    "last-year": "2025-01-01",
    "1 hour ago": "2026-03-05 08:15",
    "30 minutes ago": "2026-03-05 08:45",
    "  3  Days ago ": "2026-03-02 09:15",
    "2 weeks ago": "2026-02-19 09:15",
    "90m": "2026-03-05 07:45",
    "24h": "2026-03-04 09:15",
    "7d": "2026-02-26 09:15",
    "2w": "2026-02-19 09:15",
    "2026-03": "2026-03-01",
    "2025-12": "2025-12-01",
    "2026-03-05": "2026-03-05",
    "2026-03-05 09:15": "2026-03-05 09:15",
    "2026-03-05T09:15:30": "2026-03-05 09:15:30",
    "2026-03-05T09:15:00+01:00": "2026-03-05 17:15",
    "2026-03-05T00:15:00Z": "2026-03-05 09:15",
}


def connect(zone: str) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute("set TimeZone = ?", [zone])
    return connection


@pytest.mark.parametrize("text", IN_TOKYO)
def test_a_time_is_read_in_the_zone(text):
    expected = datetime.fromisoformat(IN_TOKYO[text]).replace(tzinfo=ZoneInfo("Asia/Tokyo"))
    assert read_time(connect("Asia/Tokyo"), text, NOW) == expected


def test_every_form_reads_its_sample():
    for form in FORMS:
        assert form.pattern.fullmatch(form.sample)
        assert any(form.pattern.fullmatch(text.lower().strip()) for text in IN_TOKYO)


@pytest.mark.parametrize(
    "text",
    ["", "soon", "infinity", "epoch", "2026-13", "2026-02-30", "0000-01-01", "5", "h", "3 days"],
)
def test_what_is_no_time_is_refused_with_the_forms(text):
    with pytest.raises(UsageError, match="not a time") as refused:
        read_time(connect("UTC"), text, NOW)
    for form in FORMS:
        assert form.sample in str(refused.value.hint)


def test_the_longest_ages_are_still_times():
    assert read_time(connect("UTC"), "99999w", NOW).year == 109


def test_days_begin_at_midnight_and_hours_are_hours_when_clocks_change():
    """Berlin's clocks went forward on 29 March and go back on 25 October 2026."""
    berlin = connect("Europe/Berlin")
    spring = datetime(2026, 3, 30, 10, tzinfo=UTC)
    assert read_time(berlin, "yesterday", spring) == datetime(2026, 3, 28, 23, tzinfo=UTC)
    assert read_time(berlin, "today", spring) == datetime(2026, 3, 29, 22, tzinfo=UTC)
    assert read_time(berlin, "24h", spring) == datetime(2026, 3, 29, 10, tzinfo=UTC)
    autumn = datetime(2026, 10, 26, 10, tzinfo=UTC)
    assert read_time(berlin, "yesterday", autumn) == datetime(2026, 10, 24, 22, tzinfo=UTC)
    assert read_time(berlin, "1 day ago", autumn) == datetime(2026, 10, 25, 10, tzinfo=UTC)


def test_a_period_is_two_instants():
    tokyo = connect("Asia/Tokyo")
    assert read_period(tokyo, None, None, NOW) == Period(None, None)
    assert read_period(tokyo, "yesterday", "today", NOW) == Period(
        datetime(2026, 3, 3, 15, tzinfo=UTC), datetime(2026, 3, 4, 15, tzinfo=UTC)
    )


@pytest.mark.parametrize("until", ["yesterday", "last-week"])
def test_an_end_that_is_not_after_the_beginning_is_refused(until):
    with pytest.raises(UsageError, match=f"until before since: {until} is 2026-"):
        read_period(connect("UTC"), "yesterday", until, NOW)

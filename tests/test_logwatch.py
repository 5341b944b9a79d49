"""logwatch's scripts print what the tables say, but for what docs/numbers.md explains."""

import os
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

import mailsql
from mailsql.scope import Scope, set_scope
from tests.conftest import NOW, load
from tests.documented import differing_figures, documented, documented_lists
from tests.summaries import (
    DOVECOT,
    SAMPLES,
    Numbers,
    dovecot_counters,
    logwatch_numbers,
    missing_programs,
    postfix_sections,
    with_bsd_stamps,
)

pytestmark = [
    pytest.mark.newest,
    pytest.mark.skipif(
        "logwatch" in missing_programs(), reason="logwatch is not installed: apt-get installs it"
    ),
]

HERE = Path(__file__).parent
MADE_UP = HERE / "numbers" / "mail.log"
# Each number of the scripts that can be more than zero is so in one of these
LOGS = (*SAMPLES, MADE_UP)
POSTFIX_HEADING, DOVECOT_HEADING = HEADINGS = ("logwatch, Postfix", "logwatch, Dovecot")
ROWS = [row for heading in HEADINGS for row in documented(heading)]
LISTS = {name: sql for heading in HEADINGS for name, sql in documented_lists(heading).items()}
# Postfix never writes this, or the script forgets it
NEVER = {
    *(
        f"{code} Reject {part}"
        for code in ("4xx", "Warn")
        for part in ("header", "body", "content")
    ),
    *(f"Warn Reject {part}" for part in ("message size", "milter", "proxy")),
    "TLS Initialization failed",
}
# That of what was made up
HOST = "mx3"
# Two digits are printed
ROUNDED = 0.0051
PERCENTILES = "[0, 0.25, 0.5, 0.75, 0.9, 0.95, 0.98, 1]"
DELAYS = {
    "Before qmgr": "before_qmgr_seconds",
    "In qmgr": "in_qmgr_seconds",
    "Conn setup": "connection_seconds",
    "Transmission": "transmission_seconds",
    "Total": "delay_seconds",
}


@pytest.fixture(scope="module")
def printed() -> Numbers:
    return logwatch_numbers([log.read_text() for log in LOGS])


@pytest.fixture(scope="module")
def printed_of_one_host() -> Numbers:
    return logwatch_numbers([MADE_UP.read_text()])


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    directory = tmp_path_factory.mktemp("logs")
    # As one log they load the sooner
    log = directory / "mail.log"
    log.write_text("".join(with_bsd_stamps(log.read_text()) for log in LOGS))
    os.utime(log, (NOW.timestamp(), NOW.timestamp()))
    load([log], directory / "mail.duckdb")
    with mailsql.open_database(directory / "mail.duckdb") as connection:
        connection.execute("set TimeZone = 'UTC'")
        yield connection


def test_the_document_names_every_number_that_the_scripts_can_print() -> None:
    rows = documented(POSTFIX_HEADING)
    assert {(row.name, row.title) for row in rows} == postfix_sections()
    # How many addresses a user came from, which only decides whether a sum is printed
    counted = dovecot_counters() - {"NumHosts"}
    rows = documented(DOVECOT_HEADING)
    assert {row.name for row in rows} == counted
    text = DOVECOT.read_text()
    assert all(row.title in text for row in rows)


def test_every_number_is_the_documented_one(
    loaded: duckdb.DuckDBPyConnection, printed: Numbers
) -> None:
    assert differing_figures(loaded, ROWS, printed.totals) == {}


def test_nothing_is_printed_that_the_document_does_not_name(printed: Numbers) -> None:
    assert set(printed.totals) <= {row.title for row in ROWS}


def test_every_number_occurs(printed: Numbers) -> None:
    assert {row.title for row in ROWS if row.here and not printed.totals[row.title]} == NEVER


@pytest.mark.parametrize("name", LISTS)
def test_what_makes_up_a_number_is_the_same(
    name: str, loaded: duckdb.DuckDBPyConnection, printed: Numbers
) -> None:
    # Of three figures, the first
    title = next(row.title for row in ROWS if row.name == name)
    found = loaded.execute(LISTS[name]).fetchall()
    assert found
    assert dict(found) == dict(printed.parts[title])


def test_directions_are_those_of_the_mail(
    loaded: duckdb.DuckDBPyConnection, printed_of_one_host: Numbers
) -> None:
    own = ("example.com", "virtual.example.com", "mx1.example.com")
    set_scope(loaded, Scope(host=HOST, local_domains=own))
    found = dict(
        loaded.execute("select direction, sent_count from reports.mail_by_direction").fetchall()
    )
    set_scope(loaded, Scope())
    # To its own mailboxes; a notice to its own user, and a fax; a bounce and a login's mail; a list
    assert found == {"in": 2, "internal": 2, "out": 2, "relayed": 1}
    totals = printed_of_one_host.totals
    assert found["out"] + found["relayed"] == totals["Sent via SMTP"]
    assert found["in"] + found["internal"] == totals["Sent via LMTP"] + totals["Delivered"]


def test_percentiles_of_delays_are_the_same(
    loaded: duckdb.DuckDBPyConnection, printed: Numbers
) -> None:
    assert set(printed.percentiles) == set(DELAYS)
    for part, expected in printed.percentiles.items():
        found = loaded.execute(
            f"select quantile_cont({DELAYS[part]}, {PERCENTILES}) from deliveries where host = ?",
            [HOST],
        ).fetchall()
        assert found == [(pytest.approx(expected, abs=ROUNDED),)]


def test_percentiles_of_the_report_are_of_what_was_delivered(
    loaded: duckdb.DuckDBPyConnection,
) -> None:
    shown = loaded.execute(
        "select percentile, delay_seconds from reports.delays_by_percentile"
    ).fetchall()
    expected = loaded.execute(
        f"select unnest({PERCENTILES})::double * 100, "
        f"unnest(quantile_cont(delay_seconds, {PERCENTILES})) from deliveries where status = 'sent'"
    ).fetchall()
    assert shown == [pytest.approx(row, abs=ROUNDED) for row in expected]

"""Numbers add up, are those of the tables, and are pflogsumm's where docs/numbers.md says so."""

import os
import re

import pytest

import mailsql
from bench.generate import generate
from mailsql.period import Period
from mailsql.scope import Scope, set_period, set_scope
from tests.conftest import NOW, load
from tests.documented import NUMBERS, documented, figure_of_other, text_below
from tests.summaries import (
    KIBI,
    SAMPLES,
    missing_programs,
    pflogsumm_numbers,
    pflogsumm_text,
    pflogsumm_titles,
)
from tests.test_reports import REPORTS

pytestmark = pytest.mark.newest

TOTALS = documented("pflogsumm's totals")
LINES = 6000
needs_pflogsumm = pytest.mark.skipif(
    "pflogsumm" in missing_programs(), reason="pflogsumm is not installed: apt-get installs it"
)


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    path = tmp_path_factory.mktemp("log") / "mail.log"
    path.write_text("".join(line + "\n" for line in generate(LINES, seed=5, per_second=20)))
    os.utime(path, (NOW.timestamp(), NOW.timestamp()))
    return path


@pytest.fixture(scope="module")
def generated(log):
    load([log], log.parent / "mail.duckdb")
    with mailsql.open_database(log.parent / "mail.duckdb") as connection:
        connection.execute("set TimeZone = 'UTC'")
        yield connection


@pytest.fixture(scope="module")
def samples(tmp_path_factory):
    database = tmp_path_factory.mktemp("samples") / "mail.duckdb"
    load(SAMPLES, database)
    with mailsql.open_database(database) as connection:
        connection.execute("set TimeZone = 'UTC'")
        yield connection


@pytest.fixture(scope="module")
def summary(log):
    return pflogsumm_text([log])


@pytest.fixture(scope="module")
def summary_of_samples():
    return pflogsumm_text(SAMPLES)


def one(connection, sql):
    (value,) = connection.execute(sql).fetchone()
    return value


def totals(connection):
    return {
        (section, figure): amount
        for section, figure, amount, _ in connection.execute("from reports.totals").fetchall()
    }


@pytest.mark.parametrize("name", ["generated", "samples"])
def test_totals_add_up_and_are_those_of_the_tables(name, request):
    connection = request.getfixturevalue(name)
    found = totals(connection)
    for section in {section for section, _ in found}:
        parts = [found[key] for key in found if key[0] == section and key[1] != "all"]
        assert sum(parts) == found[section, "all"], section
    accepted = "from messages where is_mail_accepted(origin, state)"
    assert found["messages by origin", "all"] == one(connection, f"select count(*) {accepted}")
    assert found["messages by state", "all"] == found["messages by origin", "all"]
    for section, sql in {
        "delivery attempts": "select count(*) from deliveries",
        "decisions": "select sum(occurrences) from rejections",
        "connections": "select count(*) from connections where daemon = 'smtpd'",
        "lines": "select count(*) from raw_lines",
    }.items():
        assert found[section, "all"] == one(connection, sql), section


TRAFFIC = ("traffic_per_hour", "traffic_per_weekday", "traffic_per_day", "traffic_over_time")


@pytest.mark.parametrize("name", ["generated", "samples"])
def test_reports_of_the_same_thing_have_the_same_sum(name, request):
    connection = request.getfixturevalue(name)
    sums = {
        "message_count": TRAFFIC,
        "sent_count": (
            *TRAFFIC,
            "recipients_by_volume", "recipients_by_domain", "mail_by_direction",
        ),
        "rejected_count": TRAFFIC,
        "rejection_count": ("rejections_by_cause", "rejections_by_address"),
        "connection_count": ("connections_per_hour", "connections_per_day"),
    }  # fmt: skip
    for column, reports in sums.items():
        found = {
            report: one(connection, f"select sum({column}) from reports.{report}")
            for report in reports
        }
        assert len(set(found.values())) == 1, found
    refused = one(connection, "select sum(rejection_count) from reports.rejections_by_cause")
    assert refused == one(connection, "select sum(rejected_count) from reports.traffic_per_day")


def test_two_halves_of_a_period_add_up(samples):
    middle = one(samples, "select median(logged_at) from raw_lines")
    whole = totals(samples)
    halves = []
    for period in (Period(None, middle), Period(middle, None)):
        set_period(samples, period)
        halves.append(totals(samples))
    set_period(samples, Period(None, None))
    for key in whole:
        assert sum(half.get(key, 0) for half in halves) == whole[key], key


def test_hosts_add_up(samples):
    whole = totals(samples)
    hosts = [host for (host,) in samples.execute("select distinct host from raw_lines").fetchall()]
    assert len(hosts) > 1
    parts = []
    for host in hosts:
        set_scope(samples, Scope(host=host))
        parts.append(totals(samples))
    set_scope(samples, Scope())
    for key in whole:
        assert sum(part.get(key, 0) for part in parts) == whole[key], key


@needs_pflogsumm
@pytest.mark.parametrize(
    ("name", "printed"), [("generated", "summary"), ("samples", "summary_of_samples")]
)
def test_pflogsumm_has_the_numbers_that_are_documented(name, printed, request):
    connection = request.getfixturevalue(name)
    found = pflogsumm_numbers(request.getfixturevalue(printed))
    for row in TOTALS:
        if row.here:
            number, is_in_k = found[row.title]
            assert abs(figure_of_other(connection, row) - number) < (KIBI if is_in_k else 1), row


@needs_pflogsumm
def test_the_document_names_all_that_pflogsumm_can_print():
    named = {row.title for row in TOTALS}
    tables = text_below("pflogsumm's tables")
    unnamed = {title for title in pflogsumm_titles() - named if title not in tables}
    assert unnamed == {"Grand Totals"}


@needs_pflogsumm
def test_pflogsumm_has_the_same_domains(generated, summary):
    part = re.split(r"Message Delivery *\n", summary)[1].partition("\n\n")[0]
    expected = {
        domain: (int(count), int(defers))
        for count, defers, domain in re.findall(
            r"^ +(\d+) +\d+k? +(\d+) .* s +(\S+)$", part, re.MULTILINE
        )
    }
    found = generated.execute(
        "select domain, sent_count, deferred_count from reports.recipients_by_domain"
    ).fetchall()
    assert {domain: tuple(counts) for domain, *counts in found} == expected


@needs_pflogsumm
def test_pflogsumm_has_the_same_senders_and_recipients(generated, summary):
    for title, sql in (
        ("Senders", "select sender, message_count from reports.senders_by_volume"),
        ("Recipients", "select recipient, sent_count from reports.recipients_by_volume"),
    ):
        part = summary.partition(f"{title} by message count\n")[2].partition("\n\n")[0]
        expected = {name: int(count) for count, name in re.findall(r"^ +(\d+) +(\S+)$", part, re.M)}
        expected.pop("from=<>", None)
        assert expected
        found = {
            name: count
            for name, count in generated.execute(sql).fetchall()
            if count and name != "<>"
        }
        assert found == expected


def test_reports_that_the_document_names_exist_and_none_is_left_out():
    named = set(re.findall(r"`(\w+)`", NUMBERS))
    mentioned = set(re.findall(r"reports\.(\w+)", NUMBERS)) | named
    unnamed = set(REPORTS) - mentioned
    # Of mailsql's own making: neither of the others has their like
    assert unnamed == {
        "accounts_sending_more",
        "addresses_to_block",
        "delays_over_time",
        "dmarc_failures_by_domain",
        "logins_by_address",
        "logins_by_network",
        "logins_far_apart",
        "logins_from_new_networks",
        "logins_over_time",
        "logins_without_tls",
        "mail_by_direction",
        "mail_left_by_user",
        "password_guessing_by_address",
        "password_guessing_by_network",
        "password_guessing_by_user",
        "relay_denied_by_address",
        "scores_over_time",
        "spam_delivered",
        "spam_sources",
        "suspicions",
        "viruses_by_sender",
    }
    tables = re.findall(r"^\| [^|]+ \| (`\w+`[^|]*) \|$", NUMBERS, re.MULTILINE)
    reports = {name for cell in tables for name in re.findall(r"`(\w+_(?:by|per)_\w+)`", cell)}
    assert reports <= set(REPORTS)

"""Rows of each table go when they are as old as the configuration lets them be, after their lines;
what is left leads to nothing that is gone, and stays so when rows are derived again.
"""

import csv
import io
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest
from typer.testing import CliRunner

from bench.generate import generate
from mailsql.cli import app
from mailsql.database import open_database
from mailsql.errors import UsageError
from mailsql.prune import count_prunable, prune
from mailsql.reparse import derive_anew
from mailsql.retention import aged_tables, read_cutoffs, read_retention
from mailsql.table_list import tables
from tests.conftest import NOW, load
from tests.test_prune import ask, is_right, rows

pytestmark = pytest.mark.newest

LINE_COUNT = 600
OVER = {
    name: table.over or table.time
    for name, table in tables().items()
    if table.holds == "facts" and table.time
}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A database, its first and last time."""
    place = tmp_path_factory.mktemp("retention")
    log, database = place / "mail.log", place / "mail.duckdb"
    log.write_text("".join(f"{line}\n" for line in generate(LINE_COUNT, seed=3, per_second=2)))
    load([log], database)
    return database, *ask(database, "select min(logged_at), max(logged_at) from raw_lines")[0]


@pytest.fixture
def copy(made, tmp_path):
    return Path(shutil.copy(made[0], tmp_path / "mail.duckdb"))


def prune_by_age(database, lines, cutoffs):
    return prune(database, lines, lambda _: None, now=NOW, lines_only=True, cutoffs=cutoffs)


def test_rows_of_a_table_go_when_its_time_comes_and_do_not_come_back(made, copy):
    _, first, last = made
    middle, early = first + (last - first) / 2, first + (last - first) / 4
    cutoffs = {"queue_events": early, "logins": middle}
    before = rows(copy)
    gone = prune_by_age(copy, middle, cutoffs)
    after = rows(copy)
    for name in OVER:
        lost = {key for key, _ in before[name]} - {key for key, _ in after[name]}
        assert len(lost) == gone.rows.get(name, 0)
        assert bool(lost) == (name in cutoffs), name
    for name, cutoff in cutoffs.items():
        old = (
            f"{OVER[name]} < ? and {tables()[name].key[0]} not in (select line_key from raw_lines)"
        )
        assert ask(copy, f"from {name} where {old}", cutoff) == []
        assert ask(copy, f"from {name} where not ({old})", cutoff) != []
    told = ask(copy, "select what, before, line_count, row_count from prunings order by batch_key")
    assert told == [
        ("lines", middle, gone.line_count, 0),
        *((name, cutoff, 0, gone.rows[name]) for name, cutoff in cutoffs.items()),
    ]
    is_right(copy)
    # The same once more changes nothing
    whole = copy.read_bytes()
    assert prune_by_age(copy, middle, cutoffs).rows == {}
    assert copy.read_bytes() == whole


@pytest.mark.long
def test_one_age_for_all_is_the_same_as_pruning_before_a_time(made, copy):
    _, first, last = made
    middle = first + (last - first) / 2
    other = Path(shutil.copy(copy, copy.with_name("other.duckdb")))
    prune(other, middle, lambda _: None, now=NOW)
    prune_by_age(copy, middle, dict.fromkeys(aged_tables(), middle))
    assert rows(copy) == rows(other)
    runs = "select first_line_key, last_line_key, has_rows from pruned_lines order by all"
    assert ask(copy, runs) == ask(other, runs)


@pytest.mark.long
def test_what_is_left_leads_to_nothing_that_is_gone(made, copy):
    _, first, last = made
    middle, early = first + (last - first) / 2, first + (last - first) / 4
    lines = "select count(*) from raw_lines"
    prune_by_age(copy, middle, {"deliveries": early})
    left = ask(copy, lines)
    # Lines are gone before: only rows go
    gone = prune_by_age(copy, middle, {"connections": early, "messages": middle})
    assert ask(copy, lines) == left
    assert gone.line_count == 0
    # They cannot be without their message
    assert gone.rows["deliveries"] > 0
    assert gone.rows["queue_events"] > 0
    assert "rejections" not in gone.rows
    is_right(copy)
    after = rows(copy)
    derive_anew(copy, lambda _: None)
    assert rows(copy) == after
    assert ask(copy, "from connections where message_count = 0 and disconnected_at < ?", middle)


def test_a_command_prunes_what_the_configuration_says(copy, tmp_path, monkeypatch):
    config = tmp_path / "config.toml"
    monkeypatch.setenv("MAILSQL_CONFIG", str(config))
    monkeypatch.setenv("MAILSQL_DB", str(copy))

    def run(*arguments):
        done = CliRunner().invoke(app, arguments)
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        return done

    def table(text):
        return [tuple(row) for row in csv.reader(io.StringIO(text))][1:]

    config.write_text("")
    with pytest.raises(UsageError, match=r"neither --before nor \[retention\]"):
        run("prune")
    config.write_text("[retention]\nlines = '2 days'\nlogins = '1 week'\ndefault = '200 years'\n")
    assert table(run("config", "--format", "csv").stdout)[-16:][:4] == [
        ("retention.lines", "2 days", "file"),
        ("retention.connections", "200 years", "default"),
        ("retention.messages", "200 years", "default"),
        ("retention.deliveries", "200 years", "default"),
    ]
    with pytest.raises(UsageError, match="--lines is for --before"):
        run("prune", "--lines")
    before = copy.read_bytes()
    dry = table(run("prune", "--dry-run", "--format", "csv").stdout)
    assert copy.read_bytes() == before
    counts = {what: int(count) for what, _, count in dry}
    assert list(counts) == ["lines", "logins"]
    told = run("prune").stderr
    assert f"{counts['lines']:,} lines and {counts['logins']:,} rows pruned" in told
    assert ask(copy, "select what, line_count + row_count from prunings order by batch_key") == [
        *counts.items()
    ]
    assert "nothing to prune" in run("prune").stderr


@pytest.mark.long
def test_what_would_go_is_what_goes(made, copy):
    _, first, last = made
    with open_database(copy, timezone="UTC") as connection:
        told = count_prunable(connection, first + (last - first) / 2)
    gone = prune(copy, first + (last - first) / 2, lambda _: None, now=NOW)
    assert (told.line_count, told.rows) == (gone.line_count, gone.rows)


def test_lines_go_no_later_than_rows():
    ages = read_retention({"default": "2 years", "logins": "12 weeks"})
    assert ages.lines == "12 weeks"
    assert ages.tables["messages"] == "2 years"
    now = datetime(2028, 2, 29, 12, tzinfo=UTC)
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        found = read_cutoffs(connection, ages, now)
    assert found.lines == found.tables["logins"] == now - timedelta(weeks=12)
    assert found.tables["messages"] == datetime(2026, 2, 28, 12, tzinfo=UTC)
    alone = read_retention({"lines": "1 day"})
    assert (alone.lines, alone.tables) == ("1 day", {})


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        (9, "not a table of ages"),
        ({}, "not a table of ages"),
        ({"mails": "1 year"}, "mails: none of lines, default, connections, messages, "),
        ({"log_files": "1 year"}, "log_files: none of "),
        ({"logins": 90}, "logins: 90: not a number of days, weeks, months or years"),
        ({"logins": "90d"}, "logins: 90d: not a number"),
        ({"logins": "0 days"}, "logins: 0 days: not a number"),
        ({"lines": "1 year", "logins": "90 days"}, "logins: 90 days: lines stay for 1 year"),
        ({"lines": "1 year", "default": "90 days"}, "default: 90 days: lines stay for 1 year"),
    ],
)
def test_what_cannot_be_is_said(said, fault):
    with pytest.raises(ValueError, match=fault):
        read_retention(said)

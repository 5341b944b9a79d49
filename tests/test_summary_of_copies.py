"""How copies are said: in the summary of a load, in the status, and in an export's manifest."""

import json
from pathlib import Path

import pytest

import mailsql
from mailsql.export import export
from mailsql.status import describe_load, describe_status
from tests.conftest import NOW, load
from tests.test_cli import mailsql as run
from tests.test_copies_by_name import (
    doubled,
    happened,
    lines_of,
    standard_input,
    text_of,
    write,
)

pytestmark = pytest.mark.newest


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "mail.duckdb"


def summary(database: Path, *names: str, **options) -> list[str]:
    """What is said of the logs of a load, and then of all lines."""
    directory = database.parent
    loaded = load(
        [name if name == "-" else directory / name for name in names], database, **options
    )
    with mailsql.open_database(database) as connection:
        text = describe_load(connection, loaded, database)
    return [
        line.replace(f"{directory}/", "").strip()
        for line in text.splitlines()
        if " lines" in line or "nothing new" in line or "copies" in line
    ]


@pytest.fixture
def logs(tmp_path: Path) -> dict[str, Path]:
    """Debian's logs of two rounds: syslog has the most lines in two seconds, mail.log in others."""
    return {
        name: write(tmp_path / name, lines_of(happened(2), name))
        for name in ("mail.log", "mail.warn", "mail.err", "syslog")
    }


def test_a_log_alone_has_no_copies(database, logs):
    assert summary(database, "mail.log") == [
        "mail.log: 28 lines",
        "28 lines added to mail.duckdb, which now holds:",
        "28  lines",
    ]


def test_copies_name_the_logs_whose_lines_count(database, logs):
    assert summary(database, *logs)[:4] == [
        "mail.err: 2 lines, all of them copies of lines in mail.log",
        "mail.log: 28 lines, 6 of them copies of lines in syslog",
        "mail.warn: 8 lines, all of them copies of lines in mail.log and syslog",
        "syslog: 30 lines, 22 of them copies of lines in mail.log",
    ]


def test_copies_of_lines_of_several_logs_name_the_one_with_most(database, tmp_path):
    lines = lines_of(happened(5))
    for number, part in enumerate((lines[:28], lines[28:42], lines[42:56]), 1):
        load([write(tmp_path / f"part{number}", part)], database)
    write(tmp_path / "two", lines[1:42])
    write(tmp_path / "all", lines[2:])
    assert summary(database, "two")[0] == (
        "two: 41 lines, all of them copies of lines in part1 and part2"
    )
    assert summary(database, "all")[0] == (
        "all: 68 lines, 54 of them copies of lines in part1 and 2 other logs"
    )


def test_what_counts_in_standard_input_is_said_so(database, tmp_path):
    lines = lines_of(happened(2))
    with standard_input(text_of(lines), tmp_path):
        load(["-"], database)
    write(tmp_path / "mail.warn", lines_of(happened(2), "mail.warn"))
    assert summary(database, "mail.warn")[0] == (
        "mail.warn: 8 lines, all of them copies of lines in standard input"
    )


def test_lines_that_are_copies_since_are_counted_with_all(database, logs):
    assert summary(database, "mail.warn")[0] == "mail.warn: 8 lines"
    assert summary(database, "mail.log") == [
        "mail.log: 28 lines",
        "28 lines added to mail.duckdb, which now holds:",
        "36  lines",
        "8  copies of others",
    ]


def test_more_of_a_log_tells_the_copies_among_the_new_lines(database, tmp_path):
    events = happened(4)
    write(tmp_path / "mail.log", lines_of(events))
    write(tmp_path / "mail.warn", lines_of(events[:28], "mail.warn"))
    summary(database, "mail.log", "mail.warn")
    write(tmp_path / "mail.warn", lines_of(events, "mail.warn"))
    assert summary(database, "mail.warn")[0] == (
        "mail.warn: 8 more lines, all of them copies of lines in mail.log"
    )
    assert summary(database, "mail.warn")[0] == "mail.warn: nothing new"


def test_a_doubled_log_is_said_until_it_is_told(database, tmp_path):
    write(tmp_path / "mail.log", doubled(lines_of(happened(2))))
    doubt = (
        "; each line stands there twice and counts twice: if a rule of syslog writes it twice, "
        "load it with --once"
    )
    assert summary(database, "mail.log")[0] == f"mail.log: 56 lines{doubt}"
    other = tmp_path / "other.duckdb"
    assert summary(other, "mail.log", once=True)[0] == (
        "mail.log: 56 lines, 28 of them copies of lines in mail.log"
    )


def test_status_tells_the_copies_of_each_log(database, logs):
    load(list(logs.values()), database)
    with mailsql.open_database(database) as connection:
        status = describe_status(connection)
    rows = [line.split() for line in status.splitlines() if f"{database.parent}/" in line]
    told = {row[1].rsplit("/")[-1]: row[2:4] for row in rows}
    assert told == {
        "mail.err": ["2", "2"],
        "mail.log": ["28", "6"],
        "mail.warn": ["8", "8"],
        "syslog": ["30", "22"],
    }


def test_the_manifest_tells_the_copies_of_each_log(database, logs, tmp_path):
    load(list(logs.values()), database)
    with mailsql.open_database(database, timezone="UTC") as connection:
        export(connection, tmp_path / "out", now=NOW)
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    told = {
        Path(log["path"]).name: {
            Path(path).name: count for path, count in log["copies_of_lines_in"].items()
        }
        for log in manifest["logs"]
    }
    assert told == {
        "mail.err": {"mail.log": 2},
        "mail.log": {"syslog": 6},
        "mail.warn": {"mail.log": 4, "syslog": 4},
        "syslog": {"mail.log": 22},
    }


def test_all_that_the_shell_names_ends_well(tmp_path, logs):
    out, err = run("load", *sorted(logs), "--timezone", "UTC", "--year", "2026", cwd=tmp_path)
    assert err == ""
    assert "mail.err: 2 lines, all of them copies of lines in mail.log\n" in out
    _, told = run("check", "--quick", cwd=tmp_path)
    assert "38 lines are copies of others, and give no row\n" in told

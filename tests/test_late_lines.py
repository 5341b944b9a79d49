"""Lines that come after later ones of their host: the tables are those of any other order, and only
what the lines touch is read again."""

from pathlib import Path

import duckdb
import pytest

import mailsql
import mailsql.derive
from bench.generate import generate
from tests.conftest import assert_rows_alike, load, rows_of_lines

pytestmark = pytest.mark.newest


def write(path: Path, lines: list[str]) -> Path:
    path.write_text("".join(line + "\n" for line in lines))
    return path


@pytest.fixture
def lines_again(monkeypatch):
    """How many loaded lines each batch read again."""
    counts = []
    run_sql = mailsql.derive.run_sql

    def counting(connection: duckdb.DuckDBPyConnection, place: str) -> None:
        if place == "ingest/4_earlier":
            found = connection.execute(
                "select count(distinct line_key) from lines where not is_new"
            ).fetchone()
            counts.append(found[0])
        run_sql(connection, place)

    monkeypatch.setattr(mailsql.derive, "run_sql", counting)
    return counts


@pytest.mark.parametrize("place", [400, 3000, 5600])
def test_a_late_line_reads_what_it_touches(tmp_path, lines_again, place):
    lines = list(generate(6000, "rfc3339", seed=9, per_second=2))
    late = lines[place : place + 20]
    database = tmp_path / "mail.duckdb"
    load([write(tmp_path / "mail.log", lines[:place] + lines[place + 20 :])], database)
    load([write(tmp_path / "late.log", late)], database)
    assert lines_again[0] == 0
    assert 20 < lines_again[1] < 400


def forget_last_times(database: Path) -> None:
    """Make messages what those of an older mailsql are."""
    with mailsql.open_database(database, read_only=False) as connection:
        connection.execute("update messages set last_logged_at = null")


def test_late_lines_meet_messages_of_an_older_database(tmp_path):
    lines = list(generate(3000, "rfc3339", seed=9, per_second=2))
    logs = [
        write(tmp_path / "mail.log", lines[:400] + lines[420:]),
        write(tmp_path / "late.log", lines[400:420]),
    ]
    found = []
    for is_older in (False, True):
        database = tmp_path / f"{is_older}.duckdb"
        load(logs[:1], database)
        if is_older:
            forget_last_times(database)
        load(logs[1:], database)
        forget_last_times(database)
        found.append(rows_of_lines(database, lines))
    assert_rows_alike(*found)


def test_what_was_loaded_in_order_is_not_read_again(tmp_path, lines_again):
    lines = list(generate(2000, "rfc3339", seed=9, per_second=2))
    database = tmp_path / "mail.duckdb"
    for end in (1000, 2000):
        load([write(tmp_path / "mail.log", lines[:end])], database)
    assert lines_again == [0, 0]


def test_an_earlier_log_of_another_host_reads_nothing_again(tmp_path, lines_again):
    lines = list(generate(2000, "rfc3339", seed=9, per_second=2))
    database = tmp_path / "mail.duckdb"
    load([write(tmp_path / "later.log", lines[1000:])], database)
    earlier = [line.replace(" mx1 ", " mx2 ") for line in lines[:1000]]
    load([write(tmp_path / "earlier.log", earlier)], database)
    assert lines_again == [0, 0]

"""Contract 5: a line on which a step fails is kept and said, and all others load."""

from pathlib import Path

import duckdb
import pytest

import mailsql
from bench.generate import generate
from mailsql import statements as statements_module
from mailsql import steps as steps_module
from mailsql.check import run_checks
from mailsql.derive import Deriver, Piece
from mailsql.status import describe_load, describe_status
from tests.conftest import load, rows_without_keys

pytestmark = pytest.mark.newest

STEPS = ("1_lines/7_lines", "5_parse/delivery_records", "7_store/deliveries", "8_relate/3_origins")
BREAKING = """;
create or replace temp table broken as
select case when contains(line, '{mark}') then error('line {mark}' || chr(10) || 'more') end as x
from lines;
"""


@pytest.fixture
def break_steps(monkeypatch):
    """Make a step fail on every line that holds the word MARK and the number of the step."""
    read = statements_module.sql_texts

    def broken(place: str) -> tuple[tuple[str, str], ...]:
        return tuple(
            (name, text + BREAKING.format(mark=f"MARK{STEPS.index(name)}"))
            if name in STEPS
            else (name, text)
            for name, text in read(place)
        )

    def break_them() -> None:
        for module in (statements_module, steps_module):
            monkeypatch.setattr(module, "sql_texts", broken)

    return break_them


def marked_log(path: Path, marks: dict[int, str]) -> None:
    """Write a log with a word in some lines."""
    lines = list(generate(2000, seed=5, per_second=3))
    for place, mark in marks.items():
        lines[place] = (
            f"{lines[place][:16]}mx1 postfix/smtp[77]: 3A{place:05X}: to=<x@example.org>, "
            f"relay=none, delay=1, delays=0/0/1/0, dsn=4.4.1, status=deferred ({mark})"
        )
    path.write_text("".join(line + "\n" for line in lines))


def rows_of_silent(path: Path, marks: dict[int, str]) -> dict[str, list[tuple]]:
    """The rows of the log as if the lines with a word said nothing."""
    lines = list(generate(2000, seed=5, per_second=3))
    for place, mark in marks.items():
        lines[place] = mark
    path.write_text("".join(line + "\n" for line in lines))
    whole = path.with_suffix(".duckdb")
    load([path], whole)
    return rows_without_keys(whole, {str(path): 0})


def test_lines_on_which_a_step_fails_are_kept_and_the_others_load(tmp_path, break_steps):
    log, database = tmp_path / "mail.log", tmp_path / "broken.duckdb"
    marks = {500: "MARK0", 501: "MARK1", 1700: "MARK2", 1703: "MARK3"}
    expected = rows_of_silent(log, marks)
    marked_log(log, marks)
    break_steps()
    loaded = load([log], database, batch_bytes=80_000)
    assert loaded[0].failed_steps == STEPS
    assert (loaded[0].line_count, loaded[0].fault) == (2000, None)

    rows = rows_without_keys(database, {str(log): 0})
    lines = log.read_text().splitlines()
    for step, (place, mark) in zip(STEPS, marks.items(), strict=True):
        text = f"{step}: Invalid Input Error: line {mark}"
        notice = (place + 1, None, None, None, None, None, "line_failed", "error", text, 1)
        expected["notices"].append(notice)
        kept = (place + 1, None, None, None, None, None, "unknown", lines[place])
        expected["log_lines"][place] = kept
    expected["notices"].sort(key=lambda row: row[0])
    assert rows == expected

    assert load([log], database)[0].line_count == 0
    assert rows_without_keys(database, {str(log): 0}) == rows
    with mailsql.open_database(database) as connection:
        said: list[str] = []
        assert run_checks(connection, said.append) == 0, said
        summary, status = describe_load(connection, loaded, database), describe_status(connection)
    for step in STEPS:
        assert f"1 line not read, for {step} failed" in summary
        assert step in status


def test_a_lost_engine_is_opened_again(tmp_path, monkeypatch):
    log, database = tmp_path / "mail.log", tmp_path / "broken.duckdb"
    marked_log(log, {1000: "MARK"})
    run = steps_module.Steps.run
    lost = []

    def failing(steps: steps_module.Steps, place: str) -> None:
        run(steps, place)
        connection = steps.connection
        if place == "ingest/7_store" and connection.execute(
            "select count(*) from lines where contains(line, 'MARK')"
        ).fetchone() != (0,):
            lost.append(connection)
            error = duckdb.InternalException("assertion failed")
            error.add_note("7_store/messages")
            raise error

    monkeypatch.setattr(steps_module.Steps, "run", failing)
    loaded = load([log], database, batch_bytes=80_000)
    assert loaded[0].failed_steps == ("7_store/messages",)
    assert len(set(map(id, lost))) > 1
    with mailsql.open_database(database) as connection:
        assert run_checks(connection, lambda _: None) == 0
        assert connection.execute("select count(*) from log_lines").fetchone() == (2000,)


def test_what_no_line_is_to_blame_for_ends_the_load(tmp_path, monkeypatch):
    log, database = tmp_path / "mail.log", tmp_path / "broken.duckdb"
    marked_log(log, {})

    def full(connection: duckdb.DuckDBPyConnection, place: str) -> None:
        error = duckdb.IOException("No space left on device")
        error.add_note(place)
        raise error

    monkeypatch.setattr("mailsql.derive.run_sql", full)
    with pytest.raises(duckdb.IOException):
        load([log], database)


def test_very_many_failing_lines_are_kept_in_pieces(tmp_path, break_steps, monkeypatch):
    monkeypatch.setattr("mailsql.derive.SOUGHT_LINES", 2)
    monkeypatch.setattr("mailsql.derive.PIECE_LINES", 300)
    log, database = tmp_path / "mail.log", tmp_path / "broken.duckdb"
    marked_log(log, dict.fromkeys(range(10, 2000, 200), "MARK1"))
    break_steps()
    loaded = load([log], database)
    assert loaded[0].line_count == 2000
    assert 2 < len(loaded[0].failed_steps) < 2000
    with mailsql.open_database(database) as connection:
        assert run_checks(connection, lambda _: None) == 0
        stored = connection.execute("select line from log_lines order by line_key").fetchall()
        assert [line for (line,) in stored] == log.read_text().splitlines()
        counts = connection.execute(
            "select count(*) filter (kind = 'unknown'), (select count(*) from notices "
            "where kind = 'line_failed') from log_lines"
        ).fetchone()
        assert counts == (len(loaded[0].failed_steps),) * 2
        assert connection.execute("select count(*) from deliveries").fetchone() != (0,)
    assert load([log], database)[0].line_count == 0


def test_what_needs_too_much_memory_at_once_is_read_in_parts(tmp_path, monkeypatch):
    log = tmp_path / "mail.log"
    log.write_text("".join(line + "\n" for line in generate(2000, seed=5, per_second=3)))
    load([log], tmp_path / "whole.duckdb")
    store = Deriver.store

    def store_little(deriver: Deriver, piece: Piece) -> None:
        if piece.line_count > 600:
            error = duckdb.OutOfMemoryException("Out of Memory Error: failed to allocate")
            error.add_note(STEPS[0])
            raise error
        store(deriver, piece)

    monkeypatch.setattr(Deriver, "store", store_little)
    assert load([log], tmp_path / "parts.duckdb")[0].failed_steps == ()
    names = {str(log): 0}
    assert rows_without_keys(tmp_path / "parts.duckdb", names) == rows_without_keys(
        tmp_path / "whole.duckdb", names
    )


def test_memory_that_many_lines_want_ends_the_load(tmp_path, monkeypatch):
    log, database = tmp_path / "mail.log", tmp_path / "broken.duckdb"
    marked_log(log, {})

    def full(steps: steps_module.Steps, place: str) -> None:
        error = duckdb.OutOfMemoryException("failed to allocate data")
        error.add_note(place)
        raise error

    monkeypatch.setattr(steps_module.Steps, "run", full)
    monkeypatch.setattr(mailsql.derive, "SOUGHT_LINES", 3)
    with pytest.raises(duckdb.OutOfMemoryException):
        load([log], database)
    with mailsql.open_database(database) as connection:
        assert connection.execute("select count(*) from log_lines").fetchone() == (3,)

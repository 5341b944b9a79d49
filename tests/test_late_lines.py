"""Lines that come after later ones of their host: the tables are those of any other order, and only
what the lines touch is read again."""

import random
import tempfile
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import mailsql.derive
from bench.generate import generate
from mailsql.check import run_checks
from tests.conftest import load, rows_of_lines
from tests.test_cutting import disorderly_log


def deal(chance: random.Random, lines: list[str], stream_count: int) -> list[list[str]]:
    """Lines dealt to streams that are written side by side, some at a time."""
    streams: list[list[str]] = [[] for _ in range(stream_count)]
    stay = chance.choice([1, 3, 10])
    stream = streams[0]
    for line in lines:
        if chance.random() < 1 / stay:
            stream = chance.choice(streams)
        stream.append(line)
    return streams


def growing(chance: random.Random, streams: list[list[str]]) -> Iterator[tuple[int, list[str]]]:
    """Streams as they stand at one load after the other, in any order of the streams."""
    ends = [
        (number, end)
        for number, stream in enumerate(streams)
        for end in {chance.randint(1, len(stream) or 1) for _ in range(2)} | {len(stream)}
        if 0 < end <= len(stream)
    ]
    turns = [number for number, _ in ends]
    chance.shuffle(turns)
    for number in turns:
        end = min(end for other, end in ends if other == number)
        ends.remove((number, end))
        yield number, streams[number][:end]


def write(path: Path, lines: list[str]) -> Path:
    path.write_text("".join(line + "\n" for line in lines))
    return path


@given(
    seed=st.integers(0, 10**6),
    line_count=st.integers(5, 150),
    stream_count=st.integers(2, 3),
    batch_bytes=st.sampled_from([3000, 10**6]),
)
@example(seed=7, line_count=150, stream_count=3, batch_bytes=10**6)
def test_logs_side_by_side_are_read_as_one(seed, line_count, stream_count, batch_bytes):
    lines = disorderly_log(seed, line_count)
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory() as directory:
        whole, dealt = Path(directory, "whole.duckdb"), Path(directory, "dealt.duckdb")
        load([write(Path(directory, "mail.log"), lines)], whole)
        for number, part in growing(chance, deal(chance, lines, stream_count)):
            log = write(Path(directory, f"mail{number}.log"), part)
            load([log], dealt, batch_bytes=batch_bytes)
        assert rows_of_lines(dealt, lines) == rows_of_lines(whole, lines)
        with mailsql.open_database(dealt) as connection:
            assert run_checks(connection, lambda _: None) == 0


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

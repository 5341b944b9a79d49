"""A log that changes while it is looked into, as a rotation changes it: every line counts once."""

import gzip
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import mailsql
from mailsql import ingest, streams
from tests.conftest import load
from tests.test_follow import distinct_lines, follow_here, stored_count, text_of, wait_until

pytestmark = [pytest.mark.newest, pytest.mark.usefixtures("small_head")]


def stored(database: Path) -> tuple[list[str], int]:
    """All lines that are stored, and how many streams there are."""
    with mailsql.open_database(database) as connection:
        lines = connection.execute("select line from raw_lines order by line").fetchall()
        counted = connection.execute("select count(*) from log_files").fetchone()
    assert counted is not None
    return [line for (line,) in lines], counted[0]


def once_before(
    monkeypatch: pytest.MonkeyPatch, module: Any, name: str, deed: Callable[[], object]
) -> None:
    """Do something before a function is called for the first time."""
    original = getattr(module, name)
    deeds = [deed]

    def do_and_call(*given: Any, **options: Any) -> Any:
        if deeds:
            deeds.pop()()
        return original(*given, **options)

    monkeypatch.setattr(module, name, do_and_call)


@pytest.mark.parametrize("known_count", [pytest.param(0, marks=pytest.mark.long), 30])
def test_a_log_that_is_copied_and_truncated_while_it_is_looked_into(
    tmp_path, monkeypatch, known_count
):
    lines = distinct_lines(60, seed=11)
    log, copy, database = tmp_path / "mail.log", tmp_path / "mail.log.1", tmp_path / "mail.duckdb"
    log.write_text(text_of(lines[:known_count]))
    load([log], database)
    with log.open("a") as stream:
        stream.write(text_of(lines[known_count:40]))

    def rotate() -> None:
        copy.write_bytes(log.read_bytes())
        os.truncate(log, 0)
        with log.open("a") as stream:
            stream.write(text_of(lines[40:]))

    once_before(monkeypatch, ingest, "find_checkpoint", rotate)
    [loaded] = load([log], database)
    assert "written anew while it was read" in str(loaded.fault)
    load([copy, log], database)
    assert stored(database) == (sorted(lines), 2)


@pytest.mark.parametrize(
    "there",
    [
        (14, 60),
        *(pytest.param(place, marks=pytest.mark.long) for place in ((15, 0), (25, 0), (30, -50))),
    ],
)
def test_a_copy_that_grows_while_it_is_compared(tmp_path, monkeypatch, there):
    lines = distinct_lines(40, seed=12)
    log, copy, database = tmp_path / "mail.log", tmp_path / "mail.log.1", tmp_path / "mail.duckdb"
    for count in (10, 20, 30):
        log.write_text(text_of(lines[:count]))
        load([log], database)
    log.write_text(text_of(lines))
    line_count, byte_count = there
    whole = log.read_bytes()
    begun = len(text_of(lines[:line_count])) + byte_count
    copy.write_bytes(whole[:begun])
    once_before(monkeypatch, streams, "_shared_lines", lambda: copy.write_bytes(whole))
    load([copy], database)
    load([copy, log], database)
    assert stored(database) == (sorted(lines), 1)


def test_the_place_of_a_compressed_part_is_taken_while_it_is_read(tmp_path, monkeypatch):
    lines = distinct_lines(3000, seed=13)
    part, database = tmp_path / "mail.log.2.gz", tmp_path / "mail.duckdb"
    first, second = text_of(lines[:1500]).encode(), text_of(lines[1500:]).encode()
    part.write_bytes(gzip.compress(first))
    load([part], database)
    # Shorter than what is loaded, so that it is compared from its beginning
    cut = first.rfind(b"\n", 0, len(first) // 2) + 1
    part.write_bytes(gzip.compress(first[:cut]))

    def rotate() -> None:
        part.rename(tmp_path / "mail.log.3.gz")
        part.write_bytes(gzip.compress(second))

    once_before(monkeypatch, streams, "_shared", rotate)
    load([part], database)
    assert stored(database) == (sorted(lines[:1500]), 1)
    load([part], database)
    assert stored(database) == (sorted(lines), 2)


def test_a_log_that_is_renamed_before_it_is_read_is_found_and_no_fault(tmp_path, monkeypatch):
    lines = distinct_lines(20, seed=14)
    log, database = tmp_path / "mail.log", tmp_path / "mail.duckdb"
    log.write_text(text_of(lines[:10]))

    def rotate() -> None:
        log.rename(tmp_path / "mail.log.1")

    once_before(monkeypatch, ingest, "open_source", rotate)

    def deeds(told: list[str]) -> None:
        wait_until(lambda: stored_count(database) == 10)
        log.write_text(text_of(lines[10:]))
        wait_until(lambda: stored_count(database) == 20)

    told = follow_here([str(log)], database, deeds)
    assert not [text for text in told if "No such file" in text]
    assert stored(database) == (sorted(lines), 2)

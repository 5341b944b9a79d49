"""A log that changes while it is looked into, as a rotation changes it: every line counts once."""

import gzip
import os
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import mailsql
from mailsql import ingest, streams, watch
from mailsql.ingest import load_sources, read_options
from mailsql.watch import Watch
from tests.conftest import NOW, load
from tests.test_follow import (
    PART_COUNT,
    distinct_lines,
    follow_here,
    stored_count,
    text_of,
    wait_until,
)

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


@pytest.mark.long
@pytest.mark.parametrize("there", [(14, 60), (15, 0), (25, 0), (30, -50)])
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


@pytest.mark.long
def test_the_place_of_a_compressed_part_is_taken_while_it_is_read(tmp_path, monkeypatch):
    lines = distinct_lines(300, seed=13)
    part, database = tmp_path / "mail.log.2.gz", tmp_path / "mail.duckdb"
    first, second = text_of(lines[:150]).encode(), text_of(lines[150:]).encode()
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
    assert stored(database) == (sorted(lines[:150]), 1)
    load([part], database)
    assert stored(database) == (sorted(lines), 2)


@pytest.mark.long
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


class KilledError(Exception):
    """The process that follows is killed."""


# What looks at logs, or reads them: a rotation may go on before each
LOOKS = [
    (watch, "find_files"),
    (watch, "find_sources"),
    (ingest, "open_source"),
    (ingest, "check_text"),
    (ingest, "find_checkpoint"),
    (ingest, "read_batches"),
    (ingest, "_check_same"),
    (streams, "_read_at"),
    (streams, "_going_on"),
    (streams, "_shared"),
    (streams, "_sha256"),
    (streams, "_shared_lines"),
]


def daemon_and_rotation(log: Path, lines: list[str], chance: random.Random) -> Iterator[None]:
    """Write lines, and rename or copy and truncate, pack and shift parts, step by step."""
    first, second = (log.with_name(f"{log.name}.{end}") for end in ("1", "2.gz"))
    written = 0
    while written < len(lines):
        if chance.random() < 0.7:
            count = chance.randint(1, 25)
            piece = text_of(lines[written : written + count]).encode()
            written += count
            cut = chance.randint(0, len(piece))
            for part in (piece[:cut], piece[cut:]):
                with log.open("ab") as stream:
                    stream.write(part)
                yield
            continue
        for number in range(PART_COUNT, 1, -1):
            packed = log.with_name(f"{log.name}.{number}.gz")
            if packed.exists():
                packed.rename(log.with_name(f"{log.name}.{number + 1}.gz"))
        yield
        if first.exists():
            yield from in_pieces(second, gzip.compress(first.read_bytes()))
            first.unlink()
            yield
        if chance.random() < 0.5:
            log.rename(first)
            yield
            log.touch()
        else:
            # Nobody writes between the copy and the truncation: such lines are lost to all
            yield from in_pieces(first, log.read_bytes())
            os.truncate(log, 0)
        yield


def in_pieces(file: Path, data: bytes) -> Iterator[None]:
    """Write a file in three steps."""
    size = len(data) // 3 + 1
    for start in range(0, len(data), size):
        with file.open("ab" if start else "wb") as stream:
            stream.write(data[start : start + size])
        yield


@pytest.mark.long
@pytest.mark.parametrize("seed", range(4))
def test_rotations_and_kills_at_any_moment_of_a_look_leave_every_line_once(
    tmp_path, monkeypatch, seed
):
    chance = random.Random(seed)
    lines = distinct_lines(150, seed=seed)
    log, database = tmp_path / "mail.log", tmp_path / "mail.duckdb"
    log.touch()
    steps = daemon_and_rotation(log, lines, chance)
    is_over = False

    def go_on() -> None:
        nonlocal is_over
        for _ in range(chance.randint(1, 4)):
            is_over = is_over or next(steps, "over") == "over"

    def disturbed(original: Callable[..., Any]) -> Callable[..., Any]:
        def call(*given: Any, **options: Any) -> Any:
            if not is_over and chance.random() < 0.2:
                go_on()
            if not is_over and chance.random() < 0.01:
                raise KilledError
            return original(*given, **options)

        return call

    for module, name in LOOKS:
        monkeypatch.setattr(module, name, disturbed(getattr(module, name)))
    # Half a compressed file may be read, too
    monkeypatch.setattr(watch, "PACKED_SECONDS", 0.0)
    options = read_options(timezone="UTC", threads=1, batch_bytes=chance.choice([1500, 2**20]))
    looking, is_quiet = Watch([str(log)]), False
    while not (is_over and is_quiet):
        if not is_over:
            go_on()
        try:
            news = looking.look()
            if news.sources:
                load_sources(news.sources, database, options, now=NOW, wait_seconds=0)
            looking.loaded(news, {})
            is_quiet = is_over and not news.sources
        except KilledError:
            looking.close()
            looking = Watch([str(log)])
    looking.close()
    with mailsql.open_database(database) as connection:
        found = connection.execute("select line, copy_of from raw_lines order by line").fetchall()
    assert found == [(line, None) for line in sorted(lines)]

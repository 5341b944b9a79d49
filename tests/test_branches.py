"""A log restored from a copy, shorter than it was: what follows is loaded, no line twice."""

import gzip
import random
from pathlib import Path

import duckdb
import pytest

import mailsql
from bench.generate import generate
from mailsql.check import run_checks
from tests.conftest import load

pytestmark = pytest.mark.newest

OLD = [line.encode() + b"\n" for line in generate(300, seed=1, per_second=3)]
NEW = [line.encode() + b"\n" for line in generate(900, seed=2, per_second=3)][-60:]


def stored(database: Path) -> list[tuple[int, int, bytes]]:
    """Stream, number and text of all lines."""
    with mailsql.open_database(database) as connection:
        said: list[str] = []
        assert run_checks(connection, said.append) == 0, said
        rows = connection.execute(
            "select file_key, line_no, line from log_lines order by line_key"
        ).fetchall()
    return [(file_key, line_no, line.encode() + b"\n") for file_key, line_no, line in rows]


def branches(database: Path) -> list[tuple]:
    """Streams, and which they share their beginning with."""
    with duckdb.connect(str(database), read_only=True) as connection:
        return connection.execute(
            "select file_key, branch_of, loaded_lines from log_files order by 1"
        ).fetchall()


@pytest.mark.parametrize("batch_bytes", [5_000, 10**6])
@pytest.mark.parametrize("is_packed", [False, True])
def test_what_follows_in_a_log_restored_shorter_is_loaded(tmp_path, batch_bytes, is_packed):
    log, database = tmp_path / "mail.log", tmp_path / "mail.duckdb"
    counts = []
    contents = [OLD, OLD[:100] + NEW[:50], OLD[:100] + NEW, OLD[:40], OLD[:130] + NEW[5:9]]
    for lines in contents:
        content = b"".join(lines)
        log.write_bytes(gzip.compress(content) if is_packed else content)
        for _ in range(2):
            counts.append(load([log], database, batch_bytes=batch_bytes)[0].line_count)
    assert counts == [300, 0, 50, 0, 10, 0, 0, 0, 4, 0]
    assert branches(database) == [(1, None, 300), (2, 1, 160), (3, 1, 134)]
    assert stored(database) == [
        *((1, number, line) for number, line in enumerate(OLD, 1)),
        *((2, number, line) for number, line in enumerate(NEW, 101)),
        *((3, number, line) for number, line in enumerate(NEW[5:9], 131)),
    ]


def test_a_branch_of_a_branch_is_found(tmp_path):
    log, database = tmp_path / "mail.log", tmp_path / "mail.duckdb"
    for lines, count in [
        (OLD, 300),
        (OLD[:100] + NEW[:50], 50),
        (OLD[:100] + NEW[:20] + NEW[51:], 9),
        (OLD[:100] + NEW[:20] + NEW[51:53], 0),
    ]:
        log.write_bytes(b"".join(lines))
        assert load([log], database)[0].line_count == count
    assert branches(database) == [(1, None, 300), (2, 1, 150), (3, 2, 129)]


@pytest.mark.parametrize("seed", range(3))
def test_a_beginning_alone_is_nothing_new_wherever_it_is_cut(tmp_path, seed):
    log, database = tmp_path / "mail.log.1", tmp_path / "mail.duckdb"
    content = b"".join(line.replace(b"from=<", b"from=<\xe3\x81\x82") for line in OLD)
    log.write_bytes(content)
    load([log], database, batch_bytes=20_000)
    chance = random.Random(seed)
    for _ in range(4):
        log.write_bytes(content[: chance.randrange(1, len(content))])
        assert load([log], database)[0].line_count == 0
    assert branches(database) == [(1, None, 300)]


def test_a_short_log_restored_shorter_is_known_by_its_first_line(tmp_path):
    log, database = tmp_path / "mail.log", tmp_path / "mail.duckdb"
    counts = []
    for lines in (OLD[:4], OLD[:2] + NEW[:1], OLD[:1], OLD[:2] + NEW[:2]):
        log.write_bytes(b"".join(lines))
        counts.append(load([log], database)[0].line_count)
    assert counts == [4, 1, 0, 1]
    assert branches(database) == [(1, None, 4), (2, 1, 4)]
    stored(database)

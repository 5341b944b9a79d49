"""A line that was torn when it was loaded, and goes on at the next load, is one line."""

import gzip
import os
import random
import tempfile
from pathlib import Path

import pytest
from hypothesis import given

import mailsql
from bench.generate import generate
from mailsql.check import run_checks
from tests.conftest import SEEDS, assert_rows_alike, load, rows_without_keys, with_cases
from tests.test_cutting import disorderly_hosts

pytestmark = [pytest.mark.usefixtures("small_head"), pytest.mark.newest]
LINE = "Feb  3 09:15:40 mx1 postfix/smtpd[{}]: connect from c.example.net[192.0.2.7]"


def load_input(content: bytes, database: Path, **options):
    """Load bytes from standard input."""
    kept = os.dup(0)
    with tempfile.TemporaryFile() as stream:
        stream.write(content)
        stream.seek(0)
        os.dup2(stream.fileno(), 0)
        try:
            return load([Path("-")], database, **options)
        finally:
            os.dup2(kept, 0)
            os.close(kept)


def load_prefixes(directory: Path, content: bytes, cuts: list[int], how: str, batch_bytes: int):
    """Load ever longer beginnings of a log; return the rows."""
    database, log = directory / "mail.duckdb", directory / "mail.log.1"
    for end in [*sorted(set(cuts)), len(content)]:
        if how == "input":
            loaded = load_input(content[:end], database, batch_bytes=batch_bytes, force=True)
        else:
            is_packed = how == "compressed" and end != min(cuts, default=0)
            log.write_bytes(gzip.compress(content[:end]) if is_packed else content[:end])
            loaded = load([log], database, batch_bytes=batch_bytes, force=True)
        assert loaded[0].fault is None
    with mailsql.open_database(database) as connection:
        said: list[str] = []
        assert run_checks(connection, said.append) == 0, said
    return rows_without_keys(database, {str(log): 0, "-": 0})


# An example has six tears on average, each of which is a load; one in five of so many is enough
@with_cases(6 * 5)
@given(SEEDS)
def test_torn_lines_are_read_as_if_they_never_were(seed):
    chance = random.Random(seed)
    how, ending = chance.choice(["file", "compressed", "input"]), chance.choice([b"\n", b"\r\n"])
    hosts = chance.choice([1, chance.randint(2, 9)])
    lines, _ = disorderly_hosts(seed, hosts)
    content = b"".join(line.encode() + ending for line in lines)
    cuts = [chance.randrange(1, len(content)) for _ in range(chance.randint(1, 9))]
    # A line may be torn twice
    again = [cut + chance.randint(1, 60) for cut in cuts if chance.random() < 0.2]
    cuts = [cut for cut in cuts + again if cut < len(content)]
    batch_share = chance.choice([0.5, 1, 1])
    with tempfile.TemporaryDirectory() as whole, tempfile.TemporaryDirectory() as torn:
        expected = load_prefixes(Path(whole), content, [], how, 10**7)
        found = load_prefixes(Path(torn), content, cuts, how, int(len(content) * batch_share))
    assert_rows_alike(found, expected)


def test_a_generated_day_torn_in_the_middle_of_lines_is_read_alike(tmp_path):
    content = "".join(line + "\n" for line in generate(1500, seed=4, per_second=2)).encode()
    (tmp_path / "whole").mkdir()
    (tmp_path / "torn").mkdir()
    cuts = [40_007, 40_011, 90_013, 120_001]
    expected = load_prefixes(tmp_path / "whole", content, [], "file", 10**6)
    assert load_prefixes(tmp_path / "torn", content, cuts, "file", 10**6) == expected


@pytest.mark.parametrize("how", ["file", "input"])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_a_line_that_only_lacked_its_end_is_not_read_again(tmp_path, how, ending):
    database, log = tmp_path / "mail.duckdb", tmp_path / "mail.log.1"
    one, two = LINE.format(1), LINE.format(2)
    texts = [one, one + ending, one + ending + two, one + ending + two + ending + two + ending]
    counts = []
    for text in texts:
        if how == "input":
            counts.append(load_input(text.encode(), database)[0].line_count)
        else:
            log.write_bytes(text.encode())
            counts.append(load([log], database)[0].line_count)
    assert counts == [1, 0, 1, 1]
    with mailsql.open_database(database) as connection:
        rows = connection.execute("select line_no, pid from log_lines order by 1").fetchall()
        batches = connection.execute(
            "select first_byte, last_byte + 1, first_line_no, last_line_no from load_batches"
        ).fetchall()
        assert run_checks(connection, lambda _: None) == 0
    assert rows == [(1, 1), (2, 2), (3, 2)]
    ends = [len(text) for text in texts]
    assert batches == [(0, ends[0], 1, 1), (ends[0], ends[2], 2, 2), (ends[2], ends[3], 3, 3)]

"""However a log with pseudonyms comes, each of its lines counts once, as if it came at once."""

import gzip
import os
import signal
from pathlib import Path

import pytest

import mailsql
from mailsql.check import run_checks
from mailsql.erase import erase
from mailsql.follow import follow
from mailsql.forget import forget
from mailsql.ingest import read_options
from mailsql.pseudonyms import Keeping, Pseudonyms
from tests.conftest import NOW, load
from tests.test_follow import behind_the_scenes, distinct_lines, stored_count, text_of, wait_until
from tests.test_torn_lines import load_input

pytestmark = pytest.mark.newest

LINES = distinct_lines(60, seed=5)


def pseudonyms() -> Pseudonyms:
    return Pseudonyms(bytes(range(32)), Keeping())


def lines_that_count(database: Path) -> list[str]:
    with mailsql.open_database(database) as connection:
        said: list[str] = []
        assert run_checks(connection, said.append) == 0, said
        rows = connection.execute(
            "select line from raw_lines where copy_of is null order by line"
        ).fetchall()
    return [line for (line,) in rows]


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The lines as one load of all of them has them."""
    place = tmp_path_factory.mktemp("expected")
    log, database = place / "mail.log", place / "mail.duckdb"
    log.write_text(text_of(LINES))
    load([log], database, pseudonyms=pseudonyms())
    return lines_that_count(database)


@pytest.mark.parametrize("how", ["file", "compressed", "input"])
@pytest.mark.parametrize("torn_at", ["", "removed", "@"])
def test_what_was_loaded_is_known_again_and_goes_on(tmp_path, expected, how, torn_at):
    log, database = tmp_path / "mail.log", tmp_path / "mail.duckdb"
    whole = text_of(LINES).encode()
    # At the end of a line, in a word, or in an address, which is none then
    first = text_of(LINES).index(torn_at or "\n", len(text_of(LINES[:20]))) + 1
    counts = []
    for content in (whole[:first], whole, whole):
        if how == "input":
            (loaded,) = load_input(content, database, pseudonyms=pseudonyms())
        else:
            # A log is compressed after it was rotated
            is_packed = how == "compressed" and content == whole
            log.write_bytes(gzip.compress(content) if is_packed else content)
            (loaded,) = load([log], database, pseudonyms=pseudonyms())
        assert loaded.fault is None
        counts.append(loaded.line_count)
    assert counts[2] == 0
    found = lines_that_count(database)
    # Where a name was torn its line is another one later: what comes only once cannot wait for it
    more = [line for line in found if line not in expected]
    assert len(more) == (how == "input" and torn_at == "@")
    assert [line for line in found if line not in more] == expected


def test_following_goes_through_a_rotation(tmp_path, expected):
    log, database = tmp_path / "mail.log", tmp_path / "mail.duckdb"
    log.write_text(text_of(LINES[:20]) + LINES[20][:-5])
    told: list[str] = []

    def deeds() -> None:
        wait_until(lambda: stored_count(database) == 20)
        with log.open("a") as stream:
            stream.write(LINES[20][-5:] + "\n" + text_of(LINES[21:30]))
            log.rename(tmp_path / "mail.log.1")
            log.write_text(text_of(LINES[40:]))
            stream.write(text_of(LINES[30:40]))
        os.kill(os.getpid(), signal.SIGHUP)
        wait_until(lambda: stored_count(database) == 60)

    with behind_the_scenes(deeds) as failures:
        follow(
            [str(log)],
            database,
            read_options(timezone="UTC", threads=1, pseudonyms=pseudonyms()),
            clock=lambda: NOW,
            environ={},
            tell=told.append,
            tell_error=lambda error: told.append(str(error)),
        )
    assert failures == []
    assert told[-1] == "ended; 60 lines were added, and all of them are committed"
    assert lines_that_count(database) == expected


def test_a_log_is_forgotten_whose_beginning_is_shared_and_was_erased_in(tmp_path, expected):
    first, other = tmp_path / "mail.log", tmp_path / "other.log"
    database = tmp_path / "mail.duckdb"
    first.write_text(text_of(LINES[:40]))
    other.write_text(text_of([*LINES[:30], *LINES[40:]]))
    load([first], database, pseudonyms=pseudonyms())
    load([other], database, pseudonyms=pseudonyms())
    with mailsql.open_database(database) as connection:
        (address,) = connection.execute(
            "select sender from messages where message_key & 4294967295 <= 30 limit 1"
        ).fetchone()
    gone = erase(database, address, lambda _: None, now=NOW)
    assert gone.rows
    erased = lines_that_count(database)
    forgotten = forget(database, "1", lambda _: None, now=NOW)
    assert forgotten.kept == (str(other),)
    left = lines_that_count(database)
    assert len(left) == 50
    assert set(left) <= set(erased)
    assert not [line for line in left if address in line]

"""A log that is followed: every line once, through rotations, kills and a database that is held."""

import errno
import gzip
import itertools
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

import mailsql
from bench.generate import generate
from mailsql.errors import DatabaseError, MailsqlError, RoomError
from mailsql.follow import _Said, follow, gathering_seconds
from mailsql.ingest import LoadedSource, load_sources, read_options
from mailsql.language import Language
from mailsql.watch import Watch
from tests.conftest import NOW, assert_rows_alike, load, rows_of_lines

pytestmark = pytest.mark.newest

# Against a test that never ends, not for how quick anything is
PATIENCE_SECONDS = 60.0
# None goes before it is read, however slow the machine is
PART_COUNT = 100
FOLLOWER = """
import os, sys
from datetime import UTC, datetime
from pathlib import Path
from mailsql.follow import follow
from mailsql.ingest import read_options
follow(sys.argv[2:], Path(sys.argv[1]), read_options(timezone="UTC", threads=1),
       clock=lambda: datetime.now(UTC), environ=os.environ, tell=print, tell_error=print)
"""


def text_of(lines: list[str]) -> str:
    return "".join(line + "\n" for line in lines)


def distinct_lines(count: int, seed: int) -> list[str]:
    """Lines of a mail server, no two alike."""
    return list(dict.fromkeys(generate(count, seed=seed, per_second=3)))


def stored_count(database: Path) -> int:
    """How many lines are committed; none where the database is held, or not there yet."""
    if not database.exists():
        return 0
    try:
        with duckdb.connect(str(database), read_only=True) as connection:
            return connection.execute("select count(*) from raw_lines").fetchone()[0]
    except duckdb.Error:
        return 0


@pytest.fixture
def loaded_count(monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """How many lines loads of this process have added."""
    counts: list[int] = []

    def load_and_count(*given: Any, **options: Any) -> list[LoadedSource]:
        loaded = load_sources(*given, **options)
        counts.extend(source.line_count for source in loaded)
        return loaded

    monkeypatch.setattr("mailsql.follow.load_sources", load_and_count)
    return lambda: sum(counts)


def wait_until(is_so: Callable[[], bool], seconds: float = PATIENCE_SECONDS) -> None:
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end, "nothing comes of it"
        time.sleep(0.2)


def assert_loaded_alike(database: Path, lines: list[str], directory: Path) -> None:
    """All tables are as after one plain load of all lines."""
    whole, expected = directory / "whole", directory / "expected.duckdb"
    whole.write_text(text_of(lines))
    load([whole], expected)
    assert_rows_alike(rows_of_lines(database, lines), rows_of_lines(expected, lines))
    with mailsql.open_database(database) as connection:
        assert connection.execute("select count(*) from raw_lines").fetchone() == (len(lines),)


@contextmanager
def behind_the_scenes(deeds: Callable[[], None]) -> Iterator[list[BaseException]]:
    """Do something in a thread while this one follows, and end that with SIGTERM."""
    failures: list[BaseException] = []

    def run() -> None:
        try:
            deeds()
        except BaseException as error:
            failures.append(error)
        os.kill(os.getpid(), signal.SIGTERM)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield failures
    finally:
        thread.join()


def follow_here(
    paths: list[str],
    database: Path,
    deeds: Callable[[list[str]], None],
    environ: dict[str, str] | None = None,
    language: Language = Language.EN,
) -> list[str]:
    """Follow logs while something is done; return what was told."""
    told: list[str] = []
    with behind_the_scenes(lambda: deeds(told)) as failures:
        follow(
            paths,
            database,
            read_options(timezone="UTC", threads=1),
            clock=lambda: NOW,
            environ=environ or {},
            tell=told.append,
            tell_error=lambda error: told.append(str(error)),
            language=language,
        )
    if failures:
        raise failures[0]
    return told


def test_what_is_appended_is_loaded_once_through_a_rotation_until_the_end_is_asked_for(
    tmp_path, loaded_count
):
    lines = distinct_lines(30, seed=5)
    log, database = tmp_path / "mail.log", tmp_path / "mail.duckdb"
    log.write_text(text_of(lines[:10]) + lines[10][:30])

    def deeds(told: list[str]) -> None:
        # A last line waits for its end
        wait_until(lambda: loaded_count() == 10)
        with log.open("a") as stream:
            stream.write(lines[10][30:] + "\n" + text_of(lines[11:20]))
            # The daemon still writes into what was renamed, and a new log is there
            log.rename(tmp_path / "mail.log.1")
            log.write_text(text_of(lines[25:]))
            stream.write(text_of(lines[20:25]))
        os.kill(os.getpid(), signal.SIGHUP)
        wait_until(lambda: loaded_count() == 30)

    told = follow_here([str(log)], database, deeds)
    assert told[-1] == "ended; 30 lines were added, and all of them are committed"
    assert_loaded_alike(database, lines, tmp_path)


@pytest.mark.long
def test_what_is_copied_and_truncated_or_moved_out_of_sight_is_loaded_to_its_end(
    tmp_path, loaded_count
):
    lines = distinct_lines(60, seed=5)
    log, database = tmp_path / "mail.log", tmp_path / "mail.duckdb"
    log.write_text(text_of(lines[:35]))

    def deeds(told: list[str]) -> None:
        wait_until(lambda: loaded_count() == 35)
        # Copied and truncated with lines that nobody has read
        with log.open("a") as stream:
            stream.write(text_of(lines[35:45]))
        (tmp_path / "mail.log.1").write_bytes(log.read_bytes())
        os.truncate(log, 0)
        wait_until(lambda: loaded_count() == 45)
        log.write_text(text_of(lines[45:50]))
        wait_until(lambda: loaded_count() == 50)
        # Only the open file tells
        with log.open("a") as stream:
            log.rename(tmp_path / "elsewhere")
            (tmp_path / "elsewhere").unlink()
            stream.write(text_of(lines[50:55]))
            log.write_text(text_of(lines[55:]))
        wait_until(lambda: loaded_count() == 60)

    follow_here([str(log)], database, deeds)
    assert_loaded_alike(database, lines, tmp_path)


def test_patterns_and_directories_find_what_comes_later_and_faults_are_said_once(
    tmp_path, loaded_count, monkeypatch
):
    monkeypatch.setattr("mailsql.follow.SAID_LAG_SECONDS", 0.1)
    lines = distinct_lines(30, seed=6)
    directory, database = tmp_path / "later", tmp_path / "mail.duckdb"
    named = tmp_path / "named.log"
    socket_path = tmp_path / "notify"
    heard: list[str] = []
    receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    receiver.bind(str(socket_path))
    receiver.settimeout(PATIENCE_SECONDS)

    def hear() -> None:
        while not heard or heard[-1] != "STOPPING=1":
            heard.append(receiver.recv(4096).decode())

    hearing = threading.Thread(target=hear)
    hearing.start()
    (tmp_path / "a-mail.log").write_bytes(bytes(range(256)) * 10)

    def deeds(told: list[str]) -> None:
        named.write_text(text_of(lines[:10]))
        wait_until(lambda: loaded_count() == 10)
        directory.mkdir()
        (directory / "mail.log").write_text(text_of(lines[10:20]))
        (tmp_path / "b-mail.log").write_text(text_of(lines[20:]))
        wait_until(lambda: loaded_count() == 30)
        with mailsql.open_database(database) as connection:
            with named.open("a") as stream:
                stream.write("Jul 25 09:00:00 mx1 postfix/qmgr[1]: 4F0F2A: removed\n")
            wait_until(lambda: any("in use by" in text for text in told))
            assert connection.execute("select count(*) from raw_lines").fetchone() == (30,)
        wait_until(lambda: loaded_count() == 31)

    paths = [str(named), str(directory), str(tmp_path / "?-mail.log")]
    told = follow_here(paths, database, deeds, {"NOTIFY_SOCKET": str(socket_path)})
    hearing.join()
    receiver.close()
    assert heard[0].startswith("READY=1\nSTATUS=")
    assert any(text.startswith("STATUS=31 lines so far") for text in heard)
    for fault in ("later: no such file", "a-mail.log: binary data"):
        assert len([text for text in told if fault in text]) == 1, told
    assert any(text.startswith("1 lines loaded that had waited") for text in told)


def test_a_log_in_which_nothing_is_new_is_not_looked_into(tmp_path):
    log = tmp_path / "mail.log"
    log.write_text("x\n")
    watch = Watch([str(log)])
    news = watch.look()
    assert [source.path for source in news.sources] == [log]
    # What could not be loaded comes again
    assert watch.look().looks == news.looks
    watch.loaded(news, {})
    assert watch.look().sources == []
    log.chmod(0o600)
    assert [source.path for source in watch.look().sources] == [log]
    watch.close()


def test_parts_of_a_rotation_that_nobody_named_are_loaded_only_where_they_go_on(
    tmp_path, loaded_count
):
    lines = distinct_lines(50, seed=7)
    log, database = tmp_path / "mail.log", tmp_path / "mail.duckdb"
    log.write_text(text_of(lines[20:30]))
    load([log], database)
    # The rest of what was loaded, what came and went since, and what was there before
    with log.open("a") as stream:
        stream.write(text_of(lines[30:35]))
    with gzip.open(tmp_path / "mail.log.2.gz", "wb") as packed:
        packed.write(log.read_bytes())
    (tmp_path / "mail.log.1").write_text(text_of(lines[35:40]))
    (tmp_path / "mail.log.3").write_text(text_of(lines[:20]))
    for name, seconds in (("mail.log.1", 10), ("mail.log.3", -10)):
        os.utime(tmp_path / name, (NOW.timestamp() + seconds,) * 2)
    log.write_text(text_of(lines[40:]))
    follow_here([str(log)], database, lambda _: wait_until(lambda: loaded_count() >= 20))
    with mailsql.open_database(database) as connection:
        found = connection.execute("select line from raw_lines").fetchall()
    assert sorted(line for (line,) in found) == sorted(lines[20:])


def test_the_batch_under_way_is_committed_when_the_end_is_asked_for(
    tmp_path, monkeypatch, small_head
):
    lines = distinct_lines(200, seed=10)
    log, database = tmp_path / "mail.log", tmp_path / "mail.duckdb"
    log.write_text(text_of(lines))

    def load_and_end(*given: Any, on_lines: Callable[[int], None], **options: Any) -> Any:
        def end(count: int) -> None:
            os.kill(os.getpid(), signal.SIGTERM)
            on_lines(count)

        return load_sources(*given, on_lines=end, **options)

    monkeypatch.setattr("mailsql.follow.load_sources", load_and_end)
    told: list[str] = []
    follow(
        [str(log)],
        database,
        read_options(timezone="UTC", threads=1, batch_bytes=4000),
        clock=lambda: NOW,
        environ={},
        tell=told.append,
        tell_error=lambda error: pytest.fail(str(error)),
    )
    with mailsql.open_database(database) as connection:
        batches = connection.execute("select count(*) from load_batches").fetchone()
    assert batches == (1,)
    count = stored_count(database)
    assert told[-1] == f"ended; {count} lines were added, and all of them are committed"
    load([log], database)
    assert stored_count(database) == len(lines)


def test_what_cannot_become_a_database_ends_it(tmp_path):
    log = tmp_path / "mail.log"
    log.write_text(text_of(distinct_lines(1, seed=8)))
    options = read_options(timezone="UTC")
    told: list[str] = []
    with pytest.raises(DatabaseError, match="no such directory"):
        follow(
            [str(log)],
            tmp_path / "none" / "mail.duckdb",
            options,
            clock=lambda: datetime.now(UTC),
            environ={},
            tell=told.append,
            tell_error=lambda error: told.append(str(error)),
            language=Language.JA,
        )
    assert told == ["ログの追跡を始めました。データベースを使うのは読み込みの間だけです"]


def test_a_full_disk_is_said_once_and_following_goes_on_when_there_is_room(tmp_path, monkeypatch):
    log, database = tmp_path / "mail.log", tmp_path / "mail.duckdb"
    log.write_text("1\n")
    monkeypatch.setattr("mailsql.follow.RETRY_SECONDS", 0.1)
    calls: list[bool] = []

    def load_or_fail(
        *_given: object, on_lines: Callable[[int], None], **_options: object
    ) -> list[LoadedSource]:
        calls.append(True)
        if len(calls) in (1, 3, 4, 5):
            raise RoomError("mail.duckdb: no room on the disk")
        on_lines(1)
        return [LoadedSource(str(log), line_count=1, loaded_before=len(calls))]

    monkeypatch.setattr("mailsql.follow.load_sources", load_or_fail)

    def deeds(told: list[str]) -> None:
        wait_until(lambda: any("had waited" in text for text in told))
        log.write_text("1\n2\n")
        wait_until(lambda: "had waited" in told[-1] and len(calls) == 6)

    told = follow_here([str(log)], database, deeds)
    # At the first load, and later
    for at in (1, 3):
        assert told[at] == "mail.duckdb: no room on the disk"
        assert told[at + 1].startswith("1 lines loaded that had waited for")
    assert told[5:] == ["ended; 2 lines were added, and all of them are committed"]


def follow_in_steps(
    monkeypatch: pytest.MonkeyPatch, paths: list[Path], deeds: list[Callable[[], object]]
) -> tuple[list[str], list[float]]:
    """Follow with something done at each wait, and the end then; return errors, and the waits."""
    told: list[str] = []
    waits: list[float] = []

    def wait(asked: Any, seconds: float) -> None:
        waits.append(seconds)
        if deeds:
            deeds.pop(0)()
        else:
            asked.is_end = True

    monkeypatch.setattr("mailsql.follow._Signals.wait", wait)
    monkeypatch.setattr("mailsql.follow.load_sources", lambda *_, **__: [])
    follow(
        [str(path) for path in paths],
        Path("none.duckdb"),
        read_options(timezone="UTC"),
        clock=lambda: NOW,
        environ={},
        tell=lambda _: None,
        tell_error=lambda error: told.append(str(error)),
    )
    return told, waits


def test_after_a_large_load_lines_do_not_gather_for_long(tmp_path, monkeypatch):
    log = tmp_path / "mail.log"
    log.write_text("x\n")
    monkeypatch.setattr("mailsql.follow.time.process_time", itertools.count(0, 1000).__next__)
    assert follow_in_steps(monkeypatch, [log], []) == ([], [10.0])


def test_a_log_that_cannot_be_opened_is_said_once_however_it_grows(tmp_path, monkeypatch):
    log = tmp_path / "mail.log"
    log.write_text("x\n")

    def refuse(path: Path) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    def grow() -> None:
        log.write_text(log.read_text() + "x\n")

    monkeypatch.setattr("mailsql.sources._describe", refuse)
    told, _ = follow_in_steps(monkeypatch, [log], [lambda: None, grow, lambda: None, grow])
    assert told == [f"{log}: Permission denied"]


def test_a_directory_that_may_not_be_entered_stops_nothing_else(tmp_path, monkeypatch):
    log, locked = tmp_path / "mail.log", tmp_path / "locked" / "mail.log"
    log.write_text("x\n")
    original = Path.stat

    def refuse(path: Path, **options: Any) -> os.stat_result:
        if path.parent == locked.parent:
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return original(path, **options)

    def refuse_all(_: Path) -> list[Path]:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "stat", refuse)
    monkeypatch.setattr("mailsql.watch.rotated_parts", refuse_all)
    watch = Watch([str(locked), str(log)])
    news = watch.look()
    assert [str(fault) for fault in news.path_faults.values()] == [f"{locked}: Permission denied"]
    assert [source.path for source in news.sources] == [log]
    watch.close()


def test_a_log_is_missing_only_when_it_stays_away(tmp_path, monkeypatch):
    log = tmp_path / "mail.log"
    log.write_text("x\n")
    watch = Watch([str(log), str(tmp_path / "mail.lo?")])
    watch.loaded(watch.look(), {})
    log.unlink()
    assert watch.look().path_faults == {}
    monkeypatch.setattr("mailsql.watch.MISSING_SECONDS", 0)
    assert len(watch.look().path_faults) == 2
    watch.close()


@pytest.mark.long
@pytest.mark.parametrize("seed", [1, 2])
def test_minutes_of_rotations_and_kills_end_as_one_plain_load(tmp_path, request, seed):
    chance = random.Random(seed)
    lines = distinct_lines(20_000, seed=seed)
    logs, database = tmp_path / "logs", tmp_path / "mail.duckdb"
    logs.mkdir()
    log = logs / "mail.log"
    log.touch()

    def start() -> subprocess.Popen[str]:
        command = [sys.executable, "-c", FOLLOWER, str(database), str(log)]
        return subprocess.Popen(command, stdout=subprocess.DEVNULL, text=True)

    def make_room() -> None:
        """Shift the parts, and pack the second."""
        for number in range(PART_COUNT, 1, -1):
            part = logs / f"mail.log.{number}.gz"
            if part.exists():
                part.rename(logs / f"mail.log.{number + 1}.gz")
        first = logs / "mail.log.1"
        if first.exists():
            (logs / "mail.log.2.gz").write_bytes(gzip.compress(first.read_bytes()))
            first.unlink()

    process = start()
    request.addfinalizer(lambda: process.kill())
    written = 0
    rotated_at = time.monotonic()
    while written < len(lines):
        count = chance.randint(1, 300)
        piece = text_of(lines[written : written + count])
        cut = chance.randint(0, len(piece))
        with log.open("a") as stream:
            stream.write(piece[:cut])
            stream.flush()
            time.sleep(chance.uniform(0, 0.5))
            stream.write(piece[cut:])
        written += count
        time.sleep(chance.uniform(0, 1.5))
        if chance.random() < 0.04:
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
            process = start()
        if time.monotonic() - rotated_at > 10:
            rotated_at = time.monotonic()
            make_room()
            if chance.random() < 0.5:
                log.rename(logs / "mail.log.1")
                log.touch()
            else:
                (logs / "mail.log.1").write_bytes(log.read_bytes())
                os.truncate(log, 0)
    wait_until(lambda: stored_count(database) >= len(lines), 5 * PATIENCE_SECONDS)
    process.send_signal(signal.SIGTERM)
    assert process.wait() == 0

    assert_loaded_alike(database, lines, tmp_path)


def test_an_error_is_said_again_only_when_it_is_another_one():
    told: list[str] = []
    said = _Said(lambda error: told.append(str(error)))
    for text in ("a", "a", "b", "b"):
        said.say("log", MailsqlError(text))
    assert said.is_well("log")
    assert not said.is_well("log")
    said.say("log", MailsqlError("b"))
    assert told == ["a", "b", "b"]


@pytest.mark.parametrize(
    ("line_count", "worked", "seconds", "expected"),
    [
        (1, 0.9, 1.0, 0.8),
        (0, 0.01, 0.01, 0.2),
        (1, 0.9, 5.0, 0.2),
        (1, 30, 30, 10),
        (2000, 3, 3, 0.2),
    ],
)
def test_lines_gather_after_a_load_of_few(line_count, worked, seconds, expected):
    found = gathering_seconds(line_count, worked=worked, seconds=seconds)
    assert found == pytest.approx(expected)

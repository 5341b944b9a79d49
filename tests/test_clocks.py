"""Clocks that are set, zones that change and an hour that comes twice: no line is lost or moved."""

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from signal import SIGCONT, SIGSTOP, SIGTERM
from types import SimpleNamespace

import pytest

import mailsql
from mailsql.follow import follow
from mailsql.ingest import read_options
from mailsql.watch import HELD_SECONDS, PACKED_SECONDS, Watch
from tests.conftest import (
    NOW,
    assert_derived_alike,
    assert_rows_alike,
    load,
    rows_without_keys,
)
from tests.test_follow import (
    FOLLOWER,
    assert_loaded_alike,
    behind_the_scenes,
    distinct_lines,
    stored_count,
    text_of,
    wait_until,
)

pytestmark = pytest.mark.newest


@pytest.fixture
def clock(monkeypatch):
    """The clocks of the watch: `monotonic` goes on, `wall` may be set."""
    clock = SimpleNamespace(monotonic=1000.0, wall=datetime.now(UTC).timestamp())
    clocks = SimpleNamespace(
        monotonic=lambda: clock.monotonic, time_ns=lambda: int(clock.wall * 1e9)
    )
    monkeypatch.setattr("mailsql.watch.time", clocks)
    return clock


def seen(watch: Watch) -> list[str]:
    """Names of the logs in which something is new, which is then loaded."""
    news = watch.look()
    watch.loaded(news, {})
    return [source.path.name for source in news.sources if source.path is not None]


def test_a_batch_is_of_the_time_when_it_is_committed(tmp_path, small_head):
    log, database = tmp_path / "mail.log", tmp_path / "mail.duckdb"
    lines = distinct_lines(30, seed=21)
    log.write_text(text_of(lines))
    hours = iter(range(1, 1000))
    load([log], database, batch_bytes=2000, clock=lambda: NOW + timedelta(hours=next(hours)))
    with mailsql.open_database(database) as connection:
        found = connection.execute(
            "select committed_at from load_batches order by batch_key"
        ).fetchall()
    times = [time for (time,) in found]
    assert len(times) > 1
    assert times[0] > NOW
    assert all(later - earlier == timedelta(hours=1) for earlier, later in pairwise(times))


@pytest.mark.long
def test_clocks_that_are_set_while_logs_are_followed(tmp_path):
    """By a year forwards, and by two back."""
    lines = distinct_lines(30, seed=22)
    log, database = tmp_path / "mail.log", tmp_path / "mail.duckdb"
    log.write_text(text_of(lines[:10]))
    wrong = {"days": 0}
    added: list[int] = []
    told: list[str] = []

    def deeds() -> None:
        for days, start in ((365, 10), (-365, 20)):
            wait_until(lambda start=start: sum(added) == start)
            wrong["days"] = days
            with log.open("a") as stream:
                stream.write(text_of(lines[start : start + 10]))
        wait_until(lambda: sum(added) == 30)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("mailsql.follow._Follower._count", lambda _, count: added.append(count))
        with behind_the_scenes(deeds) as failures:
            follow(
                [str(log)],
                database,
                read_options(timezone="UTC", threads=1),
                clock=lambda: NOW + timedelta(days=wrong["days"]),
                environ={},
                tell=told.append,
                tell_error=lambda error: told.append(str(error)),
            )
    assert failures == []
    # A lag is measured by a clock that nobody sets
    assert not [text for text in told if "waited" in text]
    assert_loaded_alike(database, lines, tmp_path)


def test_a_part_that_was_packed_by_a_clock_of_tomorrow_does_not_wait_until_then(tmp_path, clock):
    log, part = tmp_path / "mail.log", tmp_path / "mail.log.2.gz"
    log.write_text("x\n")
    part.write_bytes(b"x")
    clock.wall -= 86400
    watch = Watch([str(log)])
    assert seen(watch) == ["mail.log"]
    for _ in range(2):
        clock.monotonic += PACKED_SECONDS * 0.6
        found = seen(watch)
    assert found == ["mail.log.2.gz"]
    watch.close()


def test_a_process_that_was_stopped_lets_no_log_go_that_may_still_be_written(tmp_path, clock):
    log = tmp_path / "mail.log"
    log.write_text("x\n")
    watch = Watch([str(log)])
    assert seen(watch) == ["mail.log"]
    with log.open("a") as daemon:
        log.rename(tmp_path / "elsewhere")
        log.write_text("y\n")
        assert sorted(seen(watch)) == ["mail.log", "mail.log"]
        # The process, or all of the machine, stands still for a night; the daemon goes on with it
        clock.monotonic += 36000
        assert seen(watch) == []
        daemon.write("x\n")
        daemon.flush()
        clock.monotonic += 1
        assert seen(watch) == ["mail.log"]
        for _ in range(int(HELD_SECONDS)):
            clock.monotonic += 1.1
            found = seen(watch)
            if found:
                break
        # At its end
        assert found == ["mail.log"]
        assert seen(watch) == []
    watch.close()


@pytest.mark.long
def test_a_follower_that_was_stopped_for_longer_than_it_waits_for_anything(tmp_path):
    """SIGSTOP, two rotations, SIGCONT."""
    lines = distinct_lines(60, seed=23)
    log, database = tmp_path / "mail.log", tmp_path / "mail.duckdb"
    log.write_text(text_of(lines[:10]))
    command = [sys.executable, "-c", FOLLOWER, str(database), str(log)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        try:
            wait_until(lambda: stored_count(database) == 10)
            process.send_signal(SIGSTOP)
            with log.open("a") as daemon:
                daemon.write(text_of(lines[10:20]))
                daemon.flush()
                log.rename(tmp_path / "mail.log.1")
                log.write_text(text_of(lines[30:40]))
                daemon.write(text_of(lines[20:30]))
            (tmp_path / "mail.log.1").rename(tmp_path / "mail.log.2")
            log.rename(tmp_path / "mail.log.1")
            log.write_text(text_of(lines[40:]))
            process.send_signal(SIGCONT)
            wait_until(lambda: stored_count(database) == 60)
        finally:
            process.send_signal(SIGCONT)
            process.send_signal(SIGTERM)
    assert process.returncode == 0
    assert_loaded_alike(database, lines, tmp_path)


@pytest.mark.long
def test_a_log_keeps_the_zone_that_it_began_with_whatever_the_system_says_later(tmp_path):
    log, database, whole = tmp_path / "mail.log", tmp_path / "mail.duckdb", tmp_path / "whole"
    lines = distinct_lines(40, seed=24)

    def load_in(zone: str, count: int) -> None:
        log.write_text(text_of(lines[:count]))
        # Both of Python, for the file's day, and of the engine
        command = [sys.executable, "-c", "from mailsql.cli import main; main()"]
        subprocess.run(
            [*command, "load", str(log), "--db", str(database)],
            env=os.environ | {"TZ": zone},
            check=True,
            capture_output=True,
        )

    for zone, count in (("Asia/Tokyo", 20), ("America/New_York", 30), ("UTC", 40)):
        load_in(zone, count)
    load([log], whole, timezone="Asia/Tokyo")
    starts = {str(log): 0}
    assert_rows_alike(rows_without_keys(database, starts), rows_without_keys(whole, starts))
    with mailsql.open_database(database) as connection:
        zones = connection.execute("select distinct timezone from stream_settings").fetchall()
    assert zones == [("Asia/Tokyo",)]


# Summer time ends in Berlin at three, which is two again
TWICE = """\
Oct 25 01:59:58 mx1 postfix/smtpd[10]: connect from a.example.net[192.0.2.1]
Oct 25 01:59:59 mx1 postfix/smtpd[10]: 4F0F2A: client=a.example.net[192.0.2.1]
Oct 25 02:00:01 mx1 postfix/cleanup[11]: 4F0F2A: message-id=<1@example.net>
Oct 25 02:30:00 mx1 postfix/qmgr[12]: 4F0F2A: from=<a@example.net>, size=500, nrcpt=1 (queue active)
Oct 25 02:59:59 mx1 postfix/smtpd[10]: disconnect from a.example.net[192.0.2.1] ehlo=1 commands=1
Oct 25 02:00:00 mx1 postfix/smtp[13]: 4F0F2A: to=<b@example.org>, relay=none, delay=9, \
dsn=2.0.0, status=sent (250 ok)
Oct 25 02:15:00 mx1 postfix/qmgr[12]: 4F0F2A: removed
Oct 25 02:40:00 mx1 postfix/smtpd[20]: connect from b.example.net[192.0.2.2]
Oct 25 02:59:58 mx1 postfix/smtpd[20]: disconnect from b.example.net[192.0.2.2] commands=0/0
Oct 25 03:00:01 mx1 postfix/smtpd[21]: connect from c.example.net[192.0.2.3]
Oct 25 03:00:02 mx1 postfix/smtpd[21]: disconnect from c.example.net[192.0.2.3] commands=0/0
"""


@pytest.mark.usefixtures("small_head")
@pytest.mark.parametrize("is_loaded_at_once", [True, pytest.param(False, marks=pytest.mark.long)])
def test_an_hour_that_comes_twice_is_the_same_whole_and_cut_in_every_place(
    tmp_path, is_loaded_at_once
):
    lines = TWICE.splitlines()
    uncut = tmp_path / "uncut.duckdb"
    log = tmp_path / "mail.log"

    def write(count: int) -> None:
        log.write_text(text_of(lines[:count]))
        os.utime(log, (NOW.timestamp(), NOW.timestamp()))

    write(len(lines))
    load([log], uncut, timezone="Europe/Berlin")
    expected = rows_without_keys(uncut, {str(log): 0})
    with mailsql.open_database(uncut) as connection:
        connection.execute("set TimeZone = 'Europe/Berlin'")
        found = connection.execute(
            "select strftime(logged_at, '%b %d %H:%M:%S') from raw_lines order by line_key"
        ).fetchall()
        events = connection.execute(
            "select (select count(*) from connections), (select count(*) from deliveries)"
        ).fetchone()
    # As they are written, in the order in which they are written
    assert [stamp for (stamp,) in found] == [line[:15] for line in lines]
    assert events == (3, 1)
    assert_derived_alike(uncut)
    cut = tmp_path / "cut.duckdb"
    for count in [len(lines)] if is_loaded_at_once else range(1, len(lines) + 1):
        write(count)
        load([log], cut, timezone="Europe/Berlin", batch_bytes=1)
    assert_rows_alike(rows_without_keys(cut, {str(log): 0}), expected)

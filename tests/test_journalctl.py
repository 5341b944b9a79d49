"""A journal is loaded behind its cursor: every entry once, whatever happens in between.

A journal of text stands in for journalctl where what journalctl says is the point; the long test
has a real journald.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest

import mailsql
from mailsql.errors import InputError, UsageError
from mailsql.follow import follow
from mailsql.ingest import LoadedSource, read_options
from mailsql.journalctl import RETRY_SECONDS, JournalNews, is_same_entry
from mailsql.pseudonyms import Keeping, Pseudonyms
from mailsql.status import describe_source
from tests.conftest import NOW, assert_derived_alike, load
from tests.test_follow import behind_the_scenes, stored_count, wait_until

pytestmark = pytest.mark.newest

JOURNALD = Path("/lib/systemd/systemd-journald")
# Entries stand in a file, behind each other; the number of a cursor is the place of its entry.
# What is asked for is kept, and so is what journalctl is to say, and how it is to end
STAND_IN = """\
#!/bin/sh
cd "$(dirname "$0")"
echo "$*" >> asked
for option; do
    case $option in
        --cursor=*) cursor=${option#--cursor=} ;;
        --follow) exec tail -n +1 -f news ;;
    esac
done
[ -e said ] && cat said >&2
number=${cursor#*;i=}
awk -v from="${number%%;*}" 'BEGIN { RS = ""; ORS = "\\n\\n" } {
    number = $0
    sub(/^__CURSOR=s=[a-z]*;i=/, "", number)
    sub(/;.*/, "", number)
    if (number + 0 >= from + 0) print
}' entries
[ -e torn ] && cat torn
[ -e status ] && exit "$(cat status)"
exit 0
"""
BEGUN = int(NOW.timestamp()) - 3600


def cursor_of(number: int, file: str = "a", place: int | None = None) -> str:
    """The cursor of an entry; where journald has moved it, file and place are others."""
    at = (BEGUN + number) * 1_000_000
    return f"s={file};i={place or number};b=c0ffee;m={number:x};t={at:x};x={number * 7:x}"


def entry(number: int, cursor: str | None = None) -> str:
    """An entry as journalctl -o export writes it: a message leaves the queue."""
    return (
        f"__CURSOR={cursor or cursor_of(number)}\n"
        f"__REALTIME_TIMESTAMP={(BEGUN + number) * 1_000_000}\n"
        f"_HOSTNAME=mx1\nSYSLOG_IDENTIFIER=postfix/qmgr\nSYSLOG_FACILITY=2\nSYSLOG_PID=812\n"
        f"MESSAGE=6A8142{number:05X}: removed\n\n"
    )


class StandIn:
    """A journal of text, and the journalctl that reads it."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        directory.mkdir()
        program = directory / "journalctl"
        program.write_text(STAND_IN)
        program.chmod(0o755)
        self.write(range(0))
        self.tell("news", "")

    def write(self, numbers: range | list[int]) -> None:
        """Hold these entries, and no others."""
        self.tell("entries", "".join(entry(number) for number in numbers))

    def tell(self, name: str, text: str) -> None:
        (self.directory / name).write_text(text)

    def is_well(self) -> None:
        for name in ("said", "torn", "status"):
            (self.directory / name).unlink(missing_ok=True)

    def asked(self) -> list[str]:
        return (self.directory / "asked").read_text().splitlines()


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StandIn:
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=os.pathsep)
    return StandIn(tmp_path / "bin")


def load_journal(database: Path, **options: object) -> LoadedSource:
    (loaded,) = load([Path("journal")], database, **options)
    return loaded


def numbers_of(database: Path) -> list[int]:
    """The numbers of the entries that are loaded, in their order."""
    with mailsql.open_database(database) as connection:
        rows = connection.execute("select queue_id from log_lines order by line_key").fetchall()
    return [int(queue_id[6:], 16) for (queue_id,) in rows]


def stored_cursor(database: Path) -> str | None:
    with mailsql.open_database(database) as connection:
        ((cursor,),) = connection.execute("select journal_cursor from log_files").fetchall()
    return cursor


def test_each_load_goes_on_behind_the_entry_that_is_stored_with_the_lines(stand_in, tmp_path):
    database = tmp_path / "mail.duckdb"
    stand_in.write(range(1, 4))
    loaded = load_journal(database)
    assert (loaded.line_count, loaded.gap, loaded.fault) == (3, None, None)
    assert stored_cursor(database) == cursor_of(3)
    asked = stand_in.asked()[-1]
    assert "--cursor" not in asked
    assert "SYSLOG_FACILITY=2 + _SYSTEMD_UNIT=postfix.service" in asked
    again = load_journal(database)
    assert (again.line_count, again.is_empty, again.gap) == (0, False, None)
    # Of which journald has moved the last one loaded to another file
    moved = [entry(number, cursor_of(number, "b", number + 2)) for number in range(3, 6)]
    stand_in.tell("entries", "".join(moved))
    more = load_journal(database)
    assert (more.line_count, more.loaded_before > 0, more.gap) == (2, True, None)
    assert stand_in.asked()[-1].find(f"--cursor={cursor_of(3)}") > 0
    # And of which the last one loaded was removed
    stand_in.write(range(8, 10))
    vacuumed = load_journal(database)
    assert vacuumed.line_count == 2
    assert vacuumed.gap == tuple(datetime.fromtimestamp(BEGUN + at, UTC) for at in (5, 8))
    (said,) = describe_source(vacuumed)
    assert said.startswith("journal: 2 more lines; the journal no longer has the entry of ")
    assert load_journal(database).gap is None
    assert numbers_of(database) == [1, 2, 3, 4, 5, 8, 9]
    with mailsql.open_database(database) as connection:
        found = connection.execute("select file_key, path, compression from log_files").fetchall()
    assert found == [(1, "journal", "journal export")]


def test_with_pseudonyms_a_load_goes_on_behind_the_entry_too(stand_in, tmp_path):
    database = tmp_path / "mail.duckdb"
    pseudonyms = Pseudonyms(bytes(range(32)), Keeping())
    stand_in.write(range(1, 4))
    assert load_journal(database, pseudonyms=pseudonyms).line_count == 3
    stand_in.write(range(1, 6))
    more = load_journal(database, pseudonyms=pseudonyms)
    assert (more.line_count, more.gap, more.cursor) == (2, None, cursor_of(5))
    assert stored_cursor(database) == cursor_of(5)
    assert numbers_of(database) == [1, 2, 3, 4, 5]
    with mailsql.open_database(database) as connection:
        found = connection.execute(
            "select distinct host, contains(line, 'mx1'), pseudonym_key from raw_lines "
            "inner join log_files on line_key >> 32 = file_key"
        ).fetchall()
    assert found == [(pseudonyms.host(b"mx1").decode(), False, pseudonyms.fingerprint)]
    with pytest.raises(UsageError, match="have pseudonyms"):
        load_journal(database)


def test_cursors_of_one_file_differ_by_their_place_alone():
    one, two = cursor_of(5, place=5), cursor_of(5, place=6)
    assert not is_same_entry(one, two)
    assert is_same_entry(one, cursor_of(5, "b", 6))
    assert not is_same_entry(one, cursor_of(6, "b", 5))


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        (
            "Hint: You are currently not seeing messages from other users and the system.",
            "journal: this user may not read all of it",
        ),
        (
            "No journal files were opened due to insufficient permissions.",
            "journal: this user may not read all of it",
        ),
        ("No journal files were found.", "journal: no journal is there"),
    ],
)
def test_a_journal_that_cannot_be_read_whole_is_not_loaded_in_part(stand_in, tmp_path, said, fault):
    stand_in.write(range(1, 4))
    stand_in.tell("said", f"{said}\n")
    loaded = load_journal(tmp_path / "mail.duckdb")
    assert loaded.line_count == 0
    assert str(loaded.fault) == fault


def test_where_journalctl_is_missing_that_is_said(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    loaded = load_journal(tmp_path / "mail.duckdb")
    assert str(loaded.fault) == "journal: journalctl is not installed"
    assert isinstance(loaded.fault, InputError)


def test_what_came_before_journalctl_failed_is_loaded_and_the_rest_comes_next(stand_in, tmp_path):
    database = tmp_path / "mail.duckdb"
    stand_in.write(range(1, 4))
    stand_in.tell("torn", entry(4)[:-20])
    loaded = load_journal(database)
    assert loaded.line_count == 3
    assert str(loaded.fault) == "journal: it breaks off; what came before that is loaded"
    stand_in.is_well()
    stand_in.write(range(1, 6))
    stand_in.tell("said", "Failed to iterate through journal: Bad message\n")
    stand_in.tell("status", "1")
    loaded = load_journal(database)
    assert loaded.line_count == 2
    assert str(loaded.fault).startswith("journal: journalctl: Failed to iterate through journal")
    stand_in.is_well()
    assert load_journal(database).line_count == 0
    assert numbers_of(database) == [1, 2, 3, 4, 5]


@pytest.mark.long
def test_a_file_that_begins_as_the_journal_is_another_log(stand_in, tmp_path):
    """Else it would go on where the journal is, and the journal would not know."""
    database, log = tmp_path / "mail.duckdb", tmp_path / "mail.json"
    stand_in.write(range(1, 4))
    load_journal(database)
    with mailsql.open_database(database) as connection:
        lines = connection.execute("select line from raw_lines order by line_key").fetchall()
    log.write_text("".join(f"{line}\n" for (line,) in lines))
    (loaded,) = load([log], database)
    assert loaded.copies == {"journal": 3}
    stand_in.write(range(1, 5))
    assert load_journal(database).line_count == 1
    with mailsql.open_database(database) as connection:
        counted = connection.execute("select count(*) from log_lines where copy_of is null")
        assert counted.fetchone() == (4,)
    assert_derived_alike(database)


def test_a_journal_is_followed_and_a_signal_ends_it(stand_in, tmp_path):
    database = tmp_path / "mail.duckdb"
    stand_in.write(range(1, 4))
    told: list[str] = []

    def told_of(number: int) -> str:
        return f'{{"__CURSOR":"{cursor_of(number)}","MESSAGE":"x"}}\n'

    def deeds() -> None:
        wait_until(lambda: any("journal: 3 lines" in text for text in told))
        stand_in.write(range(1, 6))
        with (stand_in.directory / "news").open("a") as news:
            news.write(told_of(4) + told_of(5))
        wait_until(lambda: stored_count(database) == 5)

    with behind_the_scenes(deeds) as failures:
        follow(
            ["journal"],
            database,
            read_options(timezone="UTC", threads=1),
            clock=lambda: NOW,
            environ={},
            tell=told.append,
            tell_error=lambda error: told.append(str(error)),
        )
    assert not failures
    assert told[-1] == "ended; 5 lines were added, and all of them are committed"
    assert numbers_of(database) == [1, 2, 3, 4, 5]
    # Once at the beginning, once for both that came
    assert sum("--follow" not in asked for asked in stand_in.asked()) == 2


def test_a_journal_is_looked_into_when_there_is_news_only(stand_in, monkeypatch):
    clock = [1000.0]
    monkeypatch.setattr("mailsql.journalctl.time.monotonic", lambda: clock[0])
    news = JournalNews("journal")
    try:
        assert news.look()
        news.failed()
        assert not news.look()
        clock[0] += RETRY_SECONDS
        assert news.look()
        news.loaded(None)
        assert not news.look()
        stand_in.tell("news", f'{{"__CURSOR":"{cursor_of(1)}"}}\n')
        wait_until(news.look)
        news.loaded(cursor_of(1, "b", 9))
        assert not news.look()
        news.look_anew()
        assert news.look()
        news.loaded(cursor_of(1))
        # One that ended is started again, and what came meanwhile looked for
        assert news._process is not None
        news._process.kill()
        wait_until(lambda: news.look() or news._process is None)
        clock[0] += RETRY_SECONDS
        assert news.look()
    finally:
        news.close()


@pytest.fixture
def journald(tmp_path: Path) -> Iterator[Callable[[list[str]], None]]:
    """Run a journald whose journal is below tmp_path; yields what has it take messages."""
    if os.geteuid() != 0 or not JOURNALD.exists() or shutil.which("journalctl") is None:
        pytest.skip("no journald that could be run")
    (tmp_path / "journal").mkdir()
    script = (
        f"mount -t tmpfs none /run && mount --bind '{tmp_path}' /mnt "
        "&& mount -t tmpfs none /var/log && mkdir -p /var/log/journal "
        "&& mount --bind /mnt/journal /var/log/journal || exit 1; "
        # It ends when it has nothing to do for a while
        f"while :; do {JOURNALD} mail; sleep 0.1; done"
    )
    process = subprocess.Popen(["unshare", "--mount", "sh", "-c", script], start_new_session=True)
    address = f"/proc/{process.pid}/root/run/systemd/journal.mail/socket"

    def send(messages: list[str]) -> None:
        for message in messages:
            given = (
                f"SYSLOG_IDENTIFIER=postfix/qmgr\nSYSLOG_FACILITY=2\nSYSLOG_PID=812\n"
                f"MESSAGE={message}\n"
            )
            chat = f"SYSLOG_IDENTIFIER=app\nSYSLOG_FACILITY=3\nMESSAGE=of {message}\n"
            for datagram in (given, chat):
                wait_until(lambda datagram=datagram: was_sent(address, datagram.encode()))

    try:
        wait_until(lambda: Path(address).exists() or process.poll() is not None)
        if process.poll() is not None:
            pytest.skip("no name space for a journald")
        yield send
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def was_sent(address: str, datagram: bytes) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        try:
            sender.connect(address)
            sender.send(datagram)
        except OSError:
            return False
    return True


FOLLOWER = """
import os, sys
from datetime import UTC, datetime
from pathlib import Path
from mailsql.follow import follow
from mailsql.ingest import read_options
follow(sys.argv[2:], Path(sys.argv[1]), read_options(timezone="UTC", threads=1, batch_bytes=20000),
       clock=lambda: datetime.now(UTC), environ=os.environ, tell=print, tell_error=print)
"""


@pytest.mark.long
@pytest.mark.parametrize("seed", [1, 2])
def test_under_kills_and_restarts_every_entry_of_a_real_journald_is_there_once(
    journald, tmp_path, request, seed
):
    chance, database = Random(seed), tmp_path / "mail.duckdb"
    ledger = [f"6A8142{number:05X}: removed" for number in range(600)]
    place = next_place(tmp_path, lambda: journald(ledger[:100]))
    command = [sys.executable, "-c", FOLLOWER, str(database), f"journal:{place}"]
    process = subprocess.Popen(command)
    request.addfinalizer(lambda: process.kill())
    sent = 100
    while sent < len(ledger) - 200:
        before, count = stored_count(database), chance.randint(1, 120)
        journald(ledger[sent : sent + count])
        sent += count
        wait_until(lambda before=before: stored_count(database) > before)
        # In the middle of the next load, or of nothing
        journald(ledger[sent : sent + 10])
        sent += 10
        time.sleep(chance.random() * 2)
        process.kill()
        process.wait()
        process = subprocess.Popen(command)
    # What comes last is loaded by the last one, which has begun then
    journald(ledger[sent:])
    wait_until(lambda: stored_count(database) >= len(ledger), 300)
    process.terminate()
    assert process.wait(60) == 0
    with mailsql.open_database(database) as connection:
        found = connection.execute("select line from raw_lines order by line_key").fetchall()
    assert [json.loads(line)["MESSAGE"] for (line,) in found] == ledger


def next_place(directory: Path, send: Callable[[], None]) -> Path:
    """Send something; return the directory in which journald then has its journal."""
    send()
    wait_until(lambda: any((directory / "journal").glob("*.mail")))
    (place,) = (directory / "journal").glob("*.mail")
    return place

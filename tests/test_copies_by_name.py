"""Logs that tell the same events, each case by its name: how many events the tables tell, and which
lines tell them."""

import gzip
import os
import random
import re
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import permutations
from pathlib import Path

import duckdb
import pytest

import mailsql
from mailsql.check import check_lines, check_rows, run_checks
from mailsql.derive import Deriver, Piece
from mailsql.forget import forget
from mailsql.reparse import derive_anew
from mailsql.status import describe_load
from tests.conftest import NOW, assert_derived_alike, load, rows_of_lines
from tests.test_crash import start

# Every order of loading is a database of its own
pytestmark = pytest.mark.long

CLIENT = "c.example.net[192.0.2.7]"
# What happens in each round: seconds after its beginning, severity, line
ROUND = [
    (0.1, "info", f"postfix/smtpd[101]: connect from {CLIENT}"),
    (
        0.2,
        "warn",
        "postfix/smtpd[101]: warning: hostname c.example.net does not resolve to address 192.0.2.7",
    ),
    (
        0.3,
        "warn",
        f"postfix/smtpd[101]: warning: {CLIENT}: SASL LOGIN authentication failed: no, "
        "sasl_username=root",
    ),
    (
        2.0,
        "info",
        f"postfix/smtpd[101]: NOQUEUE: reject: RCPT from {CLIENT}: 550 5.1.1 <x@example.com>: "
        "No; from=<a@example.net> to=<x@example.com> proto=ESMTP helo=<c>",
    ),
    (2.1, "info", f"postfix/smtpd[101]: 1E24@@: client={CLIENT}"),
    (2.2, "info", "postfix/cleanup[102]: 1E24@@: message-id=<@@@example.net>"),
    (
        2.3,
        "info",
        "postfix/qmgr[103]: 1E24@@: from=<a@example.net>, size=900, nrcpt=1 (queue active)",
    ),
    (
        2.4,
        "info",
        f"postfix/smtpd[101]: disconnect from {CLIENT} ehlo=1 auth=0/1 mail=1 rcpt=1/2 "
        "data=1 quit=1 commands=5/7",
    ),
    (3.0, "warn", "postfix/smtp[104]: warning: mx.example.org[192.0.2.9]:25 sent\ta tab"),
    (
        3.1,
        "info",
        "postfix/smtp[104]: 1E24@@: to=<b@example.org>, relay=mx.example.org[192.0.2.9]:25, "
        "delay=1, delays=0/0/1/0, dsn=2.0.0, status=sent (250 2.0.0 Ok)",
    ),
    (3.2, "info", "postfix/qmgr[103]: 1E24@@: removed"),
    (9.0, "err", "dovecot: imap(bob)<9><i@@>: Error: Corrupted index"),
    (
        9.5,
        "info",
        "dovecot: pop3-login: Login: user=<bob>, method=PLAIN, rip=192.0.2.7, lip=192.0.2.1, "
        "mpid=105, TLS, session=<p@@>",
    ),
    (
        9.6,
        "info",
        "dovecot: pop3(bob)<105><p@@>: Disconnected: Logged out top=0/0, retr=1/900, "
        "del=1/1, size=900",
    ),
]
CRON = "CRON[9]: (root) CMD (true)"
# Tables and what they tell of each round
COUNTS = {
    "connections": 1,
    "messages": 1,
    "deliveries": 1,
    "rejections": 1,
    "logins": 2,
    "pop3_sessions": 1,
    "notices": 3,
}
SEVERITIES = {
    "mail.log": ("info", "warn", "err"),
    "mail.info": ("info", "warn", "err"),
    "mail.warn": ("warn", "err"),
    "mail.err": ("err",),
}


@dataclass(frozen=True)
class Event:
    """What happened: when, how bad it is, and what the line says behind its host."""

    moment: datetime
    severity: str
    text: str

    def line(self, style: str = "bsd") -> str:
        """The line as rsyslog writes it in two ways (tabs as #011), or journalctl in two more."""
        text = self.text
        match style:
            case "bsd":
                return f"{self.moment:%b %e %H:%M:%S} mx1 {text}".replace("\t", "#011")
            case "rfc3339":
                blank = " " if "warning" in text else ""
                return f"{self.moment.isoformat()} mx1 {text}{blank}".replace("\t", "#011")
            case "short":
                text = text.replace("dovecot:", "dovecot[812]:")
                return f"{self.moment:%b %d %H:%M:%S} mx1 {text}"
            case _:
                text = text.replace("dovecot:", "dovecot[812]:")
                return f"{self.moment:%Y-%m-%dT%H:%M:%S}+0000 mx1 {text}"


def happened(rounds: int, first: int = 1) -> list[Event]:
    """Rounds of ROUND, half a minute each."""
    beginning = datetime(2026, 2, 3, 9, tzinfo=UTC)
    return [
        Event(
            beginning + timedelta(seconds=30 * number + after),
            severity,
            text.replace("@@", f"{number:03d}"),
        )
        for number in range(first, first + rounds)
        for after, severity, text in ROUND
    ]


def text_of(lines: list[str]) -> str:
    return "".join(line + "\n" for line in lines)


def lines_of(events: list[Event], name: str = "mail.log", style: str = "bsd") -> list[str]:
    """What a log of Debian's has of events; syslog has lines of another program besides."""
    if name == "syslog":
        cron = [Event(event.moment, "info", CRON) for event in events[::14]]
        events = sorted([*cron, *events], key=lambda event: event.moment)
        name = "mail.log"
    return [event.line(style) for event in events if event.severity in SEVERITIES[name]]


def write(path: Path, lines: list[str]) -> Path:
    path.write_text(text_of(lines))
    return path


@contextmanager
def standard_input(text: str, directory: Path) -> Iterator[None]:
    """Have a text as standard input."""
    file = directory / "standard input"
    file.write_text(text)
    kept = os.dup(0)
    with file.open("rb") as source:
        os.dup2(source.fileno(), 0)
    try:
        yield
    finally:
        os.dup2(kept, 0)
        os.close(kept)


def counts(database: Path) -> dict[str, int]:
    """Events that the tables of COUNTS tell, and lines: all, and those that are copies."""
    with mailsql.open_database(database) as connection:
        return {
            table: connection.execute(
                f"select count(*) from {table}"
                if table not in ("rejections", "logins", "notices")
                else f"select coalesce(sum(occurrences), 0)::bigint from {table}"
            ).fetchall()[0][0]
            for table in COUNTS
        }


def line_counts(database: Path) -> tuple[int, int]:
    """Lines, and how many of them are copies."""
    with mailsql.open_database(database) as connection:
        row = connection.execute("select count(*), count(copy_of) from log_lines").fetchone()
    assert row is not None
    return row


def assert_checked(database: Path) -> None:
    """The quick checks find nothing."""
    said: list[str] = []
    with mailsql.open_database(database) as connection:
        assert run_checks(connection, said.append) == 0, said
        assert check_lines(connection, said.append) == 0, said


def assert_told_once(database: Path, rounds: int) -> None:
    """The tables tell each event of so many rounds once."""
    assert counts(database) == {table: count * rounds for table, count in COUNTS.items()}
    assert_checked(database)


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "mail.duckdb"


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> dict:
    """The rows of two rounds by mail.log alone."""
    directory = tmp_path_factory.mktemp("plain")
    lines = lines_of(happened(2))
    load([write(directory / "mail.log", lines)], directory / "mail.duckdb")
    assert_told_once(directory / "mail.duckdb", 2)
    return rows_of_lines(directory / "mail.duckdb", lines)


@pytest.mark.parametrize(
    "calls",
    [
        *(
            [[name] for name in order]
            for order in permutations(("mail.log", "mail.warn", "syslog"))
        ),
        [["mail.log", "mail.warn", "syslog"]],
    ],
    ids=str,
)
def test_debians_logs_tell_an_event_once_in_any_order(tmp_path, database, plain, calls):
    events = happened(2)
    for names in calls:
        paths = [write(tmp_path / name, lines_of(events, name)) for name in names]
        assert all(loaded.fault is None for loaded in load(paths, database))
    assert line_counts(database) == (28 + 8 + 30, 28 + 8)
    found = rows_of_lines(database, lines_of(events))
    # Lines of other programs are only in syslog
    found["log_lines"] = [row for row in found["log_lines"] if row[3] != "CRON"]
    assert found == plain
    assert_checked(database)


def test_all_that_the_shell_names_is_loaded_in_one_call(tmp_path, database, plain):
    names = ("mail.log", "mail.info", "mail.warn", "mail.err")
    events = happened(2)
    loaded = load([write(tmp_path / name, lines_of(events, name)) for name in names], database)
    assert {one.name.rsplit("/")[-1]: (one.line_count, one.fault) for one in loaded} == {
        "mail.info": (28, None),
        # To the byte what mail.info is
        "mail.log": (0, None),
        "mail.warn": (8, None),
        "mail.err": (2, None),
    }
    assert rows_of_lines(database, lines_of(events)) == plain
    assert_told_once(database, 2)


def test_a_folder_without_mail_log_is_told_once(tmp_path, database, plain):
    folder = tmp_path / "log"
    folder.mkdir()
    events = happened(2)
    for name in ("mail.info", "mail.warn", "mail.err"):
        write(folder / name, lines_of(events, name))
    assert [one.line_count for one in load([folder], database)] == [2, 28, 8]
    assert rows_of_lines(database, lines_of(events)) == plain
    assert_told_once(database, 2)
    assert_derived_alike(database)


@pytest.mark.parametrize("overlap", [1, 8, 200])
def test_windows_that_overlap_go_on(tmp_path, database, overlap):
    lines = lines_of(happened(30))
    begun = 0
    # They begin and end within a second
    for end in (219, 219 + 100, len(lines)):
        with standard_input(text_of(lines[begun:end]), tmp_path):
            load(["-"], database)
        begun = end - overlap
    assert line_counts(database) == (len(lines) + 2 * overlap, 2 * overlap)
    assert_told_once(database, 30)


def test_separators_of_a_journal_that_change_each_time_are_nothing_new(tmp_path, database):
    lines = lines_of(happened(4), style="short")
    boot = "-- Boot 7a816ef7bc53aaa7f115fb236509f6b4 --"
    lines.insert(20, boot)
    texts = [
        [f"-- Logs begin at Fri 2026-02-0{day} 14:54:15 UTC, end at Tue 2026-02-03. --", *window]
        for day, window in enumerate((lines[:25], lines[10:], lines[-9:]), 1)
    ]
    for window in [*texts, ["-- No entries --"]]:
        with standard_input(text_of(window), tmp_path):
            load(["-"], database)
    assert line_counts(database) == (3 + 25 + 47 + 9 + 1, 15 + 9)
    with mailsql.open_database(database) as connection:
        kinds = connection.execute(
            "select line, count(*), count(copy_of) from log_lines "
            "where kind = 'journal_separator' group by line having line not like '-- Logs%'"
        ).fetchall()
        unknown = connection.execute("select line from log_lines where kind = 'unknown'")
        assert unknown.fetchall() == []
    assert sorted(kinds) == [(boot, 2, 1), ("-- No entries --", 1, 0)]
    assert_told_once(database, 4)
    assert_derived_alike(database)


PARTS = {
    "a grep": lambda lines: [line for line in lines if "smtpd" in line],
    "tail -n 9": lambda lines: lines[-9:],
    "first line gone, second changed": lambda lines: [
        lines[1].replace("warning:", "note:"),
        *lines[2:],
    ],
    "another first line": lambda lines: ["# copied by hand", *lines],
    "a middle": lambda lines: lines[5:19],
}


@pytest.mark.parametrize("is_first", [False, True], ids=["copy last", "copy first"])
@pytest.mark.parametrize("part", PARTS)
def test_what_somebody_cut_out_of_a_log_is_nothing_new(tmp_path, database, plain, part, is_first):
    lines = lines_of(happened(2))
    log = write(tmp_path / "mail.log", lines)
    copied = PARTS[part](lines)
    copy = write(tmp_path / "copied", copied)
    for path in (copy, log) if is_first else (log, copy):
        load([path], database)
    new = [line for line in copied if line not in lines]
    assert line_counts(database) == (28 + len(copied), len(copied) - len(new))
    found = rows_of_lines(database, lines)
    assert {
        table: rows for table, rows in found.items() if table not in ("log_lines", "notices")
    } == {table: rows for table, rows in plain.items() if table not in ("log_lines", "notices")}
    for table in ("log_lines", "notices"):
        assert [row for row in found[table] if row[0]] == plain[table]
    assert_checked(database)


@pytest.mark.parametrize("other", ["bsd", "short", "short-iso"])
@pytest.mark.parametrize("is_first", [False, True], ids=["finer last", "finer first"])
def test_of_twins_the_one_with_the_finer_stamps_counts(tmp_path, database, other, is_first):
    events = happened(2)
    finer = write(tmp_path / "mail.log", lines_of(events, style="rfc3339"))
    twin = write(tmp_path / "twin.log", lines_of(events, style=other))
    alone = tmp_path / "alone.duckdb"
    load([finer], alone)
    for path in (finer, twin) if is_first else (twin, finer):
        load([path], database)
    assert line_counts(database) == (56, 28)
    lines = finer.read_text().splitlines()
    assert rows_of_lines(database, lines) == rows_of_lines(alone, lines)
    assert_told_once(database, 2)


@pytest.mark.parametrize("twins", [("bsd", "short"), ("short", "short-iso"), ("short-iso", "bsd")])
def test_twins_with_the_same_stamps_are_told_once(tmp_path, database, twins):
    for style in twins:
        load([write(tmp_path / style, lines_of(happened(2), style=style))], database)
    assert line_counts(database) == (56, 28)
    assert_told_once(database, 2)


@pytest.mark.parametrize("is_first", [False, True], ids=["with hosts last", "with hosts first"])
def test_lines_without_host_are_those_of_the_host_that_is_told(tmp_path, database, is_first):
    lines = [line for line in lines_of(happened(2)) if "dovecot" in line]
    log = write(tmp_path / "mail.log", lines)
    hostless = write(tmp_path / "dovecot.log", [line.replace(" mx1 ", " ") for line in lines])
    for path in (log, hostless) if is_first else (hostless, log):
        load([path], database, host="mx1" if path == hostless else None)
    assert line_counts(database) == (12, 6)
    told = dict.fromkeys(COUNTS, 0) | {"logins": 2, "pop3_sessions": 2, "notices": 2}
    assert counts(database) == told


@pytest.mark.parametrize("is_own", [False, True], ids=["hosts left out", "its own log"])
def test_a_log_without_hosts_whose_host_is_known_says_so_and_counts_once_if_that_is_told(
    tmp_path, database, is_own
):
    lines = [line for line in lines_of(happened(8)) if "dovecot" in line]
    log = write(tmp_path / "mail.log", lines)
    # As Dovecot writes it itself: without program, and with the level of what is no fault
    own = [
        re.sub(r"^(.{16}\S+): (?!Error: )", r"\1: Info: ", line.replace("mx1 dovecot: ", ""))
        for line in lines
    ]
    hostless = write(
        tmp_path / "dovecot.log", own if is_own else [line.replace(" mx1 ", " ") for line in lines]
    )
    assert load([log], database)[0].named_host is None
    told = load([hostless], database)[0]
    assert (told.copies, told.named_host) == ({}, "mx1")
    with mailsql.open_database(database) as connection:
        assert "--host" in describe_load(connection, [told], database)
    forget(database, str(hostless), lambda _: None, now=NOW)
    assert load([hostless], database, host="mx1")[0].named_host is None
    assert line_counts(database) == (48, 24)
    assert counts(database) == dict.fromkeys(COUNTS, 0) | {
        "logins": 8,
        "pop3_sessions": 8,
        "notices": 8,
    }
    assert_derived_alike(database)


@pytest.mark.parametrize("second", [0, 1], ids=["one second", "neighbouring seconds"])
def test_the_same_words_of_a_process_in_neighbouring_seconds_are_two_events(
    tmp_path, database, second
):
    # Whoever cuts one log between the two has two that know them once each
    parts = [attempts("root", second=10), attempts("root", second=10 + second)]
    for number, part in enumerate(parts):
        load([write(tmp_path / f"mail{number}.log", part)], database)
    assert failed_logins(database) == 1 + second


def failed_logins(database: Path) -> int:
    with mailsql.open_database(database) as connection:
        rows = connection.execute(
            "select sum(occurrences) from logins where not is_success"
        ).fetchall()
    return rows[0][0]


FAILED = "Feb  3 09:00:{second:02d} mx1 postfix/smtpd[101]: warning: " + (
    f"{CLIENT}: SASL LOGIN authentication failed: no, sasl_username="
)


def attempts(*users: str, second: int = 10) -> list[str]:
    """Failed logins in one second."""
    return [FAILED.format(second=second) + user for user in users]


@pytest.mark.parametrize("is_first", [False, True], ids=["older first", "newer first"])
@pytest.mark.parametrize(
    ("names", "count", "copies"),
    [
        # Parts of one rotation have no line in common
        (("mail.log.1", "mail.log"), 9, 0),
        # Of others the end a, b of the one is what the other begins with
        (("old.log", "new.log"), 7, 2),
    ],
    ids=["a rotation", "others"],
)
def test_a_second_that_two_logs_share_has_a_fixed_answer(
    tmp_path, database, names, count, copies, is_first
):
    older = write(tmp_path / names[0], attempts("a", "b", second=9) + attempts("c", "a", "b"))
    newer = write(tmp_path / names[1], attempts("a", "b", "a") + attempts("c", second=11))
    for path in (newer, older) if is_first else (older, newer):
        load([path], database)
    assert failed_logins(database) == count
    assert line_counts(database) == (9, copies)
    assert_checked(database)
    assert_derived_alike(database)


@pytest.mark.parametrize("is_packed", [False, True])
def test_a_restored_log_tells_what_is_new_in_it(tmp_path, database, is_packed):
    log = tmp_path / ("mail.log.1.gz" if is_packed else "mail.log")
    old, new = happened(4), happened(2, first=20)
    for events in (old, old[:28] + new, old[1:28] + new, old):
        content = text_of(lines_of(events)).encode()
        log.write_bytes(gzip.compress(content) if is_packed else content)
        load([log], database)
    # The second is known by its beginning, the third is another log of copies
    assert line_counts(database) == (56 + 28 + 55, 55)
    assert_told_once(database, 6)


def test_the_packed_part_of_a_rotation_is_nothing_new(tmp_path, database):
    lines = lines_of(happened(3))
    load([write(tmp_path / "mail.log", lines)], database)
    for name, packed in (("mail.log.1.gz", lines), ("mail.log.2.gz", lines[1:])):
        (tmp_path / name).write_bytes(gzip.compress(text_of(packed).encode()))
        load([tmp_path / name], database)
    assert line_counts(database) == (42 + 41, 41)
    assert_told_once(database, 3)


@pytest.mark.parametrize("is_whole_last", [False, True])
def test_what_goes_on_under_another_name_is_no_part_of_the_rotation(
    tmp_path, database, is_whole_last
):
    events = happened(1)
    lines = lines_of(events)
    # The newer part holds lines of the second only that the older one ends in
    same = [place for place, event in enumerate(events) if event.moment.second == 32]
    first, last = same[1], same[-1] + 1
    parts = [
        write(tmp_path / "mail.log.1", lines[:first]),
        write(tmp_path / "mail.log", lines[first:last]),
    ]
    whole = write(tmp_path / "all.log", lines[:last])
    for log in [*parts, whole] if is_whole_last else [parts[0], whole, parts[1]]:
        load([log], database)
    assert line_counts(database) == (last + last - first, last - first)
    assert_checked(database)


def connects(seconds: range) -> list[str]:
    """A connection a second."""
    return [
        f"Feb  3 09:00:{second:02d} mx1 postfix/smtpd[101]: connect from h[192.0.2.{second}]"
        for second in seconds
    ]


def line_that_comes_again(database: Path) -> tuple[int, int]:
    """How often the line of second 30 stands there, and how many of these are copies."""
    with mailsql.open_database(database) as connection:
        row = connection.execute(
            "select count(*), count(copy_of) from log_lines where contains(line, ':30 mx1')"
        ).fetchone()
    assert row is not None
    return row


@pytest.mark.parametrize("name", ["old/mail.log.1", "mail-20260203.log"])
def test_a_part_that_goes_on_where_it_was_rotated_to_is_one_still(tmp_path, database, name):
    log = write(tmp_path / "mail.log", connects(range(25)))
    load([log], database)
    (tmp_path / "old").mkdir()
    load(
        [write(tmp_path / name, connects(range(31))), write(log, connects(range(30, 35)))], database
    )
    assert line_that_comes_again(database) == (2, 0)
    assert_derived_alike(database)


def test_what_came_through_a_pipe_first_is_a_part_of_a_rotation(tmp_path, database):
    old, new = connects(range(31)), connects(range(30, 60))
    load([write(tmp_path / "mail.log.1", old)], database)
    with standard_input(text_of(new[:25]), tmp_path):
        load(["-"], database)
    assert line_that_comes_again(database) == (2, 1)
    load([write(tmp_path / "mail.log", new)], database)
    assert line_that_comes_again(database) == (2, 0)
    assert_derived_alike(database)


def test_a_branch_whose_beginning_is_forgotten_stays_a_part_of_its_rotation(tmp_path, database):
    old, new = connects(range(31)), connects(range(30, 35))
    load(
        [write(tmp_path / "base.log", [*old[:26], "Feb  3 09:00:40 mx1 postfix/smtpd[9]: x"])],
        database,
    )
    log = write(tmp_path / "mail.log", old)
    load([log], database)
    log.rename(tmp_path / "mail.log.1")
    load([tmp_path / "mail.log.1", write(log, new)], database)
    (tmp_path / "mail.log.1").rename(tmp_path / "found.txt")
    load([tmp_path / "found.txt"], database)
    forget(database, str(tmp_path / "base.log"), lambda _: None, now=NOW)
    assert line_that_comes_again(database) == (2, 0)
    assert_derived_alike(database)


def test_a_line_that_fails_leaves_its_log_in_its_rotation(tmp_path, database, monkeypatch):
    old, new = connects(range(31)), connects(range(30, 60))
    load([write(tmp_path / "mail.log.1", old)], database)
    log = write(tmp_path / "mail.log", new[:25])
    load([log], database)
    store = Deriver.store

    def failing(deriver: Deriver, piece: Piece) -> None:
        if piece.first_line_no <= 26 < piece.first_line_no + piece.line_count:
            error = duckdb.InvalidInputException("no")
            error.add_note("5_parse/pickups")
            raise error
        store(deriver, piece)

    monkeypatch.setattr(Deriver, "store", failing)
    assert load([write(tmp_path / "found.log", new)], database)[0].failed_steps
    monkeypatch.undo()
    assert line_that_comes_again(database) == (2, 1)


def doubled(lines: list[str]) -> list[str]:
    return [line for line in lines for _ in range(2)]


def test_a_doubled_log_is_said_and_counts_once_if_that_is_told(tmp_path, database):
    lines = lines_of(happened(3))
    log = write(tmp_path / "mail.log", doubled(lines[:28]))
    assert load([log], database)[0].is_doubled
    # Told later, it holds for what was loaded before, and is remembered
    load([log], database, once=True)
    assert_told_once(database, 2)
    write(log, doubled(lines))
    assert not load([log], database)[0].is_doubled
    assert line_counts(database) == (84, 42)
    assert_told_once(database, 3)
    assert_derived_alike(database)


@pytest.mark.parametrize("is_first", [False, True], ids=["doubled last", "doubled first"])
def test_a_doubled_log_beside_another_counts_once_if_that_is_told(tmp_path, database, is_first):
    lines = lines_of(happened(2))
    twice = write(tmp_path / "twice.log", doubled(lines))
    other = write(tmp_path / "mail.log", lines)
    for path in (twice, other) if is_first else (other, twice):
        load([path], database, once=path == twice)
    assert line_counts(database) == (84, 56)
    assert_told_once(database, 2)
    assert_derived_alike(database)


SUMMED_UP = FAILED.format(second=10).partition("warning: ")[0] + (
    f"message repeated {{count}} times: [ warning: {CLIENT}: SASL LOGIN authentication failed: no, "
    "sasl_username=a]"
)


@pytest.mark.parametrize("is_first", [False, True], ids=["lines last", "lines first"])
@pytest.mark.parametrize(
    ("summed_up", "lines", "count"),
    [
        ([SUMMED_UP.format(count=3)], attempts("a", "a", "a"), 3),
        ([*attempts("a"), SUMMED_UP.format(count=2)], attempts("a", "a", "a"), 3),
        ([SUMMED_UP.format(count=3)], attempts("a", "a"), 3),
        ([SUMMED_UP.format(count=2)], attempts("a", "a", "a"), 3),
    ],
)
def test_lines_summed_up_are_the_lines_of_another_log(
    tmp_path, database, summed_up, lines, count, is_first
):
    other = write(tmp_path / "other.log", attempts("b", second=5) + summed_up)
    log = write(tmp_path / "mail.log", attempts("b", second=5) + lines)
    for path in (log, other) if is_first else (other, log):
        load([path], database)
    assert failed_logins(database) == 1 + count
    assert_checked(database)


@pytest.mark.parametrize("order", list(permutations(("mail.log", "mail.warn"))), ids="-".join)
@pytest.mark.parametrize("gone", ["mail.log", "mail.warn"])
def test_copies_of_a_forgotten_log_count(tmp_path, database, order, gone):
    events = happened(2)
    for name in order:
        load([write(tmp_path / name, lines_of(events, name))], database)
    forget(database, str(tmp_path / gone), lambda _: None, now=NOW)
    left = "mail.warn" if gone == "mail.log" else "mail.log"
    alone = tmp_path / "alone.duckdb"
    load([tmp_path / left], alone)
    lines = lines_of(events)
    assert line_counts(database) == line_counts(alone)
    assert rows_of_lines(database, lines) == rows_of_lines(alone, lines)
    assert_checked(database)
    assert_derived_alike(database)


def test_rows_derived_anew_tell_events_once(tmp_path, database, plain):
    events = happened(2)
    for name in ("mail.warn", "syslog", "mail.log"):
        load([write(tmp_path / name, lines_of(events, name))], database)
    derive_anew(database, lambda _: None)
    found = rows_of_lines(database, lines_of(events))
    found["log_lines"] = [row for row in found["log_lines"] if row[3] != "CRON"]
    assert found == plain
    assert_told_once(database, 2)


@pytest.mark.parametrize(
    "change",
    [
        "copy_of = null where copy_of is not null",
        "copy_of = copy_of + 1 where copy_of is not null",
        "copy_of = line_key - 1 where copy_of is null and line_key & 4294967295 = 9",
        "copy_of = line_key where copy_of is null",
    ],
)
def test_a_changed_copy_is_found(tmp_path, database, change):
    events = happened(2)
    for name in ("mail.log", "mail.warn"):
        load([write(tmp_path / name, lines_of(events, name))], database)
    with duckdb.connect(str(database)) as connection:
        connection.execute(f"update raw_lines set {change}")
    said: list[str] = []
    assert check_rows(database, tmp_path, said.append) > 0
    assert any(line.startswith("FAIL Every row of raw_lines") for line in said)


def test_killed_loads_of_copies_end_like_undisturbed_ones(tmp_path, database, plain):
    events = happened(2)
    logs = [
        write(tmp_path / name, lines_of(events, name))
        for name in ("mail.warn", "syslog", "mail.log")
    ]
    chance = random.Random(5)
    kills = 0
    while kills < 3:
        with start(database, *logs) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            time.sleep(chance.uniform(0.2, 1.5))
            process.send_signal(signal.SIGKILL)
            kills += process.wait() == -signal.SIGKILL
    load(logs, database)
    found = rows_of_lines(database, lines_of(events))
    found["log_lines"] = [row for row in found["log_lines"] if row[3] != "CRON"]
    assert found == plain
    assert_checked(database)
    assert_derived_alike(database)


def test_logs_that_begin_alike_and_go_on_by_turns_are_told_once(tmp_path, database):
    events = happened(4)
    lines = lines_of(events)
    log, syslog = tmp_path / "mail.log", tmp_path / "syslog"
    cron = f"Feb  3 09:00:40 mx1 {CRON}"
    for end in (14, 20, 28, 40, 56):
        load([write(log, lines[:end])], database)
        load([write(syslog, [*lines[:14], cron, *lines[14:end]])], database)
    assert_told_once(database, 4)
    assert_derived_alike(database)


def test_what_no_longer_counts_encrypts_no_delivery(tmp_path, database):
    agent = "Feb  3 09:00:39 mx1 postfix/smtp[16]:"
    told = [
        f"{agent} 1E24040751: to=<b@example.org>, relay=mx[192.0.2.1]:25, delay=1, "
        "delays=0/0/1/0, dsn=2.0.0, status=sent (250 2.0.0 Ok)",
        f"{agent} Trusted TLS connection established to mx[192.0.2.1]:25: TLSv1.3 with cipher "
        "TLS_AES_256_GCM_SHA384 (256/256 bits)",
    ]
    started = "Feb  3 09:00:38 mx1 postfix/master[1]: reload -- version 3.7, configuration /x"
    load([write(tmp_path / "mail.log", [started, *told])], database)
    # It tells more of the second, so it counts, and it begins later
    load([write(tmp_path / "other.log", [*told, f"{agent} a line more"])], database)
    assert_checked(database)
    with mailsql.open_database(database) as connection:
        assert connection.execute("select tls_trust from deliveries").fetchall() == [(None,)]

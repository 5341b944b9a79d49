"""Logs side by side are read as one, in any order; one that is forgotten was never there."""

import random
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import pytest
from hypothesis import assume, given

import mailsql
from mailsql.chain import last_link
from mailsql.check import run_checks
from mailsql.errors import UsageError
from mailsql.forget import forget
from mailsql.settings import read_stretches
from mailsql.stored_bytes import stream_bytes
from mailsql.table_list import tables
from tests.conftest import (
    NOW,
    SEEDS,
    assert_rows_alike,
    host_count,
    load,
    of_hosts,
    rows_of_lines,
)
from tests.test_cutting import disorderly_hosts, disorderly_log
from tests.test_late_lines import write

pytestmark = pytest.mark.newest


def deal(chance: random.Random, lines: list[str], stream_count: int) -> list[list[str]]:
    """Lines dealt to streams that are written side by side, some of a host at a time."""
    streams: list[list[str]] = [[] for _ in range(stream_count)]
    stays: dict[str, int] = defaultdict(lambda: chance.choice([1, 3, 10]))
    turns: dict[str, int] = defaultdict(int)
    for line in lines:
        host = line.split(" ", 2)[1]
        stay = stays[host]
        if chance.random() < 1 / stay:
            turns[host] = chance.randrange(stream_count)
        streams[turns[host]].append(line)
    return streams


def growing(chance: random.Random, streams: list[list[str]]) -> Iterator[tuple[int, list[str]]]:
    """Streams as they stand at one load after the other, in any order of the streams."""
    ends = [
        (number, end)
        for number, stream in enumerate(streams)
        for end in {len(stream), chance.randint(1, 2 * len(stream) + 1)}
        if 0 < end <= len(stream)
    ]
    turns = [number for number, _ in ends]
    chance.shuffle(turns)
    for number in turns:
        end = min(end for other, end in ends if other == number)
        ends.remove((number, end))
        yield number, streams[number][:end]


HEAD = b"Feb  3 09:15:40 mx1 postfix/smtpd[9]: warning: "


def forget_log(database: Path, name: str) -> list[str]:
    """Forget a log; return what was told."""
    told: list[str] = []
    forget(database, name, told.append, now=NOW)
    return told


def assert_read_as_one(
    chance: random.Random, lines: list[str], stream_count: int, share: float
) -> None:
    """Streams that are written side by side, some of them forgotten, give the rows of one."""
    with tempfile.TemporaryDirectory() as place:
        directory = Path(place)
        whole, dealt = directory / "whole.duckdb", directory / "dealt.duckdb"
        kept: dict[int, list[str]] = {}
        for number, part in growing(chance, deal(chance, lines, stream_count)):
            load([write(directory / f"mail{number}.log", part)], dealt)
            kept[number] = part
            if chance.random() < share:
                gone = chance.choice(list(kept))
                forget_log(dealt, str(directory / f"mail{gone}.log"))
                del kept[gone]
        left = set().union(*kept.values())
        load([write(directory / "mail.log", [line for line in lines if line in left])], whole)
        assert_rows_alike(rows_of_lines(dealt, lines), rows_of_lines(whole, lines))
        with mailsql.open_database(dealt) as connection:
            assert run_checks(connection, lambda _: None) == 0


@of_hosts
@given(SEEDS)
def test_logs_side_by_side_are_read_as_one(seed):
    chance = random.Random(seed)
    lines, _ = disorderly_hosts(seed, host_count(chance))
    assert_read_as_one(chance, lines, chance.choice([2, 3]), chance.choice([0, 0.3]))


@pytest.mark.parametrize(("seed", "line_count", "share"), [(3, 120, 0.3), (7, 150, 0)])
def test_logs_side_by_side_that_were_read_otherwise_once(seed, line_count, share):
    assert_read_as_one(random.Random(seed), disorderly_log(seed, line_count), 3, share)


def test_of_two_redirects_as_near_the_earlier_is_meant_whichever_was_loaded_first(tmp_path):
    at = "2026-02-03T09:00:00.{}+00:00 mx1 {}"
    redirect = (
        "dovecot: lmtp(bob)<9><t1>: sieve: msgid=<1@example.com>: forwarded to <x@example.net>"
    )
    delivered = (
        "relay=mx1[private/dovecot-lmtp], delay=1, delays=0/0/0/1, dsn=2.0.0, status=sent (250 Ok)"
    )
    lines = [
        at.format(100, "postfix/cleanup[14]: 3F1C240750: message-id=<1@example.com>"),
        at.format(120, redirect),
        at.format(140, f"postfix/lmtp[24]: 3F1C240750: to=<bob@example.com>, {delivered}"),
        at.format(150, "postfix/pickup[13]: 1E24040751: uid=5000 from=<bob>"),
        at.format(160, "postfix/cleanup[14]: 1E24040751: message-id=<1@example.com>"),
        at.format(170, redirect),
        at.format(
            180,
            "postfix/smtp[16]: 1E24040751: to=<x@example.net>, relay=mx[192.0.2.1]:25, "
            "delay=1, delays=0/0/0/1, dsn=2.0.0, status=sent (250 2.0.0 Ok)",
        ),
    ]
    whole, dealt = tmp_path / "whole.duckdb", tmp_path / "dealt.duckdb"
    load([write(tmp_path / "mail.log", lines)], whole)
    for number, part in enumerate(([lines[5]], lines[:5] + lines[6:])):
        load([write(tmp_path / f"mail{number}.log", part)], dealt)
    found = rows_of_lines(dealt, lines)
    assert [row[-3] for row in found["message_links"]] == [2]
    assert_rows_alike(found, rows_of_lines(whole, lines))


def assert_beginning_is_kept(
    first: list[str], shares: list[int], rests: list[list[str]], gone: int
) -> None:
    """Logs that begin alike are without the one that is forgotten as if it was never there.

    Args:
        first: lines of the first log.
        shares: how many of them each other log begins with.
        rests: what each goes on with.
        gone: which one is forgotten.
    """
    logs = [first, *(first[:share] + rest for share, rest in zip(shares, rests, strict=True))]
    lines = sorted([*first, *chain(*rests)])
    with tempfile.TemporaryDirectory() as place:
        directory = Path(place)
        some, all_of_it = directory / "some.duckdb", directory / "all.duckdb"
        parts = [write(directory / f"mail{number}.log", part) for number, part in enumerate(logs)]
        load(parts, all_of_it)
        load(parts[:gone] + parts[gone + 1 :], some)
        forget_log(all_of_it, str(parts[gone]))
        assert_rows_alike(rows_of_lines(all_of_it, lines), rows_of_lines(some, lines))
        with mailsql.open_database(all_of_it) as connection:
            assert run_checks(connection, lambda _: None) == 0


@of_hosts
@given(SEEDS)
def test_logs_that_share_a_beginning_keep_it(seed):
    chance = random.Random(seed)
    lines, early_count = disorderly_hosts(seed, host_count(chance))
    first, later = lines[: early_count + 2], lines[early_count + 2 :]
    # One that began with all of it would be the same log, grown
    shares = [
        chance.randint(1, min(chance.choice([20, len(lines)]), len(first) - 1))
        for _ in range(chance.choice([1, 2]))
    ]
    middle = chance.randint(0, len(later))
    rests = [later[:middle], later[middle:]][: len(shares)]
    # One that goes on with nothing is a part of the first
    told = [(share, rest) for share, rest in zip(shares, rests, strict=False) if rest]
    assume(told)
    shares, rests = [share for share, _ in told], [rest for _, rest in told]
    assert_beginning_is_kept(first, shares, rests, chance.randint(0, len(shares)))


@pytest.mark.parametrize(
    ("seed", "shares", "gone"), [(5, [30, 20, 30], 0), (657, [6], 1), (1652, [1, 1, 1], 2)]
)
def test_logs_that_shared_a_beginning_and_lost_it_once(seed, shares, gone):
    lines = disorderly_log(seed, 200)
    rests = [lines[start : start + 20] for start in range(41, 41 + 20 * len(shares), 20)]
    assert_beginning_is_kept(lines[:41], shares, rests, gone)


def test_a_refused_login_names_the_client_of_a_connection_that_was_shared():
    stamp, client = "2026-01-17T02:49:16+00:00 mx1 postfix/smtpd[11]:", "c.example.net"
    first = [
        f"{stamp} connect from {client}[192.0.2.8]",
        # XCLIENT told another address
        f"{stamp} warning: {client}[192.0.2.7]: SASL LOGIN authentication failed: no",
        "2026-02-03T08:52:59Z mx1 postfix/cleanup[14]: 4f4yBq0wWjz1yTr: message-id=<0@example.com>",
    ]
    later = ["2026-02-06T17:37:59+00:00 mx1 postfix/smtpd[11]: something that nobody knows"]
    assert_beginning_is_kept(first, [1], [later], 1)


def test_no_row_of_any_table_leads_to_a_forgotten_log(tmp_path):
    database = tmp_path / "mail.duckdb"
    here = Path(__file__).parent
    logs = [*sorted((here / "scenarios").rglob("*.log")), *sorted((here / "lines").glob("*.log"))]
    log = tmp_path / "mail.log"
    log.write_bytes(b"".join(path.read_bytes() for path in logs) + HEAD + b"x" * 500 + b"\r\n")
    load([log], database)
    load([write(tmp_path / "other.log", disorderly_log(1, 30))], database)
    with mailsql.open_database(database) as connection:
        keys = connection.execute(
            "select table_name, column_name, data_type = 'BIGINT' from duckdb_columns() "
            "where schema_name = 'main' and table_name in (select unnest(?)) "
            "and (column_name = 'file_key' or data_type = 'BIGINT' and column_name like '%\\_key' "
            "escape '\\')",
            [[*tables()]],
        ).fetchall()
    counts = [
        f"select '{table}', '{name}', count(*) from {table} "
        f"where {name} {'>> 32' if is_of_line else ''} = 1"
        for table, name, is_of_line in keys
    ]
    asked = " union all ".join(counts)
    with mailsql.open_database(database) as connection:
        held = {table for table, _, count in connection.execute(asked).fetchall() if count}
        assert held == set(tables()) - {
            "erased_lines",
            "line_kinds",
            "forgotten_batches",
            "mailsql_database",
            "pruned_batches",
            "pruned_hashes",
            "pruned_lines",
            "prunings",
            "reopened_hosts",
            "site_forms",
            "site_lines",
        }
    forget_log(database, str(log))
    with mailsql.open_database(database) as connection:
        assert [row for row in connection.execute(asked).fetchall() if row[2]] == []


def test_the_chain_of_batches_stays_whole(tmp_path):
    database = tmp_path / "mail.duckdb"
    lines = disorderly_log(1, 30)
    for number in range(3):
        load(
            [write(tmp_path / f"mail{number}.log", lines[number * 10 : number * 10 + 10])], database
        )
    with mailsql.open_database(database) as connection:
        before = last_link(connection)
    for number in (2, 0):
        forget_log(database, str(tmp_path / f"mail{number}.log"))
        with mailsql.open_database(database) as connection:
            assert last_link(connection) == before
            assert run_checks(connection, lambda _: None) == 0
    load([write(tmp_path / "mail3.log", lines[:10])], database)
    with mailsql.open_database(database) as connection:
        assert last_link(connection)[0] == 4
        assert run_checks(connection, lambda _: None) == 0


def test_a_log_is_named_by_key_or_path(tmp_path, monkeypatch):
    database = tmp_path / "mail.duckdb"
    lines = disorderly_log(1, 30)
    for number in range(3):
        load(
            [write(tmp_path / f"mail{number}.log", lines[number * 10 : number * 10 + 10])], database
        )
    monkeypatch.chdir(tmp_path)
    forget_log(database, "mail1.log")
    forget_log(database, "3")
    with mailsql.open_database(database) as connection:
        assert connection.execute("select file_key from log_files").fetchall() == [(1,)]
    for name in ("mail1.log", "7", "mail"):
        with pytest.raises(UsageError):
            forget_log(database, name)


def test_a_log_whose_name_is_the_key_of_another_is_not_taken_for_that(tmp_path, monkeypatch):
    database = tmp_path / "mail.duckdb"
    lines = disorderly_log(1, 40)
    monkeypatch.chdir(tmp_path)
    for name, part in (("2", lines[:20]), ("mail.log", lines[20:])):
        write(tmp_path / name, part)
        load([name], database)
    with pytest.raises(UsageError) as refused:
        forget_log(database, "2")
    assert "1, 2" in str(refused.value.hint)
    forget_log(database, "./2")
    with mailsql.open_database(database) as connection:
        assert connection.execute("select path from log_files").fetchall() == [("mail.log",)]


def test_two_logs_of_one_path_are_told_apart(tmp_path):
    database = tmp_path / "mail.duckdb"
    lines = disorderly_log(1, 40)
    for part in (lines[:20], lines[20:]):
        load([write(tmp_path / "mail.log", part)], database)
    with pytest.raises(UsageError) as refused:
        forget_log(database, str(tmp_path / "mail.log"))
    assert "1, 2" in str(refused.value.hint)
    forget_log(database, "1")
    with mailsql.open_database(database) as connection:
        assert connection.execute("select line from raw_lines order by line_key").fetchall() == [
            (line,) for line in lines[20:]
        ]


def test_what_was_told_behind_a_torn_end_is_kept_with_a_branch(tmp_path):
    database = tmp_path / "mail.duckdb"
    lines = disorderly_log(1, 40)
    load([write(tmp_path / "mail.log", lines[:20])], database)
    branch = tmp_path / "mail.log.1"
    branch.write_text("\n".join(lines[:10] + lines[20:30])[:-5])
    for host in (None, "mx2"):
        load([branch], database, host=host)
    forget_log(database, "1")
    with mailsql.open_database(database) as connection:
        stretches = read_stretches(connection)
        assert [(one.first_line_no, one.settings.host) for one in stretches] == [
            (1, None),
            (21, "mx2"),
        ]
        assert b"".join(stream_bytes(connection, 1)) == branch.read_bytes()


def test_a_failed_connection_is_of_no_message_without_the_record_behind_it(tmp_path):
    database = tmp_path / "mail.duckdb"
    agent = "mx1 postfix/smtp[16]:"
    failure = f"2026-02-03T09:00:00Z {agent} connect to mx[192.0.2.1]:25: Connection timed out"
    record = (
        f"2026-02-03T09:00:01Z {agent} 4f4yBq0wWjz1yTr: to=<b@example.org>, relay=none, delay=1, "
        "delays=0/0/1/0, dsn=4.4.1, status=deferred (connect to mx[192.0.2.1]:25: timed out)"
    )
    load([write(tmp_path / "failures.log", [failure])], database)
    load([write(tmp_path / "records.log", [record])], database)
    with mailsql.open_database(database) as connection:
        assert connection.execute("select message_key > 0 from notices").fetchall() == [(True,)]
    forget_log(database, "2")
    with mailsql.open_database(database) as connection:
        assert connection.execute("select message_key from notices").fetchall() == [(None,)]
    # The next record of the process may still be its
    load([write(tmp_path / "records.log", [record])], database)
    with mailsql.open_database(database) as connection:
        assert connection.execute("select message_key > 0 from notices").fetchall() == [(True,)]


WEEK = [
    "2026-02-03T10:00:00+00:00 mx1 postfix/smtpd[11]: connect from client.example.com[192.0.2.1]",
    "2026-02-03T10:00:01+00:00 mx1 postfix/smtpd[11]: 4FAAAA1234: "
    "client=client.example.com[192.0.2.1]",
    "2026-02-03T10:00:02+00:00 mx1 dovecot: pop3-login: Login: user=<bob>, method=PLAIN, "
    "rip=192.0.2.8, lip=192.0.2.1, mpid=1, TLS",
]
NEXT_WEEK = [
    "2026-02-03T10:00:03+00:00 mx1 postfix/qmgr[1]: 4FAAAA1234: from=<a@example.com>, size=9, "
    "nrcpt=1 (queue active)",
    "2026-02-03T10:00:04+00:00 mx1 dovecot: pop3(bob)<1><s1>: Disconnected: Logged out "
    "top=0/0, retr=1/2, del=0/3, size=4",
    "2026-02-03T10:00:05+00:00 mx1 postfix/smtpd[11]: disconnect from "
    "client.example.com[192.0.2.1] ehlo=1 quit=1 commands=2",
    "2026-02-14T10:00:00+00:00 mx1 postfix/smtpd[12]: connect from unknown[192.0.2.9]",
    "2026-02-14T10:00:00+00:00 mx1 dovecot: imap(eve): Disconnected: Logged out in=1 out=2",
]


def test_what_was_open_before_a_forgotten_log_is_continued_by_the_next_one(tmp_path):
    once, again = tmp_path / "once.duckdb", tmp_path / "again.duckdb"
    logs = [write(tmp_path / "mail.log.1", WEEK), write(tmp_path / "mail.log", NEXT_WEEK)]
    load(logs, once)
    load(logs, again)
    forget_log(again, str(logs[1]))
    for count in (1, 3, len(NEXT_WEEK)):
        load([write(logs[1], NEXT_WEEK[:count])], again)
    with mailsql.open_database(again) as connection:
        assert connection.execute("from reopened_hosts").fetchall() == []
        assert run_checks(connection, lambda _: None) == 0
    lines = WEEK + NEXT_WEEK
    assert_rows_alike(rows_of_lines(again, lines), rows_of_lines(once, lines))


HANDED_ON = [
    "2026-02-03T10:00:00+00:00 mx1 postfix/smtpd[11]: 4FAAAA1234: "
    "client=client.example.com[192.0.2.1]",
    "2026-02-03T10:00:01+00:00 mx1 postfix/cleanup[12]: 4FAAAA1234: message-id=<1@example.com>",
    "2026-02-03T10:00:02+00:00 mx1 postfix/qmgr[1]: 4FAAAA1234: from=<a@example.com>, size=9, "
    "nrcpt=1 (queue active)",
    "2026-02-03T10:00:04+00:00 mx1 postfix/smtp[13]: 4FAAAA1234: to=<b@example.com>, "
    "relay=127.0.0.1[127.0.0.1]:10024, delay=2, delays=1/0/0/1, dsn=2.0.0, status=sent "
    "(250 2.0.0 from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as 4FBBBB1234)",
    "2026-02-03T10:00:04+00:00 mx1 postfix/qmgr[1]: 4FAAAA1234: removed",
]
FILTERED = [
    "2026-02-03T10:00:03+00:00 mx1 postfix/smtpd[14]: 4FBBBB1234: client=localhost[127.0.0.1], "
    "orig_queue_id=4FAAAA1234, orig_client=client.example.com[192.0.2.1]",
    "2026-02-03T10:00:03+00:00 mx1 postfix/cleanup[15]: 4FBBBB1234: message-id=<1@example.com>",
]


def test_a_message_is_not_filtered_any_more_without_the_log_of_the_filter(tmp_path):
    database, plain = tmp_path / "mail.duckdb", tmp_path / "plain.duckdb"
    logs = [write(tmp_path / "out.log", HANDED_ON), write(tmp_path / "filter.log", FILTERED)]
    load(logs, database)
    states = "select queue_id, state from messages order by all"
    with mailsql.open_database(database) as connection:
        assert connection.execute(states).fetchall()[0] == ("4FAAAA1234", "filtered")
    forget_log(database, str(logs[1]))
    load(logs[:1], plain)
    assert_rows_alike(rows_of_lines(database, HANDED_ON), rows_of_lines(plain, HANDED_ON))

"""A user with many sessions: those that are over are not remembered, late lines read again what
they can change alone, and the tables are those of the whole log all the same."""

import random
import tempfile
from bisect import bisect
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given

from mailsql.check import run_checks
from mailsql.database import open_database
from mailsql.forget import forget
from tests.conftest import (
    NOW,
    SEEDS,
    assert_rows_alike,
    host_count,
    load,
    of_hosts,
    rows_of_lines,
)
from tests.test_cutting import START
from tests.test_late_lines import lines_again as lines_again
from tests.test_late_lines import write

pytestmark = pytest.mark.newest

USER = "alice@example.com"
PAUSES = [2, 2, 20, 900, 10_000, 50_000, 90_000]
# An end comes a day after its login or later now and then
LENGTHS = [0.5, 3, 3, 70, 3_000, 80_000, 170_000]


def session(chance: random.Random, host: str, number: int, known: float) -> tuple[str, str]:
    """Login and end of a session, which tell what they know: less, where known is below 1."""
    protocol = "pop3" if known == 1 else chance.choice(["pop3", "pop3", "pop3", "imap"])
    session_id = f"{host}s{number}" if chance.random() < 0.9 + known else f"{host}s0"
    pid = chance.randrange(3)
    address = f"192.0.2.{chance.choice([7, 8])}"
    login = f"{host} dovecot: {protocol}-login: Login: user=<{USER}>, method=PLAIN, rip={address}"
    login += ", lip=192.0.2.1"
    if chance.random() < known:
        login += f", mpid={pid}"
    login += ", TLS"
    if chance.random() < known:
        login += f", session=<{session_id}>"
    ended = "Disconnected: Logged out "
    ended += "top=0/0, retr=1/2, del=0/3, size=4" if protocol == "pop3" else "in=1 out=2"
    if chance.random() < known:
        end = f"{protocol}({USER})<{pid}><{session_id}>: {ended}"
    else:
        end = chance.choice(
            [
                f"{protocol}(pid {pid} user {USER}): {ended}",
                f"{protocol}({USER}): {ended}",
                f"{protocol}({USER})<{session_id}>: {ended}",
                f"service={protocol}, user={USER}, ip=[{address}]. {ended}",
                f"{protocol}-login: proxy({USER},192.0.2.9:1): Disconnected by client (1s idle, "
                f"in=1, out=2): user=<{USER}>, method=PLAIN, rip={address}, "
                f"session=<{session_id}>",
            ]
        )
    return login, f"{host} dovecot: {end}"


def sessions(seed: int, host: str, count: int) -> list[tuple[float, str]]:
    """Lines of one user's sessions on a host, which overlap and of which some are lost."""
    chance = random.Random(f"{seed} {host}")
    known = chance.choice([1, 1, 0.98, 0.8, 0.4])
    lost = chance.choice([0, 0.03, 0.2])
    pauses = PAUSES[: chance.choice([3, 5, 7])]
    second = 0.0
    lines = []
    for number in range(1, count + 1):
        second += chance.choice(pauses) * chance.random()
        length = chance.choice(LENGTHS[: chance.choice([3, 5, 7])]) * chance.random()
        login, end = session(chance, host, number, known)
        lines += [(second, login), (second + 0.001 + length, end)]
    return [line for line in lines if chance.random() >= lost]


def dated(lines: list[tuple[float, str]]) -> list[str]:
    """Lines in the order of their seconds, with ever later stamps, no two alike."""
    told = []
    for number, (second, text) in enumerate(sorted(lines)):
        moment = START + timedelta(seconds=second, microseconds=number)
        told.append(f"{moment.isoformat(timespec='microseconds')} {text}")
    return sorted(told)


@of_hosts
@given(SEEDS)
def test_late_sessions_of_one_user_are_told_as_if_in_order(seed):
    chance = random.Random(seed)
    hosts = [f"mx{number}" for number in range(1, host_count(chance) + 1)]
    told = []
    for host in hosts:
        some = sessions(seed, host, chance.randint(3, 25))
        early = chance.choice(some or [(0.0, "")])[0] - chance.random()
        told += [(second - early, text) for second, text in some]
    lines = dated(told)
    late: list[list[str]] = [[] for _ in range(chance.choice([1, 2]))]
    shares = {host: chance.choice([0.02, 0.1]) for host in hosts}
    rest = []
    for line in lines:
        share = shares[line.split(" ", 2)[1]]
        (chance.choice(late) if chance.random() < share else rest).append(line)
    early_count = bisect(rest, START.isoformat(timespec="microseconds"))
    first = max(1, chance.choice([early_count, early_count, len(rest)]))
    with tempfile.TemporaryDirectory() as place:
        directory = Path(place)
        whole, parts = directory / "whole.duckdb", directory / "parts.duckdb"
        log = directory / "mail.log"
        load([write(log, rest[:first])], parts, threads=1)
        for number, part in enumerate(late):
            if part:
                load([write(directory / f"late{number}.log", part)], parts, threads=1)
        load([write(log, rest)], parts, threads=1)
        gone = set(late[0]) if chance.random() < 0.5 else set()
        if gone:
            forget(parts, str(directory / "late0.log"), lambda _: None, now=NOW)
        kept = [line for line in lines if line not in gone]
        load([write(directory / "whole.log", kept)], whole, threads=1)
        assert_rows_alike(rows_of_lines(parts, lines), rows_of_lines(whole, lines))
        with open_database(parts) as connection:
            assert run_checks(connection, lambda _: None) == 0


@of_hosts
@given(SEEDS)
def test_sessions_of_one_user_are_told_alike_wherever_their_log_is_cut(seed):
    chance = random.Random(seed)
    hosts = [f"mx{number}" for number in range(1, host_count(chance) + 1)]
    lines = dated([line for host in hosts for line in sessions(seed, host, chance.randint(3, 25))])
    with tempfile.TemporaryDirectory() as place:
        directory = Path(place)
        whole, parts = directory / "whole.duckdb", directory / "parts.duckdb"
        for end in (*sorted(chance.choices(range(len(lines) + 1), k=5)), len(lines)):
            if end > 0:
                load([write(directory / "mail.log", lines[:end])], parts, threads=1)
        load([write(directory / "whole.log", lines)], whole, threads=1)
        assert_rows_alike(rows_of_lines(parts, lines), rows_of_lines(whole, lines))


def test_sessions_that_are_over_are_not_remembered(tmp_path):
    chance = random.Random(1)
    told = []
    for number in range(100):
        login, end = session(chance, "mx1", number, 1)
        told += [(3.0 * number, login), (3.0 * number + 5, end)]
    database = tmp_path / "mail.duckdb"
    log = tmp_path / "mail.log"
    for end in (100, 199, 200):
        load([write(log, dated(told)[:end])], database)
        with open_database(database) as connection:
            remembered = connection.execute("select count(*) from open_lines").fetchone()
        assert remembered == ({100: 2, 199: 1, 200: 0}[end],)


@pytest.mark.parametrize("missing", [(700,), (701,), (700, 701), (700, 702, 1203)])
def test_a_late_line_of_a_busy_user_reads_what_it_can_change(tmp_path, lines_again, missing):
    chance = random.Random(1)
    told = []
    for number in range(1000):
        login, end = session(chance, "mx1", number, 1)
        told += [(3.0 * number, login), (3.0 * number + 1, end)]
    lines = dated(told)
    late = [lines[place] for place in missing]
    database = tmp_path / "mail.duckdb"
    load([write(tmp_path / "mail.log", [line for line in lines if line not in late])], database)
    load([write(tmp_path / "late.log", late)], database)
    assert lines_again[0] == 0
    assert lines_again[1] <= missing[-1] - missing[0] + 1

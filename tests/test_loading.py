"""Streams and bytes: growing, rotated, compressed, torn and hostile logs; contracts 1, 2, 5, 7."""

import gzip
import hashlib
import os
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

import mailsql
from mailsql.check import run_checks
from tests.conftest import NOW, load, with_cases

HEAD = b"Feb  3 09:15:40 mx1 "


def line(number: int, text: str = "connect from c.example.net[192.0.2.7]") -> bytes:
    """A line of its own process."""
    return HEAD + f"postfix/smtpd[{number}]: {text}\n".encode()


def query(database: Path, sql: str) -> list[tuple]:
    """Rows of a query, times in UTC."""
    with mailsql.open_database(database) as connection:
        connection.execute("set TimeZone = 'UTC'")
        return connection.execute(sql).fetchall()


def pids(database: Path) -> list[int]:
    """Processes of all lines, in order."""
    return [row[0] for row in query(database, "select pid from log_lines order by line_key")]


def counting_pids(database: Path) -> list[int]:
    """Processes of the lines that count."""
    sql = "select pid from log_lines where copy_of is null order by pid"
    return [row[0] for row in query(database, sql)]


@pytest.mark.newest
def test_how_far_a_load_is_is_told_inside_of_batches_too(tmp_path):
    log = tmp_path / "mail.log"
    log.write_bytes(b"".join(map(line, range(3000))))
    told: list[int] = []
    load([log], tmp_path / "mail.duckdb", batch_bytes=100_000, progress=told.append)
    assert sum(told) == log.stat().st_size
    batches = query(tmp_path / "mail.duckdb", "select batch_key from load_batches")
    assert len(told) > len(batches) > 1
    assert min(told) > 0


@pytest.mark.newest
def test_a_log_that_grows_continues_and_a_torn_line_waits(tmp_path):
    log, database = tmp_path / "mail.log", tmp_path / "mail.duckdb"
    log.write_bytes(line(1) + line(2)[:30])
    assert load([log], database)[0].waiting_bytes == 30
    log.write_bytes(line(1) + line(2) + line(3))
    assert load([log], database)[0].line_count == 2
    assert load([log], database)[0].line_count == 0
    assert pids(database) == [1, 2, 3]
    batches = query(database, "select first_byte, last_byte, sha256 from load_batches order by 1")
    content = log.read_bytes()
    assert [hashlib.sha256(content[a : b + 1]).hexdigest() for a, b, _ in batches] == [
        sha256 for _, _, sha256 in batches
    ]


@pytest.mark.newest
def test_logs_with_other_beginnings_add_what_they_alone_tell(tmp_path):
    log, copy, whole = tmp_path / "mail.log", tmp_path / "copy.log", tmp_path / "whole.log"
    database = tmp_path / "mail.duckdb"
    log.write_bytes(b"".join(line(number) for number in range(10, 40)))
    load([log], database)
    copy.write_bytes(b"".join(line(number) for number in range(25, 45)))
    assert load([copy], database)[0].copies == {str(log): 15}
    whole.write_bytes(b"".join(line(number) for number in range(1, 45)))
    load([whole], database)
    assert counting_pids(database) == list(range(1, 45))
    assert len(pids(database)) == 30 + 20 + 44


@pytest.mark.newest
def test_a_torn_line_alone_leaves_no_trace(tmp_path):
    log, database = tmp_path / "mail.log", tmp_path / "mail.duckdb"
    log.write_bytes(line(1)[:30])
    for _ in range(2):
        assert load([log], database)[0].waiting_bytes == 30
    assert query(database, "select count(*) from log_files") == [(0,)]


@pytest.mark.newest
def test_a_stream_keeps_its_zone(tmp_path):
    log, database = tmp_path / "mail.log", tmp_path / "mail.duckdb"
    log.write_bytes(line(1))
    load([log], database, timezone="Asia/Tokyo")
    log.write_bytes(line(1) + line(2))
    load([log], database, timezone=None)
    assert query(database, "select distinct logged_at::varchar from log_lines") == [
        ("2026-02-03 00:15:40+00",)
    ]


@pytest.mark.newest
def test_a_rotated_log_is_the_same_stream_and_its_torn_line_is_whole(tmp_path):
    log, rotated, database = tmp_path / "maillog", tmp_path / "maillog.1", tmp_path / "m.duckdb"
    log.write_bytes(line(1) + line(2))
    load([log], database)
    log.write_bytes(line(1) + line(2) + line(3) + line(4).rstrip(b"\n"))
    log.rename(rotated)
    log.write_bytes(line(5))
    load([tmp_path], database)
    assert pids(database) == [1, 2, 3, 4, 5]
    packed = tmp_path / "maillog-20260203.gz"
    packed.write_bytes(gzip.compress(rotated.read_bytes()))
    rotated.unlink()
    assert [source.line_count for source in load([tmp_path], database)] == [0, 0]
    assert pids(database) == [1, 2, 3, 4, 5]
    assert query(database, "select path from log_files order by file_key")[0] == (str(packed),)


@pytest.mark.newest
def test_a_log_truncated_and_begun_anew_is_another_stream(tmp_path):
    log, database = tmp_path / "mail.log", tmp_path / "mail.duckdb"
    log.write_bytes(line(1) + line(2))
    load([log], database)
    log.write_bytes(line(3))
    load([log], database)
    assert pids(database) == [1, 2, 3]


@pytest.mark.newest
def test_parts_of_a_rotated_log_are_taken_oldest_first(tmp_path):
    for name, number in [("mail.log", 4), ("mail.log.1", 3), ("mail.log.2.gz", 2)]:
        content = line(number)
        path = tmp_path / name
        path.write_bytes(gzip.compress(content) if name.endswith("gz") else content)
    (tmp_path / "mail.err").write_bytes(line(3))
    assert [Path(source.name).name for source in load([tmp_path], tmp_path / "m.duckdb")] == [
        "mail.log.2.gz",
        "mail.log.1",
        "mail.log",
    ]


@pytest.mark.newest
@pytest.mark.parametrize(
    ("name", "changed", "options", "expected"),
    [
        ("mail.log", datetime(2026, 2, 10, tzinfo=UTC), {}, 2026),
        ("mail.log", datetime(2026, 1, 10, tzinfo=UTC), {}, 2025),
        ("maillog-20240301", datetime(2026, 2, 10, tzinfo=UTC), {}, 2024),
        ("mail.log", datetime(2026, 2, 10, tzinfo=UTC), {"year": 2001}, 2001),
    ],
)
def test_the_year_comes_from_the_change_the_name_or_the_user(
    tmp_path, name, changed, options, expected
):
    log, database = tmp_path / name, tmp_path / "mail.duckdb"
    log.write_bytes(line(1))
    os.utime(log, (changed.timestamp(), changed.timestamp()))
    load([log], database, **options)
    assert query(database, "select year(logged_at) from log_lines") == [(expected,)]


@pytest.mark.newest
def test_the_year_goes_on_over_new_year_from_load_to_load(tmp_path):
    log, database = tmp_path / "mail.log", tmp_path / "mail.duckdb"
    december, january = b"Dec 31 23:59:59 mx1 x[1]: a\n", b"Jan  1 00:00:00 mx1 x[1]: b\n"
    log.write_bytes(december)
    load([log], database, year=2025)
    log.write_bytes(december + january)
    load([log], database, year=1999)
    stamps = query(database, "select logged_at::varchar from log_lines order by line_key")
    assert stamps == [("2025-12-31 23:59:59+00",), ("2026-01-01 00:00:00+00",)]


def test_stamps_without_zone_are_of_the_zone_given(tmp_path):
    log, database = tmp_path / "mail.log", tmp_path / "mail.duckdb"
    log.write_bytes(
        b"Jul 25 12:00:00 mx1 x[1]: a\n2026-07-25 12:00:00 pop3-login: Info: x\n"
        b"2026-07-25T12:00:00Z mx1 x[1]: c\nJan 25 12:00:00 mx1 x[1]: d\n"
    )
    load([log], database, year=2026, timezone="America/New_York")
    stamps = query(database, "select logged_at::varchar from log_lines order by line_key")
    assert [stamp for (stamp,) in stamps] == [
        "2026-07-25 16:00:00+00",
        "2026-07-25 16:00:00+00",
        "2026-07-25 12:00:00+00",
        "2027-01-25 17:00:00+00",
    ]


def test_odd_bytes_are_kept_visible_and_every_line_is_counted(tmp_path):
    log, database = tmp_path / "mail.log", tmp_path / "mail.duckdb"
    log.write_bytes(
        line(1)
        + b"\n\n"
        + line(2).replace(b"\n", b"\r\n")
        + HEAD
        + b"postfix/smtpd[3]: \xff\xfe\0\x1b[31m\xe2\x80\xa8\xc2\x85 caf\xc3\xa9 \x01\x02\rx\n"
        + b"\0" * 300
        + b"\n"
        + line(4)
    )
    load([log], database)
    rows = query(database, "select line_no, pid, line from log_lines order by line_no")
    assert [row[0] for row in rows] == [1, 2, 3, 4, 5, 6, 7]
    assert [row[1] for row in rows] == [1, None, None, 2, 3, None, 4]
    assert rows[1][2] == ""
    assert rows[4][2].endswith("\\xff\\xfe\\x00\\x1b[31m\u2028\\xc2\\x85 café \\x01\\x02\\x0dx")


def test_a_line_of_ten_megabytes_is_a_line(tmp_path):
    log, database = tmp_path / "mail.log", tmp_path / "mail.duckdb"
    log.write_bytes(line(1) + HEAD + b"postfix/smtpd[2]: " + b"x" * 10_000_000 + b"\n" + line(3))
    load([log], database)
    assert pids(database) == [1, 2, 3]
    assert query(database, "select max(length(line)) from log_lines") == [(10_000_038,)]


@pytest.mark.newest
def test_a_line_without_end_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("mailsql.blocks.LONGEST_LINE_BYTES", 1000)
    log, database = tmp_path / "mail.log", tmp_path / "mail.duckdb"
    log.write_bytes(b"x" * 2000)
    assert "a line of more than 64 MiB" in str(load([log], database)[0].fault)
    assert pids(database) == []


TEXT = st.binary(max_size=60).map(lambda text: text.replace(b"\n", b""))
LINE = st.one_of(
    TEXT,
    TEXT.map(lambda text: HEAD + text),
    TEXT.map(lambda text: HEAD + b"postfix/smtpd[1]: " + text),
    TEXT.map(lambda text: HEAD + b"postfix/smtp[1]: 1E24040751: to=<" + text),
    TEXT.map(lambda text: HEAD + b"postfix/smtpd[1]: NOQUEUE: reject: RCPT from " + text),
    TEXT.map(lambda text: HEAD + b"dovecot: pop3-login: Login: user=<" + text),
    TEXT.map(lambda text: HEAD + b"dovecot: pop3(" + text + b") retr=1/1, del=1/1, size=1"),
    TEXT.map(lambda text: b"2026-02-03T09:15:40" + text),
    TEXT.map(lambda text: b"<22>1 2026-02-03T09:15:40Z mx1 dovecot " + text),
)
# A log is of few lines or of many, as many as ten small ones
LOG = st.one_of(st.lists(LINE, max_size=25), st.lists(LINE, min_size=100, max_size=200))


@with_cases(10)
@given(LOG)
def test_any_bytes_load_and_are_all_accounted_for(lines):
    with tempfile.TemporaryDirectory() as directory:
        log, database = Path(directory) / "mail.log", Path(directory) / "mail.duckdb"
        log.write_bytes(b"".join(text + b"\n" for text in [*lines, line(1).rstrip(b"\n") * 200]))
        load([log], database)
        assert query(database, "select count(*), count(kind) from log_lines") == [
            (len(lines) + 1, len(lines) + 1)
        ]
        with mailsql.open_database(database) as connection:
            said: list[str] = []
            assert run_checks(connection, said.append) == 0, said


@pytest.mark.parametrize(
    "named",
    ["mailsql_version = '0.0.1'", pytest.param("objects_hash = null", marks=pytest.mark.newest)],
)
def test_another_version_writes_the_objects_anew_and_keeps_rows_and_the_users_views(
    tmp_path, named
):
    log, database = tmp_path / "mail.log", tmp_path / "mail.duckdb"
    log.write_bytes(line(1))
    load([log], database)
    with duckdb.connect(str(database)) as connection:
        connection.execute(f"update mailsql_database set {named}")
        connection.execute("create view reports.mine as select 1 as one")
        connection.execute("drop view message_flow")
    log.write_bytes(line(1) + line(2))
    load([log], database)
    assert pids(database) == [1, 2]
    assert query(database, "select count(*) from message_flow") == [(0,)]
    assert query(database, "select one from reports.mine") == [(1,)]


def test_the_end_of_a_load_reads_what_it_added_and_changes_no_setting(tmp_path):
    log = tmp_path / "mail.log"
    log.write_bytes(b"".join(map(line, (2101, 2102))))
    database, seen = tmp_path / "mail.duckdb", []

    def look(connection, loaded):
        counted = connection.execute("select count(*) from connections").fetchone()
        with pytest.raises(duckdb.Error, match="lock"):
            connection.execute("set threads = 2")
        seen.append((counted, [source.line_count for source in loaded]))

    added = mailsql.load([str(log)], database, now=NOW, timezone="UTC", on_end=look)
    assert seen == [((2,), [2])]
    assert [source.line_count for source in added] == [2]
    assert len(counting_pids(database)) == 2

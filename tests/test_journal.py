"""journalctl -o export is read as the lines that journalctl -o json writes."""

import gzip
import json
import struct

import duckdb
import pytest

from mailsql.journal import LONGEST_VALUE, BrokenEntryError, as_lines
from tests.conftest import assert_derived_alike, load

pytestmark = pytest.mark.newest

FORGED = (
    b"hello\n\n__CURSOR=s=1;i=9\nSYSLOG_IDENTIFIER=postfix/qmgr\nMESSAGE=6A81426E4BA: removed\n\n"
)
ENTRIES = [
    {"SYSLOG_IDENTIFIER": b"postfix/smtpd", "MESSAGE": b"connect from a.example.net[192.0.2.1]"},
    {"SYSLOG_IDENTIFIER": b"app", "MESSAGE": FORGED},
    {"COREDUMP": b"\x00" * (LONGEST_VALUE + 1), "MESSAGE": b"dumped\n"},
    {"SYSLOG_IDENTIFIER": b"postfix/qmgr", "MESSAGE": b"6A81426E4BB: removed"},
    {
        "SYSLOG_IDENTIFIER": b"postfix/cleanup",
        "MESSAGE": b"6A81426E4BB: message-id=<\xff@example.com>\x01",
    },
]


def exported(entries: list[dict[str, bytes]]) -> bytes:
    """What journalctl -o export writes."""
    text = b""
    for number, entry in enumerate(entries):
        moment = 1795700577000000 + number * 1000000
        text += f"__CURSOR=s=1;i={number}\n__REALTIME_TIMESTAMP={moment}\n_HOSTNAME=mx1\n".encode()
        for name, value in entry.items():
            if all(byte >= 32 for byte in value):
                text += name.encode() + b"=" + value + b"\n"
            else:
                text += name.encode() + b"\n" + struct.pack("<Q", len(value)) + value + b"\n"
        text += b"\n"
    return text


def pieces(data: bytes, size: int) -> list[bytes]:
    """Cut into pieces of one size."""
    return [data[place : place + size] for place in range(0, len(data), size)]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 9, 10, 64, 1000, 65536, 10**9])
def test_entries_are_lines_wherever_they_are_cut(size):
    data = exported(ENTRIES)
    lines = b"".join(as_lines(pieces(data, size))).splitlines()
    found = [json.loads(line) for line in lines]
    assert [entry["__CURSOR"] for entry in found] == [f"s=1;i={number}" for number in range(5)]
    assert [entry["MESSAGE"] for entry in found] == [
        "connect from a.example.net[192.0.2.1]",
        FORGED.decode(),
        "dumped\n",
        "6A81426E4BB: removed",
        list(ENTRIES[4]["MESSAGE"]),
    ]
    assert found[2]["COREDUMP"] is None


def test_a_field_may_come_several_times():
    line = b"".join(as_lines([b"__CURSOR=s\nMESSAGE=a\nMESSAGE=b\n\n"]))
    assert json.loads(line)["MESSAGE"] == ["a", "b"]


def test_what_is_no_entry_stays_as_it_is():
    for data in (b"", b"__CUR", b"Jul 25 12:00:00 mx1 postfix/qmgr[9]: x\n\n__CURSOR=s\n"):
        for size in (1, 5, 1000):
            assert b"".join(as_lines(pieces(data, size))) == data


@pytest.mark.parametrize("size", [1, 100, 10**9])
def test_what_breaks_off_is_told_behind_the_entries_before_it(size):
    data = exported(ENTRIES[:2])
    whole = b"".join(as_lines([exported(ENTRIES[:1])]))
    for end in range(len(exported(ENTRIES[:1])) + 1, len(data)):
        lines = as_lines(pieces(data[:end], size))
        found = b""
        while len(found) < len(whole):
            found += next(lines)
        with pytest.raises(BrokenEntryError):
            found += b"".join(lines)
        assert found == whole
    lied = b"__CURSOR=s\nMESSAGE\n" + b"\xff" * 8
    with pytest.raises(BrokenEntryError):
        list(as_lines(pieces(lied, size)))


def kinds(database) -> list[str]:
    with duckdb.connect(str(database), read_only=True) as connection:
        rows = connection.execute("select kind from log_lines order by line_key").fetchall()
    return [kind for (kind,) in rows]


def test_a_journal_is_loaded_and_nothing_in_a_value_is_an_entry(tmp_path):
    database = tmp_path / "mail.duckdb"
    (tmp_path / "mail.export").write_bytes(exported(ENTRIES))
    load([tmp_path / "mail.export"], database)
    expected = ["smtpd_connect", "foreign", "unknown", "queue_removed", "cleanup_message_id"]
    assert kinds(database) == expected
    assert_derived_alike(database)
    # The same once more, with what came since
    more = exported([*ENTRIES, {"SYSLOG_IDENTIFIER": b"dovecot", "MESSAGE": b"master: started"}])
    (tmp_path / "mail.export.gz").write_bytes(gzip.compress(more))
    (added,) = load([tmp_path / "mail.export.gz"], database)
    assert added.line_count == 1
    assert kinds(database)[:-1] == expected


def test_of_a_journal_that_breaks_off_the_entries_before_are_loaded(tmp_path):
    log, database = tmp_path / "mail.export", tmp_path / "mail.duckdb"
    log.write_bytes(exported(ENTRIES)[:-5])
    (added,) = load([log], database)
    assert added.fault is not None
    assert "breaks off" in str(added.fault)
    assert added.line_count == 4
    log.write_bytes(exported(ENTRIES))
    (added,) = load([log], database)
    assert (added.fault, added.line_count) == (None, 1)

"""A prefix of Dovecot's lines that is taught with --dovecot-prefix, and is kept with the log."""

import duckdb
import pytest

from mailsql.errors import UsageError
from mailsql.prefixes import read_prefix
from tests.conftest import load, rows_without_keys

TEMPLATE = "[%s] %u/%r %{session} - "
LINES = [
    "Jul 25 12:00:00 mx1 dovecot: imap-login: Login: user=<alice>, method=PLAIN, rip=192.0.2.10, "
    "lip=198.51.100.5, mpid=2104, TLS, session=<s1>",
    "Jul 25 12:00:01 mx1 dovecot: [imap] alice/192.0.2.10 s1 - Logged out in=148 out=1166",
    "Jul 25 12:00:02 [pop3] bob/192.0.2.11 s2 - Info: Disconnected: Logged out top=0/0, "
    "retr=1/2, del=0/3, size=4",
    "Jul 25 12:00:03 mx1 dovecot: pop3(carol)<7><s3>: Disconnected: Logged out top=0/0, "
    "retr=5/6, del=0/3, size=4",
    "Jul 25 12:00:04 mx1 dovecot: [lmtp] bob/ s4 - Error: sieve: msgid=<x@example.com>: failed to "
    "store into mailbox 'INBOX': no room",
]


def write(path, lines):
    path.write_text("".join(line + "\n" for line in lines))


def test_a_taught_prefix_tells_who_speaks(tmp_path):
    log, database = tmp_path / "mail.log", tmp_path / "mail.duckdb"
    write(log, LINES)
    load([log], database, year=2026, dovecot_prefix=TEMPLATE)
    with duckdb.connect(str(database)) as connection:
        assert connection.execute(
            "select username, client_ip, session_id, in_bytes, paired_by from imap_sessions"
        ).fetchall() == [("alice", "192.0.2.10", "s1", 148, "session")]
        assert connection.execute(
            "select username, client_ip, session_id, retr_count from pop3_sessions order by all"
        ).fetchall() == [("bob", "192.0.2.11", "s2", 1), ("carol", None, "s3", 5)]
        assert connection.execute(
            "select agent, username, action, text from mailbox_deliveries"
        ).fetchall() == [("lmtp", "bob", "failed", "no room")]


@pytest.mark.newest
def test_without_it_the_event_is_told_and_nobody_is_named(loaded):
    connection = loaded("".join(line + "\n" for line in LINES), year=2026)
    assert connection.execute(
        "select username, out_bytes from imap_sessions order by all"
    ).fetchall() == [("alice", None), (None, 1166)]


@pytest.mark.newest
def test_a_log_keeps_its_prefix_however_it_is_continued(tmp_path):
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    whole.mkdir()
    parts.mkdir()
    write(whole / "mail.log", LINES)
    load([whole / "mail.log"], whole / "mail.duckdb", year=2026, dovecot_prefix=TEMPLATE)
    log, early = parts / "mail.log", parts / "early.log"
    write(log, LINES[1:3])
    load([log], parts / "mail.duckdb", year=2026, dovecot_prefix=TEMPLATE)
    write(log, LINES[1:])
    load([log], parts / "mail.duckdb")
    # Comes before what is loaded, so that its lines are read again
    write(early, LINES[:1])
    load([early], parts / "mail.duckdb", year=2026)
    expected = rows_without_keys(whole / "mail.duckdb", {str(whole / "mail.log"): 0})
    assert rows_without_keys(parts / "mail.duckdb", {str(log): 1, str(early): 0}) == expected


@pytest.mark.parametrize(
    ("template", "pattern"),
    [
        ("%s(%n@%d)<%p>: ", r"\(([^@]*?)@([^@]*?)\)<(\d*)>:\ "),
        ("%{protocol}(%{user | lower}) 100%% ", r"\((.*?)\)\ 100%\ "),
        ("%Us: %{unknown}/%u: ", r":\ .*?/(.*?):\ "),
    ],
)
def test_variables_are_those_of_dovecot(template, pattern):
    assert read_prefix(template).pattern.endswith(")" + pattern)


@pytest.mark.parametrize(
    ("template", "message"),
    [("user=%u: ", "no service"), ("%s%u", "nothing but variables"), ("%s %s: ", "stands twice")],
)
def test_a_prefix_that_tells_nothing_is_refused(template, message):
    with pytest.raises(UsageError, match=message):
        read_prefix(template)

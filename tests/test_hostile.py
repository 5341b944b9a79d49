"""Contract 5: no number and no cut stops a load, and nothing that a stranger wrote is read as the
server's word.

Known lines are loaded with each number replaced by ones at the edges of types, and cut at each
byte: a sample of these, evenly spread; MAILSQL_HOSTILE=all takes all."""

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import mailsql
from mailsql.check import run_checks
from tests.conftest import load, rows_without_keys
from tests.test_lines import FAMILIES, read_samples

LOGS = Path(__file__).parent.parent / "sample_logs"
EDGES = [
    b"",
    b"0",
    b"-1",
    b"2147483647",
    b"2147483648",
    b"9223372036854775807",
    b"9223372036854775808",
    b"99999999999999999999",
    b"9" * 309,
    b"1e308",
]
SAMPLE = 15_000


def known_lines() -> list[bytes]:
    """Every line of tests/lines and of the recorded logs, once for each of its forms."""
    lines = [line.encode() for family in FAMILIES for _, line in read_samples(family)]
    for log in sorted(path for path in LOGS.rglob("*") if path.is_file()):
        lines += log.read_bytes().splitlines()
    forms = {re.sub(rb"[0-9A-F]{6,}|[0-9]+", b"0", line): line for line in reversed(lines)}
    return list(forms.values())


def with_numbers_at_the_edge() -> Iterator[bytes]:
    for line in known_lines():
        for number in re.finditer(rb"[0-9]+", line):
            for edge in EDGES:
                yield line[: number.start()] + edge + line[number.end() :]


def cut_everywhere() -> Iterator[bytes]:
    for line in known_lines():
        for end in range(len(line)):
            yield line[:end]


def test_no_number_and_no_cut_stops_a_load(tmp_path):
    lines = []
    for changed in (list(with_numbers_at_the_edge()), list(cut_everywhere())):
        takes_all = os.environ.get("MAILSQL_HOSTILE") == "all"
        lines += changed if takes_all else changed[:: max(1, len(changed) // SAMPLE)]
    log = tmp_path / "mail.log"
    log.write_bytes(b"".join(line + b"\n" for line in lines))
    database = tmp_path / "mail.duckdb"
    load([log], database, year=2026)
    connection = mailsql.open_database(database)
    assert connection.execute("select count(*) from log_lines").fetchone() == (len(lines),)
    # Reports reckon with what was read
    for (report,) in connection.execute(
        "select view_name from duckdb_views() where schema_name = 'reports'"
    ).fetchall():
        connection.execute(f"select * from reports.{report}").fetchall()
    told: list[str] = []
    assert run_checks(connection, told.append) == 0, "\n".join(told)


# What the imitations of tests/lines/hostile.log claim
CLAIMED = re.compile(r"FADEFADE\d\d|boss@example\.com|forged\.example\.net.*|203\.0\.113\.66|666")
RELAY = re.compile(r"mx\.example\.net\[203\.0\.113\.66\]:25")


def test_no_value_is_what_an_imitation_claims():
    """The texts of others (reason, reply, text) hold it, as part of what they are."""
    hostile = next(family for family in FAMILIES if family.stem == "hostile")
    imitations = 0
    for expected, line in read_samples(hostile):
        imitations += bool(CLAIMED.search(line))
        for table, row in json.loads(expected or "{}").items():
            if isinstance(row, dict) and not RELAY.search(str(row.get("relay"))):
                claimed = {name for name, value in row.items() if CLAIMED.fullmatch(str(value))}
                assert not claimed - {"reply"}, (table, line)
    assert imitations > 50


def stamped(lines: list[str]) -> list[str]:
    """One line per second on host mx1."""
    return [
        f"2026-02-03T09:{second // 60:02d}:{second % 60:02d}Z mx1 {line}"
        for second, line in enumerate(lines)
    ]


def long_log() -> list[str]:
    """Lines that may be cut off, of which later ones go on."""
    client = "c.example.net[192.0.2.7]"
    context = "; from=<a@example.net> to=<b@example.com> proto=ESMTP helo=<c>"
    lines = []
    for number in range(12):
        smtpd = f"postfix/smtpd[{number % 3}]"
        queue_id = f"4F0014{number:04d}"
        filling = "x" * (200 + 61 * (number * 5 % 12))
        lines += [
            f"{smtpd}: connect from {client}",
            f"{smtpd}: {queue_id}: client={client}, sasl_method=PLAIN, sasl_username={filling * 2}",
            f"{smtpd}: {queue_id}: reject: RCPT from {client}: 550 5.1.1 {filling}{context}",
            f"postfix/qmgr[9]: {queue_id}: from=<{filling} y@example.net>, size=1, nrcpt=1 "
            "(queue active)",
            f"postfix/smtp[8]: {queue_id}: to=<b@example.org>, relay=mx.example.org[192.0.2.9]:25, "
            f"delay=1, delays=0/0/0/1, dsn=2.0.0, status=sent (250 2.0.0 {filling * 3} Ok: "
            f"queued as 5E0014{number:04d})",
            f"dovecot: imap-login: Login: user=<{filling}>, method=PLAIN, rip=192.0.2.7, "
            "lip=192.0.2.1, mpid=4, TLS, session=<s1>",
            "dovecot: imap(bob)<4><s1>: Disconnected: Logged out in=1 out=2",
            f"postfix/qmgr[9]: {queue_id}: removed",
            f"{smtpd}: disconnect from {client} ehlo=1",
        ]
    return stamped(lines)


@pytest.mark.newest
def test_what_may_be_cut_off_does_not_depend_on_batches_and_runs(tmp_path):
    lines = long_log()
    log, database = tmp_path / "mail.log", tmp_path / "whole.duckdb"
    log.write_text("".join(line + "\n" for line in lines))
    load([log], database)
    expected = rows_without_keys(database, {str(log): 0})
    with mailsql.open_database(database) as connection:
        counts = connection.execute(
            "select count(remote_queue_id), count(*) - count(remote_queue_id) from deliveries"
        ).fetchone()
    assert all(count > 0 for count in counts)
    for batch_bytes in (700, 20_000):
        database = tmp_path / f"{batch_bytes}.duckdb"
        for end in (37, 80, len(lines)):
            log.write_text("".join(line + "\n" for line in lines[:end]))
            load([log], database, batch_bytes=batch_bytes)
        assert rows_without_keys(database, {str(log): 0}) == expected, batch_bytes


@pytest.mark.newest
def test_what_may_be_cut_off_does_not_depend_on_earlier_lines_that_come_later(tmp_path):
    lines = long_log()
    late = stamped(
        ["postfix/smtpd[1]: connect from d.example.net[192.0.2.8]", "CRON[1]: " + "x" * 1900]
    )
    log, other = tmp_path / "mail.log", tmp_path / "other.log"
    log.write_text("".join(line + "\n" for line in lines))
    other.write_text("".join(line + "\n" for line in late))
    starts = {str(other): 0, str(log): len(late)}
    load([other, log], tmp_path / "first.duckdb")
    load([log, other], tmp_path / "last.duckdb")
    first = rows_without_keys(tmp_path / "first.duckdb", starts)
    assert rows_without_keys(tmp_path / "last.duckdb", starts) == first


def delivered(agent: str, relay: str, recipient: str, minute: int) -> list[str]:
    """A message that a server took with the id of a transaction in which bob got one."""
    return [
        f"2026-02-03T09:{minute:02d}:00Z mx1 postfix/cleanup[1]: 4F001400{minute:02d}: "
        f"message-id=<{minute}@example.org>",
        f"2026-02-03T09:{minute:02d}:01Z mx1 postfix/{agent}[2]: 4F001400{minute:02d}: "
        f"to=<{recipient}>, relay={relay}, delay=1, delays=0/0/0/1, dsn=2.0.0, status=sent "
        f"(250 2.0.0 <{recipient}> kDZEBWymZGofFAAAYovH3A Saved)",
    ]


def test_a_session_id_links_only_what_user_or_message_id_bear_out(loaded):
    lines = [
        "2026-02-03T09:30:01Z mbx dovecot: lmtp(bob@example.com)<5><kDZEBWymZGofFAAAYovH3A>: "
        "msgid=<30@example.org>: saved mail to INBOX",
        *delivered("smtp", "mx.example.net[203.0.113.66]:25", "bob@example.com", 29),
        *delivered("lmtp", "mx.example.net[203.0.113.66]:24", "eve@example.net", 28),
        *delivered("lmtp", "mbx.example.com[198.51.100.5]:24", "bob@example.com", 2),
        *delivered("lmtp", "mbx.example.com[198.51.100.5]:24", "alias@example.com", 30),
        *delivered("lmtp", "mbx.example.com[198.51.100.5]:24", "bob@example.com", 31),
    ]
    connection = loaded("".join(line + "\n" for line in sorted(lines)))
    linked = connection.execute(
        "select queue_id, evidence from mailbox_delivery_links "
        "inner join messages using (message_key) order by queue_id"
    ).fetchall()
    assert linked == [("4F00140030", "session"), ("4F00140031", "session")]

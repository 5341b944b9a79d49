"""What stands around a line changes nothing of what it says."""

import json

import pytest

from mailsql.wrappings import known_wrappings
from tests.conftest import load
from tests.test_cli import mailsql

MESSAGE = (
    "postfix/smtpd[90]: 5E31727A35D: client=c.example.net[192.0.2.10]",
    "postfix/cleanup[91]: 5E31727A35D: message-id=<one@example.net>",
    "postfix/qmgr[92]: 5E31727A35D: from=<a@example.net>, size=1200, nrcpt=1 (queue active)",
    "postfix/local[93]: 5E31727A35D: to=<b@example.com>, relay=local, delay=0.5, "
    "delays=0.1/0/0/0.4, dsn=2.0.0, status=sent (delivered to maildir)",
    "postfix/qmgr[92]: 5E31727A35D: removed",
)


def syslog(text: str) -> str:
    return f"Jul 25 12:00:00 mx1 {text}"


def journal(text: str) -> str:
    program, _, said = text.partition(": ")
    name, _, pid = program.removesuffix("]").partition("[")
    return json.dumps(
        {
            "MESSAGE": said,
            "__REALTIME_TIMESTAMP": "1784980800000000",
            "_HOSTNAME": "mx1",
            "SYSLOG_IDENTIFIER": name,
            "_PID": pid,
        }
    )


def cut_at_slash(text: str) -> str:
    program, _, said = text.partition(": ")
    name, _, pid = program.removesuffix("]").partition("[")
    return f"<22>1 2026-07-25T12:00:00.000000+00:00 mx1 {name.partition('/')[0]} {pid} - -  {said}"


def docker(text: str) -> str:
    return json.dumps(
        {"log": syslog(text) + "\n", "stream": "stdout", "time": "2026-07-25T12:00:00.7Z"}
    )


WRAPPINGS = {
    "journal": journal,
    "RFC 5424": cut_at_slash,
    "docker": docker,
    "double header": lambda text: f"Jul 25 14:00:00 node1 docker[5]: {syslog(text)}",
    "CRI": lambda text: f"2026-07-25T12:00:00.7Z stdout F {syslog(text)}",
    "compose around CRI": lambda text: f"mail-1 | 2026-07-25T12:00:00.7Z stdout F {syslog(text)}",
    "PRI": lambda text: f"<22>{syslog(text)}",
}


def written_rows(connection):
    """The rows that the lines of one message give, with the places of their lines."""
    return [
        connection.execute(f"select * from {table} order by all").fetchall()
        for table in ("messages", "deliveries", "queue_events", "connections")
    ]


@pytest.mark.parametrize("wrapping", WRAPPINGS)
def test_a_wrapping_changes_no_row(wrapping, loaded):
    plain = loaded("".join(syslog(text) + "\n" for text in MESSAGE), year=2026)
    wrapped = loaded("".join(WRAPPINGS[wrapping](text) + "\n" for text in MESSAGE), year=2026)
    assert written_rows(plain) == written_rows(wrapped)


def test_wrappings_may_change_inside_a_log(loaded):
    plain = loaded("".join(syslog(text) + "\n" for text in MESSAGE), year=2026)
    wrap = [syslog, *WRAPPINGS.values()]
    mixed = loaded(
        "".join(wrap[place](text) + "\n" for place, text in enumerate(MESSAGE)), year=2026
    )
    assert written_rows(plain) == written_rows(mixed)


@pytest.mark.parametrize("wrapping", WRAPPINGS)
def test_a_wrapped_line_is_a_copy_of_a_plain_one(wrapping, tmp_path):
    (tmp_path / "a.log").write_text("".join(syslog(text) + "\n" for text in MESSAGE))
    (tmp_path / "b.log").write_text("".join(WRAPPINGS[wrapping](text) + "\n" for text in MESSAGE))
    loaded = load([tmp_path / "a.log", tmp_path / "b.log"], tmp_path / "mail.duckdb", year=2026)
    assert sum(sum(source.copies.values()) for source in loaded) == len(MESSAGE)


@pytest.mark.parametrize("wrapping", known_wrappings())
def test_each_wrapping_that_is_named_is_read(wrapping, loaded):
    connection = loaded(known_wrappings()[wrapping] + "\n", year=2026)
    kind, is_dated = connection.execute(
        "select kind, logged_at is not null from log_lines"
    ).fetchone()
    assert (kind, is_dated) in {("queue_removed", True), ("pop3_logout", True)}


def test_a_load_that_reads_nothing_of_a_mail_system_says_so(tmp_path):
    log = tmp_path / "mail.log"
    log.write_bytes(b"Jul 25 12:00:00 mx1 CRON[411]: a \x1b[31m text\n" * 3)
    out, _ = mailsql("load", "mail.log", cwd=tmp_path)
    assert "no line of Postfix or Dovecot was read, the first is: Jul 25 12:00:00 mx1 CRON" in out
    assert r"\x1b[31m" in out
    assert all(name in out for name in known_wrappings())
    with log.open("a") as more:
        more.write(syslog(MESSAGE[0]) + "\n")
    out, _ = mailsql("load", "mail.log", cwd=tmp_path)
    assert "no line of Postfix" not in out


def test_lines_of_which_postfix_is_last_are_read(tmp_path):
    (tmp_path / "mail.log").write_text(
        "Jul 25 12:00:00 mx1 CRON[411]: a text\n" + syslog(MESSAGE[0]) + "\n"
    )
    out, _ = mailsql("load", "mail.log", cwd=tmp_path)
    assert "no line of Postfix" not in out

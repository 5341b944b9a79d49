"""What stands around a line changes nothing of what it says."""

import json

import pytest

from mailsql.database import open_database
from mailsql.wrappings import known_wrappings
from tests.conftest import columns, load, on_host
from tests.test_cli import mailsql

# What is read there, the samples of tests/lines show with each engine
pytestmark = pytest.mark.newest

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


def written_rows(connection, first_line_no=1):
    """The rows that the lines of one message give, with the places of its lines, and no host."""
    first_key = 2**32 + first_line_no
    told = []
    for table in ("messages", "deliveries", "queue_events", "connections"):
        names = columns(connection, table)
        rows = connection.execute(
            f"select * from {table} where {names[0]} between ? and ? order by all",
            [first_key, first_key + len(MESSAGE) - 1],
        ).fetchall()
        told.append(
            [
                {
                    name: value - first_key if name.endswith("_key") and value else value
                    for name, value in zip(names, row, strict=True)
                    if name != "host"
                }
                for row in rows
            ]
        )
    return told


@pytest.fixture(scope="module")
def plain_rows(tmp_path_factory):
    """The rows of the message where nothing stands around its lines."""
    log = tmp_path_factory.mktemp("plain") / "mail.log"
    log.write_text("".join(syslog(text) + "\n" for text in MESSAGE))
    load([log], log.with_suffix(".duckdb"), year=2026)
    with open_database(log.with_suffix(".duckdb"), timezone="UTC") as connection:
        return written_rows(connection)


def test_a_wrapping_changes_no_row(loaded, plain_rows):
    """The message of each host stands in a wrapping of its own."""
    text = "".join(
        on_host(number, wrap(text)) + "\n"
        for number, wrap in enumerate(WRAPPINGS.values())
        for text in MESSAGE
    )
    connection = loaded(text, year=2026)
    assert any(plain_rows)
    for number, wrapping in enumerate(WRAPPINGS):
        found = written_rows(connection, 1 + number * len(MESSAGE))
        assert found == plain_rows, wrapping


def test_wrappings_may_change_inside_a_log(loaded, plain_rows):
    wrap = [syslog, *WRAPPINGS.values()]
    mixed = loaded(
        "".join(wrap[place](text) + "\n" for place, text in enumerate(MESSAGE)), year=2026
    )
    assert written_rows(mixed) == plain_rows


def test_a_wrapped_line_is_a_copy_of_a_plain_one(tmp_path):
    """The message of each host stands in one log as it is, in the other one wrapped."""
    plain, wrapped, database = (tmp_path / name for name in ("a.log", "b.log", "mail.duckdb"))
    for log, wraps in (plain, [syslog] * len(WRAPPINGS)), (wrapped, WRAPPINGS.values()):
        log.write_text(
            "".join(
                on_host(number, wrap(text)) + "\n"
                for number, wrap in enumerate(wraps)
                for text in MESSAGE
            )
        )
    loaded = load([plain, wrapped], database, year=2026)
    copies = sum(sum(source.copies.values()) for source in loaded)
    assert copies == len(WRAPPINGS) * len(MESSAGE)
    with open_database(database) as connection:
        counts = connection.execute(
            "select count(copy_of) from raw_lines group by host order by host"
        ).fetchall()
    assert {wrapping: count for wrapping, (count,) in zip(WRAPPINGS, counts, strict=True)} == (
        dict.fromkeys(WRAPPINGS, len(MESSAGE))
    )


def test_each_wrapping_that_is_named_is_read(loaded):
    of_a_line = {name: line for name, line in known_wrappings().items() if "\n" not in line}
    of_a_log = {name: log for name, log in known_wrappings().items() if "\n" in log}
    logs = {tuple(of_a_line): "\n".join(of_a_line.values())}
    logs |= {(name,): log for name, log in of_a_log.items()}
    for names, text in logs.items():
        read = (
            loaded(f"{text}\n", year=2026)
            .execute("select kind, logged_at is not null from log_lines order by line_key")
            .fetchall()
        )
        for name, told in zip(names, read, strict=True):
            assert told in {("queue_removed", True), ("pop3_logout", True)}, name


def journal_of(program: str, text: str) -> str:
    return json.dumps(
        {
            "MESSAGE": text,
            "__REALTIME_TIMESTAMP": "1784980800000000",
            "_HOSTNAME": "mx1",
            "SYSLOG_IDENTIFIER": program,
            "_PID": "4",
        }
    )


# What another program writes, which a stranger may have told it
HEADERS = {
    "syslog": lambda program, text: f"Jul 25 12:00:00 mx1 {program}[4]: {text}",
    "no process": lambda program, text: f"Jul 25 12:00:00 mx1 {program}: {text}",
    "RFC 3339": lambda program, text: f"2026-07-25T12:00:00Z mx1 {program}[4]: {text}",
    "no host": lambda program, text: f"Jul 25 12:00:00 {program}[4]: {text}",
    "RFC 5424": lambda program, text: f"<22>1 2026-07-25T12:00:00Z mx1 {program} 4 - - {text}",
    "no stamp": lambda program, text: f"<22>1 - mx1 {program} 4 - - {text}",
    "journal": journal_of,
    "bytes": lambda program, text: journal_of(program, list(text.encode())),
    "ECS": lambda program, text: json.dumps(
        {"@timestamp": "2026-07-25T12:00:00Z", "process": {"name": program}, "message": text}
    ),
    "log": lambda program, text: json.dumps({"log": text, "ident": program, "pid": 4}),
    "CRI": lambda program, text: (
        f"2026-07-25T12:00:00.7Z stdout F Jul 25 12:00:00 mx1 {program}[4]: {text}"
    ),
    "compose": lambda program, text: f"app-1  | Jul 25 12:00:00 mx1 {program}[4]: {text}",
    "short-full": lambda program, text: f"Sat 2026-07-25 12:00:00 UTC mx1 {program}[4]: {text}",
    "bare": lambda program, text: f"1784980800.5 mx1 {program}[4]: {text}",
}
INNER = [
    f"Jul 25 12:00:09 mx9 {MESSAGE[0]}",
    f"2026-07-25T12:00:09Z {MESSAGE[0]}",
    MESSAGE[0],
    f"mx9 {MESSAGE[0]}",
    f"docker[4]: {MESSAGE[0]}",
    f"mx9 docker[4]: {syslog(MESSAGE[0])}",
    "imap-login: Info: Login: user=<a>, method=PLAIN, rip=192.0.2.1, lip=192.0.2.2, session=<q>",
    "Info: imap-login: Login: user=<a>, method=PLAIN, rip=192.0.2.1, lip=192.0.2.2, session=<q>",
    "Jul 25 12:00:09 imap: Error: a text",
    "Error: imap: a text",
    journal(MESSAGE[0]),
    docker(MESSAGE[0]),
    cut_at_slash(MESSAGE[0]),
    f"2026-07-25T12:00:09Z stdout F {syslog(MESSAGE[0])}",
    f"mail-1  | {syslog(MESSAGE[0])}",
    f"[pod/mail-0/postfix] {syslog(MESSAGE[0])}",
    "connect from c.example.net[192.0.2.10]",
    "5E31727A35D: removed",
]


def test_what_another_program_wrote_is_nobody_elses(loaded):
    programs = ["php", "postfix-ratelimit", "dockerize", "rspamd/smtp-proxy"]
    lines = [
        wrap(program, text) for wrap in HEADERS.values() for program in programs for text in INNER
    ]
    connection = loaded("".join(line + "\n" for line in lines), year=2026)
    told = connection.execute(
        "select distinct kind, host, program, logged_at from log_lines order by all"
    ).fetchall()
    assert {kind for kind, *_ in told} <= {"foreign", "unknown"}
    assert {host for _, host, *_ in told} <= {"mx1", None}
    assert {program for *_, program, _ in told} <= {*programs, None}
    assert {at and at.isoformat() for *_, at in told} <= {
        None,
        "2026-07-25T12:00:00+00:00",
        "2026-07-25T12:00:00.500000+00:00",
        "2026-07-25T12:00:00.700000+00:00",
    }
    assert not any(written_rows(connection))


def test_a_carrier_passes_lines_on(loaded):
    headers = ("syslog", "no process", "RFC 3339", "RFC 5424", "journal", "short-full")
    lines = [
        HEADERS[header](carrier, syslog(MESSAGE[4]))
        for carrier in ("docker", "dockerd", "conmon", "podman", "containerd", "8f1d3c4b5a69")
        for header in headers
    ]
    connection = loaded("".join(line + "\n" for line in lines), year=2026)
    assert connection.execute("select distinct kind, program from log_lines").fetchall() == [
        ("queue_removed", "postfix/qmgr")
    ]


def test_texts_as_bytes_are_read_however_long_they_are(loaded):
    said = f"5E31727A35D: warning: header Subject: {'ä' * 900} from c.example.net[192.0.2.10]"
    line = journal_of("postfix/cleanup", list(said.encode()))
    connection = loaded((line + "\n") * 300, year=2026)
    assert connection.execute("select distinct kind, queue_id from log_lines").fetchall() == [
        ("cleanup_check", "5E31727A35D")
    ]
    line = journal_of("postfix/cleanup", [65] * 3_000_000)
    connection = loaded(line + "\n" + syslog(MESSAGE[0]) + "\n", year=2026)
    assert [
        kind
        for (kind,) in connection.execute("select kind from log_lines order by line_key").fetchall()
    ] == [
        "unknown",
        "smtpd_client",
    ]
    assert connection.execute("select count(*) from notices").fetchone() == (0,)


def cri(stream: str, part: str, text: str) -> str:
    return f"2026-07-25T12:00:00.7Z {stream} {part} {text}"


def docker_piece(text: str, end: str) -> str:
    return json.dumps(
        {"log": text + end, "stream": "stdout", "time": "2026-07-25T12:00:00.7Z"},
        separators=(",", ":"),
    )


FORGED = "Jul 25 12:00:09 mx9 postfix/qmgr[9]: 6E31727A35D: removed"
PIECES = [
    cri("stdout", "F", syslog(MESSAGE[0])),
    cri("stderr", "F", syslog(MESSAGE[1])),
    cri("stdout", "P", syslog("postfix/cleanup[91]: 5E31727A35D: warning: header X: ")),
    cri("stderr", "F", syslog(MESSAGE[2])),
    cri("stdout", "P", FORGED),
    cri("stdout", "F", f"{FORGED} from c.example.net[192.0.2.10]"),
    cri("stdout", "F", syslog(MESSAGE[3])),
    docker_piece(syslog("postfix/cleanup[91]: 5E31727A35D: warning: header Y: ") + "x" * 16384, ""),
    docker_piece(FORGED, "\n"),
    docker_piece(syslog(MESSAGE[4]), "\n"),
]


def test_pieces_of_a_line_are_put_together_and_none_is_a_line(loaded, small_head):
    text = "".join(line + "\n" for line in PIECES)
    connection = loaded(text, year=2026)
    kinds = [
        kind
        for (kind,) in connection.execute("select kind from log_lines order by line_key").fetchall()
    ]
    assert [place for place, kind in enumerate(kinds) if kind == "line_piece"] == [2, 4, 7]
    assert connection.execute("select queue_id, end_reason from messages").fetchall() == [
        ("5E31727A35D", "removed")
    ]
    assert connection.execute(
        "select distinct host from log_lines where host <> ''"
    ).fetchall() == [("mx1",)]
    cut = loaded(text, year=2026, batch_bytes=600)
    assert written_rows(cut) == written_rows(connection)


def test_the_end_of_a_line_whose_beginning_is_far_away_is_no_line(loaded, small_head):
    between = [cri("stdout", "P", "x")] * 1001
    text = "".join(
        line + "\n"
        for line in [*between, cri("stdout", "P", FORGED), cri("stdout", "F", FORGED), PIECES[0]]
    )
    for batch_bytes in (100_000_000, 40_000):
        connection = loaded(text, year=2026, batch_bytes=batch_bytes)
        assert connection.execute("select queue_id from messages").fetchall() == [("5E31727A35D",)]


def test_what_comes_far_behind_a_piece_of_its_stream_is_no_line(loaded, small_head):
    """Of a stream without pieces all lines are lines, however far they are from each other."""
    between = [cri("stderr", "F", "x")] * 1001
    lines = [PIECES[0], cri("stdout", "P", "x"), *between, cri("stdout", "F", FORGED)]
    lines += [PIECES[6], *[PIECES[6]] * 1001, cri("stderr", "F", syslog(MESSAGE[2]))]
    for batch_bytes in (100_000_000, 40_000):
        connection = loaded("".join(f"{line}\n" for line in lines), batch_bytes=batch_bytes)
        assert connection.execute("select queue_id, sender from messages").fetchall() == [
            ("5E31727A35D", "a@example.net")
        ]


# What says that an application wrote it that is no mail system
APPLICATIONS = [
    {"level": "info"},
    {"severity": "INFO"},
    {"service": "web"},
    {"service": {"name": "web"}},
    {"logger": "app.http"},
    {"log": {"level": "info", "logger": "x"}},
    {"container_name": "/web"},
    {"kubernetes": {"container_name": "web"}},
]


def test_json_of_an_application_is_not_looked_into(loaded):
    texts = [syslog(MESSAGE[4]), MESSAGE[4], f"mx9 {MESSAGE[4]}", journal(MESSAGE[4])]
    lines = [
        json.dumps({field: text, "time": "2026-07-25T12:00:00Z"} | told)
        for told in APPLICATIONS
        for field in ("msg", "message")
        for text in texts
    ]
    # Docker writes what its containers do
    lines += [
        json.dumps({"log": f"{line}\n", "stream": "stdout", "time": "2026-07-25T12:00:00Z"})
        for line in [*lines, json.dumps({"msg": MESSAGE[4]})]
    ]
    connection = loaded("".join(f"{line}\n" for line in lines), year=2026)
    looked_into = connection.execute(
        "select line from log_lines "
        "where kind not in ('unknown', 'foreign') or queue_id is not null"
    ).fetchall()
    assert looked_into == []


STAMPED_OUTSIDE = [
    f"2026-07-25T12:00:00Z mail.1.x8f2@node1    | {MESSAGE[4]}",
    f"2026-07-25T12:00:00Z <22>{MESSAGE[4]}",
    f"2026-07-25T12:00:00Z <22>1 - mx1 postfix/qmgr 92 - - {MESSAGE[4].partition(': ')[2]}",
    "2026-07-25T12:00:00Z " + json.dumps({"log": MESSAGE[4], "stream": "stdout"}),
    json.dumps(
        {
            "log": json.dumps({"program": "postfix/qmgr", "msg": "5E31727A35D: removed"}),
            "stream": "stdout",
            "time": "2026-07-25T12:00:00Z",
        }
    ),
    f"[2026-07-25 12:00:00 ] mx1 {MESSAGE[4]}",
    f"[2026-07-25T12:00:00Z] mx1 {MESSAGE[4]}",
]


def test_the_stamp_outside_counts_where_there_is_none_inside(loaded):
    connection = loaded("".join(f"{line}\n" for line in STAMPED_OUTSIDE))
    told = connection.execute(
        "select kind, logged_at::varchar from log_lines order by line_key"
    ).fetchall()
    for line, found in zip(STAMPED_OUTSIDE, told, strict=True):
        assert found == ("queue_removed", "2026-07-25 12:00:00+00"), line


def test_a_host_holds_no_colon(loaded):
    inner = f"docker: {syslog(MESSAGE[4])}"
    lines = [
        f"{wrap}Jul 25 12:00:00 {program}: {inner}"
        for wrap in ("", "mail-1  | ", "2026-07-25T12:00:00Z stdout F ")
        for program in ("sshd[12]", "sshd")
    ]
    connection = loaded("".join(f"{line}\n" for line in lines), year=2026)
    assert connection.execute("select distinct kind, queue_id from log_lines").fetchall() == [
        ("unknown", None)
    ]


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


def test_lines_without_stamps_are_read_only_where_no_line_before_has_one(loaded, small_head):
    stampless = "mx1 postfix/qmgr[92]: 5E31727A35D: removed\n"
    stamped = f"Jul 25 12:00:00 mx1 app[1]: a text of\n{stampless}"
    for batch_bytes in (1, 1_000_000):
        for text, kinds in (
            (stampless * 2, ["queue_removed", "queue_removed"]),
            (stamped, ["foreign", "unknown"]),
            (stampless + stamped, ["queue_removed", "foreign", "unknown"]),
        ):
            connection = loaded(text, year=2026, batch_bytes=batch_bytes)
            assert [
                kind
                for (kind,) in connection.execute(
                    "select kind from log_lines order by line_key"
                ).fetchall()
            ] == kinds

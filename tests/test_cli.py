"""Every command as its user meets it: what it prints, where, and how it exits."""

import fcntl
import gzip
import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import termios
import time
from pathlib import Path

import duckdb
import pytest

from bench.generate import generate
from tests.command_server import run_command

pytestmark = pytest.mark.newest

SAMPLES = Path(__file__).parent.parent / "sample_logs"
LINE = "Feb  3 09:15:40 mx1 postfix/smtpd[2101]: connect from mail.example.net[192.0.2.17]\n"


def mailsql(*arguments: str, cwd: Path, stdin: bytes = b"", code: int = 0):
    """Run a command; its exit code must be the one given."""
    environment = os.environ | {"TZ": "Asia/Tokyo", "COLUMNS": "80"}
    done = run_command([*arguments], cwd, environment, stdin)
    assert done.returncode == code, done.stderr.decode()
    assert b"Traceback" not in done.stderr
    return done.stdout.decode(), done.stderr.decode()


@pytest.fixture(scope="module")
def samples(tmp_path_factory):
    """A directory with mail.duckdb made of sample_logs/."""
    directory = tmp_path_factory.mktemp("samples")
    mailsql("load", str(SAMPLES), cwd=directory)
    return directory


def test_load_says_what_it_added_and_adds_nothing_the_second_time(tmp_path):
    out, err = mailsql("load", str(SAMPLES), cwd=tmp_path)
    assert "80 lines added to mail.duckdb, which now holds:" in out
    assert err == ""
    counts = [line.split()[0] for line in out.splitlines() if line.startswith("  ")]
    lines, understood, foreign, unknown = (int(count) for count in counts[:4])
    assert lines == understood + foreign + unknown
    again, _ = mailsql("load", str(SAMPLES), cwd=tmp_path)
    assert "0 lines added" in again
    assert again.splitlines()[4:] == out.splitlines()[4:]


def test_a_log_is_read_from_standard_input(tmp_path):
    mailsql("load", "-", cwd=tmp_path, stdin=LINE.encode() * 3 + LINE.encode().rstrip())
    out, _ = mailsql(
        "query", "select count(*) as n from log_lines", "--format", "csv", cwd=tmp_path
    )
    assert out == "n\n4\n"


def test_trace_tells_the_way_of_a_message_in_both_languages(samples):
    english, _ = mailsql("trace", "A123B45678C", cwd=samples)
    assert english.splitlines()[0] == "Message A123B45678C on mx1"
    assert (
        "   2. 2022-07-25 09:12:04  client.example.com[192.0.2.10], logged in as test@example.com "
        "(LOGIN), sent a message; its queue id is A123B45678C." in english.splitlines()
    )
    japanese, _ = mailsql("trace", "A123B45678C", "--lang", "ja", cwd=samples)
    assert (
        "test@example.com からのメールが active キューに入り、配送を開始しました。"
        "サイズは 12345 バイト、宛先は 1 件です。" in japanese
    )
    by_address, _ = mailsql("trace", "TEST@example.net", cwd=samples)
    assert english in by_address
    assert "D123E45678F" in by_address
    by_id, _ = mailsql("trace", "<report-0725@example.com>", "--lines", cwd=samples)
    assert "      Jul 25 22:10:00 mx1 postfix/submission/smtpd[2200]: connect from" in by_id


def test_trace_of_nothing_exits_with_1(samples):
    out, err = mailsql("trace", "nobody@example.invalid", cwd=samples, code=1)
    assert out == ""
    assert err.startswith("mailsql: nobody@example.invalid: no message found\ntry: ")


def test_trace_of_nothing_suggests_what_could_be_meant(samples):
    _, err = mailsql("trace", "example.net", cwd=samples, code=1)
    assert "try: @example.net for addresses, .example.net for clients" in err
    _, err = mailsql("trace", "test@", "--since", "yesterday", cwd=samples, code=1)
    assert "try: leave out --since and --until" in err


def test_trace_takes_from_and_to_a_period_and_a_limit(samples):
    out, _ = mailsql("trace", "test@example.com", "ALICE@", cwd=samples)
    assert [line for line in out.splitlines() if line.startswith("Message ")] == [
        "Message E5F6A40772 on mx1"
    ]
    assert "   => alice@example.net: handed over to mx.example.net" in out.splitlines()
    out, _ = mailsql("trace", "test@", "--since", "2022-07-25 22:00", cwd=samples)
    assert "A123B45678C" not in out
    assert "E5F6A40772" in out
    out, _ = mailsql("trace", "test@", "--limit", "2", "--lang", "ja", cwd=samples)
    assert out.startswith("3 件のメールのうち、新しい 2 件です。")
    _, err = mailsql("trace", "a", "b", "c", cwd=samples, code=2)
    assert err == "mailsql: 3 terms\ntry: one, or two: from and to\n"
    _, err = mailsql("trace", "<>", cwd=samples, code=2)
    assert err.startswith("mailsql: trace needs something to look for")
    _, err = mailsql("trace", "a@", "--since", "today", "--until", "yesterday", cwd=samples, code=2)
    assert err.startswith("mailsql: until before since: yesterday is ")


def test_trace_writes_json(samples):
    out, err = mailsql("trace", "test@", "--format", "json", "--timezone", "UTC", cwd=samples)
    told = json.loads(out)
    assert err == ""
    assert (told["terms"], told["message_count"], told["login_count"]) == (["test@"], 3, 4)
    assert told["messages"][-1]["steps"][0] == {
        "time": "2022-07-25T00:12:03+00:00",
        "step": "connected",
        "detail": "client.example.com[192.0.2.10] connected to the submission service.",
        "line_key": 4294967301,
    }


def test_query_writes_every_format(samples):
    sql = "select queue_id, size_bytes, sender from messages where queue_id = 'C4D5E40771'"
    formats = {
        "csv": "queue_id,size_bytes,sender\nC4D5E40771,2751,\n",
        "jsonl": '{"queue_id": "C4D5E40771", "size_bytes": 2751, "sender": ""}\n',
        "markdown": "| queue_id | size_bytes | sender |\n| --- | --- | --- |\n"
        "| C4D5E40771 | 2751 |  |\n",
        "table": "queue_id    size_bytes  sender\nC4D5E40771      2.8 kB\n",
    }
    for form, expected in formats.items():
        assert mailsql("query", sql, "--format", form, cwd=samples)[0] == expected
    text, _ = mailsql("query", sql, "--format", "json", cwd=samples)
    assert json.loads(text) == [{"queue_id": "C4D5E40771", "size_bytes": 2751, "sender": ""}]


def test_query_reads_a_file_and_writes_one(samples, tmp_path):
    (tmp_path / "q.sql").write_text("select 1 as one")
    arguments = ["query", "-f", str(tmp_path / "q.sql"), "--format", "csv"]
    out, _ = mailsql(*arguments, "--output", str(tmp_path / "o.csv"), cwd=samples)
    assert out == ""
    assert (tmp_path / "o.csv").read_text() == "one\n1\n"


def test_query_changes_nothing(samples):
    _, err = mailsql("query", "delete from messages", cwd=samples, code=2)
    assert err.startswith("mailsql: not a statement that reads\ntry: select, from, ")
    _, err = mailsql("query", "selekt", cwd=samples, code=2)
    assert err.startswith("mailsql: Parser Error")


def test_report_lists_and_runs(samples):
    listed, _ = mailsql("report", "--list", cwd=samples)
    assert "traffic_per_day" in listed
    out, _ = mailsql("report", "traffic_per_day", "--format", "csv", cwd=samples)
    assert out.splitlines()[1] == "2022-07-25,5,76110,5,1,1,0,0,1"
    _, err = mailsql("report", "nonsense", cwd=samples, code=2)
    assert err.startswith("mailsql: nonsense: no such report\ntry: one of ")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--html", "a", "--output", "b"], "the page goes to one of them"),
        (["--html", "-"], "--html -: no file"),
        (["--html", "f", "--mail", "a@example.com", "--output", "f"], "for both"),
        (["--domain", "@."], "no domain"),
        (["--top", "10001"], "10000"),
    ],
)
def test_options_of_the_page_that_contradict_are_refused(options, message, tmp_path):
    _, err = mailsql("report", *options, cwd=tmp_path, code=2)
    assert message in " ".join(err.split())
    assert list(tmp_path.iterdir()) == []


def test_a_report_of_the_users_own_is_listed_run_and_exported(tmp_path):
    mailsql("load", str(SAMPLES), cwd=tmp_path)
    with duckdb.connect(str(tmp_path / "mail.duckdb")) as connection:
        connection.execute("create view reports.mine as select 42 as answer")
    assert "mine" in mailsql("report", "--list", cwd=tmp_path)[0]
    assert mailsql("report", "mine", "--format", "csv", cwd=tmp_path)[0] == "answer\n42\n"
    mailsql("export", "out", "--only", "mine", cwd=tmp_path)
    assert (tmp_path / "out" / "mine.csv").read_text() == "answer\n42\n"


def test_a_report_that_does_not_run_any_more_is_named(tmp_path):
    mailsql("load", str(SAMPLES), cwd=tmp_path)
    with duckdb.connect(str(tmp_path / "mail.duckdb")) as connection:
        connection.execute("create table gone as select 1 as n")
        connection.execute("create view reports.mine as select n from gone")
        connection.execute("drop table gone")
    for command in (["report", "mine"], ["export", "out"]):
        _, err = mailsql(*command, cwd=tmp_path, code=2)
        assert err.startswith("mailsql: mine: Catalog Error")
        assert err.endswith("try: repair or drop the view reports.mine\n")


def test_status_shows_logs_kinds_and_what_is_not_understood(tmp_path):
    (tmp_path / "mail.log").write_text(LINE + LINE.replace("connect from", "frobnicated 17"))
    mailsql("load", "mail.log", cwd=tmp_path)
    out, _ = mailsql("status", cwd=tmp_path)
    assert "mail.log" in out
    assert "smtpd_connect" in out
    assert "1  postfix/smtpd  frobnicated N mail.example.net..." in out


def test_status_tells_the_end_of_the_chain(tmp_path):
    chains = []
    for text in (LINE, LINE * 2):
        (tmp_path / "mail.log").write_text(text)
        mailsql("load", "mail.log", cwd=tmp_path)
        out, _ = mailsql("status", cwd=tmp_path)
        chains += re.findall(r"^Chain up to batch (\d+): ([0-9a-f]{64})$", out, re.MULTILINE)
    assert [number for number, _ in chains] == ["1", "2"]
    assert chains[0][1] != chains[1][1]
    out, _ = mailsql("query", "select chain from load_batches", "--format", "csv", cwd=tmp_path)
    assert out.split() == ["chain", *(chain for _, chain in chains)]


def test_lines_writes_a_log_as_it_was_loaded(tmp_path):
    content = (LINE + LINE.rstrip() + " \x07\\x07\r\n" + LINE.rstrip()).encode() + b"\xff"
    (tmp_path / "mail.log.1").write_bytes(content)
    mailsql("load", "mail.log.1", cwd=tmp_path)
    program = [sys.executable, "-c", "from mailsql.cli import main; main()", "lines", "1"]
    done = subprocess.run(program, cwd=tmp_path, capture_output=True, check=True)
    assert (done.stdout, done.stderr) == (content, b"")
    mailsql("lines", "1", "--output", "again.log", cwd=tmp_path)
    assert (tmp_path / "again.log").read_bytes() == content
    assert (tmp_path / "again.log").stat().st_mode & 0o777 == 0o600
    _, err = mailsql("lines", "2", "--output", "again.log", cwd=tmp_path, code=2)
    assert err == "mailsql: 2: no log has this key\ntry: mailsql status lists the keys\n"
    assert (tmp_path / "again.log").read_bytes() == content
    _, err = mailsql("lines", "1", "--output", "mail.duckdb", cwd=tmp_path, code=2)
    assert "is the database" in err
    with duckdb.connect(str(tmp_path / "mail.duckdb")) as connection:
        connection.execute("update raw_lines set line = chr(7) where line_key = 2**32 + 2")
    _, err = mailsql("lines", "1", cwd=tmp_path, code=4)
    assert err == "mailsql: line 2 of log 1 was changed\ntry: mailsql check tells more\n"


def test_lines_gives_no_bytes_of_strangers_to_a_terminal(tmp_path):
    (tmp_path / "mail.log").write_text(LINE)
    mailsql("load", "mail.log", cwd=tmp_path)
    terminal, end = os.openpty()
    program = [sys.executable, "-c", "from mailsql.cli import main; main()", "lines", "1"]
    done = subprocess.run(program, cwd=tmp_path, stdout=end, stderr=subprocess.PIPE)
    os.close(end)
    os.close(terminal)
    assert done.returncode == 2
    assert done.stderr.startswith(b"mailsql: bytes of a log are not for a terminal\ntry: --output")


def test_check_passes_on_the_samples_and_fails_on_damage(tmp_path):
    mailsql("load", str(SAMPLES), cwd=tmp_path)
    _, err = mailsql("check", cwd=tmp_path)
    others = [line for line in err.splitlines() if not line.startswith("ok ")]
    assert [line.partition(",")[0] for line in others] == ["deriving all rows again"]
    with duckdb.connect(str(tmp_path / "mail.duckdb")) as connection:
        connection.execute("delete from messages where queue_id = 'A123B45678C'")
    _, err = mailsql("check", cwd=tmp_path, code=1)
    assert "FAIL What a row leads to is there" in err


def test_export_proves_what_it_writes(samples, tmp_path):
    mailsql("export", str(tmp_path / "audit"), "--since", "2022-07-26", cwd=samples)
    manifest = json.loads((tmp_path / "audit" / "manifest.json").read_text())
    written = {path.name for path in (tmp_path / "audit").glob("*.csv")}
    assert set(manifest["files"]) == {*written, "README.txt", "verify.py"}
    assert manifest["files"]["messages.csv"]["rows"] == 1
    assert manifest["files"]["queue_events.csv"]["rows"] == 6
    messages = (tmp_path / "audit" / "messages.csv").read_text().splitlines()
    assert messages[0].endswith(",log_path,log_file_key,log_line_no")
    assert messages[1].endswith("maillog-20220726,2,7")
    log = next(log for log in manifest["logs"] if log["path"].endswith("maillog-20220726"))
    assert log["batches"][0]["last_line_no"] == 18
    assert len(log["batches"][0]["sha256"]) == 64
    _, err = mailsql("export", str(samples), cwd=samples, code=2)
    assert "not empty, and no earlier export" in err
    out, err = mailsql("export", str(tmp_path / "audit"), "--verify", str(SAMPLES), cwd=samples)
    content = (tmp_path / "audit" / "manifest.json").read_bytes()
    assert out == ""
    assert f"SHA-256 of manifest.json: {hashlib.sha256(content).hexdigest()}" in err
    (tmp_path / "audit" / "logins.csv").write_text("forged")
    out, err = mailsql("export", str(tmp_path / "audit"), "--verify", cwd=samples, code=1)
    assert out.startswith("logins.csv: changed")
    assert "1 faults" in err
    _, err = mailsql("export", "--verify", str(tmp_path), cwd=samples, code=1)
    assert "manifest.json: No such file" in err
    _, err = mailsql("export", str(tmp_path / "new"), str(SAMPLES), cwd=samples, code=2)
    assert "logs, signers and forms are for --verify" in err


def test_what_strangers_wrote_reaches_no_spreadsheet_and_no_terminal_unescaped(tmp_path):
    hostile = "=HYPERLINK(1)\x1b[31m\u202e"
    record = f"to=<a@example.org>, relay=none, delay=1, status=deferred ({hostile})"
    line = f"Feb  3 09:15:40 mx1 postfix/smtp[1]: 1E24040751: {record}\n"
    (tmp_path / "mail.log").write_text(line)
    mailsql("load", "mail.log", cwd=tmp_path)
    out, _ = mailsql("query", "select reply from deliveries", cwd=tmp_path)
    assert "\x1b" not in out
    assert "\u202e" not in out
    out, _ = mailsql("query", "select reply from deliveries", "--format", "csv", cwd=tmp_path)
    assert out.splitlines()[1].startswith("'=HYPERLINK(1)")
    out, _ = mailsql("trace", "1E24040751", cwd=tmp_path)
    assert "\x1b" not in out
    assert "\u202e" not in out
    mailsql("export", "out", "--only", "deliveries", cwd=tmp_path)
    assert ",'=HYPERLINK(1)" in (tmp_path / "out" / "deliveries.csv").read_text()


def bad_inputs(directory: Path) -> dict[str, tuple[list[str], int, str]]:
    """What to load, the exit code, and how the one line begins."""
    (directory / "cut.log.gz").write_bytes(gzip.compress(LINE.encode())[:-30])
    (directory / "binary.log").write_bytes(bytes(range(256)) * 50)
    (directory / "nologs").mkdir()
    (directory / "nologs" / "readme.txt").write_text("hello")
    return {
        "missing": (["nowhere.log"], 3, "mailsql: nowhere.log: no such file\ntry: "),
        "directory": (["nologs"], 3, "mailsql: nologs: no mail logs in this directory\ntry: "),
        "damaged": (["cut.log.gz"], 3, "mailsql: cut.log.gz: damaged gzip file"),
        "name": (["x" * 300], 3, f"mailsql: {'x' * 300}: File name too long\ntry: "),
        "binary": (["binary.log"], 3, "mailsql: binary.log: binary data, not a log\ntry: "),
        "zone": (["-", "--timezone", "Mars/Base"], 2, "mailsql: Mars/Base: unknown time zone\ntry"),
    }


@pytest.mark.parametrize("case", ["missing", "directory", "damaged", "name", "binary", "zone"])
def test_bad_input_ends_in_one_clear_line_and_nothing_half_loaded(tmp_path, case):
    arguments, code, beginning = bad_inputs(tmp_path)[case]
    out, err = mailsql("load", *arguments, cwd=tmp_path, stdin=LINE.encode(), code=code)
    assert out == ""
    assert err.startswith(beginning)
    assert len(err.splitlines()) == 2
    if (tmp_path / "mail.duckdb").exists():
        count = mailsql("query", "select count(*) as n from log_lines", cwd=tmp_path)[0]
        assert count.split() == ["n", "0"]


def test_an_empty_log_is_said_and_is_no_error(tmp_path):
    (tmp_path / "mail.log").write_text("")
    out, _ = mailsql("load", "mail.log", cwd=tmp_path)
    assert out.splitlines()[0] == "mail.log: empty"


def test_a_file_that_is_no_database_of_ours_is_left_alone(tmp_path):
    (tmp_path / "text.duckdb").write_text("this is not a database, whatever its name says\n" * 99)
    _, err = mailsql("load", "-", "--db", "text.duckdb", cwd=tmp_path, stdin=b"", code=4)
    assert err.startswith("mailsql: text.duckdb: ")
    with duckdb.connect(str(tmp_path / "other.duckdb")) as connection:
        connection.execute("create table precious (n integer)")
    _, err = mailsql("load", "-", "--db", "other.duckdb", cwd=tmp_path, stdin=b"", code=4)
    assert "other.duckdb: a DuckDB file, but not of mailsql" in err
    _, err = mailsql("status", "--db", "none.duckdb", cwd=tmp_path, code=4)
    assert "none.duckdb: no such database\ntry: mailsql load" in err


def test_a_locked_database_names_its_holder(samples):
    code = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('held', flush=True); input()"
    holder = subprocess.Popen(
        [sys.executable, "-c", code, str(samples / "mail.duckdb")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert holder.stdout is not None
    holder.stdout.readline()
    _, err = mailsql("load", "-", cwd=samples, stdin=b"", code=4)
    assert "mail.duckdb: in use by " in err
    assert str(holder.pid) in err
    holder.communicate(b"\n")


def test_shell_opens_the_duckdb_shell_or_says_how_to_get_it(samples, tmp_path):
    fake = tmp_path / "duckdb"
    fake.write_text('#!/bin/sh\necho "opened $@"\n')
    fake.chmod(0o755)
    for options, opened in {
        (): "opened -readonly mail.duckdb\n",
        ("--write",): "opened mail.duckdb\n",
    }.items():
        done = subprocess.run(
            [sys.executable, "-c", "from mailsql.cli import main; main()", "shell", *options],
            cwd=samples,
            capture_output=True,
            env=os.environ | {"PATH": f"{tmp_path}:/usr/bin:/bin"},
            text=True,
        )
        assert done.stdout == opened
    done = subprocess.run(
        [sys.executable, "-c", "from mailsql.cli import main; main()", "shell"],
        cwd=samples,
        capture_output=True,
        env=os.environ | {"PATH": str(tmp_path / "nothing")},
        text=True,
    )
    assert (done.returncode, done.stdout) == (4, "")
    assert "pip install duckdb-cli" in done.stderr


def test_an_interrupted_load_exits_with_130(tmp_path):
    reader, writer = os.pipe()
    process = subprocess.Popen(
        [sys.executable, "-c", "from mailsql.cli import main; main()", "load", "-"],
        cwd=tmp_path,
        stdin=reader,
        stderr=subprocess.PIPE,
        text=True,
    )
    os.write(writer, LINE.encode())
    # Once it has read the line, it waits for more
    while fcntl.ioctl(reader, termios.FIONREAD, bytes(4)) != bytes(4) and process.poll() is None:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    os.close(writer)
    _, err = process.communicate()
    assert process.returncode == 130
    assert err.startswith("mailsql: interrupted")


def test_a_load_interrupted_in_the_engine_exits_with_130_and_continues(tmp_path):
    log = tmp_path / "mail.log"
    log.write_text("".join(text + "\n" for text in generate(20_000, per_second=5)))
    arguments = [sys.executable, "-c", "from mailsql.cli import main; main()", "load", "mail.log"]
    arguments += ["--batch-mb", "1"]

    begun = time.monotonic()
    subprocess.run([*arguments, "--db", "whole.duckdb"], cwd=tmp_path, check=True)
    delay = time.monotonic() - begun
    code, err = 0, ""
    while code == 0:
        delay /= 2
        (tmp_path / "mail.duckdb").unlink(missing_ok=True)
        process = subprocess.Popen(arguments, cwd=tmp_path, stderr=subprocess.PIPE, text=True)
        time.sleep(delay)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate()
        code = process.returncode

    assert code == 130, err
    assert err.startswith("mailsql: interrupted\ntry: ")
    out, _ = mailsql("load", "mail.log", cwd=tmp_path)
    assert "  20,000  lines" in out
    mailsql("check", cwd=tmp_path)


@pytest.mark.parametrize(
    ("schema_version", "told"),
    [
        (1, "its tables are those of an older mailsql (0.0.1)\ntry: load the logs into a new"),
        (99, "written by a newer mailsql (0.0.1)\ntry: upgrade mailsql"),
    ],
)
def test_a_database_of_another_schema_is_left_alone(tmp_path, schema_version, told):
    (tmp_path / "mail.log").write_text(LINE)
    mailsql("load", "mail.log", cwd=tmp_path)
    with duckdb.connect(str(tmp_path / "mail.duckdb")) as connection:
        connection.execute(
            "update mailsql_database set schema_version = ?, mailsql_version = '0.0.1'",
            [schema_version],
        )
    for command in (["load", "mail.log"], ["trace", "ivan@example.com"], ["status"]):
        _, err = mailsql(*command, cwd=tmp_path, code=4)
        assert err.startswith(f"mailsql: mail.duckdb: {told}")


def test_a_directory_is_loaded_again_with_our_own_database_in_it(tmp_path):
    (tmp_path / "mail.log").write_text(LINE)
    mailsql("load", ".", cwd=tmp_path)
    assert mailsql("load", ".", cwd=tmp_path)[0].splitlines()[0] == "mail.log: nothing new"


def test_a_pipe_is_refused_with_the_way_that_works(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    _, err = mailsql("load", "pipe", cwd=tmp_path, code=3)
    assert err == "mailsql: pipe: not a regular file\ntry: pipe it in and name -\n"


def test_trace_tells_what_was_refused_before_there_was_a_queue_id(samples):
    out, _ = mailsql("trace", "<victim@example.org>", cwd=samples)
    assert out.splitlines() == [
        "Without a queue id",
        "   1. 2022-07-25 09:40:01  unknown[203.0.113.66]: offer@example.net -> "
        "victim@example.org: Rejected at RCPT: <victim@example.org>: Relay access denied",
    ]


def test_query_reaches_no_file(samples, tmp_path):
    _, err = mailsql("query", "from read_text('/etc/hostname')", cwd=samples, code=2)
    assert "disabled by configuration" in err
    _, err = mailsql("query", ";", cwd=samples, code=2)
    assert err.startswith("mailsql: no statement\ntry: ")


def test_times_are_shown_in_the_zone_asked_for(samples):
    out, _ = mailsql("trace", "A123B45678C", "--timezone", "UTC", cwd=samples)
    assert "2022-07-25 00:12:04" in out

"""An address that is erased stands nowhere, and all other lines are proven to be as they were."""

import json
import re
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

import mailsql
from mailsql.changes import changed_batches
from mailsql.check import run_checks
from mailsql.cli import app
from mailsql.erase import erase
from mailsql.errors import UsageError
from mailsql.forget import forget
from mailsql.prune import prune
from mailsql.verify_export import verify_export
from tests.conftest import load

NOW = datetime(2026, 11, 25, tzinfo=UTC)
LINES = [
    "Jul 25 12:00:00 mx1 postfix/smtpd[31]: connect from mail.example.net[192.0.2.10]",
    "Jul 25 12:00:01 mx1 postfix/smtpd[31]: 5E31727A35D: client=mail.example.net[192.0.2.10]",
    "Jul 25 12:00:01 mx1 postfix/qmgr[9]: 5E31727A35D: from=<Alice@example.com>, size=9, nrcpt=1 "
    "(queue active)",
    "Jul 25 12:00:02 mx1 postfix/lmtp[8]: 5E31727A35D: to=<bob@example.com>, "
    "orig_to=<alice+news@example.com>, relay=mx1[private/lmtp], delay=0.1, "
    "delays=0.1/0/0/0, dsn=2.0.0, status=sent (250 2.0.0 Saved for malice@example.com)",
    "Jul 25 12:00:02 mx1 postfix/qmgr[9]: 5E31727A35D: removed",
    "Jul 25 12:00:02 mx1 dovecot: imap-login: Login: user=<alice@example.com>, method=PLAIN, "
    "rip=192.0.2.11, lip=198.51.100.5, session=<IQdzOm5Xy8PAAAIK>",
    "Jul 25 12:00:03 mx1 postfix/smtpd[31]: disconnect from mail.example.net[192.0.2.10] ehlo=1",
    "Jul 26 12:00:03 mx1 dovecot: imap-login: Login: user=<carol@example.com>, method=PLAIN, "
    "rip=192.0.2.11, lip=198.51.100.5, session=<IQdzOm5Xy8PAAAIL>",
]


@pytest.fixture(scope="module")
def loaded_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log, and a database of two loads of it, the second one proven line by line."""
    here = tmp_path_factory.mktemp("loaded")
    log, database = here / "mail.log", here / "mail.duckdb"
    log.write_text("".join(f"{line}\n" for line in LINES[:5]))
    load([log], database, year=2026)
    log.write_text("".join(f"{line}\n" for line in LINES))
    load([log], database, prove=True)
    return here


@pytest.fixture
def database(loaded_once: Path, tmp_path: Path) -> Path:
    """A copy of the database that may be changed, and the log beside it."""
    for file in loaded_once.iterdir():
        shutil.copy(file, tmp_path)
    # It knows then where the log is
    load([tmp_path / "mail.log"], tmp_path / "mail.duckdb")
    return tmp_path / "mail.duckdb"


def texts(database: Path) -> list[str]:
    with mailsql.open_database(database) as connection:
        rows = connection.execute("select line from raw_lines order by line_key").fetchall()
    return [line for (line,) in rows]


def changes(database: Path) -> list[tuple[str, ...]]:
    with mailsql.open_database(database) as connection:
        assert run_checks(connection, lambda _: None) == 0
        return [change.differs for change in changed_batches(connection)]


def test_an_address_stands_nowhere_and_the_rest_is_proven(database):
    told = erase(database, "alice@example.com", lambda _: None, now=NOW)
    name = told.pseudonym
    assert told.lines == {str(database.with_name("mail.log")): 3}
    assert told.rows == {
        ("deliveries", "orig_recipient"): 1,
        ("imap_sessions", "username"): 1,
        ("logins", "username"): 1,
        ("messages", "sender"): 1,
        ("raw_lines", "line"): 3,
    }
    expected = [
        line.replace("Alice@", "alice@")
        .replace("alice+news@", "alice@")
        .replace("<alice@example.com", f"<{name}")
        for line in LINES
    ]
    assert texts(database) == expected
    with mailsql.open_database(database) as connection:
        assert connection.execute(
            "select sender, orig_recipient, username from messages, deliveries, logins "
            "where username like 'erased%'"
        ).fetchall() == [(name, name, name)]
        assert connection.execute(
            "select what, before, line_count, row_count from prunings"
        ).fetchall() == [("address", None, 3, 7)]
    assert changes(database) == []
    # The log is known again, and goes on
    log = database.with_name("mail.log")
    (loaded,) = load([log], database)
    assert loaded.line_count == 0
    log.write_text(log.read_text() + LINES[-1] + "\n")
    (loaded,) = load([log], database)
    assert loaded.line_count == 1
    assert changes(database) == []
    # Nobody else is found, and nothing again
    assert erase(database, "alice@example.com", lambda _: None, now=NOW).rows == {}
    again = erase(database, "carol@example.com", lambda _: None, now=NOW)
    assert again.lines == {str(log): 2}
    assert changes(database) == []


@pytest.mark.newest
@pytest.mark.parametrize("line_no", [1, 3])
def test_another_change_is_found(database, line_no):
    erase(database, "alice@example.com", lambda _: None, now=NOW)
    with mailsql.open_database(database, read_only=False) as connection:
        connection.execute(
            "update raw_lines set line = replace(line, 'mx1', 'mx2') where line_key & 255 = ?",
            [line_no],
        )
    with mailsql.open_database(database) as connection:
        assert ("lines",) in [change.differs for change in changed_batches(connection)]


@pytest.mark.newest
def test_what_was_erased_in_can_be_pruned_and_the_rest_stays_proven(database):
    erase(database, "carol@example.com", lambda _: None, now=NOW)
    before = datetime(2026, 7, 26, tzinfo=UTC)
    assert prune(database, before, lambda _: None, now=NOW).line_count > 0
    assert "carol" not in "".join(texts(database))
    assert changes(database) == []


@pytest.mark.newest
def test_an_export_says_what_was_erased_in_and_is_verified(database, tmp_path):
    name = erase(database, "alice@example.com", lambda _: None, now=NOW).pseudonym
    out = tmp_path / "out"
    given = ["export", str(out), "--db", str(database), "--address", name]
    run = CliRunner().invoke(app, given)
    assert run.exit_code == 0, run.exception
    (log,) = json.loads((out / "manifest.json").read_text())["logs"]
    assert log["erased_line_nos"] == [3, 4, 6]
    told: list[str] = []
    original = str(database.with_name("mail.log"))
    assert [*verify_export(out, [original], None, told.append, now=NOW)] == []
    assert any(re.search(r"2 batches and [1-9] exported lines found there", text) for text in told)


@pytest.mark.newest
def test_a_log_that_was_erased_in_can_be_forgotten(database):
    erase(database, "alice@example.com", lambda _: None, now=NOW)
    forget(database, "1", lambda _: None, now=NOW)
    assert texts(database) == []
    assert changes(database) == []


@pytest.mark.newest
def test_what_is_no_address_is_refused(tmp_path):
    with pytest.raises(UsageError, match="not an address"):
        erase(tmp_path / "mail.duckdb", "alice", lambda _: None, now=NOW)


@pytest.mark.newest
def test_the_command_tells_what_was_changed(database):
    result = CliRunner().invoke(
        app, ["erase", "carol@example.com", "--db", str(database), "--format", "csv"]
    )
    assert result.exit_code == 0, result.exception
    assert result.stdout == (
        "table_name,column_name,row_count\nimap_sessions,username,1\nlogins,username,1\n"
        "raw_lines,line,1\n"
    )
    assert "mail.log: 1 line changed\n" in result.stderr
    for address, told in (
        ("bob@example.com", "mail.log: 1 行を書き換えました\n"),
        ("alice@example.com", "mail.log: 3 行を書き換えました\n"),
        ("nobody@example.com", "nobody@example.com はどこにもありません。何も変更していません\n"),
    ):
        given = ["erase", address, "--db", str(database), "--lang", "ja"]
        assert told in CliRunner().invoke(app, given, catch_exceptions=False).stderr

"""The commands with the oldest engine that is supported: their own tests try the newest alone.

A database of the samples goes through what each of them does in SQL."""

import csv
import json
from pathlib import Path

import duckdb
import pytest
from typer.testing import CliRunner

from mailsql.cli import app

pytestmark = pytest.mark.skipif(
    int(duckdb.__version__[0]) >= 2, reason="tried by the tests of each command"
)

SAMPLES = Path(__file__).parent.parent / "sample_logs"


@pytest.fixture
def run(tmp_path, monkeypatch, samples_database):
    """Run a command beside a copy of the samples' database; return what it wrote."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    (tmp_path / "mail.duckdb").write_bytes(samples_database.read_bytes())

    def run_command(*arguments: str) -> str:
        done = CliRunner().invoke(app, arguments, catch_exceptions=False)
        assert done.exit_code == 0, (arguments, done.stderr)
        return done.stdout

    return run_command


def test_a_message_is_found_by_each_kind_of_term(run):
    for term in ("A123B45678C", "test@example.com", "@example.net", "192.0.2.10", "192.0.2.0/24"):
        traced = json.loads(run("trace", term, "--format", "json"))
        assert "A123B45678C" in json.dumps(traced), term


def test_an_export_of_one_user_holds_its_mail_and_is_verified(run, tmp_path):
    run("export", "out", "--address", "alice@example.net")
    with (tmp_path / "out" / "messages.csv").open(newline="") as file:
        exported = {row["queue_id"] for row in csv.DictReader(file)}
    assert exported == {"E5F6A40772"}
    logs = [str(log) for log in sorted(SAMPLES.glob("maillog-*"))]
    run("export", "out", "--verify", *logs)


def test_what_was_taken_out_is_gone_and_the_rest_is_what_the_lines_say(run):
    def count(rows: str) -> int:
        return int(run("query", f"select count(*) from {rows}", "--format", "csv").split()[1])

    assert count("messages where sender = 'test@example.net'") > 0
    run("erase", "test@example.net")
    assert count("messages where sender = 'test@example.net'") == 0
    before = count("log_lines")
    run("prune", "--before", "2022-07-26")
    assert 0 < count("log_lines") < before
    run("reparse")
    run("forget", str(SAMPLES / "maillog-20220726"))
    assert count("log_files") == 1
    run("check")

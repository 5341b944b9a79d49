"""What a shell is offered to complete a command with, and that asking for it never fails."""

import shutil

import duckdb
import pytest
from typer.testing import CliRunner

from mailsql.cli import app

pytestmark = pytest.mark.newest


@pytest.fixture(scope="module")
def database(tmp_path_factory, samples_database):
    path = tmp_path_factory.mktemp("completion") / "mail.duckdb"
    shutil.copy(samples_database, path)
    with duckdb.connect(str(path)) as connection:
        connection.execute("create view reports.traffic_mine as select 1 as n")
        connection.execute("comment on view reports.traffic_mine is 'Of my own\n\x1b[31m'")
    return path


def offered(words, **environment):
    """What is offered for the last one of some words, as bash asks."""
    count = len(words.split(" ")) - 1
    bash = {"_MAILSQL_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(count)}
    done = CliRunner().invoke(app, [], prog_name="mailsql", env=bash | environment)
    assert done.stderr == ""
    return done.stdout.split()


@pytest.mark.parametrize(
    ("words", "choices"),
    [
        ("mailsql re", ["report", "reparse"]),
        ("mailsql trace x --lang ", ["en", "ja"]),
        ("mailsql query x --format js", ["json", "jsonl"]),
        ("mailsql report --since last", ["last-week", "last-month", "last-year"]),
        ("mailsql report --timezone Asia/Tok", ["Asia/Tokyo"]),
        ("mailsql load --timezone Asia/Tok", ["Asia/Tokyo"]),
        ("mailsql report traffic_m", ["traffic_mine"]),
        ("mailsql report --host ", ["mx1"]),
        ("mailsql export out --only mess", ["messages", "messages_in_queue"]),
        ("mailsql lines ", ["1", "2"]),
        ("mailsql forget ", ["1", "2"]),
        # Files are the shell's own
        ("mailsql load /", []),
    ],
)
def test_names_are_completed(database, words, choices):
    assert offered(words, MAILSQL_DB=str(database)) == choices


def test_reports_are_known_without_a_database_and_with_a_wrong_configuration(tmp_path):
    wrong = tmp_path / "config.toml"
    wrong.write_text("nonsense = 1")
    words = "mailsql report --db none.duckdb traffic_per_d"
    assert offered(words) == ["traffic_per_day"]
    assert offered("mailsql report traffic_per_d", MAILSQL_CONFIG=str(wrong)) == ["traffic_per_day"]
    assert offered("mailsql lines ", MAILSQL_DB=str(tmp_path)) == []


def test_the_database_of_the_configuration_is_asked(database, tmp_path):
    file = tmp_path / "config.toml"
    file.write_text(f'db = "{database}"')
    assert offered("mailsql report traffic_m", MAILSQL_CONFIG=str(file)) == ["traffic_mine"]


def test_what_a_choice_is_stays_within_its_line(database):
    environment = {"_MAILSQL_COMPLETE": "complete_fish", "_TYPER_COMPLETE_FISH_ACTION": "get-args"}
    environment |= {"_TYPER_COMPLETE_ARGS": "mailsql report traffic_", "MAILSQL_DB": str(database)}
    done = CliRunner().invoke(app, [], prog_name="mailsql", env=environment)
    choices = [line.split("\t") for line in done.stdout.splitlines()]
    assert ["traffic_mine", "Of my own\\n\\u001b[31m"] in choices
    assert all(len(choice) == 2 for choice in choices)


@pytest.mark.parametrize("command", [[], ["load"], ["query"], ["config"]])
def test_h_is_help(command):
    short, long = (CliRunner().invoke(app, [*command, option]) for option in ("-h", "--help"))
    assert (short.exit_code, short.stdout) == (0, long.stdout)
    assert "-h, --help" in short.stdout

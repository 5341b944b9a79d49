"""Settings: option, environment, file, default, in this order; what makes no sense is refused."""

import json

import pytest
from typer.testing import CliRunner

from mailsql.cli import app
from mailsql.config import read_config
from mailsql.errors import UsageError

pytestmark = pytest.mark.newest


@pytest.fixture
def database(samples_database):
    return samples_database


@pytest.fixture
def configured(database, tmp_path, monkeypatch):
    """Write a configuration; return its path, and what runs a command with it."""
    path = tmp_path / "mailsql" / "config.toml"
    path.parent.mkdir()
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)

    def run(text, *arguments, **environment):
        path.write_text(text.replace("MAIL", str(database)))
        done = CliRunner().invoke(app, arguments, env=environment)
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        assert done.exit_code == 0, done.output
        return done.stdout

    return path, run


WHOLE = """\
db = "MAIL"
timezone = "UTC"
lang = "ja"
local_domains = ["example.org", "example.net"]
thresholds = { guessed_names = 5 }
memory = "1G"
"""


def settings_of(out):
    return {row["setting"]: (row["value"], row["source"]) for row in json.loads(out)}


def test_option_environment_file_and_default_come_in_this_order(configured, database):
    path, run = configured
    show = ("config", "--format", "json")
    assert settings_of(run("", *show)) == {
        "config": (str(path), "environment"),
        "db": ("mail.duckdb", "default"),
        "timezone": (None, "default"),
        "lang": ("en", "default"),
        "local_domains": (None, "default"),
        "thresholds": (None, "default"),
        "memory": (None, "default"),
        "pseudonymize": (None, "default"),
        "keep_domains": ("false", "default"),
        "keep_networks": ("false", "default"),
        "retention": (None, "default"),
    }
    told = settings_of(run(WHOLE, *show))
    assert told["db"] == (str(database), "file")
    assert told["local_domains"] == ("example.org,example.net", "file")
    environment = {"MAILSQL_DB": "a.duckdb", "MAILSQL_TIMEZONE": "Asia/Tokyo", "MAILSQL_LANG": "en"}
    told = settings_of(run(WHOLE, *show, "--db", "b.duckdb", "--lang", "ja", **environment))
    assert told["db"] == ("b.duckdb", "option")
    assert told["timezone"] == ("Asia/Tokyo", "environment")
    assert told["lang"] == ("ja", "option")
    assert told["local_domains"][1] == "file"


def test_answers_follow_the_file(configured):
    _, run = configured
    out = run(WHOLE, "trace", "A123B45678C")
    assert out.splitlines()[1].startswith("   1. 2022-07-25 00:12:03  client.example.com")
    assert "接続がありました" in out
    assert run(
        WHOLE, "trace", "A123B45678C", "--lang", "en", "--timezone", "Asia/Tokyo"
    ).startswith("Message A123B45678C on mx1\n   1. 2022-07-25 09:12:03")


def test_own_domains_hold_wherever_reports_are_read(configured, tmp_path):
    _, run = configured
    sql = "select direction, message_count from reports.mail_by_direction where message_count > 0"
    guessed = run('db = "MAIL"', "query", sql, "--format", "csv")
    told = run(WHOLE, "query", sql, "--format", "csv")
    assert told != guessed
    named = run(WHOLE, "report", "mail_by_direction", "--format", "csv")
    assert {",".join(line.split(",")[:2]) for line in named.splitlines()} >= set(told.splitlines())
    run(WHOLE, "export", "out", "--only", "mail_by_direction")
    assert (tmp_path / "out" / "mail_by_direction.csv").read_text() == named
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert manifest["asked"]["local_domains"] == "example.org,example.net"


def test_the_zone_of_answers_is_not_that_of_stamps(configured):
    """A file that changes what a load reads would change rows behind its user's back."""
    _, run = configured
    line = "Feb  3 09:15:40 mx1 postfix/qmgr[811]: 1E24040751: removed"
    arguments = ("explain", line, "--year", "2026", "--format", "json")
    shown = json.loads(run('timezone = "Asia/Tokyo"', *arguments, TZ="UTC"))
    assert shown["logged_at"] == "2026-02-03T18:15:40+09:00"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("database = 1", "database: no such key"),
        ("memory = 9", "memory: not a size"),
        ('memory = "much"', "memory: much: no size"),
        ('memory = "9MB"', "memory: 9MB: too little to work with"),
        ("[db]", "db: not the name of a file"),
        ('db = "mail.duckdb"', "db: mail.duckdb: not a whole path, from / or ~/ on"),
        ('db = "~nobody-here/x"', "db: ~nobody-here/x: nobody has this home directory"),
        ("timezone = 9", "timezone: not the name of a time zone"),
        ('timezone = "Mars/Base"', "timezone: Mars/Base: unknown time zone"),
        ('timezone = "../etc"', "timezone: ../etc: unknown time zone"),
        ('lang = "fr"', "lang: fr: none of en, ja"),
        ("lang = ['ja']", "lang: ['ja']: none of en, ja"),
        ('local_domains = "example.com"', "local_domains: not a list of domains"),
        ('local_domains = ["a,b"]', "local_domains: a,b: not a domain"),
        ("thresholds = 5", "thresholds: not a table of numbers"),
        ("[thresholds]\nguessed_names = '5'", "thresholds: guessed_names: 5: not a whole number"),
        ("[retention]\nlogins = 90", "retention: logins: 90: not a number of days, weeks, "),
        ("[retention]\nmails = '1 year'", "retention: mails: none of lines, default, connections"),
        ('pseudonymize = "key"', "pseudonymize: key: not a whole path, from / or ~/ on"),
        ('keep_domains = "yes"', "keep_domains: yes: neither true nor false"),
        ("local_domains = [1]", "local_domains: 1: not a domain"),
        ("db = ", "Invalid value"),
        ("\udcff", "not UTF-8"),
    ],
)
def test_what_a_file_cannot_say_is_one_error_with_file_and_key(tmp_path, text, fault):
    path = tmp_path / "config.toml"
    path.write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(UsageError) as raised:
        read_config({"MAILSQL_CONFIG": str(path)})
    assert str(raised.value).startswith(f"{path}: {fault}")
    assert raised.value.hint
    assert "\n" not in str(raised.value)


def test_help_is_given_whatever_the_file_says(tmp_path):
    path = tmp_path / "config.toml"
    path.write_text("lang = 'fr'")
    environment = {"MAILSQL_CONFIG": str(path)}
    for word in ("--help", "-h"):
        done = CliRunner().invoke(app, ["report", word], env=environment)
        assert done.exit_code == 0
        assert "Print the page of a period" in done.stdout
    for arguments in (["report", "--list"], ["explain", "--", "-h"]):
        error = CliRunner().invoke(app, arguments, env=environment).exception
        assert isinstance(error, UsageError)
        assert str(error).startswith(f"{path}: lang")


def test_the_file_is_where_the_environment_says(tmp_path):
    home = {"HOME": str(tmp_path)}
    usual = tmp_path / ".config" / "mailsql" / "config.toml"
    for environment in (home, home | {"XDG_CONFIG_HOME": "not/absolute"}):
        found = read_config(environment)
        assert (found.path, found.is_there, found.values) == (usual, False, {})
    assert read_config({}).path is None
    named = read_config(home | {"MAILSQL_CONFIG": "/dev/null", "XDG_CONFIG_HOME": "/nowhere"})
    assert (str(named.path), named.is_there, named.values) == ("/dev/null", True, {})
    with pytest.raises(UsageError, match="no such file"):
        read_config(home | {"MAILSQL_CONFIG": str(tmp_path / "none.toml")})
    with pytest.raises(UsageError, match="Is a directory"):
        read_config({"MAILSQL_CONFIG": str(tmp_path)})

"""The state of a database as OpenMetrics text, read by a strict parser; and in JSON."""

import json
import re
from datetime import timedelta

import pytest
from typer.testing import CliRunner

import mailsql
from mailsql.cli import app
from mailsql.openmetrics import status_openmetrics
from mailsql.status import status_json
from tests.conftest import NOW, load

pytestmark = pytest.mark.newest

NAME = "[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\n"])*)"'
SAMPLE = re.compile(rf"({NAME})(?:\{{({LABEL}(?:,{LABEL})*)\}})? (-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)")
LINES = [
    f"2026-11-24T09:00:0{second}+00:00 mx1 postfix/qmgr[1]: 4F0F2A{second}: removed\n"
    for second in range(4)
]


def parsed(text: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Samples by name and labels (OpenMetrics 1.0.0); nothing but what that allows is taken."""
    assert text.endswith("# EOF\n")
    found: dict[tuple[str, tuple[tuple[str, str], ...]], float] = {}
    described: dict[str, dict[str, str]] = {}
    family = ""
    for line in text.removesuffix("# EOF\n").splitlines():
        if line.startswith("# "):
            _, word, name, told = line.split(" ", 3)
            assert word in ("TYPE", "UNIT", "HELP")
            if name != family:
                assert name not in described, "a family stands in one place"
                family = name
                described[name] = {}
            assert word not in described[name]
            assert not any(key[0] == name for key in found), "samples follow what describes them"
            described[name][word] = told
            assert re.fullmatch(NAME, name)
            if word == "UNIT":
                assert name.endswith(f"_{told}")
            continue
        sample = SAMPLE.fullmatch(line)
        assert sample is not None, line
        assert sample[1] == family
        assert described[family].keys() >= {"TYPE", "HELP"}
        assert described[family]["TYPE"] == "gauge"
        labels = [(name, re.sub(r"\\(.)", unescaped, value)) for name, value in labels_of(sample)]
        key = sample[1], tuple(sorted(labels))
        assert key not in found
        assert len(dict(labels)) == len(labels)
        found[key] = float(sample[sample.lastindex or 0])
    assert {name for name, _ in found} == described.keys(), "no family without a sample"
    return found


def unescaped(escape: re.Match[str]) -> str:
    return "\n" if escape[1] == "n" else escape[1]


def labels_of(sample: re.Match[str]) -> list[tuple[str, str]]:
    return re.findall(LABEL, sample[2] or "")


def test_a_strict_parser_reads_it_and_every_name_of_a_log(tmp_path):
    log, database = tmp_path / 'mail"a\\b\nc.log', tmp_path / "mail.duckdb"
    log.write_text("".join(LINES[:3]) + "2026-11-24T09:00:09+00:00 mx1 cron[1]: x\n")
    load([log], database)
    cut = len(LINES[3]) - 1
    with log.open("a") as stream:
        stream.write(LINES[3][:cut])
    with mailsql.open_database(database) as connection:
        begun = parsed(status_openmetrics(connection, NOW + timedelta(seconds=7)))
    # A line that has no end may never get one
    assert begun[("mailsql_waiting_bytes", ())] == cut
    assert begun[("mailsql_lag_seconds", ())] == 0
    with log.open("a") as stream:
        stream.write(LINES[3][cut:])
    with mailsql.open_database(database) as connection:
        found = parsed(status_openmetrics(connection, NOW + timedelta(seconds=7)))
        told = json.loads(status_json(connection, NOW + timedelta(seconds=7)))
    assert found[("mailsql_log_lines", (("log", str(log)),))] == 4
    assert found[("mailsql_lines", (("state", "understood"),))] == 3
    assert found[("mailsql_lines", (("state", "foreign"),))] == 1
    assert found[("mailsql_waiting_bytes", ())] == len(LINES[3])
    assert found[("mailsql_lag_seconds", ())] == 7
    assert found[("mailsql_last_load_timestamp_seconds", ())] == NOW.timestamp()
    assert told["load"] | {"last_logged_at": None, "last_loaded_at": None} == {
        "last_loaded_at": None,
        "last_logged_at": None,
        "waiting_bytes": len(LINES[3]),
        "lag_seconds": 7,
    }
    load([log], database)
    with mailsql.open_database(database) as connection:
        again = parsed(status_openmetrics(connection, NOW + timedelta(seconds=7)))
    assert again[("mailsql_waiting_bytes", ())] == again[("mailsql_lag_seconds", ())] == 0


def test_the_samples_and_an_empty_database_are_told(samples_database, tmp_path):
    shown = CliRunner().invoke(
        app, ["status", "--db", str(samples_database), "--format", "openmetrics"]
    )
    assert shown.exit_code == 0, shown.output
    found = parsed(shown.stdout)
    with mailsql.open_database(samples_database) as connection:
        total = connection.execute("select count(*) from raw_lines").fetchone()
    assert (sum(value for (name, _), value in found.items() if name == "mailsql_lines"),) == total
    assert (
        sum(value for (name, _), value in found.items() if name == "mailsql_log_lines")
        == (total[0])
    )
    empty = tmp_path / "mail.log"
    empty.touch()
    load([empty], tmp_path / "empty.duckdb")
    with mailsql.open_database(tmp_path / "empty.duckdb") as connection:
        names = {name for name, _ in parsed(status_openmetrics(connection, NOW))}
    assert "mailsql_last_load_timestamp_seconds" not in names
    assert "mailsql_lag_seconds" in names

"""Contract 6: the file that the newest library writes opens in the DuckDB shells people have."""

import os
import subprocess
from pathlib import Path

import pytest

from mailsql.statements import sql_files
from mailsql.table_list import list_views
from tests.conftest import SHELLS, install_shell, load

pytestmark = pytest.mark.newest

SAMPLES = Path(__file__).parent.parent / "sample_logs"


@pytest.fixture(scope="module", params=SHELLS)
def shell(request, tmp_path_factory):
    """Run SQL in a DuckDB shell on the samples; the output is CSV."""
    directory = tmp_path_factory.mktemp("shell")
    program = install_shell(request.param, directory)
    database = directory / "mail.duckdb"
    load([SAMPLES], database, timezone="Asia/Tokyo")

    def run(sql: str) -> list[str]:
        done = subprocess.run(
            [str(program), "-csv", "-noheader", str(database)],
            input=sql,
            capture_output=True,
            text=True,
            env=os.environ | {"TZ": "Asia/Tokyo"},
        )
        assert done.returncode == 0, done.stderr
        assert done.stderr == ""
        return done.stdout.splitlines()

    return run


def test_a_macro_follows_a_message(shell):
    steps = shell("select step_no, step from flow('A123B45678C')")
    assert steps == ["1,connected", "2,queued", "3,named", "4,active", "5,delivered", "6,removed"]
    found = shell("select distinct queue_id from trace('alice@example.net')")
    assert found == ["E5F6A40772"]


def test_a_view_speaks_both_languages(shell):
    sentences = shell(
        "select unnest([detail, detail_ja]) from message_flow "
        "where queue_id = 'A123B45678C' and kind = 'queue_removed'"
    )
    assert [sentence.strip('"') for sentence in sentences] == [
        "Done: A123B45678C was removed from the queue.",
        "一連の流れが終わり、A123B45678C はキューから削除されました。",
    ]


def test_every_report_and_every_check_runs(shell):
    for file in sql_files("reports"):
        shell(f"from reports.{file.name.removesuffix('.sql')}")
    for file in sql_files("checks"):
        assert shell(list_views() + file.read_text(encoding="utf-8")) == []


def test_a_period_is_set_as_a_variable(shell):
    days = shell("set variable since = '2022-07-26'; select day from reports.traffic_per_day")
    assert days == ["2022-07-26"]


def test_tables_and_columns_explain_themselves(shell):
    silent = shell(
        "select table_name, column_name from duckdb_columns() where not internal "
        "and comment is null and schema_name in ('main', 'reports')"
    )
    assert silent == []
    assert shell("select count(*) from duckdb_tables() where comment is null") == ["0"]

"""The reports over sample_logs/, whole, against golden files.

MAILSQL_GOLDEN=1 writes them anew; the difference is read."""

import csv
import os
from pathlib import Path

import pytest
from rich.cells import cell_len

import mailsql
from mailsql.errors import UsageError
from mailsql.output import Format, format_rows
from mailsql.report import list_reports, run_report
from mailsql.results import PAGE_WIDTH
from tests.conftest import NOW, load

GOLDEN = Path(__file__).parent / "reports"
SAMPLES = Path(__file__).parent.parent / "sample_logs"
REPORTS = sorted(path.stem for path in (Path(__file__).parent.parent / "sql/reports").glob("*.sql"))


@pytest.fixture(scope="module")
def samples(tmp_path_factory):
    database = tmp_path_factory.mktemp("samples") / "mail.duckdb"
    load([SAMPLES], database, timezone="Asia/Tokyo")
    with mailsql.open_database(database) as connection:
        connection.execute("set TimeZone = 'Asia/Tokyo'")
        yield connection


def as_csv(result) -> str:
    return format_rows([column[0] for column in result.description], result.fetchall(), Format.CSV)


@pytest.mark.parametrize("name", REPORTS)
def test_a_report_says_what_it_said(name, samples):
    text = as_csv(run_report(samples, name, None, None, now=NOW))
    golden = GOLDEN / f"{name}.csv"
    if os.environ.get("MAILSQL_GOLDEN"):
        golden.write_text(text)
    assert text == golden.read_text()


def test_the_list_names_and_describes_every_report(samples):
    listed = dict(list_reports(samples))
    assert sorted(listed) == REPORTS
    assert all(description.startswith("One row per ") for description in listed.values())


def test_a_period_limits_a_report(samples):
    result = run_report(samples, "traffic_per_day", "2022-07-26", None, now=NOW)
    assert [str(row[0]) for row in result.fetchall()] == ["2022-07-26"]
    result = run_report(samples, "traffic_per_day", None, "2022-07-26", now=NOW)
    assert [str(row[0]) for row in result.fetchall()] == ["2022-07-25"]


def test_an_unreadable_time_is_refused(samples):
    with pytest.raises(UsageError, match="soon: not a time"):
        run_report(samples, "traffic_per_day", "soon", None, now=NOW)


def test_every_column_of_a_report_is_told_and_counts_are_bigint(samples):
    odd = samples.execute(
        "select table_name, column_name, data_type from duckdb_columns() "
        "where schema_name = 'reports' and (comment is null or data_type = 'HUGEINT')"
    ).fetchall()
    assert odd == []


def test_every_name_of_a_told_column_occurs(samples):
    with (Path(__file__).parent.parent / "sql/words/report_columns.csv").open(newline="") as file:
        told = [row["column"] for row in csv.DictReader(file)]
    occurring = samples.execute(
        "select table_name, column_name from duckdb_columns() where schema_name = 'reports'"
    ).fetchall()
    assert told == sorted(told)
    own = {name for name in told if "." in name}
    assert own <= {f"{report}.{column}" for report, column in occurring}
    assert set(told) - own == {column for _, column in occurring}


@pytest.mark.parametrize("name", REPORTS)
def test_a_report_fits_a_page(name, samples):
    result = run_report(samples, name, None, None, now=NOW)
    names = [column[0] for column in result.description]
    table = format_rows(names, result.fetchall(), width=PAGE_WIDTH).splitlines()
    keys = ", ".join(column for column in names if column.endswith("_key"))
    assert [line for line in table if line.startswith("without ")] == [
        f"without {key} (other formats have them)" for key in [keys] if key
    ]
    assert max(cell_len(line) for line in table) <= PAGE_WIDTH

"""Columns of tables change with the schema version: commands that read ask for what is there."""

import csv
import io
import os
from pathlib import Path

import pytest

import mailsql
from mailsql.objects import SCHEMA_VERSION
from tests.conftest import load

pytestmark = pytest.mark.newest

KNOWN = Path(__file__).parent / "schema.csv"


def columns_of(database: Path) -> list[tuple[str, ...]]:
    with mailsql.open_database(database) as connection:
        return connection.execute(
            "select table_name, column_name, data_type from duckdb_columns() "
            "where schema_name = 'main' and table_name in (select table_name from duckdb_tables()) "
            "order by table_name, column_index"
        ).fetchall()


def written(columns: list[tuple[str, ...]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["schema_version", SCHEMA_VERSION, ""])
    writer.writerows(columns)
    return text.getvalue()


def test_who_changes_a_table_raises_the_schema_version(tmp_path):
    log = tmp_path / "mail.log"
    log.write_text("Feb  3 09:15:40 mx1 postfix/smtpd[2101]: connect from unknown[192.0.2.17]\n")
    load([log], tmp_path / "mail.duckdb")
    found = written(columns_of(tmp_path / "mail.duckdb"))
    known = KNOWN.read_text(encoding="utf-8") if KNOWN.exists() else ""
    is_raised = not known.startswith(f"schema_version,{SCHEMA_VERSION},")
    if is_raised and os.environ.get("MAILSQL_GOLDEN"):
        KNOWN.write_text(found, encoding="utf-8")
    else:
        assert known == found, "raise SCHEMA_VERSION in loader/objects.py, then `make golden`"

"""docs/tables.md is what the database tells of itself, and what it says of keys and joins is so."""

import pytest

import mailsql
from mailsql.statements import quote_identifier
from tests.conftest import load
from tests.tables_page import (
    CHAPTERS,
    INTERNAL,
    PAGE,
    joins,
    page_text,
    read_macros,
    read_relations,
)
from tests.test_reports import SAMPLES

pytestmark = pytest.mark.newest


@pytest.fixture(scope="module")
def samples(tmp_path_factory):
    database = tmp_path_factory.mktemp("samples") / "mail.duckdb"
    load([SAMPLES], database)
    with mailsql.open_database(database) as connection:
        yield connection


def test_the_page_is_what_the_database_tells(samples):
    assert PAGE.read_text() == page_text(samples), "make tables writes it anew"


def test_all_is_told(samples):
    untold = [
        f"{name}.{column.name}"
        for name, relation in read_relations(samples).items()
        for column in relation.columns
        if not relation.comment or not column.comment
    ]
    assert untold == []
    assert [name for name, macro in read_macros(samples).items() if not macro.comment] == []


def test_a_table_that_no_chapter_names_is_refused(samples, monkeypatch, tmp_path):
    chapters = tmp_path / "tables.toml"
    chapters.write_text(CHAPTERS.read_text().replace('"queue_events", ', ""))
    monkeypatch.setattr("tests.tables_page.CHAPTERS", chapters)
    with pytest.raises(ValueError, match=r"tables\.toml: not told, or not once: queue_events"):
        page_text(samples)


def test_columns_lead_where_they_are_said_to(samples):
    relations = read_relations(samples)
    astray = {}
    for join in joins(relations):
        if INTERNAL in relations[join.table].comment:
            continue
        table, other = (
            ".".join(map(quote_identifier, name.split(".")))
            for name in (join.table, join.other_table)
        )
        column, key = quote_identifier(join.column), quote_identifier(join.key)
        ((count, most),) = samples.execute(
            f"select (select count(*) from {table} where {column} is not null "
            f"and {column} not in (select {key} from {other})), "
            f"(select max(rows) from (select count(*) as rows from {other} group by {key}))"
        ).fetchall()
        if count or (most or 0) > 1:
            astray[join] = (count, most)
    assert astray == {}

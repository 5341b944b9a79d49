"""docs/tables.md is what the database tells of itself, and it tells all."""

import pytest

import mailsql
from tests.tables_page import CHAPTERS, PAGE, page_text, read_macros, read_relations

pytestmark = pytest.mark.newest


@pytest.fixture(scope="module")
def empty(tmp_path_factory):
    database = tmp_path_factory.mktemp("empty") / "mail.duckdb"
    with mailsql.open_database(database, read_only=False) as connection:
        yield connection


def test_the_page_is_what_the_database_tells(empty):
    assert PAGE.read_text() == page_text(empty), "make tables writes it anew"


def test_all_is_told(empty):
    untold = [
        f"{name}.{column.name}"
        for name, relation in read_relations(empty).items()
        for column in relation.columns
        if not relation.comment or not column.comment
    ]
    assert untold == []
    assert [name for name, macro in read_macros(empty).items() if not macro.comment] == []


def test_a_table_that_no_chapter_names_is_refused(empty, monkeypatch, tmp_path):
    chapters = tmp_path / "tables.toml"
    chapters.write_text(CHAPTERS.read_text().replace('"queue_events", ', ""))
    monkeypatch.setattr("tests.tables_page.CHAPTERS", chapters)
    with pytest.raises(ValueError, match=r"tables\.toml: not told, or not once: queue_events"):
        page_text(empty)

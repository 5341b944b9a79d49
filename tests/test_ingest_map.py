"""docs/ingest.md is what sql/ingest is, and no file of it uses what is not made yet."""

import re
from importlib.resources import files
from pathlib import Path

import pytest

import mailsql
from mailsql import derive, ingest, steps
from mailsql.statements import run_sql, sql_texts
from tests.conftest import load
from tests.ingest_map import (
    MAP,
    MARK,
    ROADS,
    known_names,
    read_script,
    read_too_early,
    road,
    scripts,
    whole_map,
)

pytestmark = pytest.mark.newest

SAMPLES = Path(__file__).parent.parent / "sample_logs"
FOUND = scripts()


def test_the_map_is_that_of_the_files():
    assert MAP.read_text() == whole_map(), "make steps"


@pytest.mark.parametrize("name", ROADS)
def test_nothing_is_used_before_it_is_made(name):
    assert read_too_early(road(name, FOUND), known_names(FOUND)) == []


def test_a_file_that_uses_what_comes_later_is_refused():
    early = read_script("1_early", "-- x\ncreate or replace temp view one as\nselect * from two;\n")
    late = read_script("2_late", "-- x's\ncreate or replace temp table two as\nselect 1 as n;\n")
    said = ["1_early uses two, which nothing made before it"]
    assert read_too_early([early, late], {"one", "two"}) == said
    assert read_too_early([late, early], {"one", "two"}) == []


def test_each_file_is_on_a_road():
    assert {script.name for name in ROADS for script in road(name, FOUND)} == set(FOUND)


def test_all_that_is_made_is_said_and_read():
    texts = " ".join(path.read_text() for path in files("mailsql").glob("*.py"))
    read = {name for script in FOUND.values() for name in script.reads}
    for script in FOUND.values():
        assert script.comment, script.name
        for part in script.parts:
            is_read = part.name in read or re.search(rf"\b{part.name}\b", texts)
            assert is_read or part.sort in ("macro", "type"), f"{script.name}: {part.name}"


def test_the_words_of_the_glossary_are_there():
    glossary = MAP.read_text().partition(MARK)[0]
    named = re.findall(r"`(\w+)`", "".join(re.findall(r"^\|.*", glossary, re.MULTILINE)))
    texts = " ".join(text for place in ("ingest", "tables") for _, text in sql_texts(place))
    assert [name for name in named if not re.search(rf"\b{name}\b", texts)] == ["3_late"]


def out_of_order(names, expected):
    """The first of the names that does not stand in that order, with others between."""
    rest = iter(expected)
    return next((name for name in names if name not in rest), None)


def test_pieces_go_the_roads(tmp_path, monkeypatch):
    gone = []

    def noting(run):
        def note(first, place):
            gone.extend(name for name, _ in sql_texts(place))
            return run(first, place)

        return note

    for module in (derive, ingest):
        monkeypatch.setattr(module, "run_sql", noting(run_sql))
    monkeypatch.setattr(steps.Steps, "run", noting(steps.Steps.run))
    first, second = sorted(SAMPLES.glob("maillog-*"))
    for log, name in ((second, "new lines"), (first, "late lines")):
        gone.clear()
        load([log], tmp_path / "mail.duckdb")
        assert "7_store/raw_lines" in gone
        assert out_of_order(gone, [script.name for script in road(name, FOUND)]) is None, name
    assert "3_late/4_read_lines" in gone
    with mailsql.open_database(tmp_path / "mail.duckdb") as connection:
        assert connection.execute("select count(*) from raw_lines").fetchone() == (80,)

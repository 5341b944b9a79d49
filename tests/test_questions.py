"""What pages of docs show is run on sample_logs/office, and prints that."""

import re
import shutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import duckdb
import pytest

from mailsql.output import Format, format_rows
from mailsql.reading import check_reading, open_reading
from mailsql.statements import quote_identifier
from tests.shown import BLOCK, ZONE, Answer, assert_shown, run
from tests.tables_page import INTERNAL, joins, read_relations

pytestmark = pytest.mark.newest

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
QUESTIONS = DOCS / "questions.md"
QUESTION_COUNT = 30
MOST_LINES = 5


@pytest.fixture(scope="module")
def run_command(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Answer]:
    """Run a command where the office's log is loaded: once, however often it is shown."""
    folder = tmp_path_factory.mktemp("office")
    shutil.copytree(ROOT / "sample_logs" / "office", folder / "sample_logs" / "office")
    run_once = cache(run)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        run_once("mailsql load sample_logs/office")
        yield run_once


@pytest.fixture(scope="module")
def connection(run_command: Answer) -> Iterator[duckdb.DuckDBPyConnection]:
    # A copy, for the commands open the other one in the same process
    shutil.copy("mail.duckdb", "asked.duckdb")
    with open_reading(Path("asked.duckdb"), timezone=ZONE) as opened:
        yield opened


@pytest.fixture(scope="module")
def answer(connection: duckdb.DuckDBPyConnection) -> Answer:
    """Run SQL as `mailsql query` does."""

    def run_sql(sql: str) -> str:
        check_reading(connection, sql)
        result = connection.execute(sql)
        names = [column[0] for column in result.description]
        return format_rows(names, result.fetchall(), Format.TABLE)

    return run_sql


@pytest.mark.parametrize("name", ["questions.md", "tutorial.md", "tutorial.ja.md"])
def test_a_page_shows_what_is_printed(name: str, run_command: Answer, answer: Answer) -> None:
    assert_shown(DOCS / name, run_command, answer)


def test_each_question_has_one_short_answer() -> None:
    asked = re.split(r"^### (\d+)\. ", QUESTIONS.read_text(encoding="utf-8"), flags=re.MULTILINE)
    numbers, answers = asked[1::2], asked[2::2]
    assert numbers == [str(number) for number in range(1, QUESTION_COUNT + 1)]
    for number, text in zip(numbers, answers, strict=True):
        (found,) = BLOCK.finditer(text)
        if found["sql"] is not None:
            assert found["sql"].count("\n") <= MOST_LINES, f"{number} is answered at length"
            heading = found["text"].startswith("times: ") + 1
            assert found["text"].count("\n") > heading, f"{number} is answered by no row"
        else:
            command, _, printed = found["console"].partition("\n")
            assert "\n$ " not in printed, f"{number} is answered by several commands"
            # Headings of tables hold no number
            is_table = re.match(r"\$ mailsql (query|report)", command)
            assert re.search(r"\d", printed.splitlines()[-1] if is_table else printed) or (
                printed.startswith("ok ")
            ), f"{number} is answered by nothing"


def test_columns_lead_where_the_page_of_tables_says(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    relations = read_relations(connection)
    astray = {}
    for join in joins(relations):
        if relations[join.table].schema != "main" or INTERNAL in relations[join.table].comment:
            continue
        table, other = (
            ".".join(map(quote_identifier, name.split(".")))
            for name in (join.table, join.other_table)
        )
        column, key = quote_identifier(join.column), quote_identifier(join.key)
        ((count, most),) = connection.execute(
            f"select (select count(*) from {table} where {column} is not null "
            f"and {column} not in (select {key} from {other})), "
            f"(select max(rows) from (select count(*) as rows from {other} group by {key}))"
        ).fetchall()
        if count or (most or 0) > 1:
            astray[join] = (count, most)
    assert astray == {}

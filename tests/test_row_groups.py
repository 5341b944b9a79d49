"""What a load adds to a database is written in row groups as large as it is itself."""

from pathlib import Path

import pytest

import mailsql
from bench.generate import generate
from mailsql.database import ROW_GROUP_ROWS
from mailsql.derive import SMALL_BYTES, SMALL_ROW_GROUP_ROWS
from tests.conftest import load

pytestmark = pytest.mark.newest

# Of 130 bytes or so
LINES = 80_000
LATER_LINES = 300


@pytest.fixture(scope="module")
def lines():
    return [f"{line}\n" for line in generate(LINES + 2 * LATER_LINES, seed=3, per_second=100)]


def row_groups(database: Path) -> list[int]:
    """Rows of each row group of the lines."""
    with mailsql.open_database(database) as connection:
        return [
            rows
            for (rows,) in connection.execute(
                "select sum(count)::bigint from pragma_storage_info('raw_lines') "
                "where column_name = 'line_key' and segment_type <> 'VALIDITY' "
                "group by row_group_id order by row_group_id"
            ).fetchall()
        ]


def test_few_lines_leave_full_row_groups_alone(tmp_path, lines):
    log, database = tmp_path / "mail.log", tmp_path / "mail.duckdb"
    log.write_text("".join(lines[:LINES]))
    assert log.stat().st_size > SMALL_BYTES
    load([log], database)
    whole = row_groups(database)
    assert whole == [ROW_GROUP_ROWS, LINES - ROW_GROUP_ROWS]
    for count in (LATER_LINES, 2 * LATER_LINES):
        log.write_text("".join(lines[: LINES + count]))
        load([log], database)
        assert row_groups(database) == [*whole, count]


def test_a_small_database_has_small_row_groups(tmp_path, lines):
    log, database = tmp_path / "mail.log", tmp_path / "mail.duckdb"
    log.write_text("".join(lines[: SMALL_ROW_GROUP_ROWS + LATER_LINES]))
    load([log], database)
    assert row_groups(database) == [SMALL_ROW_GROUP_ROWS, LATER_LINES]

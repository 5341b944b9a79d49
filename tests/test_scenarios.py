"""Stories: a log, and what its tables and its flow must be, whole rows in CSV files.

The CSV files leave out keys. MAILSQL_GOLDEN=1 writes them anew; the difference is read."""

import csv
import io
import os
from pathlib import Path

import pytest

from tests.conftest import columns

STORIES = sorted(path.parent for path in (Path(__file__).parent / "scenarios").glob("*/mail.log"))
YEAR = 2022


@pytest.mark.parametrize("story", STORIES, ids=lambda path: path.name)
def test_a_story_is_told_as_it_happened(story, loaded):
    connection = loaded((story / "mail.log").read_bytes(), year=YEAR)
    expectations = sorted(story.glob("*.csv"))
    assert expectations, f"{story} expects nothing"
    for expectation in expectations:
        table = expectation.stem
        names = [name for name in columns(connection, table) if not name.endswith("_key")]
        order = "message_key, step_no" if table == "message_flow" else "all"
        rows = connection.execute(f"select {', '.join(names)} from {table} order by {order}")
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(names)
        writer.writerows(
            ["" if value is None else str(value) for value in row] for row in rows.fetchall()
        )
        if os.environ.get("MAILSQL_GOLDEN"):
            expectation.write_text(text.getvalue())
        assert text.getvalue() == expectation.read_text(), expectation

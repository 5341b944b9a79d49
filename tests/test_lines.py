"""Every known form of line, one by one: above each sample stands what must be read from it.

The JSON names the kind, and the rows that lead to the line: all columns that are not NULL, but
for keys and the time and host of the line. MAILSQL_GOLDEN=1 writes the expectations
anew; the difference is read."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import KEYED_TABLES, columns

FAMILIES = sorted((Path(__file__).parent / "lines").glob("*.log"))
LEFT_OUT = {"logged_at", "host", "queued_at", "connected_at", "login_at"}
ZERO_COUNTS = {"message_count", "rejection_count"}


def rows_of_lines(connection) -> dict[int, dict[str, Any]]:
    """For each line: its kind and stamp, and the rows that lead to it."""
    found: dict[int, dict[str, Any]] = {}
    for line_no, kind, stamp, host in connection.execute(
        "select line_no, kind, logged_at, host from log_lines order by line_no"
    ).fetchall():
        found[line_no] = {"kind": kind, "logged_at": stamp and stamp.isoformat()}
        if host != "mx1":
            found[line_no]["host"] = host
    for table in KEYED_TABLES:
        names = columns(connection, table)
        for row in connection.execute(f"select * from {table}").fetchall():
            shown = {
                name: value
                for name, value in zip(names, row, strict=True)
                if value is not None
                and not name.endswith("_key")
                and name not in LEFT_OUT
                and not (name in ZERO_COUNTS and value == 0)
            }
            found[row[0] & 4294967295][table] = json.loads(json.dumps(shown, default=str))
    return found


def read_samples(family: Path) -> list[tuple[str | None, str]]:
    """Pairs of expectation and line."""
    samples = []
    expected = None
    for line in family.read_text().splitlines():
        if line.startswith("# {"):
            expected = line[2:]
        else:
            samples.append((expected, line))
            expected = None
    return samples


@pytest.mark.parametrize("family", FAMILIES, ids=lambda path: path.stem)
def test_lines_are_read_as_written_above_them(family, loaded):
    samples = read_samples(family)
    connection = loaded("".join(line + "\n" for _, line in samples), year=2026)
    found = rows_of_lines(connection)
    if os.environ.get("MAILSQL_GOLDEN"):
        family.write_text(
            "".join(
                f"# {json.dumps(found[number], ensure_ascii=False)}\n{line}\n"
                for number, (_, line) in enumerate(samples, start=1)
            )
        )
        samples = read_samples(family)
    for number, (expected, line) in enumerate(samples, start=1):
        assert expected is not None, f"no expectation above: {line}"
        assert found[number] == json.loads(expected), line


def test_every_kind_has_a_sample():
    expected = [json.loads(text) for family in FAMILIES for text, _ in read_samples(family) if text]
    kinds_file = Path(__file__).parent.parent / "sql" / "words" / "line_kinds.csv"
    kinds = {line.split(",")[0] for line in kinds_file.read_text().splitlines()[1:]}
    assert kinds == {entry["kind"] for entry in expected}

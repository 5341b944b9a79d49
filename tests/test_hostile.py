"""Contract 5: no number and no cut stops a load, and no text is read as another's word.

Known lines are loaded with each number replaced by ones at the edges of types, and cut at each byte:
a sample of these, evenly spread; MAILSQL_HOSTILE=all takes all."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import mailsql
from mailsql.check import run_checks
from tests.conftest import load
from tests.test_lines import FAMILIES, read_samples

LOGS = Path(__file__).parent.parent / "sample_logs"
EDGES = [
    b"",
    b"0",
    b"-1",
    b"2147483647",
    b"2147483648",
    b"9223372036854775807",
    b"9223372036854775808",
    b"99999999999999999999",
    b"9" * 309,
    b"1e308",
]
SAMPLE = 60_000


def known_lines() -> list[bytes]:
    """Every line of tests/lines and of the recorded logs, once for each of its forms."""
    lines = [line.encode() for family in FAMILIES for _, line in read_samples(family)]
    for log in sorted(path for path in LOGS.rglob("*") if path.is_file()):
        lines += log.read_bytes().splitlines()
    forms = {re.sub(rb"[0-9A-F]{6,}|[0-9]+", b"0", line): line for line in reversed(lines)}
    return list(forms.values())


def with_numbers_at_the_edge() -> Iterator[bytes]:
    for line in known_lines():
        for number in re.finditer(rb"[0-9]+", line):
            for edge in EDGES:
                yield line[: number.start()] + edge + line[number.end() :]


def cut_everywhere() -> Iterator[bytes]:
    for line in known_lines():
        for end in range(len(line)):
            yield line[:end]


@pytest.mark.parametrize("changed", [with_numbers_at_the_edge, cut_everywhere])
def test_no_number_and_no_cut_stops_a_load(changed, tmp_path):
    lines = list(changed())
    if os.environ.get("MAILSQL_HOSTILE") != "all":
        lines = lines[:: max(1, len(lines) // SAMPLE)]
    log = tmp_path / "mail.log"
    log.write_bytes(b"".join(line + b"\n" for line in lines))
    database = tmp_path / "mail.duckdb"
    load([log], database, year=2026)
    connection = mailsql.open_database(database)
    assert connection.execute("select count(*) from log_lines").fetchone() == (len(lines),)
    # Views and reports reckon with what was read
    for (view,) in connection.execute(
        "select schema_name || '.' || view_name from duckdb_views() where not internal"
    ).fetchall():
        connection.execute(f"select * from {view}").fetchall()
    told: list[str] = []
    assert run_checks(connection, told.append) == 0, "\n".join(told)

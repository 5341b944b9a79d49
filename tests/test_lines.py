"""Every known form of line, one by one: above each sample stands what must be read from it.

The JSON names the kind, and the rows that lead to the line: all columns that are not NULL, but
for keys, the time and host of the line, and counts that are usual. MAILSQL_GOLDEN=1 writes the
expectations anew; the difference is read.

"format" in the JSON is the id that tests/formats gives this form of line: its CSV files list
every form that is known, the kind it has, and the table it ends in or the reason why in none."""

import csv
import json
import os
from pathlib import Path
from typing import Any

import pytest

from mailsql.forms import read_forms
from mailsql.statements import run_sql
from tests.conftest import KEYED_TABLES, columns

FAMILIES = sorted((Path(__file__).parent / "lines").glob("*.log"))
FORMATS = [Path(__file__).parent / "formats" / f"{family}.csv" for family in ("dovecot", "postfix")]
LEFT_OUT = {"logged_at", "host", "queued_at", "last_logged_at", "connected_at", "login_at"}
USUAL_COUNTS = {"message_count": 0, "rejection_count": 0, "occurrences": 1}


def rows_of_lines(connection) -> dict[int, dict[str, Any]]:
    """For each line: its kind and stamp, and the rows that lead to it."""
    found: dict[int, dict[str, Any]] = {}
    for line_no, kind, stamp, host, queue_id in connection.execute(
        "select line_no, kind, logged_at, host, queue_id from log_lines order by line_no"
    ).fetchall():
        found[line_no] = {"kind": kind, "logged_at": stamp and stamp.isoformat()}
        if kind == "foreign" and queue_id is not None:
            found[line_no]["queue_id"] = queue_id
        if host != "mx1":
            found[line_no]["host"] = host
    for table in KEYED_TABLES:
        names = columns(connection, table)
        for row in connection.execute(f"select * from {table} order by all").fetchall():
            shown = {
                name: value
                for name, value in zip(names, row, strict=True)
                if value is not None
                and not name.endswith("_key")
                and name not in LEFT_OUT
                and USUAL_COUNTS.get(name) != value
            }
            told = found[row[0] & 4294967295]
            # A line may give several rows
            name = table if table not in told else f"{table} {shown.get('check_name', '')}".strip()
            told[name] = json.loads(json.dumps(shown, default=str))
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
    for number, (expected, _) in enumerate(samples, start=1):
        if expected and (form := json.loads(expected).get("format")):
            found[number] = {"format": form} | found[number]
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


@pytest.mark.parametrize("family", FAMILIES, ids=lambda path: path.stem)
def test_lines_with_a_queue_id_are_of_messages_of_their_time(family, loaded):
    connection = loaded("".join(line + "\n" for _, line in read_samples(family)), year=2026)
    run_sql(connection, "ingest/0_macros/kinds.sql")
    assert not connection.execute(
        "select line from raw_lines where copy_of is null and logged_at is not null "
        "and queue_id is not null and not is_of_others(kind) and not exists("
        "select * from messages where messages.queue_id = raw_lines.queue_id "
        "and raw_lines.logged_at between messages.queued_at and messages.last_logged_at)"
    ).fetchall()


def all_expectations() -> list[dict[str, Any]]:
    """What stands above the samples of all families."""
    return [json.loads(text) for family in FAMILIES for text, _ in read_samples(family) if text]


def test_every_kind_has_a_sample():
    # No line is of a kind of mailsql's own notices
    kinds = {form.kind for form in read_forms() if form.family != "mailsql"}
    assert kinds == {entry["kind"] for entry in all_expectations()}


@pytest.mark.parametrize("family", FORMATS, ids=lambda path: path.stem)
def test_every_format_has_a_sample_and_a_place(family):
    """Columns: format, kind, table that its rows are in, or else reason."""
    with family.open(newline="") as rows:
        for row in csv.DictReader(rows):
            samples = [
                entry
                for entry in all_expectations()
                if (entry.get("format"), entry["kind"]) == (row["format"], row["kind"])
            ]
            assert samples, f"no sample: {row}"
            assert bool(row["table"]) != bool(row["reason"]), f"table or reason: {row}"
            if row["table"]:
                assert all(row["table"] in entry for entry in samples), row


def test_every_format_of_a_sample_is_listed():
    listed = set()
    for family in FORMATS:
        with family.open(newline="") as rows:
            listed |= {(row["format"], row["kind"]) for row in csv.DictReader(rows)}
    sampled = {
        (entry["format"], entry["kind"]) for entry in all_expectations() if "format" in entry
    }
    assert sampled <= listed

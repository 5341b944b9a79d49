"""Columns that the patterns of forms give: which pattern counts, and what a page may not say."""

import duckdb
import pytest

from mailsql.columns import kinds_asked, kinds_of_rows, select_columns, with_columns
from mailsql.forms import Form, FormError, check_columns, parsed_page, read_forms, read_page
from mailsql.readings import READINGS
from mailsql.statements import run_sql

PAGE = r"""
daemons = ["policyd"]
rows = "verdicts"

[policy_verdict]
texts = [
    'id=(?P<id>\d+)',
    { text = 'id=(?P<id>\d+) from=<(?P<sender>[^>]*)> \((?:a|b)\)', unless = 'id=.*id=' },
]
partly = [
    'id=\d+ from=<.*> verdict=(?P<verdict>\w*)$',
    { text = 'id=(?P<id>\d+) ', unless = 'forged' },
]
columns = { id = "integer", sender = "address", verdict = "text" }
sample = 'x'
meaning_en = 'x'
meaning_ja = 'x'

[policy_note]
texts = ['note (?P<verdict>[\w(\]]+)']
sample = 'x'
meaning_en = 'x'
meaning_ja = 'x'

[policy_forgery]
texts = ['forgery of (?P<sender>.*)']
always = { verdict = "forged", source = "policyd" }
sample = 'x'
meaning_en = 'x'
meaning_ja = 'x'

[policy_start]
rows = "starts"
always = { state = "started" }
sample = 'x'
meaning_en = 'x'
meaning_ja = 'x'
"""


def read(page: str) -> list[Form]:
    forms = list(read_page("other", "policyd.toml", parsed_page("policyd.toml", page), {}))
    check_columns(forms)
    return forms


@pytest.fixture(scope="module")
def lines():
    """A connection with lines to read."""
    with duckdb.connect() as connection:
        for name in ("1_numbers", "1_programs", "1_queue_ids", "postfix"):
            run_sql(connection, f"ingest/0_macros/{name}.sql")
        connection.execute(
            "create table lines (line_key bigint, kind varchar, body varchar, may_be_cut boolean)"
        )
        yield connection


@pytest.mark.parametrize(
    ("kind", "body", "may_be_cut", "expected"),
    [
        ("policy_verdict", "id=7", False, (7, None, None)),
        ("policy_verdict", "id=7 from=<> (a)", False, (7, "", None)),
        ("policy_verdict", "id=7 from=<> (c)", False, (7, None, None)),
        ("policy_verdict", "id=7 from=<id=8> (a)", False, (7, None, None)),
        ("policy_verdict", "id=7 from=<x> verdict=spam", False, (None, None, "spam")),
        # A group of a pattern that gives nothing does not keep others from being tried
        ("policy_verdict", "id=7 from=<x> verdict=", False, (7, None, None)),
        # Nothing is known to stand at the end
        ("policy_verdict", "id=7", True, (None, None, None)),
        ("policy_verdict", "id=7 from=<x> verdict=spam", True, (7, None, None)),
        ("policy_verdict", "id=7 forged", False, (None, None, None)),
        ("policy_verdict", "id=99999999999 ", False, (None, None, None)),
        ("policy_verdict", "no id=7 ", False, (None, None, None)),
        # A pattern is tried at lines of its kind alone
        ("policy_note", "note spam", False, (None, None, "spam")),
        ("policy_note", "id=7 ", False, (None, None, None)),
    ],
)
@pytest.mark.newest
def test_the_first_pattern_that_gives_something_counts(lines, kind, body, may_be_cut, expected):
    lines.execute("delete from lines")
    lines.execute("insert into lines values (1, ?, ?, ?)", [kind, body, may_be_cut])
    query = select_columns(read(PAGE), "lines", "verdicts")
    found = lines.execute(f"select line_key, id, sender, verdict from ({query})").fetchall()
    assert found == [(1, *expected)]


def test_what_is_always_so_is_so_in_all_lines_of_the_kind(lines):
    lines.execute("delete from lines")
    lines.execute(
        "insert into lines values (1, 'policy_forgery', 'forgery of a', false), "
        "(2, 'policy_forgery', 'of no form', false), (3, 'policy_note', 'note spam', false)"
    )
    query = select_columns(read(PAGE), "lines", "verdicts")
    found = lines.execute(f"select sender, verdict, source from ({query}) order by line_key")
    assert found.fetchall() == [
        ("a", "forged", "policyd"),
        (None, "forged", "policyd"),
        (None, "spam", None),
    ]


def test_rows_are_of_the_lines_whose_forms_name_them(lines):
    lines.execute("delete from lines")
    lines.execute("insert into lines values (1, 'policy_start', 'x', false), (2, 'y', 'x', false)")
    query = select_columns(read(PAGE), "lines", "starts")
    assert lines.execute(query).fetchall() == [(1, "policy_start", "x", False, "started")]


def test_columns_are_the_same_whatever_lines_are_at_hand(lines):
    forms = read_forms()
    for rows in {form.rows for form in forms if form.rows is not None}:

        def columns(rows: str, present: set[str] | None) -> list[tuple]:
            query = select_columns(forms, "lines", rows, present)
            return lines.execute(f"describe {query}").fetchall()

        for kind in (*kinds_of_rows(forms, rows), "delivery"):
            assert columns(rows, {kind}) == columns(rows, None), (rows, kind)


def test_readings_are_of_their_types_and_take_any_text(lines):
    for name, reading in READINGS.items():
        for text in ("", "x", "9" * 30, "1e999", "-1", "1.5.", "::ffff:", "<", "\\"):
            row = lines.execute(
                f"select typeof(value), value from (select {reading.sql.format('$1')} as value)",
                [text],
            ).fetchone()
            assert row[0].lower() == reading.type, name
            assert reading.may_be_empty or row[1] != "", name


def test_calls_in_files_are_of_kinds_that_their_steps_depend_on():
    text = "select uid from columns_of(work_lines, 'pickups');"
    assert kinds_asked(text) == ("pickup",)
    assert "columns_of" not in with_columns(text)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ('verdict = "text"', 'verdict = "words"', "unknown reading words; known are text, "),
        ('verdict = "text"', 'verdict = "text", reply = "text"', "no group of this name gives it"),
        (', verdict = "text"', "", "no reading for verdict"),
        ('id = "integer"', 'id = "integer", kind = "text"', "each line has it already"),
        ("(?:a|b)", "(a|b)", "a group without a name"),
        ("note (?P<verdict>", "note (?P<verdict>x)(?P<verdict>", "two groups of one name"),
        ('rows = "verdicts"', "", "of no rows"),
        ('state = "started"', 'kind = "started"', "each line has it already"),
        ('source = "policyd"', 'id = "7"', "another form of verdicts reads no text"),
        ("partly = [", "partly = [7, ", "a text is a pattern, or {"),
        (
            "[policy_note]",
            '[policy_note]\ncolumns = { verdict = "count" }',
            "another form of verdicts reads it otherwise",
        ),
    ],
)
@pytest.mark.newest
def test_what_a_page_may_not_say_of_columns(old, new, reason):
    assert old in PAGE
    with pytest.raises(FormError) as error:
        read(PAGE.replace(old, new))
    assert "policyd.toml: [policy_" in str(error.value)
    assert reason in f"{error.value}; {error.value.hint}"

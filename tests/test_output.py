"""Formats are valid, whatever strangers and users put into names and values."""

import contextlib
import itertools
import json
import math
import os
import subprocess
import sys
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from mailsql.output import Format, format_rows, row_pieces, unique_names
from mailsql.tables import shown_bytes, shown_seconds
from mailsql.visible import one_line, visible
from tests.test_cli import LINE, mailsql

pytestmark = pytest.mark.newest

HOSTILE = "a\u202eb\x1b[31m\u2028c"


@pytest.mark.parametrize("form", [Format.JSON, Format.JSONL])
def test_json_is_valid_and_loses_nothing(form):
    names = ["n", "n", "n_2", HOSTILE]
    row = [math.nan, math.inf, {"x": [-math.inf, 1.5]}, HOSTILE]
    text = format_rows(names, [row], form)
    assert not set(HOSTILE) & set("\u202e\x1b\u2028") & set(text)

    def refuse(constant):
        raise AssertionError(f"{constant} is no JSON")

    read = json.loads(text, parse_constant=refuse)
    entry = read[0] if form is Format.JSON else read
    assert entry == {
        "n": "NaN",
        "n_3": "Infinity",
        "n_2": {"x": ["-Infinity", 1.5]},
        HOSTILE: HOSTILE,
    }


def test_an_astral_control_character_is_escaped_as_json_does():
    text = format_rows(["x"], [["\U000e0001"]], Format.JSONL)
    assert text == '{"x": "\\udb40\\udc01"}\n'
    assert json.loads(text) == {"x": "\U000e0001"}


@pytest.mark.parametrize(
    ("names", "unique"),
    [
        (["a", "b"], ["a", "b"]),
        (["a", "a", "a"], ["a", "a_2", "a_3"]),
        (["a", "a_2", "a"], ["a", "a_2", "a_3"]),
        (["a", "a", "a_2"], ["a", "a_3", "a_2"]),
        ([], []),
    ],
)
def test_names_of_columns_are_made_unique(names, unique):
    assert unique_names(names) == unique


@pytest.mark.parametrize(
    ("given", "written"),
    [
        ("![x](http://example.com/x.png)", r"\!\[x\](http\://example.com/x.png)"),
        ("[x](javascript:1)", r"\[x\](javascript:1)"),
        ("<img src=x>", r"\<img src=x\>"),
        ("www.example.com", r"www\.example.com"),
        ("&lt;b&gt;", r"\&lt;b\&gt;"),
        ("a|b`c`*d*", r"a\|b\`c\`\*d\*"),
        ("_a_ queue_id", r"\_a\_ queue_id"),
        ("a\\|b\nc", r"a\\\|b\\nc"),
        ("09:15:42", "09:15:42"),
    ],
)
def test_markdown_holds_no_markup_of_others_in_cells_or_names(given, written):
    assert format_rows([given], [[given]], Format.MARKDOWN) == (
        f"| {written} |\n| --- |\n| {written} |\n"
    )


def test_what_must_stay_in_its_line_does():
    assert visible("a\nb\x1b") == "a\nb\\u001b"
    assert one_line("a\nb\r\u2029") == "a\\nb\\u000d\\u2029"


def lines(names, rows, width=None):
    """A table's lines."""
    return format_rows(names, rows, width=width).splitlines()


def test_a_table_is_aligned_by_what_a_terminal_shows():
    rows = [("例え.jp", 1), ("e\u0301a", 22), ("plain", None)]
    assert lines(["名前", "n"], rows) == [
        "名前      n",
        "例え.jp   1",
        "e\u0301a       22",
        "plain",
    ]


def test_a_table_has_units_and_a_zone():
    moment = datetime(2026, 2, 3, 9, 15, 42, 123456, ZoneInfo("Asia/Tokyo"))
    names = ["size_bytes", "delay_seconds", "line_count", "some_key", "logged_at"]
    row = (1_234_567_890, 200.4, 14512, 4294967297, moment)
    assert lines(names, [row]) == [
        "times: Asia/Tokyo",
        "size_bytes  delay_seconds  line_count    some_key  logged_at",
        "    1.2 GB     3 min 20 s      14,512  4294967297  2026-02-03 09:15:42",
    ]
    assert format_rows(names, [row], Format.CSV).splitlines()[1] == (
        "1234567890,200.4,14512,4294967297,2026-02-03 09:15:42.123456+09:00"
    )


@pytest.mark.parametrize(
    ("count", "written"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (999_600, "1.0 MB"), (123_456, "123 kB")],
)
def test_bytes_are_told_in_three_digits(count, written):
    assert shown_bytes(count) == written


@pytest.mark.parametrize(
    ("seconds", "written"),
    [(0.05, "0.05 s"), (60, "1 min 0 s"), (3599.6, "1 h 0 min"), (90061, "1 d 1 h")],
)
def test_durations_are_told_in_two_units(seconds, written):
    assert shown_seconds(seconds) == written


def test_a_table_fits_a_width_and_says_what_it_leaves_out():
    names = ["sender", "some_very_long_count", "reason", "note"]
    rows = [("alice@example.com" * 3, 7, "because of this and that and other things", "last")]
    assert lines(names, rows, 60) == [
        "                         some",
        "                         very",
        "                         long",
        "sender                  count  reason                   note",
        "alice@example.comalic…      7  because of this and th…  last",
    ]
    narrow = lines(names, rows, 28)
    assert narrow[0] == "without reason, note (other formats have them)"
    assert max(map(len, narrow[1:])) <= 28


def test_rows_come_as_they_are_asked_for():
    taken = 0

    def rows():
        nonlocal taken
        while True:
            taken += 1
            yield (taken,)

    for form in Format:
        taken = 0
        pieces = itertools.islice(row_pieces(["n"], rows(), form), 5)
        assert "3" in "".join(pieces)
        assert taken <= 1001


def test_a_terminal_shows_a_screen_of_rows_and_how_many_there_are(samples_of_lines):
    for options, shown, told in [
        ([], 41, "40 of 120 rows (--limit 0 shows all)"),
        (["--limit", "3"], 4, "3 of 120 rows (--limit 0 shows all)"),
        (["--limit", "0"], 121, None),
    ]:
        out = on_a_terminal(["query", "select line_no from log_lines", *options], samples_of_lines)
        rows = [line for line in out.splitlines() if "rows" not in line]
        assert len(rows) == shown
        assert (told is None) == ("rows" not in out)
        assert told is None or told in out
    out, err = mailsql("query", "select line_no from log_lines", cwd=samples_of_lines)
    assert (len(out.splitlines()), err) == (121, "")
    out, err = mailsql(
        "query", "from log_lines", "--limit", "2", "--format", "jsonl", cwd=samples_of_lines
    )
    assert len(out.splitlines()) == 2
    assert err == "2 of 120 rows (--limit 0 shows all)\n"


def test_many_rows_are_counted_by_the_engine(samples_of_lines):
    sql = "select range as n from range(30000);"
    _, err = mailsql("query", sql, "--limit", "1", cwd=samples_of_lines)
    assert err == "1 of 30,000 rows (--limit 0 shows all)\n"


@pytest.fixture(scope="module")
def samples_of_lines(tmp_path_factory):
    """A directory with a database of 120 lines."""
    directory = tmp_path_factory.mktemp("lines")
    (directory / "mail.log").write_text(LINE * 120)
    mailsql("load", "mail.log", cwd=directory)
    return directory


def on_a_terminal(arguments, cwd):
    """What a command shows on a terminal."""
    command = [sys.executable, "-c", "from mailsql.cli import main; main()", *arguments]
    leader, follower = os.openpty()
    with subprocess.Popen(command, cwd=cwd, stdout=follower, stderr=follower) as process:
        os.close(follower)
        shown = b""
        with contextlib.suppress(OSError):
            while read := os.read(leader, 65536):
                shown += read
        os.close(leader)
    assert process.returncode == 0, shown
    return shown.decode()

"""Formats are valid, whatever strangers and users put into names and values."""

import json
import math

import pytest

from mailsql.output import Format, format_rows, one_line, unique_names, visible

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

"""`mailsql explain` tells what a load reads in a line, and where reading stopped."""

import json

import pytest

from mailsql.forms import read_forms
from mailsql.visible import columns_of, folded
from tests.test_cli import mailsql as run

pytestmark = pytest.mark.newest

NEW = "Feb  3 09:15:40 mx1 postfix/smtpd[2101]: connect from mail.example.net[192.0.2.17] (zone=eu)"


def test_text_tells_head_meaning_values_and_the_place_where_reading_stopped(tmp_path):
    out, _ = run("explain", NEW, "--year", "2026", "--timezone", "UTC", cwd=tmp_path)
    head, *_ = out.split("\n\n")
    assert head == NEW
    assert "\nhost     mx1\nprogram  postfix/smtpd\nprocess  2101\n" in out
    assert "\nsmtpd_connect\n  An SMTP client has connected." in out
    assert "\n  client_name  mail.example.net\n  client_ip    192.0.2.17\n" in out
    marked, mark = out.rstrip("\n").split("\n")[-2:]
    assert marked[mark.index("^") :] == " (zone=eu)"
    assert not list(tmp_path.iterdir())


def test_lines_of_standard_input_are_taken_each_for_itself(tmp_path):
    lines = (
        "Feb  3 09:15:40 mx1 postfix/qmgr[811]: 1E24040751: from=<a@example.net>, size=4821, "
        "nrcpt=2 (queue active)\n"
        "Feb  3 09:15:40 mx1 postfix/qmgr[811]: 1E24040751: removed\n"
    )
    out, _ = run("explain", "-", "--format", "json", cwd=tmp_path, stdin=lines.encode())
    active, removed = map(json.loads, out.splitlines())
    assert active["rows"]["messages"]["sender"] == "a@example.net"
    assert active["unread"] is None
    assert "sender" not in removed["rows"]["messages"]
    # Where a message stands, only a line of its end tells
    assert "state" not in active["rows"]["messages"]
    assert removed["rows"]["messages"]["state"] == "removed"


def test_japanese_is_told_in_lines_that_fit(tmp_path):
    out, _ = run("explain", NEW, "--lang", "ja", cwd=tmp_path)
    assert "その先に mailsql の知らないキーがあります" in out
    assert all(columns_of(line) <= 80 for line in out.split("\n")[2:])


@pytest.mark.parametrize("meaning", ["meaning_en", "meaning_ja"])
def test_folded_text_loses_nothing(meaning):
    for form in read_forms():
        if form.words:
            text = form.words[meaning]
            lines = folded(text, 78).split("\n")
            assert "".join(lines).replace(" ", "") == text.replace(" ", "")
            assert not any(line[:1] in "、。)」" for line in lines if line)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ([""], "mailsql: no line\ntry: mailsql explain 'LINE', or - for standard input\n"),
        (["x"] * 21, "mailsql: 21 lines, at most 20 are explained at once\n"),
        (["x", "--timezone", "Nowhere"], "mailsql: Nowhere: unknown time zone\n"),
    ],
)
def test_what_cannot_be_explained_is_said(tmp_path, arguments, error):
    _, err = run("explain", *arguments, cwd=tmp_path, code=2)
    assert err.startswith(error)


def test_a_line_of_nobody_is_told_as_such(tmp_path):
    out, _ = run("explain", "hello\x1b[31m", "--format", "json", cwd=tmp_path)
    assert json.loads(out)["kind"] == "unknown"
    assert "\x1b" not in out

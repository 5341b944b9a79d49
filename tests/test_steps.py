"""What statements need: that it is read from the SQL as it is, and that nothing else is planned.

That leaving statements out changes no row is what the tests of cutting show: a line by itself holds
next to nothing that steps need, a whole log nearly all.
"""

from importlib.resources import files

import duckdb
import pytest

import mailsql
from mailsql import steps
from mailsql.kinds import Present, with_kinds
from mailsql.statements import sql_texts
from mailsql.steps import STEPS_FILE, Step, Steps
from tests.conftest import NOW
from tests.steps import written_steps


@pytest.mark.skipif(duckdb.__version__.startswith("1."), reason="its syntax trees differ")
def test_what_is_known_of_the_steps_is_true():
    known = files("mailsql.sql").joinpath(STEPS_FILE).read_text(encoding="utf-8")
    assert known == written_steps(), "make steps"


@pytest.mark.parametrize(
    ("need", "is_met"),
    [
        (None, True),
        ("full_one", True),
        ("empty_one", False),
        ("stored", True),
        (["and", "full_one", "empty_one"], False),
        (["or", "full_one", "empty_one"], True),
        (["and", "full_one", ["or", "empty_one", {"kinds": ["pickup", "delivery"]}]], True),
        ({"kinds": ["pickup"]}, False),
    ],
)
def test_needs(need, is_met, monkeypatch):
    text = (
        "create temp table full_one as select 1 as x; "
        "create temp table empty_one as select 1 as x limit 0; "
        "create temp table made as select 1 as x;"
    )
    known = [
        Step(None, "full_one", "create temp table full_one (x integer)"),
        Step(None, "empty_one", "create temp table empty_one (x integer)"),
        Step(need, "made", "create temp table made (x integer)"),
    ]
    monkeypatch.setattr(steps, "sql_texts", lambda _: [("step", text)])
    monkeypatch.setattr(steps, "known_steps", lambda *_: known)
    with duckdb.connect() as connection:
        Steps(connection, {"delivery"}).run("step")
        assert connection.execute("select count(*) from made").fetchone() == (int(is_met),)


def test_what_a_log_does_not_hold_is_not_planned(tmp_path, monkeypatch):
    planned = {}
    read = steps.parsed

    def noting(connection, text, present):
        planned[names[text]] = present
        return read(connection, text, present)

    names = {text: name for name, text in sql_texts("ingest")}
    monkeypatch.setattr(steps, "parsed", noting)
    log = tmp_path / "mail.log"
    log.write_text("Nov 24 07:00:01 mx postfix/smtpd[41]: connect from a.example.com[192.0.2.1]\n")
    mailsql.load([str(log)], tmp_path / "mail.duckdb", now=NOW)
    assert {"1_lines/7_lines", "7_store/connections"} <= planned.keys()
    assert planned["1_lines/7_lines"] == Present(daemons=frozenset({"smtpd"}))
    assert planned["1_lines/7_unread_lines"] == Present(kinds=frozenset({"smtpd_connect"}))
    assert not planned.keys() & {
        "5_parse/delivery_records",
        "5_parse/dovecot/mailbox_records",
        "5_parse/postscreen_lines",
        "6_link/sessions/3_session_pops",
        "9_families/1_families",
    }


def test_forms_of_who_wrote_no_line_are_not_planned():
    text = dict(sql_texts("ingest"))["1_lines/7_lines"]
    anybody = with_kinds(text)
    smtpd = with_kinds(text, Present(daemons=frozenset({"smtpd"})))
    for kind, is_planned in [("smtpd_connect", True), ("pickup", False), ("spf_check", False)]:
        assert f"'{kind}'" in anybody
        assert (f"'{kind}'" in smtpd) == is_planned


def test_of_kinds_that_no_new_line_has_no_text_is_planned():
    text = dict(sql_texts("ingest"))["1_lines/7_unread_lines"]
    anything = with_kinds(text)
    login = with_kinds(text, Present(kinds=frozenset({"imap_logout"})))
    for kind, is_planned in [("imap_logout", True), ("smtpd_connect", False)]:
        assert f"'{kind}'" in anything
        assert (f"'{kind}'" in login) == is_planned


def test_of_lines_read_again_it_is_not_asked_whether_they_are_read(tmp_path, monkeypatch):
    planned = []
    read = steps.parsed

    def noting(connection, text, present):
        planned.append(names[text])
        return read(connection, text, present)

    names = {text: name for name, text in sql_texts("ingest")}
    begun = "Nov 24 07:00:01 mx postfix/smtpd[41]: connect from a.example.com[192.0.2.1]\n"
    ended = "Nov 24 07:00:03 mx postfix/smtpd[41]: disconnect from a.example.com[192.0.2.1]\n"
    for name, text in [("mail.log", begun + ended), ("late.log", begun.replace(":01 ", ":02 "))]:
        log = tmp_path / name
        log.write_text(text)
        monkeypatch.setattr(steps, "parsed", noting)
        planned.clear()
        mailsql.load([str(log)], tmp_path / "mail.duckdb", now=NOW)
    assert planned.count("1_lines/7_lines") == 2
    assert planned.count("1_lines/7_unread_lines") == 1

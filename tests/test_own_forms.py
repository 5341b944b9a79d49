"""Forms of one's own: taught with a load, remembered by the log, shown in the schema site."""

import csv
import hashlib
import json
import re
import shlex
import shutil
from pathlib import Path

import duckdb
import pytest
from typer.testing import CliRunner

import mailsql
from mailsql.check_forms import examine_directory
from mailsql.cli import app
from mailsql.errors import DatabaseError, UsageError
from mailsql.export import export
from mailsql.forget import forget
from mailsql.own_columns import READINGS
from mailsql.own_forms import FORM_KEYS, MOST_BYTES, compile_pages, examine, read_directory
from mailsql.readings import READINGS as mailsqls
from mailsql.reparse import derive_anew
from mailsql.selection import Who
from mailsql.site import drop_unused_forms, keep_forms, kept_forms
from mailsql.verify_export import verify_export
from tests.conftest import NOW, assert_derived_alike, load

ROOT = Path(__file__).parent.parent
LESSON = ROOT / "docs" / "forms"
DECISION = "Feb  3 09:15:{:02} mx1 my-policyd[7]: decision=permit, client=192.0.2.7, score={}\n"
PAGE = """
programs = ["my-policyd"]
[policy_decision]
table = "policy_decisions"
begins = "decision="
texts = ['''decision=(?P<decision>\\w+), client=(?P<client_ip>[0-9.]+), score=(?P<score>\\d+)''']
columns = { decision = "text", client_ip = "ip", score = "integer" }
sample = 'Feb  3 09:15:40 mx1 my-policyd[7]: decision=permit, client=192.0.2.7, score=1'
meaning_en = 'The daemon decided.'
"""


def pages(directory: Path, text: str = PAGE) -> Path:
    """A directory with one page."""
    directory.mkdir(exist_ok=True)
    (directory / "policyd.toml").write_text(text)
    return directory


def saying(line: str) -> str:
    """The page with one more line in its form."""
    return PAGE.replace("[policy_decision]\n", f"[policy_decision]\n{line}\n")


def asked(database: Path, sql: str) -> list[tuple]:
    with mailsql.open_database(database, timezone="UTC") as connection:
        return connection.execute(sql).fetchall()


@pytest.fixture(scope="module")
def lesson(tmp_path_factory):
    """The database of docs/forms.md; tests that change it take a copy."""
    database = tmp_path_factory.mktemp("lesson") / "mail.duckdb"
    load([LESSON / "mail.log"], database, year=2026, forms=LESSON)
    return database


@pytest.mark.newest
def test_the_lesson_prints_what_it_shows(tmp_path, monkeypatch):
    shutil.copytree(LESSON, tmp_path / "docs" / "forms")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    text = (ROOT / "docs" / "forms.md").read_text()
    shown = re.findall(r"^```console\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    assert len(shown) == 4
    for console in shown:
        for command, expected in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", console, re.MULTILINE):
            arguments = shlex.split(command)[1:]
            if arguments[0] == "query":
                arguments += ["--timezone", "UTC"]
            done = CliRunner().invoke(app, arguments, catch_exceptions=False)
            assert (done.exit_code, done.stdout) == (0, expected), command


@pytest.mark.newest
def test_every_key_of_the_lesson_is_one_and_the_other_way_round():
    text = (ROOT / "docs" / "forms.md").read_text()
    named = re.findall(r"^\| (`.*?) \|", text, re.MULTILINE)
    words = set(re.findall(r"`(\w+)`", " ".join(named)))
    assert words == {*FORM_KEYS, *READINGS}
    assert READINGS.keys() == mailsqls.keys() - {"message_id"}


def test_lines_have_kinds_and_rows_and_what_is_new_in_them_is_seen(lesson):
    assert asked(lesson, "select line_no, kind, unread from log_lines order by all")[:3] == [
        (1, "policy_notice", None),
        (2, "smtpd_connect", None),
        (3, "policy_decision", None),
    ]
    assert asked(lesson, "select * exclude (line_key, logged_at) from site.policy_decisions") == [
        (
            *("mx1", "my-policyd", 2711, None, "policy_decision", 1),
            *("defer", "192.0.2.66", "x@example.net", "alice@example.com", 7.5, 0.012),
        ),
        (
            *("mx1", "my-policyd", 2711, None, "policy_decision", 1),
            *("permit", "192.0.2.17", "bob@example.net", "alice@example.com", -0.5, 0.003),
        ),
        (
            *("mx1", "my-policyd", 2711, "4C11240764", "policy_decision", 1),
            *("tag", "192.0.2.17", None, None, 4.0, None),
        ),
        (
            *("mx1", "my-policyd", 2711, None, "policy_decision", 1),
            *("permit", "192.0.2.18", None, None, None, None),
        ),
    ]
    assert asked(lesson, "select kind, rest from unread_shapes") == [
        ("policy_decision", ", list=dnswl")
    ]
    assert asked(lesson, "select family, daemon, place from line_kinds where family = 'site'") == [
        ("site", "my-policyd", "site.policy_decisions"),
        ("site", "my-policyd", None),
    ]
    # A further text of a kind of mailsql
    assert asked(lesson, "select unread from log_lines where kind = 'imap_logout'") == [(None,)]
    assert asked(lesson, "select step, detail_ja from flow('4C11240764') where step_no = 4") == [
        (
            "policy_decision",
            "ポリシーデーモンの判定: decision=tag, queue_id=4C11240764, client=192.0.2.17, score=4",
        )
    ]


@pytest.mark.newest
def test_view_and_columns_carry_comments(lesson):
    found = asked(
        lesson,
        "select column_name, comment from duckdb_columns() where schema_name = 'site' "
        "union all select view_name, comment from duckdb_views() where schema_name = 'site'",
    )
    assert len(found) == 15
    assert all(comment for _, comment in found)
    assert ("decision", "permit, defer, reject or tag") in found


@pytest.mark.newest
def test_all_is_derived_again_alike_and_forgotten_as_a_whole(lesson, tmp_path):
    database = tmp_path / "mail.duckdb"
    shutil.copy(lesson, database)
    before = asked(database, "from site.policy_decisions")
    derive_anew(database, lambda _: None)
    assert asked(database, "from site.policy_decisions") == before
    forget(database, "1", lambda _: None, now=NOW)
    for kept in (
        "site_forms",
        "site_lines",
        "line_kinds where family = 'site'",
        "duckdb_views() where schema_name = 'site'",
    ):
        assert asked(database, f"select * from {kept}") == []


def test_a_log_remembers_its_forms_and_takes_others_from_there_on(tmp_path):
    log, database = tmp_path / "mail.log", tmp_path / "mail.duckdb"
    forms = pages(tmp_path / "forms")
    other = pages(tmp_path / "other", PAGE.replace("[policy_decision]", "[policy_verdict]"))
    text = ""
    for number, told in enumerate((None, forms, None, other)):
        text += DECISION.format(number, number)
        log.write_text(text)
        load([log], database, year=2026, forms=told)
    kinds = ["foreign", "policy_decision", "policy_decision", "policy_verdict"]
    found = "select kind from log_lines order by line_key"
    assert asked(database, found) == [(kind,) for kind in kinds]
    rows = "select kind, score from site.policy_decisions order by line_key"
    assert asked(database, rows) == list(zip(kinds[1:], range(1, 4), strict=True))
    assert asked(database, "select count(distinct forms_sha256), count(*) from site_forms") == [
        (2, 2)
    ]
    assert_derived_alike(database)


@pytest.mark.newest
def test_what_goes_on_and_what_is_a_copy_counts_once(tmp_path):
    log, again = tmp_path / "mail.log.1", tmp_path / "again.log"
    database, forms = tmp_path / "mail.duckdb", pages(tmp_path / "forms")
    lines = [DECISION.format(number, number) for number in range(4)]
    log.write_text("".join(lines)[:-3])
    load([log], database, year=2026, forms=forms)
    log.write_text("".join(lines))
    load([log], database, year=2026)
    again.write_text("".join(lines[1:]) + DECISION.format(9, 9))
    load([again], database, year=2026, forms=forms)
    rows = asked(database, "select score from site.policy_decisions order by logged_at")
    assert [score for (score,) in rows] == [0, 1, 2, 3, 9]
    assert asked(database, "select count(*) from site_lines") == [(8,)]
    forget(database, str(log), lambda _: None, now=NOW)
    rows = asked(database, "select score from site.policy_decisions order by logged_at")
    assert [score for (score,) in rows] == [1, 2, 3, 9]


def test_no_line_is_taken_from_mailsqls_own_forms(tmp_path):
    log, database = tmp_path / "mail.log", tmp_path / "mail.duckdb"
    text = PAGE.replace('["my-policyd"]', '["*/smtpd", "*/qmgr", "rsyslogd"]')
    text = re.sub(r"(?m)^(begins|texts|columns|table|sample) = .*\n", "", text)
    head = "Feb  3 09:15:40 mx1 "
    log.write_text(
        f"{head}postfix/smtpd[1]: connect from mail.example.net[192.0.2.17]\n"
        f"{head}postfix/smtpd[1]: warning: odd\n"
        f"{head}postfix/smtpd[1]: 4C11240764: client=mail.example.net[192.0.2.17]\n"
        f"{head}postfix/smtpd[1]: 4C11240764: tagged by our patch\n"
        f"{head}rsyslogd: imuxsock lost 5 messages from pid 1 due to rate-limiting\n"
    )
    load([log], database, year=2026, forms=pages(tmp_path / "forms", sampled(text)))
    kinds = asked(database, "select kind from log_lines order by line_key")
    assert [kind for (kind,) in kinds] == [
        "smtpd_connect",
        "postfix_warning",
        "smtpd_client",
        "policy_decision",
        "lines_lost",
    ]
    assert asked(database, "select kind, text from queue_events order by event_key")[-1] == (
        "policy_decision",
        "tagged by our patch",
    )


def sampled(text: str) -> str:
    return text + "sample = 'Feb  3 09:15:40 mx1 postfix/smtpd[1]: tagged'\n"


@pytest.mark.newest
@pytest.mark.parametrize(
    ("asked_for", "decisions"),
    [
        # The third is of the message, and names nobody
        (Who(("bob@example.net",)), ["permit", "tag"]),
        (Who(("Alice@example.com",)), ["defer", "permit"]),
        (Who(domain="example.net"), ["defer", "permit", "tag"]),
        (Who(("carol@example.com",)), []),
    ],
)
def test_somebodys_export_holds_what_ones_own_forms_read_of_it(
    lesson, tmp_path, asked_for, decisions
):
    out = tmp_path / "out"
    with mailsql.open_database(lesson, timezone="UTC") as connection:
        rows = export(connection, out, now=NOW, who=asked_for)
    assert rows["site.policy_decisions.csv"] == len(decisions)
    with (out / "site.policy_decisions.csv").open(newline="") as file:
        told = list(csv.DictReader(file))
    assert [row["decision"] for row in told] == decisions
    with (out / "log_lines.csv").open(newline="") as file:
        lines = {row["line_key"]: row["line"] for row in csv.DictReader(file)}
    assert all(f"decision={row['decision']}" in lines[row["line_key"]] for row in told)
    assert list(verify_export(out, [], None, lambda _: None, now=NOW)) == []


@pytest.mark.newest
def test_the_rows_of_an_export_are_read_anew_with_the_forms_of_the_site(lesson, tmp_path):
    out, log = tmp_path / "out", str(LESSON / "mail.log")
    with mailsql.open_database(lesson, timezone="UTC") as connection:
        export(connection, out, now=NOW, only=["site.policy_decisions", "log_lines"])

    def verified(forms: Path | None) -> tuple[list[str], str]:
        told: list[str] = []
        faults = list(verify_export(out, [log], None, told.append, now=NOW, forms=forms))
        return faults, told[-1]

    assert verified(LESSON) == ([], "2 tables were compared with the logs read anew")
    assert verified(None)[1].endswith("forms of one's own, which are not given (--forms)")
    other = pages(tmp_path / "forms")
    assert verified(other)[1].endswith("other forms of one's own than those that are given")

    rows, manifest = out / "site.policy_decisions.csv", out / "manifest.json"
    before = hashlib.sha256(rows.read_bytes()).hexdigest()
    rows.write_text(rows.read_text().replace("permit", "defer", 1))
    after = hashlib.sha256(rows.read_bytes()).hexdigest()
    manifest.write_text(manifest.read_text().replace(before, after))
    assert verified(LESSON)[0] == [
        "site.policy_decisions.csv: the logs give other rows when they are read anew"
    ]


@pytest.mark.newest
def test_export_status_and_explain_know_them(lesson, tmp_path, monkeypatch):
    monkeypatch.setenv("MAILSQL_DB", str(lesson))

    def run(*arguments: str) -> str:
        done = CliRunner().invoke(app, [*arguments], catch_exceptions=False)
        assert done.exit_code == 0
        return done.stdout

    run("export", str(tmp_path / "out"), "--only", "site.policy_decisions")
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    entry = manifest["files"]["site.policy_decisions.csv"]
    assert (entry["schema"], entry["name"], entry["rows"]) == ("site", "policy_decisions", 4)
    told = run("status")
    assert "site.policy_decisions" in told
    assert re.search(
        r"what your own forms read: teach it\n\n.*\n"
        r"policy_decision +new key +1 +1 +, list=dnswl\n",
        told,
    )
    line = DECISION.format(1, 3).rstrip("\n").replace("7]", "2711]")
    told = run("explain", "--forms", str(pages(tmp_path / "forms")), line, "--format", "json")
    assert json.loads(told)["rows"]["site.policy_decisions"] == {
        "decision": "permit",
        "client_ip": "192.0.2.7",
        "score": 3,
    }


@pytest.mark.newest
def test_what_is_the_users_in_the_schema_is_left_alone(tmp_path):
    log, database = tmp_path / "mail.log", tmp_path / "mail.duckdb"
    log.write_text(DECISION.format(1, 1))
    load([log], database, year=2026)
    assert asked(database, "from duckdb_schemas() where schema_name = 'site'") == []
    with duckdb.connect(str(database)) as connection:
        connection.execute("create schema site")
        connection.execute("create table site.policy_decisions as select 42 as mine")
        connection.execute("create view site.other as select 43 as mine")
    with pytest.raises(UsageError, match=r"site\.policy_decisions: there is a table or view"):
        load([log], database, forms=pages(tmp_path / "forms"))
    assert asked(database, "from site.policy_decisions") == [(42,)]
    with mailsql.open_database(database, read_only=False) as connection:
        assert connection.execute("from site_forms").fetchall() == []
        connection.execute("drop table site.policy_decisions")
        keep_forms(connection, compile_pages((("policyd.toml", PAGE),)))
        assert connection.execute("from site.policy_decisions").fetchall() == []
        drop_unused_forms(connection)
        assert connection.execute(
            "select view_name, (from site.other) from duckdb_views() where schema_name = 'site'"
        ).fetchall() == [("other", 43)]


HOSTILE = {
    PAGE.replace("\\w+", "\\w+(?!x)"): "texts: 1: not a pattern of RE2",
    saying("where = '''1 = 1); drop table messages; --'''"): "unknown key where",
    PAGE.replace("P<client_ip>", 'P<x"; drop table messages; -->'): "not a pattern of RE2",
    PAGE.replace('"policy_decisions"', "'''x\"; drop table messages; --'''"): "table: ",
    PAGE.replace("[policy_decision]", '["a\'; drop table messages; --"]'): "not a plain name",
    PAGE.replace("decided", "decides"): "are not as they were told",
    "# " + "x" * MOST_BYTES: "more than 100 pages, or 262,144 bytes",
}


def test_a_database_with_bad_pages_is_refused_and_nothing_of_it_run(lesson, tmp_path):
    database, log = tmp_path / "mail.duckdb", tmp_path / "mail.log"
    shutil.copy(lesson, database)
    with duckdb.connect(str(database)) as connection:
        connection.execute("delete from site_forms where page <> 'policyd.toml'")
        ((sha256,),) = connection.execute("select forms_sha256 from site_forms").fetchall()
        for text, told in HOSTILE.items():
            connection.execute("update site_forms set text = ?", [text])
            with pytest.raises(DatabaseError) as refused:
                kept_forms(connection, sha256)
            assert told in str(refused.value)
            assert "\n" not in str(refused.value)
    log.write_bytes((LESSON / "mail.log").read_bytes() + DECISION.format(50, 1).encode())
    with pytest.raises(DatabaseError, match="kept in the database cannot be used"):
        load([log], database)
    assert asked(database, "select count(*) from messages") == [(1,)]


@pytest.mark.newest
@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("[x", "p.toml: Expected"),
        (PAGE.replace("programs", "program"), "p.toml: unknown key program"),
        (PAGE.replace("begins", "begin"), "p.toml:3: [policy_decision]: unknown key begin"),
        (PAGE.replace('programs = ["my-policyd"]', ""), "no programs"),
        (PAGE.replace("policy_decision]", "delivery]"), "a kind of mailsql is called so"),
        (PAGE.replace("policy_decision]", "Policy]"), "Policy: not a plain name"),
        (PAGE.replace("client_ip = ", "ip = "), "columns: client_ip: no reading for it"),
        (PAGE.replace("score = ", "host = "), "columns: host: not a plain name, or each table"),
        (PAGE.replace('"integer"', '"money"'), "columns: score: money: unknown reading"),
        (PAGE.replace('table = "policy_decisions"\n', ""), "columns: no table"),
        (PAGE.replace("(?P<score>\\d+)", "(\\d+)"), "a group without a name"),
        (PAGE.replace("(?P<score>\\d+)", "%{nothing}"), "unknown piece %{nothing}"),
        (PAGE.replace("\\d+", "\\d{1001}"), "not a pattern of RE2"),
        (PAGE.replace("meaning_en = 'The daemon decided.'", ""), "without meaning_en, meaning_ja"),
        (saying("after = ['nothing']"), "is not asked after nothing"),
        (saying("queue_id = 'yes'"), "queue_id: not of the right type"),
        (saying("matches = [1]"), "matches: not text"),
        (saying("texts2 = []"), "unknown key texts2"),
        (saying("comments = { colour = 'x' }"), "comments: colour: no such column"),
        (saying("sentence_en = '{score}'"), "sentence_en: {score}: it may name"),
        (saying('contains = "a\\u0000b"'), "contains: empty, longer than"),
        (PAGE.replace("[policy_decision]", '[x]\nkind = "delivery"'), "table: delivery is a kind"),
        (f"{PAGE}[policy_decision]\n", "p.toml: Cannot declare ('policy_decision',) twice"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(text, fault):
    _, faults = examine((("p.toml", text),))
    assert len(faults) == 1
    assert fault in str(faults[0])


def test_pieces_cannot_grow_without_end():
    grown = "".join(f"p{n + 1} = '%{{p{n}}}%{{p{n}}}'\n" for n in range(40))
    _, faults = examine((("p.toml", PAGE), ("pieces.toml", f"p0 = 'xx'\n{grown}")))
    assert "pieces.toml:12: p11: longer than 4,000 characters" in str(faults[0])
    _, faults = examine((("pieces.toml", "p = '%{p}'"),))
    assert "unknown piece %{p}" in str(faults[0])


@pytest.mark.newest
def test_samples_are_read_by_their_forms(tmp_path):
    faults = {
        ("permit, client", "permit; client"): "sample: not read to its end (new text): ; client",
        ("7]: decision", "7]: verdict"): "sample: it is of another kind, foreign",
        ("texts = [", "texts = ['nothing', "): "texts: 1: no sample is read by it",
    }
    directory = tmp_path / "forms"
    for number, change in enumerate(faults):
        text = PAGE.replace(*change).replace("my-policyd", f"policyd{number}")
        pages(directory, text.replace("policy_decision]", f"decision_{number}]"))
        (directory / "policyd.toml").rename(directory / f"p{number}.toml")
    found = examine_directory(directory, now=NOW)
    for number, fault in enumerate(faults.values()):
        place = f"p{number}.toml:3: [decision_{number}]: "
        assert any(told.startswith(place + fault) for told in found.told)


@pytest.mark.newest
def test_wrong_pages_end_with_one(tmp_path):
    wrong = pages(tmp_path / "forms", PAGE.replace("begins", "begin"))
    done = CliRunner().invoke(app, ["forms", "check", str(wrong)])
    assert done.exit_code == 1
    assert done.stdout.startswith("policyd.toml:3: [policy_decision]: unknown key begin (known are")
    with pytest.raises(UsageError, match=r"policyd.toml:3: \[policy_decision\]: unknown key begin"):
        load([tmp_path / "no.log"], tmp_path / "mail.duckdb", forms=wrong)
    with pytest.raises(UsageError, match="no page in it"):
        read_directory(tmp_path)
    with pytest.raises(UsageError, match="No such file or directory"):
        read_directory(tmp_path / "nowhere")

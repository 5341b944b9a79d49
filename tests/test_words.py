"""Words stand in data, in every language, and what programs read is the same in all of them."""

import csv
import json
import re
import shutil
from datetime import UTC, datetime
from pathlib import Path
from string import Formatter

import duckdb
import pytest
from typer.testing import CliRunner

from mailsql.cli import app
from mailsql.forms import read_forms
from mailsql.ingest import LoadedSource
from mailsql.language import Language
from mailsql.reading import open_reading
from mailsql.results import engine_words
from mailsql.status import SECTIONS, describe_load
from mailsql.table_list import tables
from mailsql.tables import heading_of
from mailsql.words import read_words
from mailsql.wrappings import name_wrappings

pytestmark = pytest.mark.newest

ROOT = Path(__file__).parent.parent
WORDS = sorted(path.stem for path in (ROOT / "sql/words").glob("*.csv"))
TEXTS = [name for name in WORDS if {"key", "en", "ja"} <= read_words(name)[0].keys()]
JAPANESE = "[぀-ヿ㐀-鿿々ー]"


@pytest.fixture
def database(samples_database):
    return samples_database


@pytest.fixture(scope="module")
def connection(samples_database, tmp_path_factory):
    # A process has one door to a file, and it stays shut
    copy = tmp_path_factory.mktemp("words") / "mail.duckdb"
    shutil.copy(samples_database, copy)
    with open_reading(copy) as opened:
        yield opened


def run(database, *arguments, code=0):
    environment = {"MAILSQL_DB": str(database), "TZ": "Asia/Tokyo"}
    done = CliRunner().invoke(app, arguments, env=environment)
    assert done.exit_code == code, done.output
    return done


@pytest.mark.parametrize("name", WORDS)
def test_no_cell_is_missing_or_too_much_and_no_key_stands_twice(name):
    with (ROOT / "sql/words" / f"{name}.csv").open(newline="") as file:
        heading, *rows = csv.reader(file)
    assert {len(row) for row in rows} == {len(heading)}
    keys = [row[0] for row in rows if row[0]]
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize("name", TEXTS)
def test_both_languages_say_the_same_facts(name):
    for row in read_words(name):
        english, japanese = (
            {(field, form) for _, field, form, _ in Formatter().parse(row[language]) if field}
            for language in ("en", "ja")
        )
        assert english == japanese, row["key"]


def spoken(text):
    """A text without what stands in the place of facts, and without the one word of its own."""
    return re.sub(r"(?:キュー|プロセス)ID|\{\w+(?::,)?\}|\|", "", text)


def test_half_width_words_stand_apart_from_japanese():
    words = [row["ja"] for name in TEXTS for row in read_words(name)]
    words += [row["ja"] for name in ("headings", "reports") for row in read_words(name)]
    words += [
        form.words[key]
        for form in read_forms()
        if form.words
        for key in form.words
        if key.endswith("_ja")
    ]
    squeezed = re.compile(rf"[A-Za-z0-9%]{JAPANESE}|{JAPANESE}[A-Za-z0-9]")
    assert [text for text in words if text and squeezed.search(spoken(text))] == []


def test_every_check_report_column_and_table_has_its_words(database):
    checks = {path.stem: path for path in (ROOT / "sql/checks").glob("*.sql")}
    told = {row["key"]: row["en"] for row in read_words("checks")}
    for name, path in checks.items():
        assert path.read_text().splitlines()[0] == f"-- {told[name]}"
    reports = {path.stem for path in (ROOT / "sql/reports").glob("*.sql")}
    assert [row["report"] for row in read_words("reports")] == sorted(reports)
    headings = [row["column"] for row in read_words("headings")]
    assert headings == sorted(headings)
    told = {row["column"].rpartition(".")[2] for row in read_words("report_columns")}
    assert told <= set(headings)
    summary = {row["key"] for row in read_words("summary")}
    assert {f"counted.{table.name}" for table in tables().values() if table.counted} <= summary
    titles = {row["key"] for row in read_words("status")}
    assert {f"title.{section}" for section in SECTIONS} <= titles


@pytest.mark.parametrize(
    ("command", "forms"),
    [(["report", "traffic_per_day"], ["csv"]), (["report", "--list"], ["json", "markdown"])],
)
def test_a_table_has_headings_in_the_language_and_data_has_the_names(database, command, forms):
    for form in ["table", *forms]:
        english, japanese = (
            run(database, *command, "--format", form, "--lang", language).stdout
            for language in Language
        )
        assert english.isascii()
        assert (english == japanese) == (form != "table")
        assert bool(re.search(JAPANESE, japanese)) == (form == "table")


def test_words_in_a_report_are_those_of_the_page(database):
    out = run(database, "report", "messages_in_queue", "--lang", "ja").stdout
    assert "状態" in out
    causes = run(database, "report", "rejections_by_cause", "--lang", "ja").stdout
    assert "中継拒否" in causes
    assert "relay denied" not in causes
    assert heading_of("queue_id", Language.JA) == "キューID"
    assert heading_of("no_such_column", Language.JA) == "no_such_column"


def test_status_and_check_are_told_in_both_languages_and_as_json(database):
    english = run(database, "status").stdout
    assert "Not understood" not in english
    assert "Lines of other programs" in english
    japanese = run(database, "status", "--lang", "ja").stdout
    assert "ほかのプログラムの行" in japanese
    assert "ログのキー" in japanese
    # Values and names of kinds are the same
    kinds = re.compile(r"^([a-z_0-9]+) +(\d+) +([\d.]+ %)$", re.MULTILINE)
    assert kinds.findall(english) == kinds.findall(japanese) != []
    done = run(database, "check", "--quick", "--lang", "ja")
    assert "ok   各表のキーに重複はない" in done.stderr
    assert done.stdout == ""
    done = run(database, "check", "--quick", "--format", "json", "--lang", "en")
    found = json.loads(done.stdout)
    assert done.stderr == ""
    assert {entry["check"] for entry in found} == {
        *(path.stem for path in (ROOT / "sql/checks").glob("*.sql")),
        "lines_as_loaded",
    }
    assert all(entry["holds"] and entry["rows"] == [] for entry in found)


def test_words_of_the_tables_are_the_same_in_every_language_in_json(database):
    english, japanese = (
        json.loads(run(database, "trace", "test@", "--format", "json", "--lang", language).stdout)
        for language in Language
    )
    for told, said in zip(english["messages"], japanese["messages"], strict=True):
        assert told["state"] == said["state"]
        assert [step["step"] for step in told["steps"]] == [step["step"] for step in said["steps"]]
        outcomes, same = ([one["outcome"] for one in m["recipients"]] for m in (told, said))
        assert outcomes == same != []
        details, others = ([one["detail"] for one in m["recipients"]] for m in (told, said))
        assert details != others


def test_status_as_json_has_every_section(database):
    told = json.loads(run(database, "status", "--format", "json", "--timezone", "UTC").stdout)
    assert told.keys() == {*SECTIONS, "load", "pseudonyms", "chain"}
    assert [log["loaded_lines"] for log in told["logs"]] == [62, 18]
    assert told["logs"][0]["first_logged_at"] == "2022-07-24T23:58:11+00:00"
    assert told["pseudonyms"] is None
    assert (told["chain"]["batch_key"], len(told["chain"]["chain"])) == (2, 64)
    assert told["unknown_lines"] == []
    assert {"program": "CRON", "line_count": 1} in told["foreign_lines"]


def test_a_failed_check_is_told_as_json_too(database, tmp_path):
    copy = tmp_path / "mail.duckdb"
    shutil.copy(database, copy)
    with duckdb.connect(str(copy)) as connection:
        connection.execute("delete from messages where queue_id = 'A123B45678C'")
    done = CliRunner().invoke(app, ["check", "--quick", "--format", "json", "--db", str(copy)])
    failed = [entry for entry in json.loads(done.stdout) if not entry["holds"]]
    assert "rows_without_target" in [entry["check"] for entry in failed]
    assert all(0 < len(entry["rows"]) <= 10 for entry in failed)


def test_a_load_tells_what_it_did_in_japanese(tmp_path):
    log = tmp_path / "mail.log"
    line = "Feb  3 09:15:40 mx1 postfix/smtpd[2101]: connect from mail.example.net[192.0.2.17]\n"
    log.write_text(line * 2 + "Feb  3 09:15:41 mx1")
    arguments = ["load", str(log), "--lang", "ja", "--year", "2026"]
    out = run(tmp_path / "mail.duckdb", *arguments).stdout
    first, _, total, *_ = out.splitlines()
    assert first == f"{log}: 2 行。最後の行が途中なので、19 バイトは次の読み込みを待ちます。"
    assert total == f"{tmp_path / 'mail.duckdb'} に 2 行を追加しました。現在の内容:"
    assert "  2  解釈できた行\n" in out


FUTURE = {"future_count": 2, "future_until": datetime(2027, 5, 1, tzinfo=UTC)}
KNOWN = {language: name_wrappings(language) for language in Language}


@pytest.mark.parametrize(
    ("source", "english", "japanese"),
    [
        ({"is_empty": True}, "empty", "空"),
        ({}, "nothing new", "新しい行なし"),
        ({"line_count": 1200, "loaded_before": 9}, "1,200 more lines", "追加 1,200 行"),
        (
            {"line_count": 5, "copies": {"a": 2, "-": 1}},
            "5 lines, 3 of them copies of lines in a and standard input",
            "5 行(3 行が重複: a、標準入力)",
        ),
        (
            {"line_count": 3, "copies": {"a": 1, "b": 1, "c": 1}},
            "3 lines, all of them copies of lines in a and 2 other logs",
            "3 行(すべて重複: a、ほか 2 個のログ)",
        ),
        (
            {"line_count": 2, "first_foreign_line": "hello"},
            "2 lines; no line of Postfix or Dovecot was read, the first is: hello "
            f"({KNOWN[Language.EN]})",
            "2 行。Postfix や Dovecot の行は 1 行も読み取れませんでした。最初の行: hello"
            f"({KNOWN[Language.JA]})。",
        ),
        (
            {"line_count": 2, "named_host": "mx1", "waiting_bytes": 7, **FUTURE},
            "2 lines; it names no host, and what mx1 tells is told again: both count, unless it is "
            "forgotten (mailsql forget) and loaded with --host; 2 dated in the future, until "
            "2027-05-01: a clock was wrong, or it is another year (mailsql forget, and load it "
            "with --year); its last line has no end yet (7 bytes wait for the next load)",
            "2 行。ホスト名がなく、mx1 の行と同じ内容があります。両方を数えるので、同じものなら "
            "mailsql forget で取り消し、--host を付けて読み込み直してください。2 行の日付が未来です"
            "(2027-05-01 まで)。時計が狂っていたか、年が違います(mailsql forget で取り消し、--year "
            "を付けて読み込み直せます)。最後の行が途中なので、7 バイトは次の読み込みを待ちます。",
        ),
    ],
)
def test_what_a_load_says_of_a_log(connection, source, english, japanese):
    loaded = [LoadedSource("x.log", **source)]
    for language, said in ((Language.EN, english), (Language.JA, japanese)):
        first = describe_load(connection, loaded, Path("m"), language).splitlines()[0]
        assert first == f"x.log: {said}"


def test_what_the_engine_says_of_a_query_keeps_its_hints(database):
    done = CliRunner().invoke(
        app, ["query", "select sendr\nfrom messages"], env={"MAILSQL_DB": str(database)}
    )
    error = done.exception
    assert str(error) == 'Binder Error: Referenced column "sendr" not found in FROM clause!'
    candidates, place, mark = error.detail.splitlines()
    assert '"sender"' in candidates
    assert place[mark.index("^") :].startswith("sendr")
    assert error.hint is not None
    assert engine_words(type(error)("One line")) == ("One line", None)

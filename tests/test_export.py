"""An export writes where it is told to, and nothing else; what strangers named or wrote stays text.

Reports may be anybody's: names of files, names of columns and the words of macros are hostile."""

import csv
import hashlib
import json
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest

from mailsql.database import open_database
from mailsql.errors import UsageError
from mailsql.export import COMPANIONS, Style, export
from mailsql.output import Format, format_rows
from mailsql.statements import quote_identifier, quote_text
from mailsql.table_list import tables
from tests.command_server import run_command
from tests.conftest import NOW, load

pytestmark = pytest.mark.newest

LINE = "Feb  3 09:15:40 mx1 postfix/smtpd[2101]: connect from mail.example.net[192.0.2.17]\n"
REPORTS = {
    "../../outside": "select 1 as n",
    "/absolute": "select 2 as n",
    ".hidden": "select 3 as n",
    # No report of ours reads these tables: it would read the report of the name instead
    "submissions": "select 4 as n",
    "Queue_Events": "select 5 as n",
    "reports.submissions": "select 6 as n",
    "a.b..c": "select 7 as n",
    "日本 報告\n": "select 8 as n",
    "x" * 300: "select 9 as n",
    "x" * 299 + "y": "select 10 as n",
    "manifest": "select 11 as n",
    'quoted " name': "select 12 as n",
    "a\\b:c|d*e?": "select 13 as n",
}
FORMULAS = [
    *("=1+1", "+1", "-1+1", "@SUM(1)", "\t=1", "\r=1", "\tplain", "  =1", "\n=1", "\u00a0=1"),
    *(";=1+1", "；=1+1", ",=1", "，+1", "、-1", "､=1", "; , =1", '"=1"', "'=1", "＂=1", "“=1”"),
    *("＝1+1", "＋1", "－1", "＠SUM(1)", "\u3000＝1", "\ufeff=1", "\u200b=1", "﹦1", "\x00=1"),
]
HARMLESS = ["", "a=1", "<x@example.org>", "250 2.0.0 Ok", "x;=1", "(=1", "日本", "'quoted'", "1-1"]


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("export")
    (directory / "mail.log").write_text(LINE)
    load([directory / "mail.log"], directory / "mail.duckdb")
    return directory / "mail.duckdb"


@pytest.fixture
def database(samples: Path, tmp_path: Path) -> Path:
    """A database of its own, which a test may change."""
    copied = tmp_path / "mail.duckdb"
    copied.write_bytes(samples.read_bytes())
    return copied


def change(database: Path, *statements: str) -> None:
    with duckdb.connect(str(database)) as connection:
        for statement in statements:
            connection.execute(statement)


# Without lines there is nothing to prove
ALWAYS = {"manifest.json", *COMPANIONS} - {"proofs.jsonl"}


def run(database: Path, directory: Path, **options) -> dict[str, int]:
    with open_database(database, timezone="UTC") as connection:
        return export(connection, directory, now=NOW, **options)


def texts_report(texts: list[str]) -> str:
    values = ", ".join(f"({number}, {quote_text(text)})" for number, text in enumerate(texts))
    return (
        "create view reports.texts as "
        f"select text from (values {values}) as numbered(number, text) order by number"
    )


def manifest(directory: Path) -> dict:
    return json.loads((directory / "manifest.json").read_text())


def cells(path: Path) -> list[list[str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


@contextmanager
def umask(mask: int) -> Iterator[None]:
    earlier = os.umask(mask)
    try:
        yield
    finally:
        os.umask(earlier)


def test_every_report_is_written_below_the_directory_and_named_in_the_manifest(database, tmp_path):
    change(
        database,
        *(
            f"create view reports.{quote_identifier(name)} as {sql}"
            for name, sql in REPORTS.items()
        ),
    )
    before = set(tmp_path.rglob("*"))
    rows = run(database, tmp_path / "deep" / "out")
    out = tmp_path / "deep" / "out"
    written = {path for path in tmp_path.rglob("*") if path not in before}
    assert written == {tmp_path / "deep", out} | {out / name for name in {*ALWAYS, *rows}}
    files = manifest(out)["files"]
    assert set(files) == {*rows, *ALWAYS} - {"manifest.json"}
    of_reports = {
        entry["name"]: name for name, entry in files.items() if entry.get("schema") == "reports"
    }
    for name, sql in REPORTS.items():
        assert cells(out / of_reports[name]) == [["n"], [sql.split()[1]]]
    assert len({name.lower() for name in files}) == len(files)
    assert max(len(name) for name in files) <= 255
    assert of_reports["../../outside"] == "%2E.%2F..%2Foutside.csv"
    assert of_reports[".hidden"] == "%2Ehidden.csv"
    assert of_reports["submissions"] == "reports.submissions.csv"
    assert of_reports["Queue_Events"] == "reports.Queue_Events.csv"
    assert of_reports["a.b..c"] == "a.b..c.csv"
    assert of_reports["日本 報告\n"] == "%E6%97%A5%E6%9C%AC%20%E5%A0%B1%E5%91%8A%0A.csv"
    exported = {entry["name"] for entry in files.values() if entry.get("schema") == "main"}
    assert exported == {table.name for table in tables().values() if table.time is not None}


def test_only_tells_a_report_from_the_table_of_its_name(database, tmp_path):
    change(
        database,
        "create view reports.messages as select 4 as n",
        "create view reports.mine as select 5 as n",
    )
    for number, (only, expected) in enumerate(
        [
            (["messages"], {"messages.csv"}),
            (["reports.messages"], {"reports.messages.csv"}),
            (["messages", "reports.messages"], {"messages.csv", "reports.messages.csv"}),
            (["mine", "reports.mine"], {"mine.csv"}),
        ]
    ):
        assert set(run(database, tmp_path / f"out{number}", only=only)) == expected
    with pytest.raises(UsageError, match="nonsense: nothing to export by that name"):
        run(database, tmp_path / "nowhere", only=["nonsense"])
    assert not (tmp_path / "nowhere").exists()


def test_an_export_that_failed_says_so_and_can_be_repeated(database, tmp_path):
    out = tmp_path / "out"
    run(database, out, only=["messages", "notices", "traffic_per_day"])
    change(
        database,
        "create table gone as select 1 as n",
        "create view reports.mine as select n from gone",
        "drop table gone",
    )
    with pytest.raises(UsageError, match="mine: Catalog Error"):
        run(database, out, only=["messages", "mine", "logins"])
    told = manifest(out)
    assert told["complete"] is False
    assert set(told["files"]) >= {path.name for path in out.iterdir()} - {"manifest.json"}
    change(database, "create or replace view reports.mine as select 42 as answer")
    run(database, out, only=["messages", "mine"])
    assert {path.name for path in out.iterdir()} == ALWAYS | {"messages.csv", "mine.csv"}
    told = manifest(out)
    assert told["complete"] is True
    for name, entry in told["files"].items():
        content = (out / name).read_bytes()
        assert entry["sha256"] == hashlib.sha256(content).hexdigest()
        assert entry["bytes"] == len(content)


KILLED = """
import os, signal, sys
from datetime import UTC, datetime
from pathlib import Path
import mailsql.export as exporting
from mailsql.database import open_database

left = int(sys.argv[3])

def die_after(step):
    def counted(*arguments, **options):
        global left
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return step(*arguments, **options)
    return counted

exporting._create = die_after(exporting._create)
exporting._copy = die_after(exporting._copy)
Path.unlink, Path.replace = die_after(Path.unlink), die_after(Path.replace)
with open_database(Path(sys.argv[1]), timezone="UTC") as connection:
    exporting.export(connection, Path(sys.argv[2]), now=datetime(2026, 11, 24, tzinfo=UTC),
                     only=["logins", "notices"])
"""


@pytest.mark.parametrize("is_repeated", [False, True])
def test_an_export_killed_at_any_step_can_be_repeated(samples, tmp_path, is_repeated):
    steps, code = 0, -9
    while code == -9:
        out = tmp_path / f"out{steps}"
        if is_repeated:
            run(samples, out, only=["messages", "logins"])
        arguments = [str(samples), str(out), str(steps)]
        code = run_command(arguments, tmp_path, os.environ, code=KILLED).returncode
        assert code in (0, -9)
        if code == -9 and (out / "manifest.json").exists() and (out / "notices.csv").exists():
            assert manifest(out)["complete"] is False
        run(samples, out, only=["deliveries"])
        assert {path.name for path in out.iterdir()} == ALWAYS | {"deliveries.csv"}
        steps += 1
    assert steps > 8


def test_files_of_the_user_are_never_removed_or_written_over(samples, tmp_path):
    out = tmp_path / "out"
    run(samples, out, only=["messages"])
    (out / "notes.csv").write_text("mine")
    (out / "logins.csv").write_text("mine")
    (tmp_path / "precious.csv").write_text("precious")
    told = manifest(out)
    told["files"] |= {"../precious.csv": {}, str(tmp_path / "precious.csv"): {}, "link.csv": {}}
    told["files"] |= {"folder.csv": {}, "notes.txt": {}, "manifest.json": {}, ".csv/../x.csv": {}}
    (out / "manifest.json").write_text(json.dumps(told))
    (out / "link.csv").symlink_to(tmp_path / "precious.csv")
    (out / "folder.csv").mkdir()
    (out / "notes.txt").write_text("mine")
    with pytest.raises(UsageError, match=r"logins\.csv: not of an earlier export"):
        run(samples, out, only=["logins"])
    run(samples, out, only=["notices"])
    assert {path.name for path in out.iterdir()} == ALWAYS | {
        *("notices.csv", "notes.csv", "logins.csv", "link.csv", "folder.csv", "notes.txt"),
    }
    assert (out / "logins.csv").read_text() == "mine"
    assert (tmp_path / "precious.csv").read_text() == "precious"


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "3", "[" * 100_000, '{"files": {}}', '{"files": [], "mailsql_version": 1}'],
)
def test_a_directory_of_something_else_is_refused(samples, tmp_path, text):
    (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(UsageError, match="not empty, and no earlier export"):
        run(samples, tmp_path)
    assert (tmp_path / "manifest.json").read_text() == text
    with pytest.raises(UsageError, match="not a directory"):
        run(samples, tmp_path / "manifest.json")
    with pytest.raises(UsageError, match="not UTF-8"):
        run(samples, tmp_path / "\udcff")


def test_the_engine_needs_access_to_nothing_but_the_directory(samples, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with duckdb.connect() as connection:
        connection.execute(f"attach {quote_text(str(samples))} as mail (read_only)")
        connection.execute("use mail")
        connection.execute("set TimeZone = 'UTC'")
        connection.execute(f"set allowed_directories = [{quote_text(str(tmp_path / 'out'))}]")
        connection.execute("set enable_external_access = false")
        connection.execute("set lock_configuration = true")
        for _ in range(2):
            export(connection, Path("out"), now=NOW, since="2026-02-03", timezone="Asia/Tokyo")
    assert manifest(tmp_path / "out")["complete"] is True


@pytest.mark.parametrize("mask", [0, 0o077, 0o777])
@pytest.mark.parametrize(("group_readable", "of_files"), [(False, 0o600), (True, 0o640)])
def test_an_export_is_private_whatever_the_umask(samples, tmp_path, mask, group_readable, of_files):
    def modes(directory: Path) -> dict[str, int]:
        return {path.name: stat.S_IMODE(path.stat().st_mode) for path in directory.iterdir()}

    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    theirs.mkdir(mode=0o755)
    theirs.chmod(0o755)
    for out in (ours, theirs):
        with umask(mask):
            run(samples, out, only=["messages"], style=Style(group_readable=group_readable))
        assert modes(out) == dict.fromkeys({"messages.csv", *ALWAYS}, of_files)
    of_directories = 0o750 if group_readable else 0o700
    assert modes(tmp_path)["ours"] == of_directories
    assert modes(tmp_path)["theirs"] == 0o755
    (ours / "messages.csv").chmod(0o644)
    (ours / "manifest.json").chmod(0o604)
    run(samples, ours, only=["messages", "logins"], style=Style(group_readable=group_readable))
    kept = {"messages.csv": 0o644, "manifest.json": 0o604, "logins.csv": of_files}
    assert modes(ours) == dict.fromkeys(ALWAYS, of_files) | kept


def test_no_text_is_a_formula_whatever_its_type_and_the_macros_of_the_database(database, tmp_path):
    change(
        database,
        "create type word as enum ('=1', 'a')",
        texts_report(FORMULAS[:-1]),
        "create view reports.kinds as select '=1'::word as e, '\"=1\"'::json as j, "
        "'=1'::blob as b, union_value(u := '=1') as u, -1 as n, -1.5::decimal(3, 1) as d",
        'create view reports.columns as select 1 as "=cmd|1", 2 as "；=1", 3 as fine',
        "create macro regexp_matches(text, pattern) as false",
        "create macro concat(a, b) as b",
        'create macro "||"(a, b) as b',
    )
    out = tmp_path / "out"
    run(database, out, only=["texts", "kinds", "columns"])
    assert cells(out / "texts.csv") == [["text"], *(["'" + text] for text in FORMULAS[:-1])]
    assert cells(out / "kinds.csv") == [
        list("ejbund"),
        ["'=1", '\'"=1"', "'=1", "'=1", "-1", "-1.5"],
    ]
    assert cells(out / "columns.csv")[0] == ["'=cmd|1", "'；=1", "fine"]


def test_the_guard_of_the_engine_is_that_of_csv_output(database, tmp_path):
    texts = [*FORMULAS, *HARMLESS]
    written = format_rows(["=1"], [[text] for text in texts], Format.CSV)
    first, *rest = csv.reader(written.splitlines())
    assert first == ["'=1"]
    assert [row[0][:1] == "'" for row in rest[: len(FORMULAS)]] == [True] * len(FORMULAS)
    change(database, texts_report(HARMLESS))
    run(database, tmp_path / "out", only=["texts"])
    assert cells(tmp_path / "out" / "texts.csv")[1:] == [[text] for text in HARMLESS]
    assert [row[0] for row in csv.reader(written.splitlines())][-len(HARMLESS) :] == HARMLESS


@pytest.mark.parametrize(
    ("since", "timezone", "instant"),
    [
        ("2026-02-03", "Asia/Tokyo", "2026-02-03T00:00:00+09:00"),
        ("2026-02-03", "UTC", "2026-02-03T00:00:00+00:00"),
        ("2026-02-03 09:15:40+09", "America/New_York", "2026-02-02T19:15:40-05:00"),
    ],
)
def test_the_manifest_names_the_instants_of_the_period_and_their_zone(
    samples, tmp_path, since, timezone, instant
):
    for bound in ("since", "until"):
        out = tmp_path / bound
        run(samples, out, **{bound: since}, timezone=timezone, only=["notices"])
        assert (manifest(out)[bound], manifest(out)["timezone"]) == (instant, timezone)


def test_a_period_is_read_in_the_zone_given(samples, tmp_path):
    """The line is of 09:15:40 UTC, which is 18:15:40 in Tokyo."""
    counts = {}
    for timezone in ("UTC", "Asia/Tokyo"):
        out = tmp_path / timezone.replace("/", "_")
        rows = run(samples, out, since="2026-02-03 10:00", timezone=timezone, only=["connections"])
        counts[timezone] = rows["connections.csv"]
    assert counts == {"UTC": 0, "Asia/Tokyo": 1}
    for text in ("soon", "\udcff"):
        with pytest.raises(UsageError, match=f"{text}: not a time"):
            run(samples, tmp_path / "x", since=text)
    with pytest.raises(UsageError, match="Mars/Base: unknown time zone"):
        run(samples, tmp_path / "x", timezone="Mars/Base")
    assert not (tmp_path / "x").exists()

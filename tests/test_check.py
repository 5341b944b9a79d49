"""Contract 7: a changed row or line is found by `check`, and nothing else is."""

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import duckdb
import pytest

import mailsql
from bench.generate import generate
from mailsql.check import check_rows
from mailsql.compare import compare_tables
from mailsql.table_list import compared_tables, tables
from tests.conftest import assert_derived_alike, load
from tests.test_branches import NEW, OLD
from tests.test_cli import mailsql as run
from tests.test_cutting import disorderly_log
from tests.test_databases import PROGRAM

pytestmark = pytest.mark.newest

SCENARIOS = Path(__file__).parent / "scenarios"
LINES = Path(__file__).parent / "lines"
# A site's own, with a log of theirs
FORMS = Path(__file__).parent.parent / "docs" / "forms"
# Not derived: where lines come from, and the lines
GIVEN = {
    "log_files": (
        *("file_key", "path", "compression", "identity_bytes", "identity_sha256", "loaded_bytes"),
        *("loaded_lines", "tail_bytes", "tail_sha256", "branch_of"),
    ),
    "raw_lines": ("line_key", "line"),
}


@pytest.fixture(scope="module")
def everything(tmp_path_factory):
    """A database with rows in all tables: the scenarios, a line of each form, and one's own."""
    place = tmp_path_factory.mktemp("everything")
    lines = [line.encode() + b"\n" for line in disorderly_log(5, 300)]
    lines.append(b"Feb  3 09:15:40 mx1 postfix/smtpd[9]: warning: " + b"x" * 500 + b"\n")
    for file in sorted(LINES.glob("*.log")):
        lines += [line for line in file.read_bytes().splitlines(True) if line[:1] != b"#"]
    (place / "lines.log").write_bytes(b"".join(lines))
    # In one log, for each batch has its cost
    scenarios = b"".join(file.read_bytes() for file in sorted(SCENARIOS.rglob("*.log")))
    (place / "scenarios.log").write_bytes(scenarios)
    logs = [place / "scenarios.log", place / "lines.log"]
    loaded = load(logs, place / "mail.duckdb", force=True, year=2026)
    loaded += load([FORMS / "mail.log"], place / "mail.duckdb", year=2026, forms=FORMS)
    assert [source.fault for source in loaded] == [None, None, None]
    return place / "mail.duckdb"


@pytest.fixture
def database(everything, tmp_path):
    """A copy of it that may be changed."""
    return Path(shutil.copy(everything, tmp_path / "mail.duckdb"))


@pytest.fixture
def small(tmp_path):
    """A database of which the rows are soon derived again."""
    log, database = tmp_path / "mail.log", tmp_path / "mail.duckdb"
    log.write_text("".join(f"{line}\n" for line in generate(400, seed=4)))
    load([log], database)
    log.unlink()
    return database


def failures(database: Path) -> list[str]:
    """What check says that is wrong."""
    said: list[str] = []
    check_rows(database, database.parent, said.append)
    return [text for text in said[1:] if not text.startswith("ok ")]


def test_nothing_is_found_where_nothing_was_changed(everything):
    before = sorted(everything.parent.iterdir())
    assert failures(everything) == []
    assert sorted(everything.parent.iterdir()) == before


def other_value(column: str, kind: str) -> str:
    """SQL of another value than the one of a column."""
    if kind == "BOOLEAN":
        return f"not coalesce({column}, false)"
    if kind.startswith("TIMESTAMP"):
        return f"coalesce({column} + interval 1 microsecond, '2026-01-01'::timestamptz)"
    if kind == "DATE":
        return f"coalesce({column} + 1, '2026-01-01'::date)"
    if kind == "VARCHAR":
        return f"coalesce({column}, '') || 'x'"
    if kind.endswith("[]"):
        return f"list_append(coalesce({column}, []), null)"
    return f"coalesce({column} + 1, 1)"


def test_a_changed_value_in_any_column_of_any_table_is_found(database):
    changed = {}
    with duckdb.connect(str(database)) as connection:
        for table in compared_tables():
            columns = connection.execute(
                "select column_name, data_type from duckdb_columns() "
                "where table_name = ? and schema_name = 'main' order by column_index",
                [table],
            ).fetchall()
            rows = connection.execute(f"select rowid from {table} order by rowid desc").fetchall()
            assert len(rows) >= 1, table
            for place, (column, kind) in enumerate(columns):
                if column in GIVEN.get(table, ()):
                    continue
                rowid = rows[place % len(rows)][0]
                connection.execute(
                    f"update {table} set {column} = {other_value(column, kind)} "
                    f"where rowid = {rowid}"
                )
                changed.setdefault(table, set()).add((column, rowid))
    said = "\n".join(failures(database))
    for table in changed:
        assert f"FAIL Every row of {table} " in said


@pytest.mark.parametrize("table", compared_tables())
def test_each_changed_column_is_named_with_both_values(everything, table):
    """The comparison itself, over a table of few rows: one change at a time."""
    with duckdb.connect() as connection:
        for name in ("mail", "stored"):
            connection.execute(f"attach ':memory:' as {name}")
        connection.execute(f"attach '{everything}' as loaded (read_only)")
        connection.execute("use mail")
        for name in ("mail", "stored"):
            for copied in {table, "load_batches"}:
                connection.execute(f"create table {name}.{copied} as from loaded.{copied}")
        columns = connection.execute(
            "select column_name, data_type from duckdb_columns() "
            "where database_name = 'stored' and table_name = ? order by column_index",
            [table],
        ).fetchall()
        assert [one.row_count for one in compare_tables(connection, [table], 10)] == [0]
        for column, kind in columns:
            connection.execute("begin")
            connection.execute(
                f"update stored.{table} set {column} = {other_value(column, kind)} "
                f"where rowid = (select max(rowid) from stored.{table})"
            )
            (found,) = compare_tables(connection, [table], 10)
            named = {one.column for one in found.differences}
            assert found.row_count >= 1
            # Another key may be that of another row
            assert column in tables()[table].key or named == {column}
            connection.execute("rollback")
        last = f"where rowid = (select max(rowid) from stored.{table})"
        for change in (
            f"delete from stored.{table} {last}",
            f"insert into stored.{table} from stored.{table} {last}",
        ):
            connection.execute("begin")
            connection.execute(change)
            (found,) = compare_tables(connection, [table], 10)
            assert found.row_count == len(found.differences) == 1
            connection.execute("rollback")


def test_rows_are_counted_whatever_differs_in_them(small):
    with duckdb.connect(str(small)) as connection:
        connection.execute(
            "update deliveries set recipient = 'x', relay_name = 'y' where delivery_key in "
            "(select delivery_key from deliveries order by 1 limit 11)"
        )
    (failed, shown, more) = failures(small)
    assert failed == "FAIL Every row of deliveries is what the lines say"
    assert sum(" relay_name " in line for line in shown.splitlines()) == 10
    assert more == "... and 1 more rows"


def test_a_changed_line_is_found_by_what_it_says(small):
    with duckdb.connect(str(small)) as connection:
        connection.execute(
            "update raw_lines set line = replace(line, 'status=sent', 'status=bounced') "
            "where line_key = (select max(delivery_key) from deliveries where status = 'sent')"
        )
    said = "\n".join(failures(small))
    assert "FAIL Every row of deliveries is what the lines say" in said
    assert "bounced" in said


@pytest.mark.parametrize(
    "change",
    [
        "delete from raw_lines where line_key = (select max(line_key) from raw_lines)",
        "insert into raw_lines from raw_lines limit 1",
    ],
)
def test_lines_that_are_missing_or_doubled_are_found(small, change):
    with duckdb.connect(str(small)) as connection:
        connection.execute(change)
    assert "Rows cannot be derived again" in failures(small)[0]


def test_what_was_told_decides_and_is_found_when_it_is_changed(tmp_path):
    log, database = tmp_path / "dovecot.log", tmp_path / "mail.duckdb"
    log.write_text("Feb 03 09:15:40 imap(bob)<7><s1>: Info: Disconnected: Logged out in=1 out=2\n")
    load([log], database, host="mx1", year=2026)
    with duckdb.connect(str(database)) as connection:
        connection.execute("update stream_settings set host = 'mx2', year = 2025")
    said = "\n".join(failures(database))
    assert "imap_sessions" in said
    assert "mx2" in said


def test_what_was_told_is_missed_when_it_is_gone(small):
    with duckdb.connect(str(small)) as connection:
        connection.execute("delete from stream_settings")
    assert "nothing says what the lines of log 1 are read with" in failures(small)[0]


def test_branches_and_torn_lines_are_derived_alike(tmp_path):
    log, database = tmp_path / "mail.log.1", tmp_path / "mail.duckdb"
    for lines in (OLD, OLD[:150] + NEW[:150], OLD[:200] + NEW[200:], OLD[:150] + NEW[:20]):
        content = b"".join(lines)
        log.write_bytes(content[:-30])
        load([log], database, batch_bytes=9000)
        log.write_bytes(content)
        load([log], database, batch_bytes=9000)
    assert_derived_alike(database)


def test_batches_of_a_stream_are_derived_together(tmp_path, monkeypatch):
    log, database = tmp_path / "mail.log", tmp_path / "mail.duckdb"
    log.write_text("".join(line + "\n" for line in generate(900, seed=9, per_second=3)))
    load([log], database, batch_bytes=20_000)
    pieces = []
    derive = mailsql.derive.Deriver.derive

    def counted(deriver, piece, failed_steps):
        pieces.append(piece.line_count)
        return derive(deriver, piece, failed_steps)

    monkeypatch.setattr(mailsql.derive.Deriver, "derive", counted)
    assert_derived_alike(database)
    assert pieces == [900]
    monkeypatch.setattr("mailsql.memory.LARGEST_BATCH_BYTES", 30_000)
    monkeypatch.setattr("mailsql.compare.LINES_AT_ONCE", 200)
    assert_derived_alike(database)
    assert len(pieces) > 2
    assert sum(pieces[1:]) == 900


@pytest.mark.parametrize(
    "change",
    [
        "alter table messages add column note varchar",
        "alter table messages rename to kept; create view messages as from kept",
        "alter table messages alter queue_id type blob",
    ],
)
@pytest.mark.parametrize("options", [[], ["--quick"]])
def test_what_is_no_table_of_ours_is_not_read(database, change, options):
    with duckdb.connect(str(database)) as connection:
        connection.execute(change)
    _, err = run("check", *options, "--db", str(database), cwd=database.parent, code=4)
    assert "ok " not in err
    assert "messages is not the table that mailsql makes" in err


def test_the_command_says_what_it_does_and_leaves_nothing_behind(small):
    database, here = small, small.parent
    _, err = run("check", cwd=here)
    assert f"deriving all rows again, in {here}, which takes about" in err
    _, err = run("check", "--quick", cwd=here)
    assert "deriving" not in err
    with duckdb.connect(str(database)) as connection:
        connection.execute("update deliveries set recipient = 'mallory@example.net'")
    before = database.read_bytes()
    run("check", "--quick", cwd=here)
    (here / "elsewhere").mkdir()
    _, err = run("check", "--directory", str(here / "elsewhere"), cwd=here, code=1)
    assert "FAIL Every row of deliveries is what the lines say" in err
    assert "mallory@example.net" in err
    assert "more rows" in err
    assert database.read_bytes() == before
    assert sorted(path.name for path in here.rglob("*")) == ["elsewhere", "mail.duckdb"]


def test_the_other_database_is_private_and_goes_when_it_is_interrupted(tmp_path):
    (tmp_path / "mail.log").write_text("".join(f"{line}\n" for line in generate(60_000, seed=4)))
    load([tmp_path / "mail.log"], tmp_path / "mail.duckdb")
    process = subprocess.Popen([*PROGRAM, "check"], cwd=tmp_path, stderr=subprocess.PIPE)
    while not (found := list(tmp_path.glob(".mail.duckdb-*/mail.duckdb"))):
        assert process.poll() is None
        time.sleep(0.02)
    assert found[0].parent.stat().st_mode & 0o777 == 0o700
    assert found[0].stat().st_mode & 0o777 == 0o600
    os.kill(process.pid, signal.SIGINT)
    process.communicate()
    assert process.returncode == 130
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mail.duckdb", "mail.log"]


def test_rows_of_another_version_are_said_to_be(small):
    with duckdb.connect(str(small)) as connection:
        connection.execute("update load_batches set mailsql_version = '0.0.1'")
        connection.execute("update deliveries set recipient = null")
    assert "mailsql reparse brings them up to date" in failures(small)[-1]

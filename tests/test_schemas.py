"""Databases of an older schema: tables get the columns that they lack, rows and the user's stay."""

import os
import shutil
import signal
from pathlib import Path

import duckdb
import pytest

from bench.generate import generate
from mailsql.derive_again import check_tables
from mailsql.statements import quote_identifier
from mailsql.table_list import tables
from tests.command_server import run_command
from tests.test_cli import mailsql as run
from tests.test_reparse import ASKED, OWN, rows

# Tables that tell the version, or what was not kept before
TOLD = {"load_batches", "mailsql_database", "log_files"}
OLDER = Path(__file__).parent / "schema_4.sql"
# The process dies after so many objects, or when all are committed
DIES = """
import itertools, os, sys
from mailsql import database, objects
from mailsql.cli import main
left = itertools.count(int(sys.argv.pop(1)), -1)
made, written = objects._create, database.bring_up_to_date
def create(*arguments, **named):
    if next(left) == 0:
        os.kill(os.getpid(), 9)
    made(*arguments, **named)
def write(connection):
    written(connection)
    os.kill(os.getpid(), 9)
objects._create, database.bring_up_to_date = create, write
main()
"""


def write_older(new: Path, database: Path, tables: Path, schema: int) -> None:
    """Make a database with the tables of an older schema of the rows of a new one."""
    with duckdb.connect() as connection:
        connection.execute(f"attach '{database}' as mail (storage_version 'v1.2.0')")
        connection.execute(f"attach '{new}' as new (read_only)")
        connection.execute("use mail")
        connection.execute(tables.read_text())
        for (table,) in connection.execute(
            "select table_name from duckdb_tables() where database_name = 'mail'"
        ).fetchall():
            columns = ", ".join(
                quote_identifier(name)
                for name, *_ in connection.execute(f"describe {table}").fetchall()
            )
            connection.execute(f"insert into {table} select {columns} from new.main.{table}")
        connection.execute(
            "update mailsql_database set schema_version = ?, mailsql_version = '0.0.1'", [schema]
        )


@pytest.fixture(scope="module")
def loaded_once(tmp_path_factory):
    """A log, a database of it, and one whose tables are those of schema 4, with the user's."""
    here = tmp_path_factory.mktemp("loaded")
    log = here / "mail.log"
    log.write_text("".join(line + "\n" for line in generate(2000, seed=9, per_second=3)))
    run("load", "mail.log", cwd=here)
    database = here / "mail.duckdb"
    new = database.rename(here / "new.duckdb")
    write_older(new, database, OLDER, 4)
    with duckdb.connect(str(database)) as connection:
        connection.execute("create view mailbox_delivery_links as select 1 as message_key")
        connection.execute("create schema reports")
        connection.execute(OWN)
    return here


@pytest.fixture
def older(loaded_once, tmp_path):
    """A copy of the older database that may be changed, with the log and the new one beside it."""
    for file in loaded_once.iterdir():
        shutil.copy2(file, tmp_path)
    return tmp_path / "mail.duckdb"


def check_own(database):
    """What is the user's still works, and every table is mailsql's of today."""
    with duckdb.connect(str(database)) as connection:
        assert len(connection.execute(ASKED).fetchall()) > 8
        check_tables(connection, "mail", "mail.duckdb")


@pytest.mark.newest
@pytest.mark.parametrize("command", [["status"], ["trace", "a@example.com"], ["check"]])
def test_who_reads_is_told_what_to_do(older, command):
    _, err = run(*command, cwd=older.parent, code=4)
    assert err == (
        "mailsql: mail.duckdb: its tables are those of an older mailsql (0.0.1)\n"
        "try: the next mailsql load or mailsql reparse brings them up to date\n"
    )


@pytest.mark.parametrize(
    "command", [["load", "mail.log"], pytest.param(["reparse"], marks=pytest.mark.newest)]
)
def test_what_writes_brings_the_tables_up_to_date(older, command):
    run(*command, cwd=older.parent)
    check_own(older)
    found, expected = rows(older), rows(older.parent / "new.duckdb")
    assert {table for table in tables() if found[table] != expected[table]} <= TOLD
    run("check", cwd=older.parent)
    run("status", cwd=older.parent)


@pytest.mark.newest
def test_a_log_is_forgotten_and_loaded_again(older):
    run("forget", "mail.log", cwd=older.parent)
    run("load", "mail.log", cwd=older.parent)
    check_own(older)
    run("check", cwd=older.parent)


@pytest.mark.newest
@pytest.mark.parametrize("created_count", [0, 30, 1000])
def test_killed_anywhere_it_is_as_before_or_as_after(older, created_count):
    arguments = [str(created_count), "load", "mail.log"]
    killed = run_command(arguments, older.parent, os.environ, code=DIES)
    assert killed.returncode == -signal.SIGKILL
    run("load", "mail.log", cwd=older.parent)
    check_own(older)
    run("check", cwd=older.parent)

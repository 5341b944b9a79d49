"""Reparse: all rows anew from the stored lines, and everything else as it was."""

import errno
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
from mailsql.reparse import derive_anew
from mailsql.replacement import replaced
from mailsql.table_list import compared_tables, tables
from tests.conftest import load
from tests.test_cli import mailsql as run
from tests.test_databases import HOLD, PROGRAM

pytestmark = pytest.mark.newest

# Of the user: each kind of object, with dependencies among them
OWN = """
create type colour as enum ('red', 'green');
create schema own;
create sequence own.numbers start 5;
create table own.customers (customer_id integer primary key, domain varchar unique);
create table own.orders (
    order_id integer default nextval('own.numbers'),
    customer_id integer references own.customers (customer_id),
    paint colour
);
create index orders_by_customer on own.orders (customer_id);
create index deliveries_by_recipient on main.deliveries (recipient);
insert into own.customers values (1, 'example.com'), (2, 'example.net');
insert into own.orders (customer_id, paint) values (1, 'red'), (2, 'green');
create macro own.domain_of(address) as split_part(address, '@', 2);
create macro own.mail_of(name) as table from deliveries where own.domain_of(recipient) = name;
create view own.sent as
select own.domain_of(recipient) as domain, count(*) as messages from deliveries group by all;
create view reports.customers as
select customer_id, count(recipient) as deliveries from own.customers
left join main.deliveries on own.domain_of(recipient) = domain group by all order by all;
comment on table own.orders is 'What was ordered';
"""
ASKED = """
select 'order', order_id::varchar, customer_id from own.orders
union all select 'domain', domain, messages from own.sent
union all select 'report', customer_id::varchar, deliveries from reports.customers
union all select 'macro', 'example.com', (select count(*) from own.mail_of('example.com'))
union all select 'comment', comment, null from duckdb_tables() where table_name = 'orders'
union all select 'index', index_name, null from duckdb_indexes()
order by all
"""


@pytest.fixture(scope="module")
def loaded_once(tmp_path_factory):
    """A database of a few thousand lines, in several batches."""
    here = tmp_path_factory.mktemp("loaded")
    log = here / "mail.log"
    log.write_text("".join(line + "\n" for line in generate(4000, seed=6, per_second=3)))
    load([log], here / "mail.duckdb", batch_bytes=150_000)
    return here / "mail.duckdb"


@pytest.fixture
def database(loaded_once, tmp_path):
    """A copy of it that may be changed."""
    return Path(shutil.copy(loaded_once, tmp_path))


def rows(database: Path) -> dict[str, list[tuple]]:
    """All rows of all tables."""
    with mailsql.open_database(database, timezone="UTC") as connection:
        return {
            table: connection.execute(f"from {table} order by all").fetchall() for table in tables()
        }


def names(here: Path) -> list[str]:
    """What stands in a directory."""
    return sorted(path.name for path in here.iterdir())


def test_all_rows_are_as_before_and_the_file_as_compact(database):
    before, size = rows(database), database.stat().st_size
    said: list[str] = []
    assert derive_anew(database, said.append) == 4000
    assert rows(database) == before
    assert database.stat().st_size <= size * 1.3
    assert said[0].startswith("deriving all rows again, in ")
    assert names(database.parent) == ["mail.duckdb"]


def test_batches_too_large_for_the_memory_are_derived_in_parts(database, monkeypatch):
    before = rows(database)
    monkeypatch.setattr("mailsql.memory.LARGEST_BATCH_BYTES", 40_000)
    derived: list[int] = []
    derive_anew(database, lambda _: None, progress=lambda *told: derived.append(told[2]))
    assert len(derived) > len(before["load_batches"]) > 1
    assert rows(database) == before


def test_rows_that_are_not_what_the_lines_say_are_made_anew(database):
    before = rows(database)
    with duckdb.connect(str(database)) as connection:
        for table in compared_tables():
            if table not in ("raw_lines", "log_files", "line_kinds"):
                connection.execute(f"delete from {table}")
        connection.execute("update raw_lines set kind = 'unknown', host = null, logged_at = null")
        connection.execute("update load_batches set mailsql_version = '0.0.1'")
    run("check", cwd=database.parent, code=1)
    run("reparse", cwd=database.parent)
    assert rows(database) == before


def test_what_is_the_users_comes_along(database):
    with duckdb.connect(str(database)) as connection:
        connection.execute(OWN)
        asked = connection.execute(ASKED).fetchall()
        assert len(asked) > 8
    run("reparse", cwd=database.parent)
    with duckdb.connect(str(database)) as connection:
        assert connection.execute(ASKED).fetchall() == asked
        connection.execute("insert into own.orders (customer_id) values (1)")
        last = connection.execute("select max(order_id) from own.orders").fetchone()
        assert last == (7,)
        with pytest.raises(duckdb.ConstraintException):
            connection.execute("insert into own.orders (customer_id) values (3)")


def test_the_file_keeps_its_mode_and_may_be_a_link(database):
    database.chmod(0o640)
    link = database.with_name("link.duckdb")
    link.symlink_to(database.name)
    owner = database.stat().st_uid
    if os.geteuid() == 0:
        os.chown(database, 12345, 23456)
        owner = 12345
    run("reparse", "--db", "link.duckdb", cwd=database.parent)
    assert link.is_symlink()
    found = database.stat()
    assert (found.st_mode & 0o7777, found.st_uid) == (0o640, owner)


def test_nothing_is_given_to_an_owner_who_has_it(database, monkeypatch):
    def refuse(*_: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr("mailsql.replacement.os.chown", refuse)
    before = database.stat().st_ino
    with replaced(database, "nothing", lambda _: None):
        pass
    assert database.stat().st_ino != before


@pytest.mark.parametrize("kill_count", [4, pytest.param(25, marks=pytest.mark.long)])
def test_killed_at_any_moment_the_file_is_whole(database, kill_count):
    before, here = rows(database), database.parent
    for kill in range(kill_count):
        process = subprocess.Popen(
            [*PROGRAM, "reparse"], cwd=here, stderr=subprocess.PIPE, text=True
        )
        assert process.stderr is not None
        assert "deriving all rows again" in process.stderr.readline()
        time.sleep(0.4 * kill % 2.3)
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stderr.close()
        assert rows(database) == before
    (here / "mail.duckdb.new").mkdir(exist_ok=True)
    (here / "mail.duckdb.new" / "left").touch()
    (here / "mail.log").write_text("no log\n")
    run("load", "mail.log", cwd=here, code=3)
    assert names(here) == ["mail.duckdb", "mail.log"]
    run("reparse", cwd=here)
    assert rows(database) == before


def test_it_waits_for_a_database_that_is_held(database):
    holder = subprocess.Popen(
        [PROGRAM[0], "-c", HOLD, str(database)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    _, err = run("reparse", "--wait", "0", cwd=database.parent, code=4)
    assert "in use by" in err
    holder.communicate("\n")
    run("reparse", cwd=database.parent)


def test_no_load_runs_meanwhile(database):
    def load_now(*_: object) -> None:
        run("load", "--wait", "0", "other.log", cwd=database.parent, code=4)
        run("status", cwd=database.parent)

    (database.parent / "other.log").write_text(
        "Feb  3 09:15:40 mx1 postfix/smtpd[1]: connect from c.example.net[192.0.2.7]\n"
    )
    derive_anew(database, lambda _: None, progress=load_now)
    run("load", "other.log", cwd=database.parent)


def test_without_room_nothing_is_begun(database, monkeypatch):
    monkeypatch.setattr("mailsql.room.shutil.disk_usage", lambda _: duckdb_usage())
    before = database.read_bytes()
    with pytest.raises(mailsql.errors.DatabaseError, match="0 MB are free, and about"):
        derive_anew(database, lambda _: None)
    assert database.read_bytes() == before
    assert names(database.parent) == ["mail.duckdb"]


def duckdb_usage() -> object:
    """A disk that is full."""
    return type("Usage", (), {"free": 0})()


def test_lines_that_are_missing_keep_the_file_as_it_is(database):
    with duckdb.connect(str(database)) as connection:
        connection.execute("delete from raw_lines where line_key & 4294967295 = 100")
    before = rows(database)
    _, err = run("reparse", cwd=database.parent, code=4)
    assert "is there once" in err
    assert rows(database) == before
    assert names(database.parent) == ["mail.duckdb"]

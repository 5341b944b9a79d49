"""A backup is the database as it stands, a new file for the same people."""

import errno
import os
import re
import shutil
from pathlib import Path

import duckdb
import pytest
from typer.testing import CliRunner

from mailsql.backup import back_up
from mailsql.cli import app
from mailsql.database import open_database
from mailsql.errors import DatabaseError, HeldError, UsageError
from mailsql.table_list import tables

pytestmark = pytest.mark.newest


@pytest.fixture
def database(samples_database, tmp_path):
    """A copy of a database that may be written to."""
    return Path(shutil.copy(samples_database, tmp_path / "mail.duckdb"))


def rows(database):
    with open_database(database) as connection:
        return {
            table: connection.execute(f"from {table} order by all").fetchall() for table in tables()
        }


def test_a_copy_holds_what_the_database_holds_and_what_is_the_users(database, tmp_path):
    with duckdb.connect(str(database)) as connection:
        connection.execute("set wal_autocheckpoint = '1GB'; create table mine as select 7 as n")
    database.chmod(0o640)
    copy = tmp_path / "copy.duckdb"
    result = CliRunner().invoke(app, ["backup", str(copy), "--db", str(database)])
    assert result.exit_code == 0
    assert copy.stat().st_mode & 0o777 == 0o640
    assert rows(copy) == rows(database)
    with duckdb.connect(str(copy), read_only=True) as connection:
        assert connection.execute("select n from mine").fetchall() == [(7,)]
    assert {path.name for path in tmp_path.iterdir()} == {"mail.duckdb", "copy.duckdb"}


@pytest.mark.parametrize("name", ["mail.duckdb", "other", "link"])
def test_no_file_is_written_over(database, tmp_path, name):
    (tmp_path / "other").write_text("mine")
    (tmp_path / "link").symlink_to("nowhere")
    before = database.read_bytes()
    with pytest.raises(UsageError, match="there is a file of this name"):
        back_up(database, tmp_path / name)
    assert database.read_bytes() == before
    assert (tmp_path / "other").read_text() == "mine"


def test_one_that_comes_in_between_is_not_written_over(database, tmp_path, monkeypatch):
    copy = tmp_path / "copy.duckdb"
    monkeypatch.setattr("mailsql.backup.sync", lambda _: copy.write_text("mine"))
    with pytest.raises(UsageError, match="there is a file of this name"):
        back_up(database, copy)
    assert copy.read_text() == "mine"


def test_what_cannot_be_copied_is_said(database, tmp_path, monkeypatch):
    with pytest.raises(UsageError, match="no such directory"):
        back_up(database, tmp_path / "nowhere" / "copy")
    with pytest.raises(DatabaseError, match="no such database"):
        back_up(tmp_path / "none.duckdb", tmp_path / "copy")
    full = shutil.disk_usage(tmp_path)._replace(free=1)
    monkeypatch.setattr("mailsql.backup.shutil.disk_usage", lambda _: full)
    with pytest.raises(DatabaseError, match="MB are needed"):
        back_up(database, tmp_path / "copy")
    assert [path.name for path in tmp_path.iterdir()] == ["mail.duckdb"]


def test_the_copy_is_of_the_same_owner_where_that_may_be(database, tmp_path, monkeypatch):
    given = []
    monkeypatch.setattr("mailsql.backup.give_to_owner", lambda path, found: given.append(found))
    back_up(database, tmp_path / "copy")
    assert [found.st_ino for found in given] == [database.stat().st_ino]

    def refuse(*_: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr("mailsql.backup.give_to_owner", refuse)
    back_up(database, tmp_path / "another")
    assert rows(tmp_path / "another") == rows(database)


@pytest.mark.parametrize("why", [errno.EPERM, errno.EOPNOTSUPP])
def test_a_file_system_without_second_names_holds_a_copy_too(database, tmp_path, monkeypatch, why):
    def refuse(*_: object) -> None:
        raise OSError(why, os.strerror(why))

    monkeypatch.setattr("mailsql.backup.os.link", refuse)
    database.chmod(0o640)
    copy = tmp_path / "copy"
    back_up(database, copy)
    assert copy.read_bytes() == database.read_bytes()
    assert copy.stat().st_mode & 0o777 == 0o640
    assert {path.name for path in tmp_path.iterdir()} == {"mail.duckdb", "copy"}


def test_what_cannot_get_its_name_is_said_of_the_users_file(database, tmp_path, monkeypatch):
    def refuse(*_: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr("mailsql.backup.os.link", refuse)
    copy = tmp_path / "copy"
    with pytest.raises(DatabaseError, match=rf"^{re.escape(str(copy))}: Input/output error"):
        back_up(database, copy)
    assert [path.name for path in tmp_path.iterdir()] == ["mail.duckdb"]


def test_it_waits_for_a_batch(database, tmp_path, monkeypatch):
    def is_held(*_, **__):
        raise HeldError(f"{database}: in use by another process")

    monkeypatch.setattr("mailsql.replacement.open_database", is_held)
    with pytest.raises(HeldError):
        back_up(database, tmp_path / "copy", wait_seconds=0)
    assert [path.name for path in tmp_path.iterdir()] == ["mail.duckdb"]

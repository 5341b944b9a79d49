"""A prune or a backup that is killed: the database is as before or as after, and a second ends."""

import shutil
import signal
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from bench.generate import generate
from mailsql.cli import main
from tests.conftest import assert_derived_alike, load

pytestmark = [pytest.mark.newest, pytest.mark.long]

# Runs a command, and kills itself when a function is called for the nth time
KILLED = """
import os, signal, sys
from importlib import import_module
module, name, count = import_module(sys.argv[1]), sys.argv[2], int(sys.argv[3])
original, calls = getattr(module, name), []
def call(*given, **options):
    calls.append(1)
    if len(calls) == count:
        os.kill(os.getpid(), signal.SIGKILL)
    return original(*given, **options)
setattr(module, name, call)
sys.argv = ["mailsql", *sys.argv[4:]]
from mailsql.cli import main
main()
"""


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    """A database of some messages."""
    folder = tmp_path_factory.mktemp("loaded")
    log, database = folder / "mail.log", folder / "mail.duckdb"
    log.write_text("".join(line + "\n" for line in generate(200, seed=3, per_second=3)))
    load([log], database)
    return database


def run_killed(phase: tuple[str, str, int], arguments: list[str]) -> None:
    command = [sys.executable, "-c", KILLED, *map(str, phase), *arguments]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == -signal.SIGKILL, done.stderr


def run(arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(sys, "argv", ["mailsql", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(str(ended.value.code))


def line_count(database: Path) -> int:
    with duckdb.connect(str(database), read_only=True) as connection:
        return connection.execute("select count(*) from raw_lines").fetchall()[0][0]


@pytest.mark.parametrize(
    ("phase", "is_done"),
    [
        (("mailsql.replacement", "copy_file", 1), False),
        (("mailsql.prune", "derive_from", 1), False),
        (("mailsql.prune", "add_pruning", 1), False),
        (("mailsql.replacement", "sync", 1), False),
        (("mailsql.replacement", "sync", 2), True),
    ],
)
def test_a_killed_prune(loaded, tmp_path, monkeypatch, phase, is_done):
    database = Path(shutil.copy(loaded, tmp_path / "mail.duckdb"))
    count = line_count(database)
    arguments = ["prune", "--before", "2026-02-03 00:00:40", "--timezone", "UTC"]
    arguments += ["--db", str(database)]
    run_killed(phase, arguments)
    assert (line_count(database) < count) is is_done
    assert_derived_alike(database)
    assert run(arguments, monkeypatch) == 0
    assert line_count(database) < count
    assert_derived_alike(database)
    assert [path.name for path in tmp_path.iterdir()] == ["mail.duckdb"]


@pytest.mark.parametrize(
    ("phase", "is_done"),
    [
        (("mailsql.backup", "copy_file", 1), False),
        (("mailsql.backup", "_give", 1), False),
        (("mailsql.backup", "_name", 1), False),
        (("mailsql.backup", "sync", 2), True),
    ],
)
def test_a_killed_backup(loaded, tmp_path, monkeypatch, phase, is_done):
    database = Path(shutil.copy(loaded, tmp_path / "mail.duckdb"))
    before = database.read_bytes()
    copy = tmp_path / "backups" / "copy.duckdb"
    copy.parent.mkdir()
    arguments = ["backup", str(copy), "--db", str(database)]
    run_killed(phase, arguments)
    assert database.read_bytes() == before
    assert copy.exists() is is_done
    # A copy that is there is whole, and nobody's place is taken
    assert run(arguments, monkeypatch) == (2 if is_done else 0)
    assert copy.read_bytes() == before
    copy.unlink()
    assert run(arguments, monkeypatch) == 0
    assert [path.name for path in copy.parent.iterdir()] == ["copy.duckdb"]

"""A disk that fills up: nothing is lost, it is said in words, and the same command goes on."""

import errno
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bench.generate import generate
from mailsql.cli import app
from mailsql.database import speaking_of
from mailsql.errors import DatabaseError, RoomError
from mailsql.verify import faults
from tests.conftest import (
    assert_derived_alike,
    assert_rows_alike,
    load,
    rows_without_keys,
)
from tests.test_follow import (
    assert_loaded_alike,
    distinct_lines,
    follow_here,
    stored_count,
    text_of,
    wait_until,
)

pytestmark = pytest.mark.newest

BATCH_BYTES = 60_000


@pytest.fixture
def disk(tmp_path):
    """A small file system of its own."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=32m", "none", place], capture_output=True, text=True
    )
    if mounted.returncode:
        pytest.skip(f"nothing can be mounted: {mounted.stderr.strip()}")
    yield place
    subprocess.run(["umount", "--lazy", place], check=True)


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    """A database of a log of some hundred mails."""
    folder = tmp_path_factory.mktemp("loaded")
    (folder / "mail.log").write_text(
        "".join(line + "\n" for line in generate(1500, seed=3, per_second=3))
    )
    load([folder / "mail.log"], folder / "mail.duckdb")
    return folder / "mail.duckdb"


def fill(disk: Path, free_bytes: int) -> None:
    """Leave so much room."""
    found = os.statvfs(disk)
    with (disk / "ballast").open("wb") as ballast:
        size = found.f_bavail * found.f_frsize - free_bytes
        os.posix_fallocate(ballast.fileno(), 0, size)


# In the header of the file, before its tables, in a batch, and at the checkpoint
QUICK = [0, 8, 2000]


@pytest.mark.parametrize(
    "free_kib",
    [
        *QUICK,
        *(
            pytest.param(size, marks=pytest.mark.long)
            for size in (16, 100, 500, 1000, 1500, 2500, 3000, 4000, 5000)
        ),
    ],
)
def test_a_load_goes_on_when_there_is_room_again(disk, tmp_path, free_kib):
    log, plain, database = tmp_path / "mail.log", tmp_path / "plain.duckdb", disk / "mail.duckdb"
    log.write_text("".join(line + "\n" for line in generate(1500, seed=3, per_second=3)))
    fill(disk, free_kib * 1024)
    said: list[tuple[str, str | None]] = []
    try:
        with speaking_of(database):
            load([log], database, batch_bytes=BATCH_BYTES)
    except RoomError as error:
        said.append((str(error), error.hint))
    for text, hint in said:
        assert text == f"{database}: no room on the disk"
        assert "make room" in str(hint)
    assert said or free_kib not in QUICK[:2]
    (disk / "ballast").unlink()
    load([log], database, batch_bytes=BATCH_BYTES)
    load([log], plain)
    starts = {str(log): 0}
    assert_rows_alike(rows_without_keys(database, starts), rows_without_keys(plain, starts))
    assert_derived_alike(database)


# Before the manifest, and in what the engine or mailsql writes
@pytest.mark.parametrize(
    "free_kib", [0, 200, *(pytest.param(size, marks=pytest.mark.long) for size in (64, 350))]
)
def test_an_export_says_that_it_is_not_complete_until_there_is_room(
    disk, loaded, tmp_path, free_kib
):
    out = disk / "out"
    command = ["export", str(out), "--db", str(loaded), "--domain", "example.org"]
    fill(disk, free_kib * 1024)
    failed = CliRunner().invoke(app, command).exception
    assert isinstance(failed, RoomError)
    assert str(failed) == f"{out}: no room on the disk"
    assert str(failed.hint).endswith("what it holds now is not whole")
    if (out / "manifest.json").exists():
        assert next(iter(faults(out))) == "manifest.json: the export did not come to its end"
    assert not (out / "manifest.json").exists() or free_kib
    (disk / "ballast").unlink()
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 0, done.exception
    assert list(faults(out)) == []


def test_a_file_system_that_is_read_only_is_said(disk, tmp_path):
    log, database = tmp_path / "mail.log", disk / "mail.duckdb"
    log.write_text("".join(line + "\n" for line in generate(20, seed=3, per_second=3)))
    load([log], database)
    before = database.read_bytes()
    subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
    for name in (database, disk / "new.duckdb"):
        with pytest.raises(DatabaseError, match=f"^{name}: its file system is read-only$"):
            load([log], name)
    assert database.read_bytes() == before
    subprocess.run(["mount", "-o", "remount,rw", disk], check=True)
    assert load([log], database)[0].loaded_before == log.stat().st_size


WRITTEN_BY = {
    "report": ["report", "--html", "{disk}/out"],
    "query": ["query", "from log_lines", "--format", "csv", "--output", "{disk}/out"],
    "status": ["status", "--format", "openmetrics", "--output", "{disk}/out"],
    "lines": ["lines", "1", "--output", "{disk}/out"],
    "backup": ["backup", "{disk}/out"],
}


@pytest.mark.parametrize(
    "command",
    [
        command if command == "report" else pytest.param(command, marks=pytest.mark.long)
        for command in WRITTEN_BY
    ],
)
def test_what_is_written_names_its_place_where_there_is_no_room(disk, loaded, command):
    arguments = [part.format(disk=disk) for part in WRITTEN_BY[command]] + ["--db", str(loaded)]
    fill(disk, 0)
    result = CliRunner().invoke(app, arguments)
    assert isinstance(result.exception, RoomError), result.exception
    assert str(result.exception).startswith(f"{disk}")
    assert "room" in str(result.exception.hint)
    (disk / "ballast").unlink()
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.exception
    assert (disk / "out").exists()


@pytest.mark.long
@pytest.mark.parametrize("command", [["prune", "--before", "2026-02-03 00:00:40"], ["reparse"]])
def test_what_takes_the_place_of_the_database_leaves_it_where_there_is_no_room(
    disk, loaded, monkeypatch, command
):
    database = Path(shutil.copy(loaded, disk / "mail.duckdb"))
    before = database.read_bytes()
    arguments = [*command, "--db", str(database)]
    # Seen beforehand, and not before half of it is copied
    for free_bytes in (0, len(before) // 2):
        if free_bytes:
            monkeypatch.setattr("mailsql.replacement.look_for_room", lambda *_: None)
        fill(disk, free_bytes)
        result = CliRunner().invoke(app, arguments)
        assert isinstance(result.exception, RoomError), result.output
        assert str(result.exception).startswith(str(disk))
        assert database.read_bytes() == before
        assert {path.name for path in disk.iterdir()} == {"mail.duckdb", "ballast"}
        (disk / "ballast").unlink()
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.exception
    assert_derived_alike(database)


@pytest.mark.long
@pytest.mark.parametrize("is_full", [True, False])
def test_following_goes_on_when_it_can_be_written_again(disk, tmp_path, monkeypatch, is_full):
    monkeypatch.setattr("mailsql.follow.RETRY_SECONDS", 0.1)
    monkeypatch.setattr("mailsql.follow.MOST_RETRY_SECONDS", 0.2)
    monkeypatch.setattr("mailsql.follow.SAID_LAG_SECONDS", 0.3)
    lines = distinct_lines(300, seed=9)
    log, database = tmp_path / "mail.log", disk / "mail.duckdb"
    log.write_text(text_of(lines[:100]))
    fault = "no room on the disk" if is_full else "its file system is read-only"

    def remount(how: str) -> None:
        subprocess.run(["mount", "-o", f"remount,{how}", disk], check=True)

    def deeds(told: list[str]) -> None:
        wait_until(lambda: stored_count(database) == 100)
        # The last load has let it go
        wait_until(lambda: not Path(f"{database}.wal").exists())
        if is_full:
            fill(disk, 0)
        else:
            remount("ro")
        with log.open("a") as stream:
            stream.write(text_of(lines[100:200]))
        waiting = f"{fault}; "
        wait_until(lambda: any(waiting in text and "have waited" in text for text in told))
        log.rename(tmp_path / "mail.log.1")
        log.write_text(text_of(lines[200:]))
        if is_full:
            (disk / "ballast").unlink()
        else:
            remount("rw")
        wait_until(lambda: stored_count(database) == 300)

    told = follow_here([str(log)], database, deeds)
    assert told.count(f"{database}: {fault}") == 1
    assert any("lines loaded that had waited for" in text for text in told)
    assert_loaded_alike(database, lines, tmp_path)


def test_temporary_files_for_which_there_is_no_room_or_no_right(disk, tmp_path, monkeypatch):
    log, database = tmp_path / "mail.log", tmp_path / "mail.duckdb"
    log.write_text("".join(line + "\n" for line in generate(20, seed=3, per_second=3)))
    monkeypatch.setattr(tempfile, "tempdir", str(disk))
    fill(disk, 0)
    with pytest.raises(RoomError, match=f"^{disk}: no room for temporary files$"):
        load([log], database)
    (disk / "ballast").unlink()
    subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
    with pytest.raises(DatabaseError, match=f"^{disk}: its file system is read-only$"):
        load([log], database)

    def find_none() -> str:
        raise FileNotFoundError(errno.ENOENT, "No usable temporary directory found")

    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setattr(tempfile, "_get_default_tempdir", find_none)
    with pytest.raises(RoomError, match="no directory for temporary files can be written to"):
        load([log], database)


def test_what_has_nothing_to_do_with_room_is_not_taken_for_want_of_it(tmp_path, monkeypatch):
    log = tmp_path / "mail.log"
    log.write_text("x\n")

    def refuse(_: Path) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setattr("mailsql.ingest.Deriver", refuse)
    with pytest.raises(PermissionError):
        load([log], tmp_path / "mail.duckdb")


WITHOUT_PROC = """
import sys
from datetime import UTC, datetime
from pathlib import Path
import mailsql
mailsql.load([sys.argv[1]], Path(sys.argv[2]), now=datetime.now(UTC), timezone="UTC")
"""


@pytest.mark.long
def test_a_load_says_that_proc_is_missing(tmp_path):
    log, database = tmp_path / "mail.log", tmp_path / "mail.duckdb"
    log.write_text("".join(line + "\n" for line in generate(20, seed=3, per_second=3)))
    bare = ["unshare", "--mount", "--propagation", "private", "sh", "-c"]
    if subprocess.run([*bare, "umount -l /proc"], capture_output=True).returncode:
        pytest.skip("/proc cannot be unmounted")
    command = [*bare, 'umount -l /proc && exec "$@"', "sh", sys.executable, "-c", WITHOUT_PROC]
    done = subprocess.run([*command, str(log), str(database)], capture_output=True, text=True)
    last = done.stderr.splitlines()[-1]
    assert last.startswith("mailsql.errors.MailsqlError: /proc: not mounted"), done.stderr

"""A disk that fills up: nothing is lost, it is said in words, and the same command goes on."""

import os
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bench.generate import generate
from mailsql.cli import app
from mailsql.database import speaking_of
from mailsql.errors import DatabaseError, RoomError
from mailsql.verify import faults
from tests.conftest import assert_derived_alike, assert_rows_alike, load, rows_without_keys

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
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Path:
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


# Before the manifest, in the rows of a table, and in what the engine spills or mailsql writes
@pytest.mark.parametrize(
    "free_kib", [0, 200, *(pytest.param(size, marks=pytest.mark.long) for size in (64, 600))]
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

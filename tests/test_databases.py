"""The file itself: who may read it, what it may be called, damaged, held by others; contract 9."""

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

import mailsql
from bench.generate import generate
from mailsql.errors import DatabaseError, HeldError
from mailsql.forget import forget
from mailsql.reparse import derive_anew
from mailsql.status import describe_status
from tests.conftest import NOW, assert_derived_alike, load
from tests.test_cli import LINE
from tests.test_cli import mailsql as run

PROGRAM = [sys.executable, "-c", "from mailsql.cli import main; main()"]
HOLD = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('held', flush=True); input()"


def mode(path: Path) -> int:
    """Who may do what with a file."""
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def log(tmp_path):
    """A log that everybody may read."""
    path = tmp_path / "mail.log"
    path.write_text("".join(line + "\n" for line in generate(300, seed=2)))
    return path


@pytest.fixture
def umask(request):
    """A umask of the user's."""
    before = os.umask(request.param)
    yield
    os.umask(before)


@pytest.mark.newest
@pytest.mark.usefixtures("umask")
@pytest.mark.parametrize(
    ("umask", "options", "expected"),
    [
        (0o000, (), 0o600),
        (0o022, ("--group-readable",), 0o640),
        (0o077, ("--group-readable",), 0o640),
    ],
    indirect=["umask"],
)
def test_what_is_made_of_a_log_is_private(log, options, expected):
    here = log.parent
    run("load", "mail.log", *options, cwd=here)
    assert mode(here / "mail.duckdb") == expected
    for command in (["query", "select 1"], ["report", "traffic_per_day"]):
        run(*command, "--output", "out.txt", *options, cwd=here)
        assert mode(here / "out.txt") == expected
        (here / "out.txt").unlink()
    run("export", "out", *options, cwd=here)
    assert mode(here / "out") == expected | (expected & 0o444) >> 2
    assert {mode(path) for path in (here / "out").iterdir()} == {expected}


@pytest.mark.newest
def test_an_existing_file_keeps_its_mode(log):
    here = log.parent
    run("load", "mail.log", cwd=here)
    for path in (here / "mail.duckdb", here / "out.txt"):
        path.touch()
        path.chmod(0o664)
    log.write_text(log.read_text() + LINE)
    run("load", "mail.log", cwd=here)
    run("query", "select 1", "--output", "out.txt", cwd=here)
    assert mode(here / "mail.duckdb") == mode(here / "out.txt") == 0o664


@pytest.mark.newest
@pytest.mark.parametrize("given", [0o600, 0o640])
def test_what_the_engine_keeps_beside_the_file_has_its_mode(tmp_path, given):
    database = tmp_path / "mail.duckdb"
    (tmp_path / "mail.log").write_text(LINE)
    load([tmp_path / "mail.log"], database, mode=given)
    (tmp_path / "mail.log").write_text(LINE * 2)
    seen = []

    def look(_: int) -> None:
        seen.append({path.name: mode(path) for path in tmp_path.glob("mail.duckdb*")})

    load([tmp_path / "mail.log"], database, progress=look)
    assert seen[-1] == {"mail.duckdb": given, "mail.duckdb.wal": given}
    assert {mode for modes in seen for mode in modes.values()} == {given}


@pytest.mark.newest
def test_what_a_killed_load_spilled_goes_with_the_next(log):
    left = log.parent / "mail.duckdb.tmp"
    left.mkdir()
    (left / "duckdb_temp_storage-0.tmp").write_text("text of a log")
    run("load", "mail.log", cwd=log.parent)
    assert not left.exists() or list(left.iterdir()) == []


NAMES = (
    *("reports", "memory", "temp", "system", "main", "MAIL", "a b'c", ":memory:", "md:x", "file:x"),
)


def test_a_database_may_have_any_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("mail.log").write_text(LINE)
    load([Path("mail.log")], Path("first"))
    Path("mail.log").write_text(LINE * 2)
    for name in NAMES:
        database = Path(f"{name}.duckdb")
        shutil.copy("first", database)
        assert load([Path("mail.log")], database)[0].line_count == 1, name
        with mailsql.open_database(database) as connection:
            assert "smtpd_connect" in describe_status(connection), name
            found = connection.execute("select count(*) from reports.traffic_per_day").fetchone()
            assert found is not None, name
        assert_derived_alike(database)
    assert {path.name for path in tmp_path.iterdir()} == {
        *("mail.log", "first"),
        *(f"{name}.duckdb" for name in NAMES),
    }


def not_databases(here: Path) -> dict[str, str]:
    """What cannot be a database, and what is said of it."""
    os.mkfifo(here / "fifo")
    (here / "folder").mkdir()
    (here / "text").write_text("hello\n" * 999)
    with duckdb.connect(str(here / "damaged")) as connection:
        connection.execute("create table t as select range n from range(99999)")
    whole = (here / "damaged").read_bytes()
    (here / "damaged").write_bytes(whole[:12288] + bytes(byte ^ 255 for byte in whole[12288:]))
    (here / "short").write_bytes(whole[:5000])
    return {
        "fifo": "fifo: not a regular file",
        "folder": "folder: not a regular file",
        "text": "text: not a DuckDB file, or damaged at its beginning",
        "damaged": "damaged: damaged",
        "short": "short: damaged",
        "nowhere/x": "nowhere: no such directory",
        "x?access_mode=read_only": "x?access_mode=read_only: a name with ? in it",
        "x\udcff": "x\\udcff: the name is not UTF-8",
    }


@pytest.mark.parametrize(
    "command", [["status"], pytest.param(["load", "mail.log"], marks=pytest.mark.newest)]
)
def test_what_is_no_database_is_said_at_once_in_one_line(tmp_path, command):
    (tmp_path / "mail.log").write_text(LINE)
    for name, said in not_databases(tmp_path).items():
        if name.startswith("nowhere") and command == ["status"]:
            said = said.replace("nowhere: no such directory", "nowhere/x: no such database")
        _, err = run(*command, "--db", name, cwd=tmp_path, code=4)
        assert err.startswith(f"mailsql: {said}")
        assert "in use" not in err
        assert len(err.splitlines()) == 2


@pytest.mark.parametrize(
    "arguments",
    [
        ["trace", "\udcff"],
        ["report", "\udcff"],
        ["query", "select '\udcff'"],
        ["query", "select $x", "-p", "x=\udcff"],
        ["export", "out", "--since", "\udcff"],
        ["load", "mail.log", "--host", "\udcff", "--db", "other.duckdb"],
    ],
)
def test_text_that_is_no_utf8_ends_in_one_line(samples_database, tmp_path, arguments):
    (tmp_path / "mail.log").write_text(LINE)
    shutil.copy(samples_database, tmp_path / "mail.duckdb")
    _, err = run(*arguments, cwd=tmp_path, code=2)
    assert err.startswith("mailsql: ")
    assert len(err.splitlines()) == 2


@pytest.mark.newest
def test_a_log_whose_name_is_no_utf8_loads(tmp_path):
    (tmp_path / "mail\udcff.log").write_text(LINE)
    out, _ = run("load", "mail\udcff.log", cwd=tmp_path)
    assert out.startswith("mail\\xff.log: 1 lines\n")
    out, _ = run("load", ".", cwd=tmp_path)
    assert out.startswith("mail\\xff.log: nothing new\n")


@pytest.mark.newest
def test_a_name_with_a_line_end_forges_no_line(tmp_path):
    name = "mail\n9,999 lines added.log"
    (tmp_path / name).write_text(LINE)
    out, _ = run("load", name, cwd=tmp_path)
    assert out.startswith("mail\\n9,999 lines added.log: 1 lines\n")
    out, _ = run("status", cwd=tmp_path)
    assert not any(line.startswith("9,999") for line in out.splitlines())
    _, err = run("load", "no\nsuch", cwd=tmp_path, code=3)
    assert err.startswith("mailsql: no\\nsuch: no such file\ntry: ")


@pytest.fixture
def held(log):
    """A database that another process holds until it gets a line; who that is."""
    run("load", "mail.log", cwd=log.parent)
    command = [sys.executable, "-c", HOLD, str(log.parent / "mail.duckdb")]
    holder = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert holder.stdout is not None
    holder.stdout.readline()
    yield holder
    holder.communicate(b"\n")


@pytest.mark.newest
def test_a_held_database_is_waited_for_or_left_to_the_next_load(log, held):
    here = log.parent
    log.write_text(log.read_text() + LINE)
    _, err = run("load", "mail.log", "--wait", "0", cwd=here, code=4)
    assert f"in use by {Path(sys.executable).resolve()}" in err
    assert f"(process {held.pid})" in err
    _, err = run("load", "mail.log", "--wait", "0", "--later", cwd=here)
    assert err.endswith("the next load has everything\n")
    _, err = run("load", "-", "--later", cwd=here, code=2)
    assert "standard input comes only once" in err
    waiting = subprocess.Popen(
        [*PROGRAM, "load", "mail.log", "--wait", "60"],
        cwd=here,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert waiting.stderr is not None
    assert waiting.stderr.readline().endswith("; waiting\n")
    held.stdin.write(b"\n")
    held.stdin.flush()
    out, _ = waiting.communicate()
    assert waiting.returncode == 0
    assert out.startswith("mail.log: 1 more lines\n")


def test_errors_say_what_they_are_about(tmp_path, held):
    database = Path(held.args[-1])
    with pytest.raises(HeldError):
        mailsql.open_database(database, wait_seconds=0)
    with pytest.raises(DatabaseError, match="no such database"):
        mailsql.open_database(tmp_path / "none.duckdb")


@pytest.mark.newest
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
def test_a_full_disk_is_said_of_the_file(log):
    run("load", "mail.log", cwd=log.parent)
    _, err = run("query", "select 1", "--output", "/dev/full", cwd=log.parent, code=4)
    assert err.startswith("mailsql: /dev/full: no room on the disk\ntry: make room there")


@pytest.mark.newest
@pytest.mark.parametrize("command", [["query", "select 1"], ["report"], ["report", "status"]])
def test_no_output_is_written_over_the_database(log, command):
    here = log.parent
    run("load", "mail.log", cwd=here)
    (here / "link").symlink_to("mail.duckdb")
    before = (here / "mail.duckdb").read_bytes()
    for output in ("mail.duckdb", "./mail.duckdb", "link", "mail.duckdb.wal"):
        _, err = run(*command, "--output", output, cwd=here, code=2)
        assert err.startswith(f"mailsql: {Path(output)}: is the database\ntry: ")
    assert (here / "mail.duckdb").read_bytes() == before


@pytest.mark.parametrize("command", ["reparse", pytest.param("forget", marks=pytest.mark.newest)])
def test_what_changes_a_database_waits_for_it_as_long_as_it_may(tmp_path, command):
    log, database = tmp_path / "mail.log", tmp_path / "mail.duckdb"
    log.write_text(LINE)
    load([log], database)
    holder = subprocess.Popen(
        [PROGRAM[0], "-c", HOLD, str(database)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    told: list[str] = []

    def let_go(text: str) -> None:
        told.append(text)
        if len(told) == 1:
            holder.communicate("\n")

    if command == "forget":
        forget(database, "1", print, now=NOW, wait_seconds=60, on_wait=let_go)
    else:
        derive_anew(database, print, wait_seconds=60, on_wait=let_go)
    assert "in use by" in told[0]

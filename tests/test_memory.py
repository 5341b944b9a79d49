"""What a command may take: said, or a share of what the machine or its control group has."""

import shutil

import duckdb
import pytest
from typer.testing import CliRunner

from mailsql.cli import app
from mailsql.errors import UsageError
from mailsql.memory import (
    MIB,
    MOST_UNTOLD_BYTES,
    OUTSIDE_BYTES,
    SMALLEST_BYTES,
    Memory,
    machine_bytes,
    read_memory,
    usual_memory,
)
from mailsql.reading import open_reading

pytestmark = pytest.mark.newest


@pytest.mark.parametrize(
    ("size", "byte_count"),
    [
        ("600MB", 600_000_000),
        ("600MiB", 600 * MIB),
        ("600M", 600 * MIB),
        ("1g", 1024 * MIB),
        ("1.5 GiB", 1536 * MIB),
        ("2000000KB", 2_000_000_000),
        ("1T", 2**40),
    ],
)
def test_a_size_is_read(size, byte_count):
    assert read_memory(size) == Memory(byte_count)


@pytest.mark.parametrize("size", ["", "1", "G", "-1G", "1GG", "1 G B", "much", "1,5G", "1PB"])
def test_what_is_no_size_is_refused(size):
    with pytest.raises(UsageError, match="no size"):
        read_memory(size)


def test_too_little_is_refused_with_the_smallest_that_works():
    with pytest.raises(UsageError, match="too little") as refused:
        read_memory(f"{SMALLEST_BYTES // MIB - 1}MiB")
    (smallest, *_) = refused.value.hint.split()
    assert read_memory(smallest) == Memory(SMALLEST_BYTES)


def test_batches_are_as_large_as_the_memory_bears():
    totals = [Memory(MIB * count).batch_bytes // MIB for count in (512, 1024, 2048, 4096, 65536)]
    assert totals == [128, 128, 256, 512, 512]


def test_the_engine_stays_within_the_whole():
    for total in (SMALLEST_BYTES, 700 * MIB, 1024 * MIB, 4096 * MIB, 2**40):
        memory = Memory(total)
        engine_bytes = int(memory.engine_limit.removesuffix("MiB")) * MIB
        assert total - MIB < engine_bytes + OUTSIDE_BYTES <= total


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_the_limit_of_a_control_group_counts_as_the_memory_of_the_machine(tmp_path):
    physical = machine_bytes(tmp_path)
    assert physical > 0
    group = tmp_path / "sys" / "fs" / "cgroup" / "mail.slice" / "mail.service"
    write(tmp_path / "proc" / "self" / "cgroup", "0::/mail.slice/mail.service\n")
    assert machine_bytes(tmp_path) == physical
    write(group / "memory.max", "max\n")
    assert machine_bytes(tmp_path) == physical
    write(group / "memory.max", "300000000\n")
    assert machine_bytes(tmp_path) == 300_000_000
    # What is around it holds as well
    write(group.parent / "memory.high", "200000000\n")
    assert machine_bytes(tmp_path) == 200_000_000


def test_so_does_one_of_the_first_version(tmp_path):
    groups = "4:cpu,cpuacct:/x\n3:memory:/docker/0123456789ab\n"
    write(tmp_path / "proc" / "self" / "cgroup", groups)
    limit = tmp_path / "sys" / "fs" / "cgroup" / "memory" / "memory.limit_in_bytes"
    write(limit, "9223372036854771712\n")
    physical = machine_bytes(tmp_path)
    assert physical < 2**60
    # In a container, of which the group has the name that the host gave it
    write(limit, "400000000\n")
    assert machine_bytes(tmp_path) == 400_000_000


def test_untold_it_is_a_share_of_the_machine(monkeypatch):
    for machine, expected in (
        (64 * 1024 * MIB, MOST_UNTOLD_BYTES),
        (8 * 1024 * MIB, 2048 * MIB),
        (1024 * MIB, SMALLEST_BYTES),
    ):
        monkeypatch.setattr("mailsql.memory.machine_bytes", lambda machine=machine: machine)
        usual_memory.cache_clear()
        assert read_memory(None) == Memory(expected)
    usual_memory.cache_clear()


def engine_bytes(connection: duckdb.DuckDBPyConnection) -> str:
    (limit,) = connection.execute("select current_setting('memory_limit')").fetchone()
    return limit


def test_the_engine_is_told(samples_database):
    with open_reading(samples_database, memory=read_memory("1GiB")) as connection:
        assert engine_bytes(connection) == f"{(1024 * MIB - OUTSIDE_BYTES) // MIB}.0 MiB"


def test_what_does_not_fit_is_written_for_those_who_may_read_the_database(
    samples_database, tmp_path
):
    database = tmp_path / "mail.duckdb"
    shutil.copy(samples_database, database)
    modes = set()
    for mode in (0o600, 0o640):
        database.chmod(mode)
        with open_reading(database, memory=Memory(OUTSIDE_BYTES + 40 * MIB)) as connection:
            rows = connection.execute(
                "select hash(i)::varchar || repeat('x', 40) as word from range(1000000) as t(i) "
                "order by word"
            )
            for file in (tmp_path / "mail.duckdb.tmp").iterdir():
                modes.add(file.stat().st_mode & 0o777)
            rows.fetchone()
        assert modes == {mode}
        modes.clear()


def run(*arguments, **environment):
    return CliRunner().invoke(app, [str(one) for one in arguments], env=environment)


def test_commands_take_it_from_option_environment_or_file(samples_database, tmp_path):
    limit = "select current_setting('memory_limit')"
    show = ("query", limit, "--db", samples_database, "--format", "csv")
    file = tmp_path / "config.toml"
    file.write_text('memory = "700MiB"\n')

    def shown(total):
        return f"{(total * MIB - OUTSIDE_BYTES) // MIB}.0 MiB"

    assert shown(600) in run(*show, "--memory", "600MiB").stdout
    assert shown(600) in run(*show, MAILSQL_MEMORY="600MiB", MAILSQL_CONFIG=str(file)).stdout
    assert shown(700) in run(*show, MAILSQL_CONFIG=str(file)).stdout
    file.write_text('memory = "7MiB"\n')
    refused = run(*show, MAILSQL_CONFIG=str(file))
    assert isinstance(refused.exception, UsageError)
    assert "memory: 7MiB: too little to work with" in str(refused.exception)


@pytest.mark.parametrize(
    "command",
    [
        ("load", "nothing.log"),
        ("query", "select 1"),
        ("report", "--list"),
        ("export", "out"),
        ("check",),
        ("reparse",),
        ("prune", "--before", "2020-01-01"),
    ],
)
def test_every_command_that_takes_much_refuses_too_little(command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    refused = run(*command, "--memory", "9MB")
    assert isinstance(refused.exception, UsageError)
    assert str(refused.exception) == "--memory 9MB: too little to work with"
    assert not (tmp_path / "mail.duckdb").exists()

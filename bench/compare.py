"""Runs mailsql side by side with other programs on one generated log and prints a table.

Whole processes, children included, are timed by the operating system's accounting (wall, CPU, peak
memory). The storage floor is the time DuckDB takes to write the finished tables from memory.
"""

from __future__ import annotations

import argparse
import math
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import duckdb

from bench.generate import generate
from mailsql.database import STORAGE_VERSION
from mailsql.statements import sql_files

MIB = 2**20
LOGWATCH = Path("/usr/share/logwatch/scripts/services")
# The program that must be there, and what is run. What others are compared with is pflogsumm
PEERS = {
    "pflogsumm": ("pflogsumm", "pflogsumm {log}"),
    "logwatch, its scripts": (
        "logwatch",
        "env LC_ALL=C LOGWATCH_DETAIL_LEVEL=10 sh -c "
        f"'perl {LOGWATCH}/postfix <{{log}} && perl {LOGWATCH}/dovecot <{{log}}'",
    ),
    "lnav, index and count": (
        "lnav",
        "lnav -n -c ';select log_level, count(*) from all_logs group by 1' {log}",
    ),
    "grep -c": ("grep", "grep -c status=sent {log}"),
    # It reads deliveries of a host that is called mail only, and none here
    "maillogger, CSV": ("maillogger", "maillogger {log} {out}"),
    "postfix-logsums": ("postfix-logsums", "postfix-logsums {log}"),
}


@dataclass(frozen=True)
class Run:
    """One finished process: seconds and peak memory in bytes."""

    wall_seconds: float
    cpu_seconds: float
    peak_bytes: int


def timed(command: list[str], codes: tuple[int, ...] = (0,)) -> Run:
    """Run a command to its end.

    Args:
        command: program and arguments.
        codes: exit codes with which it did not fail.

    Raises:
        RuntimeError: it failed.
    """
    # Of what goes to the null device grep looks for the first only
    with tempfile.TemporaryFile() as said:
        begun = time.monotonic()
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=said, stderr=subprocess.DEVNULL
        )
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.monotonic() - begun
    if os.waitstatus_to_exitcode(status) not in codes:
        raise RuntimeError(f"{' '.join(command)} failed")
    return Run(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024)


def write_log(path: Path, lines: int, style: str) -> None:
    """Write a generated log, unless it is there already."""
    if not path.exists():
        part = path.with_suffix(".part")
        with part.open("w") as stream:
            stream.writelines(line + "\n" for line in generate(lines, style))
        part.rename(path)


def load_command(log: Path, database: Path, threads: int) -> list[str]:
    """Return the command that loads a log with a number of threads."""
    program = [sys.executable, "-c", "from mailsql.cli import main; main()", "load", str(log)]
    return [*program, "--db", str(database), "--timezone", "UTC", "--threads", str(threads)]


def storage_floor(database: Path, directory: Path) -> float:
    """Seconds that DuckDB takes to write the finished tables from memory, in one transaction."""
    connection = duckdb.connect(":memory:")
    connection.execute("set threads = 2")
    connection.execute(f"attach '{database}' as loaded (read_only)")
    names = [file.name.removesuffix(".sql") for file in sql_files("tables")]
    for name in names:
        connection.execute(f"create temp table {name} as from loaded.{name}")
    target = directory / "floor.duckdb"
    target.unlink(missing_ok=True)
    connection.execute(f"attach '{target}' as floor (storage_version '{STORAGE_VERSION}')")
    connection.execute("use floor")
    for file in sql_files("tables"):
        connection.execute(file.read_text().partition(";")[0])
    begun = time.monotonic()
    connection.execute("begin")
    for name in names:
        connection.execute(f"insert into floor.{name} from temp.{name}")
    connection.execute("commit")
    connection.execute("checkpoint")
    seconds = time.monotonic() - begun
    connection.close()
    target.unlink()
    return seconds


def installed_peers() -> dict[str, str]:
    """Commands of the peers that are there."""
    return {name: command for name, (program, command) in PEERS.items() if shutil.which(program)}


def peer_run(command: str, log: Path, directory: Path, sizes: dict[str, int]) -> Run:
    """Run a peer; what it writes is measured and goes. One that fails takes forever."""
    with tempfile.TemporaryDirectory(dir=directory) as written:
        told = {"log": shlex.quote(str(log)), "out": shlex.quote(f"{written}/out")}
        try:
            run = timed(shlex.split(command.format(**told)))
        except RuntimeError:
            run = Run(math.inf, math.inf, 0)
        sizes[command] = sum(file.stat().st_size for file in Path(written).iterdir())
    return run


def compare(lines: int, style: str, directory: Path, runs: int, peers: dict[str, str]) -> None:
    """Print one table for one style of stamps: the best of some runs each, in turn."""
    log, database = directory / f"{style}-{lines}.log", directory / f"{style}.duckdb"
    write_log(log, lines, style)

    def load(threads: int) -> Callable[[], Run]:
        def run() -> Run:
            database.unlink(missing_ok=True)
            return timed(load_command(log, database, threads))

        return run

    sizes: dict[str, int] = {}
    steps: dict[str, Callable[[], Run]] = {
        name: partial(peer_run, command, log, directory, sizes) for name, command in peers.items()
    }
    steps["mailsql load, 1 thread"] = load(1)
    steps["mailsql load, 2 threads"] = load(2)
    results: dict[str, list[Run]] = {name: [] for name in steps}
    for _ in range(runs):
        for name, step in steps.items():
            results[name].append(step())
    best = {name: min(done, key=lambda run: run.wall_seconds) for name, done in results.items()}
    reference = best.get("pflogsumm")
    print(f"\n{style}: {lines:,} lines, {log.stat().st_size / MIB:.0f} MiB, best of {runs}\n")
    print(f"{'':26}{'wall s':>8}{'CPU s':>8}{'lines/s':>11}{'ratio':>7}{'peak MiB':>10}{'MiB':>6}")
    for name, run in best.items():
        if run.wall_seconds == math.inf:
            print(f"{name:26}  failed")
            continue
        ratio = f"{reference.wall_seconds / run.wall_seconds:.2f}" if reference else ""
        written = sizes[peers[name]] if name in peers else database.stat().st_size
        print(
            f"{name:26}{run.wall_seconds:8.1f}{run.cpu_seconds:8.1f}"
            f"{lines / run.wall_seconds:11,.0f}{ratio:>7}{run.peak_bytes / MIB:10.0f}"
            f"{written / MIB:6.0f}"
        )
    share = database.stat().st_size / log.stat().st_size
    # In a process of its own: a child's peak memory begins at that of its parent
    with ProcessPoolExecutor(max_workers=1) as floor:
        seconds = floor.submit(storage_floor, database, directory).result()
    print(f"{'storage floor':26}{seconds:8.1f}")
    print(f"{'database':26}{database.stat().st_size / MIB:8.0f} MiB, {share:.0%} of the log")
    database.unlink()


def main() -> None:
    """Compare for both styles of stamps."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("lines", type=int, nargs="?", default=2_000_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--data", type=Path, help="directory that keeps the generated logs")
    parser.add_argument(
        "--peer",
        action="append",
        default=[],
        metavar="NAME=COMMAND",
        help="another program to run; {log} is the log, {out} a file that it may write",
    )
    given = parser.parse_args()
    peers = installed_peers() | dict(peer.split("=", 1) for peer in given.peer)
    with tempfile.TemporaryDirectory() as temporary:
        directory = given.data or Path(temporary)
        directory.mkdir(parents=True, exist_ok=True)
        for style in ("bsd", "rfc3339"):
            compare(given.lines, style, directory, given.runs, peers)
    missing = sorted(PEERS.keys() - peers.keys())
    if missing:
        print(f"\nnot installed, left out: {'; '.join(missing)}")


if __name__ == "__main__":
    main()

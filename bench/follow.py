"""Follows a log that is written, and prints how far behind the rows are, and what waiting costs.

How late lines are: from when the log has them to when a query can open the database and finds them;
of the busy log, to the moment written in load_batches.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from bench.generate import generate

FOLLOWER = "from mailsql.cli import main; main()"
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
PIECES_PER_SECOND = 10
PATIENCE_SECONDS = 600.0


@contextmanager
def followed(log: Path, database: Path) -> Iterator[int]:
    """Follow a log in another process; yield its id."""
    command = [sys.executable, "-c", FOLLOWER, "load", "--follow", str(log), "--db", str(database)]
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, env=os.environ | {"TZ": "UTC"}
    ) as process:
        try:
            yield process.pid
        finally:
            process.terminate()


def cpu_seconds(process: int) -> float:
    """Return what a process has used of the cores (proc(5), /proc/PID/stat)."""
    fields = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_SECOND


def wait_for_lines(database: Path, count: int) -> None:
    """Return when a query finds so many lines; it opens the file only when that has changed.

    Raises:
        TimeoutError: they do not come.
    """
    deadline = time.monotonic() + PATIENCE_SECONDS
    looked_at = None
    while time.monotonic() < deadline:
        time.sleep(0.01)
        if not database.exists() or Path(f"{database}.wal").exists():
            continue
        changed = database.stat().st_mtime_ns
        if changed == looked_at:
            continue
        try:
            with duckdb.connect(str(database), read_only=True) as connection:
                row = connection.execute("select sum(loaded_lines) from log_files").fetchone()
        except duckdb.Error:
            # It is held: what follows changes it once more, or lets it go
            continue
        looked_at = changed
        if row is not None and row[0] is not None and row[0] >= count:
            return
    raise TimeoutError(f"{count} lines do not come")


def append(log: Path, lines: list[str]) -> None:
    """Write lines at once, as a daemon does."""
    with log.open("a", encoding="utf-8") as stream:
        stream.write("".join(line + "\n" for line in lines))


def single_lines(log: Path, database: Path, lines: list[str], known: int) -> list[float]:
    """Return for each of some lines, written one by one, how many seconds it took to be found."""
    waits = []
    for number, line in enumerate(lines, known + 1):
        # Not in step with the looks
        time.sleep(0.2 + 0.05 * (number % 10))
        begun = time.monotonic()
        append(log, [line])
        wait_for_lines(database, number)
        waits.append(time.monotonic() - begun)
    return waits


def busy_log(log: Path, lines: list[str], per_second: int) -> list[tuple[int, float]]:
    """Write lines as quickly as told; return how many there were at which time."""
    size = max(1, per_second // PIECES_PER_SECOND)
    written = []
    begun = time.monotonic()
    for start in range(0, len(lines), size):
        time.sleep(max(0.0, begun + start / per_second - time.monotonic()))
        append(log, lines[start : start + size])
        written.append((min(start + size, len(lines)), time.time()))
    return written


def lags(database: Path, written: list[tuple[int, float]], known: int) -> list[float]:
    """Return for each piece of a busy log how many seconds later its last line was there."""
    with duckdb.connect(str(database), read_only=True) as connection:
        batches = connection.execute(
            "select last_line_no, epoch(committed_at) from load_batches order by last_line_no"
        ).fetchall()
    return [
        next(at for last, at in batches if last >= known + count) - moment
        for count, moment in written
    ]


def main() -> None:
    """Print figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=60, help="of the idle and of the busy log")
    parser.add_argument("--per-second", type=int, default=2000, help="lines of the busy log")
    parser.add_argument("--single", type=int, default=20, help="lines that are written one by one")
    told = parser.parse_args()
    first = 1000
    lines = list(generate(first + told.single + told.seconds * told.per_second, seed=1))
    with tempfile.TemporaryDirectory(prefix="mailsql-bench-") as folder:
        log, database = Path(folder, "mail.log"), Path(folder, "mail.duckdb")
        append(log, lines[:first])
        with followed(log, database) as process:
            wait_for_lines(database, first)
            before = cpu_seconds(process)
            time.sleep(told.seconds)
            idle = (cpu_seconds(process) - before) / told.seconds
            print(f"idle: {idle:.2%} of a core")
            known = first + told.single
            before = cpu_seconds(process)
            waits = single_lines(log, database, lines[first:known], first)
            print(
                f"one line: found after {statistics.median(waits):.1f} s, at most "
                f"{max(waits):.1f} s; {(cpu_seconds(process) - before) / len(waits):.2f} CPU s each"
            )
            before = cpu_seconds(process)
            written = busy_log(log, lines[known:], told.per_second)
            wait_for_lines(database, len(lines))
            used = cpu_seconds(process) - before
            found = lags(database, written, known)
            print(
                f"{told.per_second:,} lines/s: {statistics.median(found):.1f} s behind, at most "
                f"{max(found):.1f} s; {used * 1e6 / (len(lines) - known):.0f} CPU µs each"
            )


if __name__ == "__main__":
    main()

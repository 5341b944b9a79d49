"""Lines that were pruned: runs of numbers of a stream, and how the stream stood behind each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import duckdb

# What follows later has a year of its own: stamps do not tell how many have gone by
LONGEST_GAP_DAYS = 100

Run = tuple[int, int]


@dataclass(frozen=True)
class PrunedRun:
    """Lines that follow each other and are not there any more (pruned_lines).

    Attributes:
        first_line_no: the first one.
        last_line_no: the last one.
        has_rows: whether what they told is still in the tables.
        first_logged_at: of the first line of the stream that had a time, up to the last one.
        last_logged_at: of the last line that had a time, up to the last one.
        last_local_date: of the last stamp without a year up to there.
    """

    first_line_no: int
    last_line_no: int
    has_rows: bool
    first_logged_at: datetime | None
    last_logged_at: datetime | None
    last_local_date: date | None


def pruned_runs(
    connection: duckdb.DuckDBPyConnection, file_key: int | None = None
) -> dict[int, list[PrunedRun]]:
    """Return the runs of a stream, or of all, by stream and in order."""
    found: dict[int, list[PrunedRun]] = {}
    rows = connection.execute(
        "select first_line_key >> 32, first_line_key & 4294967295, last_line_key & 4294967295, "
        "has_rows, first_logged_at, last_logged_at, last_local_date from pruned_lines "
        "where first_line_key >> 32 = ? or ? is null order by first_line_key",
        [file_key, file_key],
    ).fetchall()
    for key, *run in rows:
        found.setdefault(key, []).append(PrunedRun(*run))
    return found


def changed_runs(connection: duckdb.DuckDBPyConnection, file_key: int) -> list[PrunedRun]:
    """Return the runs of a stream that are not there as they were loaded: pruned, or erased in."""
    erased = connection.execute(
        "select line_key & 4294967295 from erased_lines where line_key >> 32 = ?", [file_key]
    ).fetchall()
    pruned = pruned_runs(connection, file_key).get(file_key, [])
    runs = pruned + [
        PrunedRun(line_no, line_no, True, None, None, None)
        for (line_no,) in erased
        if lines_left(pruned, line_no, line_no)
    ]
    return sorted(runs, key=lambda run: run.first_line_no)


def count_in(runs: Sequence[Run]) -> int:
    """How many lines there are in runs."""
    return sum(last - first + 1 for first, last in runs)


def lines_left(pruned: Sequence[PrunedRun], first: int, last: int) -> list[Run]:
    """Return the runs of lines from one to another that were not pruned."""
    left = []
    for run in pruned:
        if run.last_line_no >= first and run.first_line_no <= last:
            if run.first_line_no > first:
                left.append((first, run.first_line_no - 1))
            first = run.last_line_no + 1
    return [*left, (first, last)] if first <= last else left


def runs_between(
    pruned: Sequence[PrunedRun], first: int, last: int
) -> Iterator[tuple[PrunedRun | None, list[Run]]]:
    """Yield lines that can be read together, each time with what was pruned right before them.

    The end is told too, without lines, if it was pruned.
    """
    before: PrunedRun | None = None
    gap: PrunedRun | None = None
    runs: list[Run] = []
    for run in pruned:
        if run.first_line_no > last:
            break
        if run.last_line_no >= first:
            if run.first_line_no > first:
                runs.append((first, run.first_line_no - 1))
            first = run.last_line_no + 1
            if runs and (first > last or _is_long(before, run)):
                yield gap, runs
                runs = []
            if not runs:
                gap = run
        before = run
    if first <= last:
        runs.append((first, last))
    if runs or gap is not None:
        yield gap, runs


def _is_long(before: PrunedRun | None, run: PrunedRun) -> bool:
    """Whether so much time may lie between the lines around a run that stamps do not tell it."""
    if before is None or before.last_local_date is None or run.last_local_date is None:
        return True
    return (run.last_local_date - before.last_local_date).days > LONGEST_GAP_DAYS

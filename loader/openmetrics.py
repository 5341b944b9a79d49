"""What is loaded -> OpenMetrics text, for the textfile collector of a node exporter.

All are gauges, for a log that is forgotten takes its counts with it. A log is a series as long as
it lives, whatever its parts are called: it is named as it was when it grew.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

import duckdb

from .objects import SCHEMA_VERSION, __version__
from .status import line_counts, load_state

PREFIX = "mailsql"
# Label values and their number
Sample = tuple[dict[str, str], float | int]

LOGS = (
    "select coalesce(rotation, path) as log, sum(last_line_no - first_line_no + 1)::bigint, "
    "epoch(max(last_logged_at)) from log_files inner join (select file_key, "
    "min(first_line_no) as first_line_no, max(last_line_no) as last_line_no from load_batches "
    "group by file_key) using (file_key) group by log order by log"
)
UNREAD = (
    "select unread, count(*) from log_lines where unread is not null and copy_of is null "
    "group by unread order by unread"
)
FAILED = "select count(*) from notices where kind = 'line_failed'"


def status_openmetrics(connection: duckdb.DuckDBPyConnection, now: datetime) -> str:
    """Return the state of a database and of its logs as OpenMetrics text (version 1.0.0)."""
    state = load_state(connection, now)
    logs = connection.execute(LOGS).fetchall()
    failed = connection.execute(FAILED).fetchone()
    assert failed is not None
    unread = connection.execute(UNREAD).fetchall()
    build = {"version": __version__, "schema": str(SCHEMA_VERSION), "duckdb": duckdb.__version__}
    families = [
        *_family("build_info", "The mailsql that tells this, and its engine", [(build, 1)]),
        *_family(
            "lines",
            "Lines by what became of them",
            [
                ({"state": name}, count)
                for name, count in line_counts(connection)
                if name != "lines"
            ],
        ),
        *_family(
            "unread_lines",
            "Lines that are not read to their end, by reason",
            [({"reason": reason}, count) for reason, count in unread],
        ),
        *_family("failed_lines", "Lines on which a step of mailsql failed", [({}, failed[0])]),
        *_family("log_lines", "Lines of a log", [({"log": log}, count) for log, count, _ in logs]),
        *_family(
            "log_last_line_timestamp_seconds",
            "Time of the latest line of a log",
            [({"log": log}, time) for log, _, time in logs if time is not None],
            unit="seconds",
        ),
        *_family(
            "last_load_timestamp_seconds",
            "When lines were committed last",
            [({}, state.loaded_at.timestamp())] if state.loaded_at else [],
            unit="seconds",
        ),
        *_family(
            "waiting_bytes",
            "Bytes that plain logs hold, and that are not loaded",
            [({}, state.waiting_bytes)],
            unit="bytes",
        ),
        *_family(
            "lag_seconds",
            "Since the last load, where a whole line waits; else 0",
            [({}, state.lag_seconds)],
            unit="seconds",
        ),
    ]
    return "".join(f"{line}\n" for line in [*families, "# EOF"])


def _family(
    name: str, meaning: str, samples: Sequence[Sample], *, unit: str | None = None
) -> Iterator[str]:
    """Yield the lines of a metric; none where it has no sample."""
    if not samples:
        return
    name = f"{PREFIX}_{name}"
    yield f"# TYPE {name} gauge"
    if unit is not None:
        yield f"# UNIT {name} {unit}"
    yield f"# HELP {name} {meaning}"
    for labels, number in samples:
        told = ",".join(f'{label}="{_escaped(value)}"' for label, value in labels.items())
        yield f"{name}{{{told}}} {number}" if told else f"{name} {number}"


def _escaped(value: str) -> str:
    """A label value between its quotes (OpenMetrics 1.0.0, escaped-string)."""
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")

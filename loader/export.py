"""Tables and reports -> CSV files and a manifest with which an auditor can prove each row.

The database may be from somebody else, and the directory shared: names of reports become safe file
names, and only files that the manifest of an earlier export names are written over or removed.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from .database import set_timezone
from .errors import UsageError
from .objects import __version__
from .output import APOSTROPHE, FORMULA, spreadsheet_safe
from .own_forms import FAMILY
from .period import Period, read_period
from .private import directory_mode, file_mode
from .report import execute_report, list_reports
from .scope import set_period
from .site import site_tables
from .statements import quote_identifier, quote_text
from .table_list import tables

MANIFEST = "manifest.json"
# Becomes the manifest when it is whole
DRAFT = "manifest.json.new"
LONGEST_STEM = 180
DIGEST_LENGTH = 16
# Types whose text is no stranger's
SAFE_TYPES = frozenset(
    {
        "boolean",
        "tinyint",
        "smallint",
        "integer",
        "bigint",
        "hugeint",
        "utinyint",
        "usmallint",
        "uinteger",
        "ubigint",
        "uhugeint",
        "decimal",
        "float",
        "double",
        "date",
        "time",
        "timestamp",
        "timestamp with time zone",
    }
)


@dataclass(frozen=True)
class Source:
    """What one CSV file is written from.

    Attributes:
        schema: main for tables, site for rows of one's own forms, reports for reports.
        name: of the table or view.
        file: name of the CSV file.
    """

    schema: str
    name: str
    file: str


def export(
    connection: duckdb.DuckDBPyConnection,
    directory: Path,
    *,
    now: datetime,
    since: str | None = None,
    until: str | None = None,
    timezone: str | None = None,
    only: list[str] | None = None,
    group_readable: bool = False,
) -> dict[str, int]:
    """Write CSV files and manifest.json into a directory; return the rows of each file.

    Rows of tables end in the log file and line number that they come from; the manifest holds the
    hash of every CSV file and of every batch of every log. An export that did not come to its end
    says so in its manifest, and is replaced like any other.

    Args:
        connection: an open mailsql database whose time zone is UTC; all that it must be able to
            write to is the directory, by its absolute path.
        directory: created if missing; must be empty, or hold an earlier export.
        now: current time.
        since: rows from this time on, in words (read_period).
        until: rows before this time.
        timezone: IANA name of the zone of since and until; the system's if None.
        only: the tables and reports to write; all if None. A name that a table and a report share
            means the table; reports.NAME is always a report.
        group_readable: whether the group may read what is created; else only the owner.

    Raises:
        UsageError: the directory holds something else, a name, a time or the zone is not known, or
            a report does not run any more.
    """
    chosen = _choose(_sources(connection), only)
    period = _read_period(since, until, timezone, now)
    earlier = _prepare(directory, chosen, group_readable)
    set_period(connection, period)
    head: dict[str, Any] = {
        "created_at": now.isoformat(),
        "mailsql_version": __version__,
        "duckdb_version": duckdb.__version__,
        "since": _utc(period.since),
        "until": _utc(period.until),
        "timezone": "UTC",
        "local_domains": _told_domains(connection),
        "spreadsheet_guard": "text, and names of columns, that a spreadsheet may run as a formula "
        "have an apostrophe in front: those that match the pattern formula",
        "formula": FORMULA.pattern,
    }
    entries: dict[str, dict[str, Any]] = {
        source.file: {"schema": source.schema, "name": source.name} for source in chosen
    }
    unfinished = dict.fromkeys(earlier) | entries
    _write_manifest(directory, head | {"complete": False, "files": unfinished}, group_readable)
    for name in earlier - set(entries):
        (directory / name).unlink()
    for source in chosen:
        path = directory / source.file
        _create(path, group_readable)
        rows = _copy(connection, source, path)
        with path.open("rb") as written:
            digest = hashlib.file_digest(written, "sha256").hexdigest()
        entries[source.file] |= {"rows": rows, "bytes": path.stat().st_size, "sha256": digest}
    whole = head | {"complete": True, "files": entries, "logs": _logs(connection)}
    _write_manifest(directory, whole, group_readable)
    return {name: entry["rows"] for name, entry in entries.items()}


def _sources(connection: duckdb.DuckDBPyConnection) -> dict[str, Source]:
    """All that can be exported, by its name; others than tables by SCHEMA.NAME."""
    found = {}
    taken = {MANIFEST}
    exported = [table.name for table in tables().values() if table.time is not None]
    own = [(FAMILY, name) for name in site_tables(connection)]
    reports = [("reports", name) for name, _ in list_reports(connection)]
    for schema, name in [*(("main", name) for name in exported), *own, *reports]:
        is_report = schema == "reports"
        # What could be taken for a table, or for a report that could
        is_shared = name.lower() in exported or name.lower().startswith("reports.")
        whole = name if schema == "main" else f"{schema}.{name}"
        file = _file_name(name if is_report and not is_shared else whole, taken)
        taken.add(file.lower())
        found[whole] = Source(schema, name, file)
    return found


def _file_name(name: str, taken: set[str]) -> str:
    """A file name for a table or report that no system reads as a path, unlike those taken."""
    stem = re.sub(
        r"^\.|[^A-Za-z0-9_.-]",
        lambda odd: "".join(f"%{byte:02X}" for byte in odd[0].encode()),
        name,
    )
    if len(stem) > LONGEST_STEM or f"{stem}.csv".lower() in taken:
        digest = hashlib.sha256(name.encode()).hexdigest()[:DIGEST_LENGTH]
        stem = f"{stem[:LONGEST_STEM]}-{digest}"
    return f"{stem}.csv"


def _choose(sources: dict[str, Source], only: list[str] | None) -> list[Source]:
    """The sources asked for, each once.

    Raises:
        UsageError: a name is not known.
    """
    chosen = {}
    for asked in sources if only is None else only:
        source = sources.get(asked) or sources.get(f"reports.{asked}")
        if source is None:
            raise UsageError(
                f"{asked}: nothing to export by that name", f"one of {', '.join(sources)}"
            )
        chosen[source.file] = source
    return list(chosen.values())


def _told_domains(connection: duckdb.DuckDBPyConnection) -> list[str] | None:
    """One's own domains as they were told; None where reports guess them."""
    row = connection.execute("select getvariable('local_domains')").fetchone()
    return row[0].split(",") if row and row[0] is not None else None


def _read_period(
    since: str | None, until: str | None, timezone: str | None, now: datetime
) -> Period:
    """The period that words name in a zone.

    Raises:
        UsageError: a time or the zone is not known.
    """
    with duckdb.connect() as clock:
        if timezone is not None:
            set_timezone(clock, timezone)
        return read_period(clock, since, until, now)


def _utc(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).isoformat()


def _prepare(directory: Path, chosen: list[Source], group_readable: bool) -> set[str]:
    """Make the directory if it is missing; return the files of the earlier export in it.

    Raises:
        UsageError: it holds something else, or cannot be named to the engine.
    """
    try:
        str(directory).encode()
    except UnicodeEncodeError as error:
        raise UsageError(f"{directory}: not UTF-8", "name a new directory") from error
    try:
        directory.mkdir(mode=0o700, parents=True)
    except FileExistsError as error:
        if not directory.is_dir():
            raise UsageError(f"{directory}: not a directory", "name a new directory") from error
    else:
        directory.chmod(directory_mode(file_mode(group_readable)))
    present = {entry.name for entry in directory.iterdir()} - {DRAFT}
    named = _named_files(directory / MANIFEST)
    if present and named is None:
        raise UsageError(f"{directory}: not empty, and no earlier export", "name a new directory")
    earlier = {
        name
        for name in present & (named or set())
        if stat.S_ISREG((directory / name).lstat().st_mode)
    }
    for source in chosen:
        if source.file in present - earlier:
            raise UsageError(
                f"{directory / source.file}: not of an earlier export", "name a new directory"
            )
    return earlier


def _named_files(manifest: Path) -> set[str] | None:
    """Names of the CSV files of the export that a manifest is of, or None if it is of none."""
    try:
        found = json.loads(manifest.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(found, dict) or "mailsql_version" not in found:
        return None
    files = found.get("files")
    return {name for name in files if name.endswith(".csv")} if isinstance(files, dict) else None


def _write_manifest(directory: Path, manifest: dict[str, Any], group_readable: bool) -> None:
    """Replace the manifest as a whole; its mode stays."""
    draft = directory / DRAFT
    draft.unlink(missing_ok=True)
    _create(draft, group_readable)
    with suppress(FileNotFoundError):
        draft.chmod(stat.S_IMODE((directory / MANIFEST).stat().st_mode))
    draft.write_text(json.dumps(manifest, indent=2) + "\n", encoding="ascii")
    draft.replace(directory / MANIFEST)


def _create(path: Path, group_readable: bool) -> None:
    """Make an empty file, whatever the umask; one that is there is emptied and keeps its mode."""
    with suppress(FileNotFoundError):
        os.truncate(path, 0)
        return
    mode = file_mode(group_readable)
    created = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    os.fchmod(created, mode)
    os.close(created)


def _copy(connection: duckdb.DuckDBPyConnection, source: Source, path: Path) -> int:
    """Write a table or report into a file that is there; return its rows.

    Raises:
        UsageError: the report does not run any more.
    """

    def run(sql: str) -> duckdb.DuckDBPyConnection:
        if source.schema == "reports":
            return execute_report(connection, source.name, sql)
        return connection.execute(sql)

    rows = f"{source.schema}.{quote_identifier(source.name)}"
    order = ""
    if source.schema != "reports":
        table = tables().get(source.name) if source.schema == "main" else None
        key = quote_identifier(table.line_column if table is not None else "line_key")
        dated = table.time if table is not None else "logged_at"
        rows = (
            "(select *, "
            f"(select path from log_files where file_key = {key} >> 32) as log_path, "
            f"{key} >> 32 as log_file_key, {key} & 4294967295 as log_line_no "
            f"from {rows} where in_period({dated}))"
        )
        order = "order by log_file_key, log_line_no"
    described = run(f"from {rows} limit 0").description
    columns = ", ".join(_guarded(name, kind.id) for name, kind, *_ in described)
    # A temporary file in the place of the one that is there would have the mode of the umask
    copied = run(
        f"copy (select {columns} from {rows} {order}) to {quote_text(str(path.absolute()))} "
        "(format csv, header true, use_tmp_file false)"
    ).fetchone()
    assert copied is not None
    return int(copied[0])


def _guarded(name: str, kind: str) -> str:
    """SQL of a column whose text and name have an apostrophe in front where they may be a formula.

    Functions are those of the engine, whatever macros of their names the database holds.
    """
    column, shown = quote_identifier(name), quote_identifier(spreadsheet_safe(name))
    if kind in SAFE_TYPES:
        return f"{column} as {shown}"
    text = f"cast({column} as varchar)"
    is_formula = f"system.main.regexp_matches({text}, {quote_text(FORMULA.pattern)})"
    return (
        f"case when {is_formula} then system.main.concat({quote_text(APOSTROPHE)}, {text}) "
        f"else {text} end as {shown}"
    )


def _logs(connection: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    """Each stream with its copies, and the byte ranges, line ranges and hashes of its batches."""
    copies: dict[int, dict[str, int]] = {}
    for file_key, path, count in connection.execute(
        "select line_key >> 32, path, count(*) from raw_lines inner join log_files "
        "on copy_of >> 32 = log_files.file_key where copy_of is not null group by 1, 2 "
        "order by 1, 2"
    ).fetchall():
        copies.setdefault(file_key, {})[path] = count
    rows = connection.execute(
        "select file_key, path, identity_bytes, identity_sha256, first_byte, last_byte, "
        "first_line_no, last_line_no, sha256, committed_at, load_batches.mailsql_version "
        "from load_batches inner join log_files using (file_key) order by batch_key"
    ).fetchall()
    names = ["first_byte", "last_byte", "first_line_no", "last_line_no", "sha256"]
    logs: dict[int, dict[str, Any]] = {}
    for file_key, path, identity_bytes, identity_sha256, *batch in rows:
        log = logs.setdefault(
            file_key,
            {
                "file_key": file_key,
                "path": path,
                "identity_bytes": identity_bytes,
                "identity_sha256": identity_sha256,
                "copies_of_lines_in": copies.get(file_key, {}),
                "batches": [],
            },
        )
        entry = dict(zip(names, batch, strict=False))
        entry["committed_at"] = batch[5].isoformat()
        entry["mailsql_version"] = batch[6]
        log["batches"].append(entry)
    return list(logs.values())

"""Tables and reports -> CSV files and a manifest with which an auditor can prove each row."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from .errors import UsageError
from .objects import __version__
from .report import execute_report, list_reports, set_period
from .statements import quote_identifier, quote_text

# Tables for auditors, with the column that dates a row
TABLES = {
    "messages": "queued_at",
    "deliveries": "logged_at",
    "queue_events": "logged_at",
    "connections": "coalesce(connected_at, disconnected_at)",
    "pop3_sessions": "coalesce(login_at, logout_at)",
    "imap_sessions": "coalesce(login_at, logout_at)",
    "service_sessions": "coalesce(login_at, logout_at)",
    "mailbox_deliveries": "logged_at",
    "mailbox_events": "logged_at",
    "auth_events": "logged_at",
    "submissions": "logged_at",
    "logins": "logged_at",
    "rejections": "logged_at",
    "notices": "logged_at",
}


def export(
    connection: duckdb.DuckDBPyConnection,
    directory: Path,
    *,
    now: datetime,
    since: str | None = None,
    until: str | None = None,
    only: list[str] | None = None,
) -> dict[str, int]:
    """Write CSV files and manifest.json into a directory; return the rows of each file.

    Times are UTC. Rows of tables end in the log file and line number that they come from; the
    manifest holds the hash of every CSV file and of every batch of every log.

    Args:
        connection: an open mailsql database.
        directory: created if missing; must be empty, or hold an earlier export.
        now: current time.
        since: rows from this time on.
        until: rows before this time.
        only: names of the tables and reports to write; all if None.

    Raises:
        UsageError: the directory holds something else, a name or a time is not known.
    """
    reports = dict(list_reports(connection))
    known = [*TABLES, *reports]
    names = only or known
    for name in names:
        if name not in known:
            raise UsageError(
                f"{name}: nothing to export by that name", f"one of {', '.join(known)}"
            )
    _prepare(directory)
    set_period(connection, since, until)
    files: dict[str, dict[str, Any]] = {}
    for name in names:
        path = directory / f"{name}.csv"
        query = (
            _table_query(connection, name) if name in TABLES else _report_query(connection, name)
        )
        copied = execute_report(
            connection, name, f"copy ({query}) to {quote_text(str(path))} (format csv, header true)"
        ).fetchone()
        assert copied is not None
        files[path.name] = {
            "rows": int(copied[0]),
            "bytes": path.stat().st_size,
            "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        }
    manifest = {
        "created_at": now.isoformat(),
        "mailsql_version": __version__,
        "duckdb_version": duckdb.__version__,
        "since": since,
        "until": until,
        "timezone": "UTC",
        "spreadsheet_guard": "text that begins with = + - @ or a tab has an apostrophe in front",
        "files": files,
        "logs": _logs(connection),
    }
    text = json.dumps(manifest, ensure_ascii=False, indent=2) + "\n"
    (directory / "manifest.json").write_text(text, encoding="utf-8")
    return {name: entry["rows"] for name, entry in files.items()}


def _prepare(directory: Path) -> None:
    if directory.exists() and not directory.is_dir():
        raise UsageError(f"{directory}: not a directory", "name a new directory")
    if (
        directory.exists()
        and any(directory.iterdir())
        and not (directory / "manifest.json").exists()
    ):
        raise UsageError(f"{directory}: not empty, and no earlier export", "name a new directory")
    directory.mkdir(parents=True, exist_ok=True)
    for old in [*directory.glob("*.csv"), *directory.glob("manifest.json")]:
        old.unlink()


def _columns(
    connection: duckdb.DuckDBPyConnection, schema: str, name: str
) -> list[tuple[str, str]]:
    return connection.execute(
        "select column_name, data_type from duckdb_columns() "
        "where database_name = current_database() and schema_name = ? and table_name = ? "
        "order by column_index",
        [schema, name],
    ).fetchall()


def _guarded(columns: list[tuple[str, str]]) -> list[str]:
    """Columns, text guarded against being run as a formula."""
    return [
        f"spreadsheet_safe({quote_identifier(name)}) as {quote_identifier(name)}"
        if kind == "VARCHAR"
        else quote_identifier(name)
        for name, kind in columns
    ]


def _table_query(connection: duckdb.DuckDBPyConnection, name: str) -> str:
    columns = _columns(connection, "main", name)
    key = quote_identifier(columns[0][0])
    proof = [
        f"(select spreadsheet_safe(path) from log_files where file_key = {key} >> 32) as log_path",
        f"{key} >> 32 as log_file_key",
        f"{key} & 4294967295 as log_line_no",
    ]
    return (
        f"select {', '.join(_guarded(columns) + proof)} from {name} "
        f"where in_period({TABLES[name]}) order by {key}"
    )


def _report_query(connection: duckdb.DuckDBPyConnection, name: str) -> str:
    columns = _guarded(_columns(connection, "reports", name))
    return f"select {', '.join(columns)} from reports.{quote_identifier(name)}"


def _logs(connection: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    """Each stream with the byte ranges, line ranges and hashes of its batches."""
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
                "batches": [],
            },
        )
        entry = dict(zip(names, batch, strict=False))
        entry["committed_at"] = batch[5].isoformat()
        entry["mailsql_version"] = batch[6]
        log["batches"].append(entry)
    return list(logs.values())

"""The original logs of an export -> the same export once more, to compare the rows with.

The SQL of the manifest is not run: what it says was asked for is asked for again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from .database import open_database
from .errors import MailsqlError
from .export import FileFormat, Style, export
from .ingest import load
from .objects import __version__
from .own_forms import told_forms
from .reading import open_reading
from .selection import Who
from .sources import Source, open_source

PIECE_BYTES = 2**20


def row_faults(
    directory: Path,
    manifest: dict[str, Any],
    sources: dict[int, Source],
    tell: Callable[[str], None],
    now: datetime,
    forms: Path | None = None,
) -> Iterator[str]:
    """Yield the tables of an export that are others when its logs are loaded anew.

    Args:
        directory: of the export.
        manifest: of the export.
        sources: the original logs, by the keys of the streams in the manifest.
        tell: told what was compared, or why nothing was.
        now: current time.
        forms: directory of the forms of one's own that logs were read with, if any were.

    Raises:
        UsageError: the forms cannot be used.
    """
    why = _hindrance(manifest, sources, told_forms(forms).sha256 if forms is not None else None)
    if why is not None:
        tell(f"rows were not compared with the logs read anew: {why}")
        return
    with TemporaryDirectory(prefix="mailsql-verify-") as folder:
        database, out = Path(folder) / "mail.duckdb", Path(folder) / "out"
        for log in sorted(manifest["logs"], key=lambda log: int(log["file_key"])):
            if not _load(log, sources[log["file_key"]], Path(folder), database, now, forms):
                tell(f"rows were not compared: log {log['file_key']} is cut otherwise when loaded")
                return
        try:
            _export(manifest, database, out, now)
        except MailsqlError as error:
            yield f"what the manifest says was asked for cannot be asked for: {error}"
            return
        compared = 0
        for name, said in manifest["files"].items():
            if "schema" not in said:
                continue
            compared += 1
            again = out / name
            if not again.is_file() or _hash(again) != _hash(directory / name):
                yield f"{name}: the logs give other rows when they are read anew"
        for path in out.iterdir():
            if path.suffix in (".csv", ".parquet") and path.name not in manifest["files"]:
                yield f"{path.name}: missing, for what was asked for"
        tell(f"{compared:,} tables were compared with the logs read anew")


def _hindrance(
    manifest: dict[str, Any], sources: dict[int, Source], forms_sha256: str | None
) -> str | None:
    """Why the logs cannot give the same rows again, if they cannot."""
    if manifest["mailsql_version"] != __version__:
        return f"written by mailsql {manifest['mailsql_version']}, this is {__version__}"
    keys = [log["file_key"] for log in manifest["logs"]]
    missing = len(keys) - len(sources)
    if missing:
        return f"{missing:,} of the {len(keys):,} logs that were loaded are not given"
    if sorted(keys) != list(range(1, len(keys) + 1)):
        return "logs were forgotten since they were loaded"
    if any(log.get("pruned_line_count") for log in manifest["logs"]):
        return "lines were pruned since they were loaded"
    if any(log.get("erased_line_nos") for log in manifest["logs"]):
        return "an address was erased in lines since they were loaded"
    if any(len(log["settings"]) != 1 for log in manifest["logs"]):
        return "a log was read with several settings"
    used = {log["settings"][0]["forms_sha256"] for log in manifest["logs"]} - {None}
    if used and forms_sha256 is None:
        return "a log was read with forms of one's own, which are not given (--forms)"
    if used - {forms_sha256}:
        return "a log was read with other forms of one's own than those that are given"
    return None


def _load(
    log: dict[str, Any],
    source: Source,
    folder: Path,
    database: Path,
    now: datetime,
    forms: Path | None,
) -> bool:
    """Load as much of a log as was loaded; return whether it is as much now.

    What it is called tells what it is a part of, so the copy is called the same.
    """
    told = Path(str(log["path"]))
    place = folder / hashlib.sha256(str(told.parent).encode()).hexdigest()
    place.mkdir(exist_ok=True)
    copied = place / (told.name or "mail.log")
    byte_count = int(log["batches"][-1]["last_byte"]) + 1
    with open_source(source) as stream, copied.open("wb") as copy:
        left = byte_count
        while left > 0 and (piece := stream.read(min(left, PIECE_BYTES))):
            left -= copy.write(piece)
    (settings,) = log["settings"]
    load(
        [str(copied)],
        database,
        now=now,
        year=settings["year"],
        timezone=settings["timezone"],
        host=settings["host"],
        dovecot_prefix=settings["dovecot_prefix"],
        forms=forms if settings["forms_sha256"] is not None else None,
        force=True,
        once=bool(log["is_once"]),
    )
    copied.unlink()
    with open_database(database, read_only=False) as connection:
        connection.execute(
            "update log_files set path = ? where file_key = ?", [str(log["path"]), log["file_key"]]
        )
        loaded = connection.execute(
            "select loaded_bytes from log_files where file_key = ?", [log["file_key"]]
        ).fetchone()
    return loaded == (byte_count,)


def _export(manifest: dict[str, Any], database: Path, out: Path, now: datetime) -> None:
    """Export what the manifest says was asked for."""
    asked = manifest["asked"]
    domains = asked["local_domains"]
    style = Style(FileFormat(manifest["format"]), bool(manifest.get("byte_order_mark")))
    # What does not fit into the memory of an export is spilled, as when it was written
    with open_reading(database, timezone="UTC", export_directory=out) as connection:
        export(
            connection,
            out,
            now=now,
            who=Who(
                tuple(asked["addresses"]),
                asked["domain"],
                asked["host"],
                domains if domains is None else tuple(domains.split(",")),
            ),
            since=manifest["since"],
            until=manifest["until"],
            timezone=manifest["timezone"],
            only=asked["only"],
            style=style,
        )


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

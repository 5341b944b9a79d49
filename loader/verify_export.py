"""An export, and the logs that it was made of -> what is wrong with it.

All that it holds may be forged: nothing of it is run, and no file outside of it is read.
"""

from __future__ import annotations

import csv
import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from .chain import BEGINNING, next_link, unhex
from .errors import MailsqlError
from .export import MANIFEST, PROOFS
from .read_anew import row_faults
from .signature import signer_of
from .sources import ByteStream, Source, find_sources, open_source
from .streams import lines_of
from .verify import faults, original
from .visible import one_line

LINES = "log_lines.csv"
PIECE_BYTES = 2**20
KEYS_IN_WORD = 1024
LINE_ENDS = (b"\n", b"\r\n", b"")


class ExportedLine(NamedTuple):
    """A line as the export shows it.

    Attributes:
        line_no: its number in its log.
        data: its bytes without line end.
    """

    line_no: int
    data: bytes


def verify_export(
    directory: Path,
    logs: Sequence[str],
    allowed_signers: Path | None,
    tell: Callable[[str], None],
    *,
    now: datetime,
    forms: Path | None = None,
) -> Iterator[str]:
    """Yield what is wrong with an export, in words; tell what is right with it.

    Args:
        directory: of the export.
        logs: the original logs, plain or compressed, or directories of them.
        allowed_signers: list of who may have signed it; None: no signature is asked for.
        tell: told what was verified.
        now: current time.
        forms: directory of the forms of one's own that the logs were read with.

    Raises:
        MailsqlError: there is no export, or the signature is nobody's of the list.
        UsageError: the forms cannot be used.
        InputError: a log cannot be read.
    """
    try:
        content = (directory / MANIFEST).read_bytes()
    except OSError as error:
        raise MailsqlError(
            f"{directory / MANIFEST}: {error.strerror or error}", "name the folder of an export"
        ) from error
    tell(f"SHA-256 of {MANIFEST}: {hashlib.sha256(content).hexdigest()}")
    if allowed_signers is not None:
        tell(f"signed by {signer_of(directory / MANIFEST, allowed_signers)}")
    wrong = False
    for fault in faults(directory):
        wrong = True
        yield one_line(fault)
    try:
        manifest: dict[str, Any] = json.loads(content)
        if not wrong:
            tell(f"{len(manifest['files']):,} files are as the manifest says")
            yield from _count_faults(directory, manifest)
            yield from _chain_faults(manifest, tell)
            _tell_proofs(manifest, tell)
        if manifest.get("pseudonyms") is not None:
            if logs:
                tell(
                    "logs were not compared: the export has pseudonyms, the logs have none, and "
                    "hashes of what is in clear are left out"
                )
            return
        given: dict[int, Source] = {}
        for source in _sources(logs, now):
            for log in _logs_of(source, manifest):
                given[log["file_key"]] = source
                yield from _log_faults(directory, manifest, log, source, tell)
            if source not in given.values():
                yield f"{one_line(source.name)}: no log of the export begins like this one"
        if given:
            yield from row_faults(directory, manifest, given, tell, now, forms)
    except (LookupError, TypeError, ValueError, AttributeError, csv.Error) as error:
        yield one_line(f"not as mailsql writes it: {error!r}")


def _tell_proofs(manifest: dict[str, Any], tell: Callable[[str], None]) -> None:
    counts = manifest["proofs"]
    if counts is None:
        tell("no lines are in the export, so that none is proven")
        return
    if manifest.get("pseudonyms") is not None:
        tell(
            f"{counts['unproven']:,} lines have pseudonyms: no hash proves them, only the manifest"
        )
        return
    tell(f"{counts['proven']:,} lines are proven: each leads to the root of its batch")
    if counts["unproven"]:
        tell(
            f"{counts['unproven']:,} lines were loaded without a hash tree: only the original log, "
            "by the SHA-256 of their batch, can prove them"
        )


def _sources(logs: Sequence[str], now: datetime) -> list[Source]:
    found, errors = find_sources(logs, now.date()) if logs else ([], {})
    for error in errors.values():
        raise error
    return found


def _count_faults(directory: Path, manifest: dict[str, Any]) -> Iterator[str]:
    """Yield files of other counts than the manifest's, and rows whose line is not in the export.

    All lines of its rows are there where it holds somebody's mail.
    """
    files, asked = manifest["files"], manifest["asked"]
    holds_lines = LINES in files and bool(asked["addresses"] or asked["domain"])
    keys = _set_of_keys(directory / LINES) if holds_lines else {}
    for name, said in files.items():
        if not name.endswith(".csv") or "rows" not in said:
            continue
        row_count = 0
        for row_count, key in enumerate(_line_keys(directory / name), 1):
            if holds_lines and key is not None and not _holds(keys, key):
                yield f"{name}: the line of row {row_count:,} is not in {LINES}"
        if row_count != said["rows"]:
            yield f"{name}: {row_count:,} rows, and {said['rows']:,} in the manifest"
    counts = manifest["proofs"] or {"proven": 0}
    if counts["proven"] != files.get(PROOFS, {"rows": 0})["rows"]:
        yield f"{PROOFS}: another count than the manifest tells of proofs"


def _set_of_keys(path: Path) -> dict[int, int]:
    """The keys of the lines of a file, a bit for each in words of KEYS_IN_WORD."""
    words: defaultdict[int, int] = defaultdict(int)
    for key in _line_keys(path):
        if key is not None:
            words[key // KEYS_IN_WORD] |= 1 << key % KEYS_IN_WORD
    return words


def _holds(words: dict[int, int], key: int) -> bool:
    return bool(words.get(key // KEYS_IN_WORD, 0) >> key % KEYS_IN_WORD & 1)


def _chain_faults(manifest: dict[str, Any], tell: Callable[[str], None]) -> Iterator[str]:
    """Yield the batches whose place in the chain of hashes is not what comes of those before."""
    loaded = {batch["batch_key"]: batch for log in manifest["logs"] for batch in log["batches"]}
    forgotten = {batch["batch_key"]: batch for batch in manifest["forgotten_batches"]}
    chain = BEGINNING
    for key in sorted({*loaded, *forgotten}):
        chain = next_link(chain, unhex((loaded.get(key) or forgotten[key])["commitment"]))
        if key in loaded and chain.hex() != loaded[key]["chain"]:
            yield f"batch {key}: the chain of hashes breaks here"
            return
    tell(f"last value of the chain of hashes: {chain.hex()}")


def _line_keys(path: Path) -> Iterator[int | None]:
    """Yield the key of the line of each row; None where rows come from several lines."""
    csv.field_size_limit(2**31 - 1)
    with path.open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            if "log_file_key" in row:
                yield int(row["log_file_key"]) * 2**32 + int(row["log_line_no"])
            else:
                yield None


def _lines_of(directory: Path, manifest: dict[str, Any], file_key: int) -> Iterator[ExportedLine]:
    """Yield the lines of the export that are of a log, in order."""
    if LINES not in manifest["files"]:
        return
    csv.field_size_limit(2**31 - 1)
    with (directory / LINES).open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            log_key, line_no = divmod(int(row["line_key"]), 2**32)
            if log_key == file_key:
                yield ExportedLine(line_no, original(row["line"], manifest["formula"]))


def _logs_of(source: Source, manifest: dict[str, Any]) -> list[dict[str, Any]]:
    """The logs of an export that a file is, by the bytes that identify them."""
    found = []
    for log in manifest["logs"]:
        with open_source(source) as stream:
            head = stream.read(int(log["identity_bytes"]))
        if hashlib.sha256(head).hexdigest() == log["identity_sha256"]:
            found.append(log)
    return found


def _log_faults(
    directory: Path,
    manifest: dict[str, Any],
    log: dict[str, Any],
    source: Source,
    tell: Callable[[str], None],
) -> Iterator[str]:
    """Yield where an original log says otherwise than the export."""
    name, wrong, line_count = one_line(source.name), False, 0
    with open_source(source) as stream:
        for fault in _batch_faults(stream, log):
            wrong = True
            yield f"{name}: {fault}"
    with open_source(source) as stream:
        exported = _lines_of(directory, manifest, log["file_key"])
        erased = set(log.get("erased_line_nos", []))
        for line, fault in _compared(stream, exported):
            if line.line_no in erased:
                continue
            line_count += 1
            if fault:
                wrong = True
                yield f"{name}: line {line.line_no:,} {fault}"
    if not wrong:
        batch_count = len(log["batches"])
        batches = "1 batch" if batch_count == 1 else f"{batch_count:,} batches"
        lines = "1 exported line" if line_count == 1 else f"{line_count:,} exported lines"
        tell(f"{name}: {batches} and {lines} found there")


def _batch_faults(stream: ByteStream, log: dict[str, Any]) -> Iterator[str]:
    """Yield the batches whose bytes in the log have another hash."""
    place = 0
    for batch in log["batches"]:
        first, last = int(batch["first_byte"]), int(batch["last_byte"])
        for _ in _pieces(stream, first - place):
            pass
        digest = hashlib.sha256()
        for piece in _pieces(stream, last + 1 - first):
            digest.update(piece)
        place = last + 1
        if digest.hexdigest() != batch["sha256"]:
            yield f"bytes {first:,} to {last:,} are not those that were loaded"


def _pieces(stream: ByteStream, byte_count: int) -> Iterator[bytes]:
    while byte_count > 0 and (piece := stream.read(min(byte_count, PIECE_BYTES))):
        yield piece
        byte_count -= len(piece)


def _compared(
    stream: ByteStream, exported: Iterator[ExportedLine]
) -> Iterator[tuple[ExportedLine, str]]:
    """Yield each exported line, and what is wrong with it in the log; empty if nothing is."""
    lines = enumerate(lines_of(stream), 1)
    number, data = 0, b""
    for line in exported:
        while number < line.line_no:
            found = next(lines, None)
            if found is None:
                break
            number, data = found
        if number != line.line_no:
            yield line, "is not in this log"
        elif not any(line.data + end == data for end in LINE_ENDS):
            yield line, "is another one in this log"
        else:
            yield line, ""

"""Paths -> log streams in time order, opened as bytes: which files are logs, how they are
compressed, whether they can still grow, and the date that dates their stamps.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import re
import sys
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import BinaryIO, cast

from .errors import InputError

STANDARD_INPUT = "-"
LOG_NAME = re.compile(r"(?:^|[._-])(?:mail|maillog|postfix|dovecot)", re.IGNORECASE)
# Debian's syslog writes these lines to mail.log as well
REPEATED_NAME = re.compile(r"^mail\.(?:err|warn|info)(?:$|\.)")
# Databases stand beside the logs, mail.duckdb as mailsql's own default
DATABASE_NAME = re.compile(r"\.(?:duckdb|db)(?:\.wal)?$")
ROTATED = re.compile(
    r"^(?P<base>.*?)[._-](?:(?P<number>\d{1,3})|(?P<date>\d{4}-?\d{2}-?\d{2})(?:[-_T]?\d{2,6})?)$"
)
COMPRESSED_SUFFIX = re.compile(r"\.(?:gz|bz2|xz)$")
MAGIC = {b"\x1f\x8b": "gzip", b"BZh": "bzip2", b"\xfd7zXZ\x00": "xz"}
# Control characters that no text holds; NUL is left out, for a crash leaves runs of it in logs
BINARY_BYTES = bytes([*range(1, 8), *range(14, 27), *range(28, 32), 127])
SNIFFED_BYTES = 65536


@dataclass(frozen=True)
class Source:
    """A log as the user named it.

    Attributes:
        path: the file, or None for standard input.
        compression: gzip, bzip2, xz, or None.
        is_closed: nothing is appended any more, so a last line without newline is whole.
        reference_date: day of its last change; stamps without a year are not after it.
    """

    path: Path | None
    compression: str | None
    is_closed: bool
    reference_date: date

    @property
    def name(self) -> str:
        """The path as shown to the user."""
        return STANDARD_INPUT if self.path is None else str(self.path)


def find_sources(paths: Sequence[str], today: date) -> list[Source]:
    """Return the logs under the given paths, older parts of a rotated log first.

    Args:
        paths: files, directories, or "-" for standard input.
        today: dates the stamps of standard input.

    Raises:
        InputError: a path does not exist, is no text, or holds no mail log.
    """
    files: list[Path] = []
    has_standard_input = False
    for given in paths:
        path = Path(given)
        try:
            if given == STANDARD_INPUT:
                has_standard_input = True
            elif path.is_dir():
                files += _logs_in_directory(path)
            elif path.is_file():
                files.append(path)
            elif path.exists():
                raise InputError(f"{given}: not a regular file", "pipe it in and name -")
            else:
                raise InputError(
                    f"{given}: no such file", "check the path; a directory works as well"
                )
        except OSError as error:
            raise _unreadable(given, error) from error
    unique = sorted({file.resolve(): file for file in files}.values(), key=_age_order)
    sources = [_describe(file) for file in unique]
    if has_standard_input:
        sources.append(Source(None, None, True, today))
    return sources


@contextmanager
def open_source(source: Source) -> Iterator[BinaryIO]:
    """Open a log for reading its uncompressed bytes.

    Raises:
        InputError: it cannot be opened, or breaks off or is damaged while being read.
    """
    try:
        if source.path is None:
            yield sys.stdin.buffer
        elif source.compression == "gzip":
            with gzip.open(source.path) as stream:
                yield cast(BinaryIO, stream)
        elif source.compression == "bzip2":
            with bz2.open(source.path) as stream:
                yield cast(BinaryIO, stream)
        elif source.compression == "xz":
            with lzma.open(source.path) as stream:
                yield cast(BinaryIO, stream)
        else:
            with source.path.open("rb") as stream:
                yield stream
    except (EOFError, zlib.error, lzma.LZMAError, gzip.BadGzipFile) as error:
        raise InputError(
            f"{source.name}: damaged {source.compression} file ({error}); nothing of it was loaded",
            "copy the file again, or unpack what is readable and load that",
        ) from error
    except OSError as error:
        raise _unreadable(source.name, error) from error


def _unreadable(name: str, error: OSError) -> InputError:
    may_not = isinstance(error, PermissionError)
    hint = "run as a user who may read it, or with sudo" if may_not else "check path and disk"
    return InputError(f"{name}: {error.strerror or error}", hint)


def check_text(head: bytes, name: str) -> None:
    """Refuse bytes that are no text.

    Raises:
        InputError: more than one byte in fifty is a control character.
    """
    text = head.replace(b"\0", b"")
    if len(text.translate(None, BINARY_BYTES)) < len(text) * 0.98:
        raise InputError(f"{name}: binary data, not a log", "name text logs, plain or compressed")


def _logs_in_directory(directory: Path) -> list[Path]:
    names = [
        path
        for path in directory.iterdir()
        if path.is_file() and LOG_NAME.search(path.name) and not DATABASE_NAME.search(path.name)
    ]
    logs = [path for path in names if not REPEATED_NAME.search(path.name)] or names
    if not logs:
        raise InputError(
            f"{directory}: no mail logs in this directory",
            "name the files; in a directory, names with mail, postfix or dovecot are taken",
        )
    return logs


def _age_order(path: Path) -> tuple[str, str, int, str, int]:
    """Sort key: parts of one rotated log from the oldest to the one still written."""
    stem = COMPRESSED_SUFFIX.sub("", path.name)
    rotated = ROTATED.match(stem)
    if not rotated:
        return str(path.parent), stem, 1, "", 0
    day = (rotated["date"] or "").replace("-", "")
    return str(path.parent), rotated["base"], 0, day, -int(rotated["number"] or 0)


def _describe(path: Path) -> Source:
    try:
        with path.open("rb") as stream:
            magic = stream.read(6)
        changed = datetime.fromtimestamp(path.stat().st_mtime).date()
    except OSError as error:
        raise _unreadable(str(path), error) from error
    compression = next((MAGIC[start] for start in MAGIC if magic.startswith(start)), None)
    rotated = ROTATED.match(COMPRESSED_SUFFIX.sub("", path.name))
    reference_date = changed
    if rotated and rotated["date"]:
        try:
            reference_date = datetime.strptime(rotated["date"].replace("-", ""), "%Y%m%d").date()
        except ValueError:
            rotated = None
    return Source(path, compression, bool(compression or rotated), reference_date)

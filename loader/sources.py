"""Paths -> log streams in time order, opened as bytes: which files are logs, how they are
compressed, whether they can still grow, and the date that dates their stamps.
"""

from __future__ import annotations

import errno
import io
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import IO, Protocol

from .decompress import MAGIC, DecompressedFile
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
# Control characters that no text holds; NUL is left out, for a crash leaves runs of it in logs
BINARY_BYTES = bytes([*range(1, 8), *range(14, 27), *range(28, 32), 127])
SNIFFED_BYTES = 65536


class ByteStream(Protocol):
    """Bytes of a log, uncompressed."""

    def read(self, count: int, /) -> bytes:
        """Return the next bytes, fewer only at the end."""
        ...

    def seek(self, position: int, /) -> object:
        """Go on reading at a place; standard input cannot."""
        ...


@dataclass(frozen=True)
class Source:
    """A log as the user named it.

    Attributes:
        path: the file, or None for standard input.
        compression: gzip, bzip2, xz, or None.
        is_closed: nothing is appended any more, so a last line without newline is whole.
        reference_date: day of its last change; stamps without a year are not after it.
        rotation: what the parts of one rotated log have in common: folder and base name of the
            path; None for standard input.
    """

    path: Path | None
    compression: str | None
    is_closed: bool
    reference_date: date
    rotation: str | None

    @property
    def name(self) -> str:
        r"""The path as shown and stored; bytes of it that are no UTF-8 as \xNN."""
        if self.path is None:
            return STANDARD_INPUT
        return _shown_path(self.path)


def find_sources(paths: Sequence[str], today: date) -> tuple[list[Source], dict[str, InputError]]:
    """Return the logs under the given paths, older parts of a rotated log first, and the faults.

    Args:
        paths: files, directories, or "-" for standard input.
        today: dates the stamps of standard input.

    Returns:
        The logs; and for each path that does not exist, is no file, cannot be read or holds no
        mail log, why.
    """
    files: list[Path] = []
    faults: dict[str, InputError] = {}
    for given in paths:
        if given == STANDARD_INPUT:
            continue
        try:
            files += _find_files(given)
        except InputError as error:
            faults[given] = error
        except OSError as error:
            faults[given] = _unreadable(given, error)
    unique = sorted({file.resolve(): file for file in files}.values(), key=_age_order)
    sources = []
    for file in unique:
        try:
            sources.append(_describe(file))
        except OSError as error:
            faults[str(file)] = _unreadable(str(file), error)
    if STANDARD_INPUT in paths:
        sources.append(Source(None, None, True, today, None))
    return sources, faults


def _find_files(given: str) -> list[Path]:
    path = Path(given)
    if path.is_dir():
        return _logs_in_directory(path)
    if path.is_file():
        return [path]
    if path.exists():
        raise InputError(f"{given}: not a regular file", "pipe it in and name -")
    raise InputError(f"{given}: no such file", "check the path; a directory works as well")


class StandardInput:
    """Standard input, read past the buffer of sys.stdin, whose lock a waiting thread would hold."""

    def __init__(self) -> None:
        self._raw = io.FileIO(0, closefd=False)
        self._returned: IO[bytes] = io.BytesIO()

    def read(self, count: int) -> bytes:
        """Return the next bytes, fewer only at the end."""
        parts = [self._returned.read(count)]
        count -= len(parts[0])
        while count > 0 and (part := self._raw.read(count)):
            parts.append(part)
            count -= len(part)
        return b"".join(parts)

    def give_back(self, file: IO[bytes]) -> None:
        """Read what follows in a file once more, before what comes."""
        self._returned = file

    def seek(self, position: int) -> object:
        """Refuse: nothing comes twice.

        Raises:
            io.UnsupportedOperation: always.
        """
        raise io.UnsupportedOperation("seek")


@contextmanager
def open_source(source: Source) -> Iterator[ByteStream]:
    """Open a log for reading its uncompressed bytes.

    Raises:
        InputError: it cannot be opened or read.
    """
    try:
        if source.path is None:
            yield StandardInput()
        elif source.compression is not None:
            with closing(DecompressedFile(source.path, source.compression)) as unpacked:
                yield unpacked
        else:
            with source.path.open("rb") as stream:
                yield stream
    except OSError as error:
        # Of the temporary files: no log is to blame
        if error.errno == errno.ENOSPC:
            raise
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
    with path.open("rb") as stream:
        magic = stream.read(6)
    changed = datetime.fromtimestamp(path.stat().st_mtime).date()
    compression = next((MAGIC[start] for start in MAGIC if magic.startswith(start)), None)
    rotated = ROTATED.match(COMPRESSED_SUFFIX.sub("", path.name))
    reference_date = changed
    if rotated and rotated["date"]:
        try:
            reference_date = datetime.strptime(rotated["date"].replace("-", ""), "%Y%m%d").date()
        except ValueError:
            rotated = None
    folder, base, *_ = _age_order(Path(_shown_path(path)).absolute())
    is_closed = bool(compression or rotated)
    return Source(path, compression, is_closed, reference_date, str(Path(folder, base)))


def _shown_path(path: Path) -> str:
    return os.fsencode(path).decode("utf-8", "backslashreplace")

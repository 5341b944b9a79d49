"""A database -> a copy of it as it stands between two batches."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from glob import escape
from pathlib import Path
from tempfile import TemporaryDirectory

from .database import WAIT_SECONDS, file_error
from .errors import RoomError, UsageError
from .private import created_with
from .replacement import give_to_owner, held, sync
from .room import BYTES_PER_MB
from .snapshot import copy_file


def back_up(
    database: Path,
    copy: Path,
    *,
    wait_seconds: float = WAIT_SECONDS,
    on_wait: Callable[[str], None] | None = None,
) -> int:
    """Copy a database to a new file, readable by those who may read it, and return its bytes.

    The copy is one file, without a write-ahead log. It appears under its name when it is whole,
    except on file systems where a file has one name only.

    Args:
        database: the DuckDB file; it is held while it is copied.
        copy: the new file.
        wait_seconds: for how long to wait where another process holds the database.
        on_wait: told who holds it when waiting begins.

    Raises:
        UsageError: there is a file of that name, or no directory for it.
        HeldError: another process holds the database.
        DatabaseError: it cannot be opened, or there is no room.
    """
    if copy.exists() or copy.is_symlink():
        raise _taken(copy)
    folder = copy.absolute().parent
    if not folder.is_dir():
        raise UsageError(f"{folder}: no such directory", "name a file in one that is there")
    with held(database, wait_seconds, on_wait) as source:
        found = os.fstat(source.fileno())
        free = shutil.disk_usage(folder).free
        if free < found.st_size:
            raise RoomError(
                f"{folder}: {free / BYTES_PER_MB:,.0f} MB are free, and "
                f"{found.st_size / BYTES_PER_MB:,.0f} MB are needed",
                "make room there",
            )
        try:
            with (
                created_with(found.st_mode & 0o666),
                _place_beside(copy) as place,
            ):
                new = place / copy.name
                copy_file(source, new)
                _give(new, found)
                sync(new)
                _name(new, copy)
                sync(folder)
        except FileExistsError as error:
            raise _taken(copy) from error
        except OSError as error:
            raise file_error(copy, error) from error
    return found.st_size


@contextmanager
def _place_beside(copy: Path) -> Iterator[Path]:
    """Make a directory for a file to be; those that killed processes left go.

    Raises:
        OSError: it cannot be made.
    """
    folder, prefix = copy.absolute().parent, f".{copy.name}-"
    for left in folder.glob(f"{escape(prefix)}*/"):
        with suppress(OSError), _locked(left) as is_unused:
            if is_unused:
                (left / copy.name).unlink(missing_ok=True)
                left.rmdir()
    with TemporaryDirectory(dir=folder, prefix=prefix) as place, _locked(Path(place)):
        yield Path(place)


@contextmanager
def _locked(directory: Path) -> Iterator[bool]:
    """Hold a directory as long as this process lives; tell whether nobody else does, and it can be.

    Raises:
        OSError: it cannot be opened.
    """
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        is_ours = False
        # Another process holds it, or the file system knows no such locks
        with suppress(OSError):
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            is_ours = True
        yield is_ours
    finally:
        os.close(handle)


def _name(new: Path, copy: Path) -> None:
    """Give a whole file its name, which unlike by a rename takes nobody's place.

    Raises:
        FileExistsError: somebody has it.
        OSError: the file cannot be made.
    """
    try:
        os.link(new, copy)
    except OSError as error:
        # Some file systems have no second names
        if error.errno not in (errno.EPERM, errno.EOPNOTSUPP):
            raise
        _copy_to(new, copy)


def _copy_to(new: Path, copy: Path) -> None:
    """Copy a file to a new one with the same owner and mode; remove what fails half-way.

    Raises:
        FileExistsError: there is one.
        OSError: the file cannot be made.
    """
    with new.open("rb") as source, copy.open("xb") as target:
        try:
            shutil.copyfileobj(source, target, BYTES_PER_MB)
            _give(copy, os.fstat(source.fileno()))
            target.flush()
            os.fsync(target.fileno())
        except BaseException:
            copy.unlink()
            raise


def _give(file: Path, found: os.stat_result) -> None:
    """Give a file owner, group and mode of another one; who may not give it away keeps it."""
    with suppress(PermissionError):
        give_to_owner(file, found)
    file.chmod(found.st_mode & 0o777)


def _taken(copy: Path) -> UsageError:
    return UsageError(f"{copy}: there is a file of this name", "name a new one")

"""A database -> a copy beside it that is changed and then takes its place by a rename.

The old file stays whole, and locked, until then.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from .database import WAIT_SECONDS, file_error, left_behind, open_database, speaking_of
from .errors import DatabaseError, HeldError
from .private import created_with
from .room import look_for_room
from .snapshot import copy_file


@contextmanager
def replaced(
    database: Path,
    what: str,
    tell: Callable[[str], None],
    wait_seconds: float = WAIT_SECONDS,
    on_wait: Callable[[str], None] | None = None,
) -> Iterator[Path]:
    """Make a copy of a database, which takes its place at the end unless there is an error.

    Args:
        database: the DuckDB file, held and unchanged until then.
        what: what is done with the copy, in words.
        tell: told what is done, and the room that it takes.
        wait_seconds: for how long to wait where another process holds it.
        on_wait: told who holds it when waiting begins.

    Raises:
        HeldError: another process holds it.
        DatabaseError: it cannot be opened, or there is no room.
    """
    path = database.resolve()
    with held(path, wait_seconds, on_wait) as old:
        found = path.stat()
        look_for_room(path, path.parent, what, tell)
        place = left_behind(path)
        try:
            with created_with(found.st_mode & 0o666), speaking_of(database):
                place.mkdir()
                new = place / path.name
                copy_file(old, new)
                yield new
            if new.with_name(f"{new.name}.wal").exists():
                raise DatabaseError(f"{new}: not written to its end", "try again")
            give_to_owner(new, found)
            new.chmod(found.st_mode & 0o7777)
            sync(new)
            new.rename(path)
            sync(path.parent)
        except OSError as error:
            raise file_error(database, error) from error
        finally:
            shutil.rmtree(place, ignore_errors=True)


@contextmanager
def held(
    path: Path, wait_seconds: float, on_wait: Callable[[str], None] | None
) -> Iterator[IO[bytes]]:
    """Open the file, whole without a write-ahead log, and keep others from writing to it.

    Args:
        path: the DuckDB file.
        wait_seconds: for how long to wait where another process holds it.
        on_wait: told who holds it when waiting begins.

    Raises:
        HeldError: another process holds it.
    """
    deadline = time.monotonic() + wait_seconds
    while True:
        left = max(0.0, deadline - time.monotonic())
        with open_database(
            path,
            read_only=False,
            creates=False,
            wait_seconds=left,
            on_wait=on_wait,
            is_updated=False,
        ) as connection:
            connection.execute("force checkpoint")
        with path.open("rb") as file:
            # Of this open file, so that it outlives what the engine opens and closes (fcntl(2))
            lock = struct.pack("hhqqi4x", fcntl.F_RDLCK, os.SEEK_SET, 0, 0, 0)
            try:
                fcntl.fcntl(file, fcntl.F_OFD_SETLK, lock)
                is_held = True
            except OSError:
                is_held = False
            # Another process may have been quicker, and may even have been killed
            if is_held and not Path(f"{path}.wal").exists() and _is_at(file, path):
                yield file
                return
        if time.monotonic() > deadline:
            raise HeldError(f"{path}: in use by another process", "wait for it to end")


def _is_at(file: IO[bytes], path: Path) -> bool:
    """Whether an open file is the one that a path leads to."""
    return os.path.samestat(os.fstat(file.fileno()), path.stat())


def give_to_owner(path: Path, owner: os.stat_result) -> None:
    """Give a file to the user and the group of another one, unless it is theirs.

    Args:
        path: the file.
        owner: state of the other one.

    Raises:
        OSError: this user may not.
    """
    made = path.stat()
    # A service may be kept from the call itself
    if (made.st_uid, made.st_gid) != (owner.st_uid, owner.st_gid):
        os.chown(path, owner.st_uid, owner.st_gid)


def sync(path: Path) -> None:
    """Have what was written to a file or directory on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

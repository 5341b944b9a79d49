"""A database -> a copy of it as it stands between two batches."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from .database import WAIT_SECONDS, speaking_of
from .errors import DatabaseError, UsageError
from .private import created_with
from .replacement import held, sync
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

    The copy is one file, without a write-ahead log. It appears under its name when it is whole.

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
            raise DatabaseError(
                f"{folder}: {free / BYTES_PER_MB:,.0f} MB are free, and "
                f"{found.st_size / BYTES_PER_MB:,.0f} MB are needed",
                "make room there",
            )
        with (
            created_with(found.st_mode & 0o666),
            speaking_of(copy),
            TemporaryDirectory(dir=folder, prefix=f".{copy.name}-") as place,
        ):
            new = Path(place) / copy.name
            copy_file(source, new)
            new.chmod(found.st_mode & 0o777)
            sync(new)
            try:
                # Unlike a rename it takes nobody's place
                os.link(new, copy)
            except FileExistsError as error:
                raise _taken(copy) from error
            sync(folder)
    return found.st_size


def _taken(copy: Path) -> UsageError:
    return UsageError(f"{copy}: there is a file of this name", "name a new one")

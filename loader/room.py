"""Room on the disk: looked for and told beforehand, and known in what fails for want of it."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from .errors import RoomError

BYTES_PER_MB = 1_000_000
# Of the disk, of a quota, and of the largest file that a process may write
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
# The engine spills what does not fit into memory, as far as there was room when it began
SPILL_LIMIT = "max_temp_directory_size"


@contextmanager
def writing(place: Path) -> Iterator[None]:
    """Say of a file, or of what is written into a directory, that there is no room for it.

    Args:
        place: the file or the directory, and nothing else is written.

    Raises:
        RoomError: there is none.
    """
    try:
        yield
    except (OSError, duckdb.Error) as error:
        if not (is_full(error) if isinstance(error, OSError) else tells_full(str(error))):
            raise
        raise RoomError(
            f"{place}: no room on the disk",
            "make room there (disk, quota), and do the same again; what it holds now is not whole",
        ) from error


def no_room(name: Path | str) -> RoomError:
    """Return the error of something for which the disk, or a quota, has no room."""
    return RoomError(
        f"{name}: no room on the disk",
        "make room there (disk, quota, temporary files), and do the same again: a load continues",
    )


def is_full(error: OSError) -> bool:
    """Whether there is no room for what was to be written."""
    return error.errno in FULL


def tells_full(said: str) -> bool:
    """Whether the engine says so."""
    return SPILL_LIMIT in said or any(os.strerror(number) in said for number in FULL)


def look_for_room(database: Path, directory: Path, what: str, tell: Callable[[str], None]) -> None:
    """Tell what is done, where, and about how much room it takes.

    Args:
        database: the DuckDB file, all rows of which are derived again.
        directory: where they are.
        what: what is done, in words.
        tell: told so.

    Raises:
        RoomError: there is clearly less.
    """
    # A little more than the file itself: what is sorted and joined may be spilled
    needed = database.stat().st_size * 5 // 4
    free = shutil.disk_usage(directory).free
    if free < needed:
        raise RoomError(
            f"{directory}: {free / BYTES_PER_MB:,.0f} MB are free, and about "
            f"{needed / BYTES_PER_MB:,.0f} MB are needed",
            "make room there",
        )
    tell(f"{what}, in {directory}, which takes about {needed / BYTES_PER_MB:,.0f} MB for that time")

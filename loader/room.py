"""Room on the disk for all rows of a database once more: looked for and told beforehand."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from .errors import RoomError

BYTES_PER_MB = 1_000_000


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

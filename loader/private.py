"""Files that hold what a log says are for those who may read the log: modes, whatever the umask.

What the engine creates beside a database follows the umask alone, so that is set around it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

OWNER_ONLY = 0o600
GROUP_READABLE = 0o640


def file_mode(group_readable: bool) -> int:
    """Return the mode of a new file."""
    return GROUP_READABLE if group_readable else OWNER_ONLY


def directory_mode(mode: int) -> int:
    """Return the mode of a directory for files of a mode: who may read them may enter it."""
    return mode | (mode & 0o444) >> 2


@contextmanager
def created_with(mode: int) -> Iterator[None]:
    """Create files with a mode, directories with the one that fits; what exists keeps its own.

    The umask is the process's: nothing else may create files in the meantime.
    """
    before = os.umask(0o777 & ~directory_mode(mode))
    try:
        yield
    finally:
        os.umask(before)


def beside(path: Path, mode: int) -> int:
    """Return the mode of files beside one: its own, or that given where it does not exist."""
    try:
        return path.stat().st_mode & 0o666
    except OSError:
        return mode

"""A text -> a file that is whole, or as it was before: written aside, and then put in its place."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from .errors import RoomError
from .private import beside
from .room import is_full


def write_whole(text: str, file: Path, mode: int) -> bool:
    """Write a file; what is there keeps its mode and owner. Return False where nothing was done.

    That is where it is no regular file or may not be written, or its directory takes no new file.

    Args:
        text: all of it.
        file: where; a link stays one.
        mode: of a new file.

    Raises:
        RoomError: the disk is full; the file is what it was.
        OSError: it cannot be written.
    """
    path = file.resolve()
    if path.exists() and not (path.is_file() and os.access(path, os.W_OK)):
        return False
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".mailsql-", suffix=".new")
    except OSError as error:
        if is_full(error):
            raise _full(file) from error
        return False
    made = Path(name)
    try:
        with os.fdopen(handle, "wb") as target:
            target.write(text.encode())
            target.flush()
            os.fsync(handle)
        if not _takes_after(made, path, mode):
            return False
        made.replace(path)
    except OSError as error:
        if is_full(error):
            raise _full(file) from error
        raise
    finally:
        made.unlink(missing_ok=True)
    return True


def _full(file: Path) -> RoomError:
    return RoomError(f"{file}: no room on the disk", "make room there; it is what it was")


def _takes_after(made: Path, path: Path, mode: int) -> bool:
    """Whether a new file has got the mode and the owner of the one in whose place it comes."""
    made.chmod(beside(path, mode))
    if not path.exists():
        return True
    found, ours = path.stat(), made.stat()
    if (found.st_uid, found.st_gid) == (ours.st_uid, ours.st_gid):
        return True
    try:
        os.chown(made, found.st_uid, found.st_gid)
    except PermissionError:
        return False
    return True

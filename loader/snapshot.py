"""A copy of the database for a shell of its own: loads go on, and the copy goes when it is left."""

from __future__ import annotations

import fcntl
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import IO

from .database import file_error, open_database

# Linux: the copy shares its blocks with the file until one of them changes (btrfs, XFS, bcachefs)
FICLONE = 0x40049409


def open_snapshot(program: str, database: Path, *, is_writing: bool) -> int:
    """Open a copy of a database in the DuckDB shell; return the shell's exit code.

    Args:
        program: the DuckDB shell.
        database: the DuckDB file; it is held while it is copied only.
        is_writing: whether the copy may be changed.

    Raises:
        DatabaseError: as open_database, or there is no room for the copy.
        OSError: there is no right to write beside the file.
    """
    with tempfile.TemporaryDirectory(dir=database.parent, prefix=f".{database.name}-") as place:
        copy = Path(place) / database.name
        # No other process writes while this one reads
        with open_database(database):
            for suffix in ("", ".wal"):
                original = Path(f"{database}{suffix}")
                if original.exists():
                    try:
                        with original.open("rb") as source:
                            copy_file(source, Path(f"{copy}{suffix}"))
                    except OSError as error:
                        raise file_error(copy, error) from error
        command = [program, *([] if is_writing else ["-readonly"]), str(copy)]
        return subprocess.run(command, check=False).returncode


def copy_file(source: IO[bytes], copy: Path) -> None:
    """Copy an open file to a new one, sharing its blocks where the file system can."""
    with copy.open("xb") as target:
        try:
            fcntl.ioctl(target, FICLONE, source.fileno())
        except OSError:
            shutil.copyfileobj(source, target, 1048576)

"""How much memory a command may take -> the engine's limit, and what is loaded at once.

The engine counts most of what it takes; what it does not count, and Python, stand beside its limit.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from .errors import UsageError

MIB = 2**20
# Of the machine's, where nothing else is told
SHARE = 4
MOST_UNTOLD_BYTES = 4096 * MIB
# Python, a line, and what the engine does not count (docs/design.md)
OUTSIDE_BYTES = 261 * MIB
SMALLEST_BYTES = 512 * MIB
# A batch takes up to so many times its bytes. Smaller ones cost time and save no memory, larger
# ones save no time (docs/design.md)
TIMES_A_BATCH = 8
SMALLEST_BATCH_BYTES = 128 * MIB
LARGEST_BATCH_BYTES = 512 * MIB
SIZE = re.compile(r"(\d+(?:\.\d+)?) *([KMGT])(i?B)?", re.IGNORECASE)
POWERS = {"K": 1, "M": 2, "G": 3, "T": 4}


@dataclass(frozen=True)
class Memory:
    """What a command may take.

    Attributes:
        total_bytes: of its process, at most.
    """

    total_bytes: int

    @property
    def engine_limit(self) -> str:
        """The limit of what the engine counts, in its words."""
        return f"{(self.total_bytes - OUTSIDE_BYTES) // MIB}MiB"

    @property
    def batch_bytes(self) -> int:
        """Size of the batches that a log is cut into."""
        share = self.total_bytes // TIMES_A_BATCH
        return min(max(share, SMALLEST_BATCH_BYTES), LARGEST_BATCH_BYTES)


def read_memory(size: str | None) -> Memory:
    """Return what a size allows; without one, a share of the machine's memory.

    Args:
        size: as 512MB (powers of 1000), 2GiB or 2G (powers of 1024).

    Raises:
        UsageError: it is no size, or too small.
    """
    if size is None:
        return usual_memory()
    read = SIZE.fullmatch(size.strip())
    if read is None:
        raise UsageError(f"--memory {size}: no size", "a number and its unit: 800MB, 2G")
    number, letter, unit = read.groups()
    base = 1000 if unit is not None and unit.upper() == "B" else 1024
    byte_count = int(float(number) * base ** POWERS[letter.upper()])
    if byte_count < SMALLEST_BYTES:
        raise UsageError(
            f"--memory {size}: too little to work with",
            f"{SMALLEST_BYTES // MIB}MiB is the smallest that works",
        )
    return Memory(byte_count)


@cache
def usual_memory() -> Memory:
    """Return a share of the machine's memory, but no less than what works."""
    share = min(machine_bytes() // SHARE, MOST_UNTOLD_BYTES)
    return Memory(max(share, SMALLEST_BYTES))


def machine_bytes(root: Path = Path("/")) -> int:
    """Return the memory of the machine, or of the control group that the process is in.

    Args:
        root: where proc and sys are.
    """
    physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return min([physical, *_group_limits(root)])


def _group_limits(root: Path) -> Iterator[int]:
    """Yield the limits of the control groups of the process (cgroups(7), version 1 and 2)."""
    groups = root / "sys" / "fs" / "cgroup"
    try:
        lines = (root / "proc" / "self" / "cgroup").read_text().splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, name = line.split(":", 2)
        if controllers == "":
            mount, files = groups, ["memory.max", "memory.high"]
        elif "memory" in controllers.split(","):
            mount, files = groups / "memory", ["memory.limit_in_bytes"]
        else:
            continue
        # Inside a container the name may be the host's: then only the mount itself is there
        within = mount / name.lstrip("/")
        for place in (within, *within.parents):
            if not place.is_relative_to(mount):
                break
            for file in files:
                # "max" is no number: there is no limit
                with suppress(OSError, ValueError):
                    yield int((place / file).read_text())

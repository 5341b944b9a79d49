"""Paths -> the logs in which something may be new, by names and states of files only.

A log is known by its inode, so that a new name makes no new log. One that is written is held open:
what it got before it was rotated is read even where its new name is not known, or gone.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from .errors import InputError
from .journalctl import JournalNews, names_journal
from .sources import (
    COMPRESSED_SUFFIX,
    Source,
    find_files,
    find_sources,
    held_source,
    journal_source,
    may_grow,
    rotated_parts,
)

# A daemon goes on writing until it is told that its log was rotated
HELD_SECONDS = 60.0
# What was written lately is what is still written
LATELY_SECONDS = 86400.0
# More than this between two looks is time in which this process, or the machine, was stopped
LONGEST_STEP_SECONDS = 15.0
# A rotation renames a log, and makes the new one soon after
MISSING_SECONDS = 5.0
# A file that is being compressed is whole when nothing was written for so long
PACKED_SECONDS = 3.0

Inode = tuple[int, int]


@dataclass(frozen=True)
class Look:
    """How a file looked; a file that looks alike holds the same.

    Attributes:
        path: where it was.
        byte_count: its size.
        changed_ns: when its bytes changed.
        touched_ns: when anything of it changed, its name and its rights, too.
    """

    path: Path
    byte_count: int
    changed_ns: int
    touched_ns: int


@dataclass(frozen=True)
class _Held:
    """A log that is held open.

    Attributes:
        descriptor: the open file.
        path: where it was found.
        lost_at: when something else was at its path, by Watch._now; None if it is there.
    """

    descriptor: int
    path: Path
    lost_at: float | None = None


@dataclass(frozen=True)
class News:
    """What is to be loaded.

    Attributes:
        sources: logs that do not look as they did when they were loaded, the older first.
        looks: how they look.
        ended: those that are held, and let go when they are loaded.
        path_faults: of paths without a log, those of a moment ago left out.
        log_faults: of logs that are to be loaded, and cannot be opened.
        waiting_bytes: bytes more than when they were loaded; of compressed files, all.
        journals: those that are among the sources.
    """

    sources: list[Source]
    looks: dict[Inode, Look]
    ended: frozenset[Inode]
    path_faults: dict[str, InputError]
    log_faults: dict[str, InputError]
    waiting_bytes: int
    journals: tuple[JournalNews, ...] = ()


class Watch:
    """Looks at paths again and again, and remembers how what was loaded looked."""

    def __init__(self, paths: Sequence[str]) -> None:
        self._paths = [path for path in paths if not names_journal(path)]
        named = dict.fromkeys(path for path in paths if names_journal(path))
        self._journals = [JournalNews(path) for path in named]
        self._loaded: dict[Inode, Look] = {}
        self._held: dict[Inode, _Held] = {}
        # When paths had a log last, by _now
        self._there_at: dict[str, float] = {}
        # Since when compressed files look as they do
        self._alike_since: dict[Inode, tuple[Look, float]] = {}
        # For how long was looked, and when the last look was, by the monotonic clock
        self._now = 0.0
        self._looked_at = time.monotonic()

    def look(self) -> News:
        """Return what is new since it was loaded."""
        before, self._looked_at = self._looked_at, time.monotonic()
        self._now += min(self._looked_at - before, LONGEST_STEP_SECONDS)
        expanded = self._expanded()
        files, found_faults = find_files(expanded)
        path_faults = self._lasting(expanded, found_faults)
        named = {path.resolve(): path for path in files}
        parts = {
            part.resolve(): part
            for path in named.values()
            if may_grow(path)
            for part in _parts_beside(path)
        }
        found: dict[Inode, Look] = {}
        for path in (*named.values(), *parts.values()):
            with suppress(OSError):
                state = path.stat()
                found.setdefault(_inode(state), _look(path, state))
        self._hold({path for path in named.values() if may_grow(path)}, found)
        gone, looks, ended = self._gone(found)
        unpacked = self._being_packed(found)
        looks |= {
            inode: look
            for inode, look in found.items()
            if look != self._loaded.get(inode) and inode not in unpacked
        }
        sources: list[Source] = []
        log_faults: dict[str, InputError] = {}
        if looks.keys() & found.keys():
            paths = [str(looks[inode].path) for inode in looks.keys() & found.keys()]
            described, unreadable = find_sources(paths, date.today())
            log_faults = {name: why for name, why in unreadable.items() if is_there(Path(name))}
            known = named.keys() | {found[one].path.resolve() for one in self._held.keys() & found}
            # What nobody named is the end of what somebody did, or nothing
            sources = [
                replace(
                    source,
                    must_go_on=source.path is not None and source.path.resolve() not in known,
                )
                for source in described
            ]
        waiting = sum(
            look.byte_count - (self._loaded[inode].byte_count if inode in self._loaded else 0)
            for inode, look in looks.items()
        )
        self._loaded = {
            inode: look
            for inode, look in self._loaded.items()
            if inode in found or inode in self._held
        }
        journals = tuple(journal for journal in self._journals if journal.look())
        sources += [journal_source(one.journal, date.today()) for one in journals]
        waiting = max(0, waiting) + sum(one.waiting_bytes for one in journals)
        return News([*gone, *sources], looks, ended, path_faults, log_faults, waiting, journals)

    def loaded(self, news: News, cursors: Mapping[str, str | None]) -> None:
        """Remember how what was loaded looked before.

        Args:
            news: what was loaded.
            cursors: of each journal that could be loaded, the entry that was read last, if any.
        """
        for one in news.journals:
            if one.journal in cursors:
                one.loaded(cursors[one.journal])
            else:
                one.failed()
        self._loaded |= news.looks
        for inode in news.ended:
            os.close(self._held.pop(inode).descriptor)

    def look_anew(self) -> None:
        """Forget how all looked, so that everything is looked into."""
        self._loaded = {}
        for one in self._journals:
            one.look_anew()

    def close(self) -> None:
        """Let all files go."""
        for held in self._held.values():
            os.close(held.descriptor)
        self._held = {}
        for one in self._journals:
            one.close()

    def _expanded(self) -> list[str]:
        """The paths, and for each pattern what fits it."""
        expanded = []
        for given in self._paths:
            matches: list[str] = []
            path = Path(given)
            # A name with * in it is no pattern; what may not be looked at is told of later
            if not is_there(path):
                with suppress(ValueError, OSError):
                    pattern = str(path.relative_to(path.anchor))
                    matches = sorted(map(str, Path(path.anchor).glob(pattern)))
            if matches:
                self._there_at[given] = self._now
            expanded += matches or [given]
        return expanded

    def _lasting(self, expanded: list[str], faults: dict[str, InputError]) -> dict[str, InputError]:
        """Return the faults of paths that had no log just before."""
        self._there_at |= {given: self._now for given in expanded if given not in faults}
        return {
            given: fault
            for given, fault in faults.items()
            if self._now - self._there_at.get(given, -math.inf) >= MISSING_SECONDS
        }

    def _hold(self, growing: set[Path], found: dict[Inode, Look]) -> None:
        """Hold open what is written, and see what is no longer where it was."""
        lately = time.time_ns() - LATELY_SECONDS * 1e9
        for inode, look in found.items():
            if look.path in growing and look.changed_ns > lately and inode not in self._held:
                with suppress(OSError):
                    descriptor = os.open(look.path, os.O_RDONLY | os.O_CLOEXEC)
                    if _inode(os.fstat(descriptor)) == inode:
                        self._held[inode] = _Held(descriptor, look.path)
                    else:
                        os.close(descriptor)
        for inode, held in self._held.items():
            is_there = inode in found and found[inode].path == held.path
            if not is_there and held.lost_at is None:
                self._held[inode] = replace(held, lost_at=self._now)
                # What was read at its path may have been something else already
                self._loaded.pop(inode, None)
            elif is_there and held.lost_at is not None:
                self._held[inode] = replace(held, lost_at=None)

    def _being_packed(self, found: dict[Inode, Look]) -> set[Inode]:
        """Return compressed files that were written a moment ago, as they or their times tell."""
        self._alike_since = {
            inode: self._alike_since[inode]
            if inode in self._alike_since and self._alike_since[inode][0] == look
            else (look, self._now)
            for inode, look in found.items()
            if COMPRESSED_SUFFIX.search(look.path.name)
        }
        clock = time.time_ns()
        # A time to come is of a clock that was set back
        return {
            inode
            for inode, (look, since) in self._alike_since.items()
            if clock - look.touched_ns < PACKED_SECONDS * 1e9 and self._now - since < PACKED_SECONDS
        }

    def _gone(
        self, found: dict[Inode, Look]
    ) -> tuple[list[Source], dict[Inode, Look], frozenset[Inode]]:
        """Return what is held and nowhere to be found, how it looks, and what of it has ended."""
        sources: list[Source] = []
        looks: dict[Inode, Look] = {}
        ended: set[Inode] = set()
        for inode, held in [*self._held.items()]:
            if held.lost_at is None:
                continue
            look = found.get(inode) or _look(held.path, os.fstat(held.descriptor))
            is_changed = look != self._loaded.get(inode)
            is_over = self._now - held.lost_at > HELD_SECONDS
            if is_changed:
                self._held[inode] = replace(held, lost_at=self._now)
            elif is_over and inode in found:
                os.close(self._held.pop(inode).descriptor)
            elif is_over:
                # A last line without an end is whole now
                ended.add(inode)
            if inode not in found and (is_changed or is_over):
                is_closed = inode in ended
                sources.append(held_source(held.path, held.descriptor, is_closed=is_closed))
                looks[inode] = look
        return sources, looks, frozenset(ended)


def is_there(path: Path) -> bool:
    """Whether something is seen at a path."""
    try:
        return path.exists()
    except OSError:
        return False


def _parts_beside(path: Path) -> list[Path]:
    """Return parts of a log that were rotated away; none where the directory may not be read."""
    try:
        return rotated_parts(path)
    except OSError:
        return []


def _inode(state: os.stat_result) -> Inode:
    return state.st_dev, state.st_ino


def _look(path: Path, state: os.stat_result) -> Look:
    return Look(path, state.st_size, state.st_mtime_ns, state.st_ctime_ns)

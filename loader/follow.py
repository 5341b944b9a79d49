"""Logs that are written -> one load after another, with the database let go in between.

What cannot be loaded now waits in the logs, where it is safe; it is said once, and tried again.
"""

from __future__ import annotations

import os
import select
import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from types import FrameType

from .database import speaking_of
from .errors import DatabaseError, HeldError, MailsqlError, RoomError
from .ingest import LoadedSource, LoadOptions, load_sources
from .journalctl import names_journal
from .language import Language, Texts, read_texts
from .service import tell_service_manager
from .status import describe_source
from .watch import News, Watch, is_there

# Between two looks at the logs: with a load, well below two seconds from line to row
LOOK_SECONDS = 0.2
# Until a database that somebody holds is tried again
HELD_SECONDS = 1.0
# Until anything else that failed is tried again: doubled each time, up to the most
RETRY_SECONDS = 5.0
MOST_RETRY_SECONDS = 60.0
# At most between two loads, so that lines gather
MOST_GATHER_SECONDS = 10.0
# Of so many lines a load takes longer than what planning it takes
MANY_LINES = 1000
# A query holds the database for a moment, which nobody needs to hear of; then the lag is said each
# time that it has doubled
SAID_LAG_SECONDS = 5.0
END_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class _EndedError(Exception):
    """The end was asked for while a load is under way; what it committed stays."""


@dataclass
class _Signals:
    """What was asked for by signals.

    Attributes:
        pipe: readable as soon as a signal has come.
        is_end: to end.
        is_anew: to look at everything anew.
    """

    pipe: int
    is_end: bool = False
    is_anew: bool = False

    def wait(self, seconds: float) -> None:
        """Wait, or until a signal comes."""
        if self.is_end:
            return
        select.select([self.pipe], [], [], seconds)
        with suppress(BlockingIOError):
            os.read(self.pipe, 4096)


@contextmanager
def _signals() -> Iterator[_Signals]:
    """Let signals be asked for instead of ending the process."""
    reading, writing = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    asked = _Signals(reading)

    def note(number: int, _frame: FrameType | None) -> None:
        if number == signal.SIGHUP:
            asked.is_anew = True
        elif asked.is_end and number == signal.SIGINT:
            # Who asks twice does not want to wait for a batch
            raise KeyboardInterrupt
        else:
            asked.is_end = True

    numbers = (*END_SIGNALS, signal.SIGHUP)
    before = {number: signal.signal(number, note) for number in numbers}
    woken_before = signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    try:
        yield asked
    finally:
        signal.set_wakeup_fd(woken_before)
        for number, handler in before.items():
            signal.signal(number, handler)
        os.close(reading)
        os.close(writing)


@dataclass
class _Said:
    """What was said, so that it is not said again each second."""

    tell_error: Callable[[MailsqlError], None]
    errors: dict[str, str] = field(default_factory=dict)

    def say(self, name: str, error: MailsqlError) -> None:
        """Say what is wrong with something, unless that was said."""
        if self.errors.get(name) != str(error):
            self.errors[name] = str(error)
            self.tell_error(error)

    def is_well(self, name: str) -> bool:
        """Note that nothing is wrong with it any more; return whether something was."""
        return self.errors.pop(name, None) is not None


@dataclass
class _Lag:
    """For how long what is there could not be loaded.

    Attributes:
        since: when it was seen first, by the monotonic clock; None where nothing waits.
        said_seconds: how long it was when it was said last.
        failures: how often a load has failed since.
        is_said: whether anything was said of it.
    """

    since: float | None = None
    said_seconds: float = 0.0
    failures: int = 0
    is_said: bool = False


def follow(
    paths: Sequence[str],
    database: Path,
    options: LoadOptions,
    *,
    clock: Callable[[], datetime],
    environ: Mapping[str, str],
    tell: Callable[[str], None],
    tell_error: Callable[[MailsqlError], None],
    language: Language = Language.EN,
) -> None:
    """Load what is in logs and what comes, until SIGTERM or SIGINT; SIGHUP looks at all anew.

    Args:
        paths: files, directories and patterns; what is found under them later is loaded, too.
        database: the DuckDB file, which is held only while lines are loaded.
        options: of each load; a year holds for what is there at the beginning.
        clock: gives the current time.
        environ: tells where a service manager listens.
        tell: told what is worth knowing.
        tell_error: told what is wrong, once.
        language: of what is told.

    Raises:
        DatabaseError: the database cannot be used at all.
        UsageError: forms of one's own cannot be used with it.
    """
    words = read_texts("follow", language)
    with _signals() as asked, closing(Watch(paths)) as watch:
        follower = _Follower(
            watch, database, options, asked, clock, environ, tell, _Said(tell_error), words
        )
        tell_service_manager(environ, "READY=1", f"STATUS={words.say('begun')}")
        tell(words.say("begun"))
        pause = 0.0
        while not asked.is_end:
            if asked.is_anew:
                asked.is_anew = False
                follower.said.errors = {}
                watch.look_anew()
            pause = follower.load_news()
            asked.wait(pause)
        tell_service_manager(environ, "STOPPING=1")
        tell(words.say("ended", count=follower.line_count))


def gathering_seconds(line_count: int, *, worked: float, seconds: float) -> float:
    """Return for how long lines gather after a load, so that planning takes half a core at most.

    Where many lines come, waiting for more would only make them later.

    Args:
        line_count: lines that it added.
        worked: CPU seconds that it took.
        seconds: how long it took.
    """
    gathering = 0.0 if line_count >= MANY_LINES else 2 * worked - seconds
    return min(max(LOOK_SECONDS, gathering), MOST_GATHER_SECONDS)


@dataclass
class _Follower:
    """Loads what is new, again and again."""

    watch: Watch
    database: Path
    options: LoadOptions
    asked: _Signals
    clock: Callable[[], datetime]
    environ: Mapping[str, str]
    tell: Callable[[str], None]
    said: _Said
    words: Texts
    line_count: int = 0
    is_begun: bool = False
    path_faults: frozenset[str] = frozenset()
    lag: _Lag = field(default_factory=_Lag)

    def load_news(self) -> float:
        """Load what is new; return for how many seconds to wait then."""
        news = self.watch.look()
        for name in self.path_faults - news.path_faults.keys():
            self.said.is_well(name)
        self.path_faults = frozenset(news.path_faults)
        # A log that cannot be opened is well again when it was loaded
        for name, fault in (news.path_faults | news.log_faults).items():
            self.said.say(name, fault)
        if not news.sources:
            self.watch.loaded(news, {})
            return LOOK_SECONDS
        begun, worked = time.monotonic(), time.process_time()
        if self.lag.since is None:
            self.lag.since = begun
        try:
            with speaking_of(self.database):
                loaded = load_sources(
                    news.sources,
                    self.database,
                    self.options,
                    now=self.clock(),
                    clock=self.clock,
                    on_lines=self._count,
                    wait_seconds=0,
                    on_update=self.tell,
                )
        except _EndedError:
            return 0
        except HeldError as error:
            self._say_lag(news, error)
            return HELD_SECONDS
        except DatabaseError as error:
            if not (self.is_begun or isinstance(error, RoomError)):
                raise
            return self._retry(news, error)
        cursors = {source.name: source.cursor for source in loaded if source.fault is None}
        self.watch.loaded(news, cursors)
        self._note(loaded)
        return gathering_seconds(
            sum(source.line_count for source in loaded),
            worked=time.process_time() - worked,
            seconds=time.monotonic() - begun,
        )

    def _count(self, line_count: int) -> None:
        """Count lines that were committed, and end a load behind them when that was asked for.

        Raises:
            _EndedError: it was.
        """
        self.line_count += line_count
        if self.asked.is_end:
            raise _EndedError

    def _say_lag(self, news: News, error: DatabaseError) -> None:
        """Say what keeps lines from being loaded, and what waits, when that is twice as long."""
        seconds = time.monotonic() - (self.lag.since or 0.0)
        facts = {"error": error, "count": news.waiting_bytes, "seconds": round(seconds)}
        text = self.words.say("waiting", **facts)
        tell_service_manager(self.environ, f"STATUS={text}")
        if seconds >= max(SAID_LAG_SECONDS, 2 * self.lag.said_seconds):
            self.lag.said_seconds = seconds
            self.lag.is_said = True
            self.tell(text)

    def _retry(self, news: News, error: DatabaseError) -> float:
        """Say what failed, and what waits; return when to try again."""
        self.said.say(str(self.database), error)
        self._say_lag(news, error)
        self.lag.is_said = True
        self.lag.failures += 1
        return min(RETRY_SECONDS * 2.0 ** min(self.lag.failures - 1, 10), MOST_RETRY_SECONDS)

    def _note(self, loaded: Sequence[LoadedSource]) -> None:
        """Say what is worth saying of a load that worked."""
        # A log that comes next year is not of the year that was told
        self.options = replace(self.options, year=None)
        self.is_begun = True
        count = sum(source.line_count for source in loaded)
        self.said.is_well(str(self.database))
        if self.lag.is_said:
            seconds = round(time.monotonic() - (self.lag.since or 0.0))
            self.tell(self.words.say("caught_up", count=count, seconds=seconds))
        self.lag = _Lag()
        for source in loaded:
            if source.fault is not None:
                # What a rotation took away meanwhile is found where it is now
                if names_journal(source.name) or is_there(Path(source.name)):
                    self.said.say(source.name, source.fault)
            else:
                self.said.is_well(source.name)
            is_new = source.line_count and not source.loaded_before
            if is_new or source.failed_steps or source.gap is not None:
                for line in describe_source(source, self.words.language):
                    self.tell(line)
        if count:
            last = f"{self.clock().astimezone():%Y-%m-%d %H:%M:%S}"
            text = self.words.say("loaded", count=self.line_count, last=last)
            tell_service_manager(self.environ, f"STATUS={text}")

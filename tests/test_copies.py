"""Contract 2: an event counts once, whichever logs tell it, in whatever order they are loaded."""

import gzip
import random
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given

import mailsql
from tests.conftest import (
    SEEDS,
    assert_derived_alike,
    assert_rows_alike,
    host_count,
    load,
    of_hosts,
    placed_rows,
)
from tests.test_cutting import disorderly_line

pytestmark = pytest.mark.newest

START = datetime(2026, 2, 3, 9, 0, tzinfo=UTC)
DIGITS = {"bsd": 0, "milli": 3, "micro": 6}
# What somebody looks for in a log, or a severity
WORDS = ["smtpd", "dovecot", "TLS", "[15]", "example.com", "warning", "warning"]


@dataclass(frozen=True)
class Told:
    """A line of a stream: which event it tells, as the tests know and mailsql has to find out."""

    event: int
    style: str
    host: str
    moment: datetime
    text: str

    @property
    def line(self) -> str:
        if self.style == "bsd":
            return f"{self.moment.strftime('%b %e %H:%M:%S')} {self.host} {self.text}"
        timespec = {"milli": "milliseconds", "micro": "microseconds"}[self.style]
        return f"{self.moment.isoformat(timespec=timespec)} {self.host} {self.text}"

    @property
    def stamp(self) -> datetime:
        """The time that the line tells."""
        return cut(self.moment, DIGITS[self.style])

    @property
    def second(self) -> datetime:
        return self.moment.replace(microsecond=0)


@dataclass(frozen=True)
class Stream:
    """A log: its lines, and the rotation that it is a part of."""

    lines: list[Told]
    name: str
    rotation: str

    @property
    def first(self) -> datetime:
        return self.lines[0].second

    @property
    def last(self) -> datetime:
        return self.lines[-1].second

    def of(self, second: datetime) -> dict[str, list[int]]:
        """Places of the lines of a second, by host."""
        found = defaultdict(list)
        for place, told in enumerate(self.lines):
            if told.second == second:
                found[told.host].append(place)
        return found


def overlap(end: list[str], beginning: list[str]) -> int:
    """How many texts the longest end has that is a beginning."""
    return max(k for k in range(len(end) + 1) if end[len(end) - k :] == beginning[:k])


def told_before(streams: list[Stream]) -> dict[int, list[tuple[int, int]]]:
    """What each stream goes on with: lines of another one that ends in the second it begins in."""
    found: dict[int, list[tuple[int, int]]] = {}
    for number, stream in enumerate(streams):
        own = stream.of(stream.first)
        best: dict[str, tuple[int, list[tuple[int, int]]]] = {}
        for other, earlier in sorted(enumerate(streams), key=lambda pair: pair[1].first):
            if other == number or earlier.last != stream.first:
                continue
            is_rotation = earlier.rotation == stream.rotation
            if not is_rotation and not earlier.first < stream.first < stream.last:
                continue
            for host, places in earlier.of(stream.first).items():
                texts = [earlier.lines[place].text for place in places]
                beginning = [stream.lines[place].text for place in own[host]]
                # The parts of a rotation have no line in common, and come first
                common = 0 if is_rotation else overlap(texts, beginning)
                before = [(other, place) for place in places[: len(places) - common]]
                rank = len(texts) + len(beginning) if is_rotation else common
                if host not in best or rank > best[host][0]:
                    best[host] = (rank, before)
        found[number] = [line for _, before in best.values() for line in before]
    return found


def sequences(streams: list[Stream]) -> list[list[tuple[int, int]]]:
    """All lines that each stream tells, those that it goes on with first."""
    before = told_before(streams)
    return [
        [*before[number], *((number, place) for place in range(len(stream.lines)))]
        for number, stream in enumerate(streams)
    ]


def cut(moment: datetime, digits: int) -> datetime:
    """A moment as a stamp with so many digits behind the second tells it."""
    return moment - timedelta(microseconds=moment.microsecond % 10 ** (6 - digits))


class Cells:
    """The lines that tell a text in a second of a host, by the fineness of their stamps."""

    def __init__(self) -> None:
        self.tellers: dict[tuple[int, datetime], dict[int, list[tuple[int, int]]]] = {}

    def add(self, told: Told, stream: int, line: tuple[int, int]) -> None:
        """A stream tells it with a line."""
        cell = self.tellers.setdefault((DIGITS[told.style], told.stamp), defaultdict(list))
        cell[stream].append(line)

    def finer(self, digits: int, moment: datetime) -> set[datetime]:
        """The next finer cells in a cell."""
        return {
            cut(stamp, digits + 3)
            for fineness, stamp in self.tellers
            if fineness > digits and cut(stamp, digits) == moment
        }

    def count(self, digits: int, moment: datetime) -> int:
        """Events of a cell: those of the finer cells, or of one stream with just this fineness."""
        tellers = self.tellers.get((digits, moment), {})
        own = max((len(lines) for lines in tellers.values()), default=0)
        finer = self.finer(digits, moment) if digits < 6 else set()
        return max(own, sum(self.count(digits + 3, inside) for inside in finer))

    def numbers(self) -> Iterator[tuple[int, tuple[int, int], int]]:
        """The number that each stream's line has among the events."""
        for (digits, stamp), tellers in self.tellers.items():
            before = sum(
                self.count(level + 3, inside)
                for level in range(0, digits, 3)
                for inside in self.finer(level, cut(stamp, level))
                if inside < cut(stamp, level + 3)
            )
            for stream, lines in tellers.items():
                yield from ((stream, line, before + nth) for nth, line in enumerate(lines))


def event_numbers(streams: list[Stream]) -> dict[tuple[int, tuple[int, int]], tuple]:
    """Which event each line tells in each stream: docs/design.md, word by word."""
    cells: dict[tuple, Cells] = defaultdict(Cells)
    for stream, sequence in enumerate(sequences(streams)):
        for line in sequence:
            told = streams[line[0]].lines[line[1]]
            cells[told.host, told.second, told.text].add(told, stream, line)
    return {
        (stream, line): (*what, number)
        for what, found in cells.items()
        for stream, line, number in found.numbers()
    }


def counting_lines(streams: list[Stream]) -> set[tuple[int, int]]:
    """The lines that count: of each host's second those of the stream that tells the most first."""
    numbers = event_numbers(streams)
    told = Counter((event[:2], number) for (number, _), event in numbers.items())
    finest: dict[tuple[tuple, int], int] = defaultdict(int)
    for (number, line), event in numbers.items():
        digits = DIGITS[streams[line[0]].lines[line[1]].style]
        finest[event[:2], number] = max(finest[event[:2], number], digits)
    order = {
        cell: (-count, -finest[cell], streams[cell[1]].lines[0].stamp, cell[1])
        for cell, count in told.items()
    }
    chosen: dict[tuple, tuple[tuple, tuple[int, int]]] = {}
    for (number, line), event in numbers.items():
        rank = order[event[:2], number]
        if event not in chosen or rank < chosen[event][0]:
            chosen[event] = (rank, line)
    return {line for _, line in chosen.values()}


@dataclass(frozen=True)
class Event:
    """What happened on a host."""

    moment: datetime
    host: str
    text: str


def events_of(chance: random.Random, number: int, count: int, second: int) -> list[Event]:
    """What happened on a host, which has queue ids of its own; some comes again within a second.

    After a pause it goes on in that second of a third of a minute.
    """
    begin = START + timedelta(seconds=second)
    moment = begin
    events: list[Event] = []
    for _ in range(count):
        step = chance.choice([1, 300, 40_000, 700_000, None])
        if step is None:
            begin += timedelta(seconds=20)
            moment = max(begin, moment) + timedelta(microseconds=chance.choice([0, 1, 500_000]))
        else:
            moment += timedelta(microseconds=step)
        text = (
            disorderly_line(chance).replace("04075", f"{number:05}").replace("1yTr", f"{number:04}")
        )
        if events and chance.random() < 0.3:
            text = events[-1].text
        events.append(Event(moment, f"mx{number}", text))
    return events


def events_of_hosts(chance: random.Random, count: int) -> list[Event]:
    """What happened on some hosts, in the same seconds or in seconds of their own."""
    seconds = chance.choice([1, 1, 20])
    events: list[Event] = []
    for number in range(1, count + 1):
        size = chance.randint(2, chance.choice([8, 40]))
        events += events_of(chance, number, size, chance.randrange(seconds))
    return sorted(events, key=lambda event: (event.moment, event.host))


def copies_of(chance: random.Random, events: list[Event]) -> list[Stream]:
    """The log itself, or the parts that it was rotated into, and what others wrote or cut out.

    Of each host others may write or cut out something else, with other stamps.
    """
    styles = chance.choice([["bsd"], ["micro"], ["bsd", "micro"], ["bsd", "milli", "micro"]])
    own_styles: dict[str, str] = defaultdict(lambda: chance.choice(styles))
    streams: list[Stream] = []

    def add(numbers: Iterable[int], styles: dict[str, str], name: str, rotation: str) -> None:
        told = [(number, events[number]) for number in numbers]
        lines = [
            Told(number, styles[event.host], event.host, event.moment, event.text)
            for number, event in told
        ]
        if lines:
            streams.append(Stream(lines, name, rotation))

    whole = range(len(events))
    middle = chance.randrange(len(events)) if chance.random() < 0.7 else 0
    if styles != ["micro"] and events[middle].moment < events[0].moment + timedelta(seconds=1):
        # Parts that begin in one second have no order
        middle = 0
    add(whole[:middle], own_styles, "mail.log.1", "mail.log")
    add(whole[middle:], own_styles, "mail.log", "mail.log")
    for copy in range(chance.choice([1, 1, 2, 3])):
        start, end = 0, len(events)
        match chance.choice(["window", "tail", "whole", "whole", "whole"]):
            case "window":
                start = chance.randrange(len(events))
                end = start + chance.randrange(1, len(events) + 1)
            case "tail":
                start = chance.randrange(len(events))
        is_twin = chance.random() < 0.3
        words: dict[str, str] = defaultdict(lambda: chance.choice(["", "", *WORDS]))
        copied = [
            number
            for number in whole[start:end]
            if is_twin or words[events[number].host] in events[number].text
        ]
        copy_styles = defaultdict(lambda: chance.choice(styles))
        name = f"copy{copy}.log"
        add(copied, own_styles if is_twin else copy_styles, name, name)
    return streams


def load_growing(
    chance: random.Random, streams: list[Stream], directory: Path, database: Path
) -> dict[str, list[int]]:
    """Load streams in any order, some in two steps; return the events of each log's lines."""
    turns = []
    for number, stream in enumerate(streams):
        ends = {len(stream.lines)}
        if chance.random() < 0.3:
            ends.add(chance.randrange(1, len(stream.lines) + 1))
        turns += [(chance.random(), number, end) for end in ends]
    loaded: dict[int, int] = {}
    for _, number, _ in sorted(turns):
        end = min(end for _, other, end in turns if other == number and end > loaded.get(number, 0))
        loaded[number] = end
        log = directory / streams[number].name
        text = "".join(told.line + "\n" for told in streams[number].lines[:end])
        log.write_bytes(gzip.compress(text.encode()) if chance.random() < 0.2 else text.encode())
        assert load([log], database, year=2026, threads=1, force=True)[0].fault is None
    return {
        str(directory / stream.name): [told.event for told in stream.lines] for stream in streams
    }


def rows_of_events(database: Path, events: dict[str, list[int]]) -> dict[str, list[tuple]]:
    """All rows, each key replaced by the event that its line tells."""
    with mailsql.open_database(database) as connection:
        paths = dict(connection.execute("select file_key, path from log_files").fetchall())
        return placed_rows(connection, lambda key: events[paths[key >> 32]][(key & 2**32 - 1) - 1])


@of_hosts
@given(SEEDS)
def test_copies_of_a_log_give_the_rows_of_the_lines_that_count(seed):
    chance = random.Random(seed)
    streams = copies_of(chance, events_of_hosts(chance, host_count(chance)))
    with tempfile.TemporaryDirectory() as place:
        directory = Path(place)
        copied, plain = directory / "copied.duckdb", directory / "plain.duckdb"
        told = load_growing(chance, streams, directory, copied)
        lines = sorted(
            (streams[number].lines[place] for number, place in counting_lines(streams)),
            key=lambda line: (line.stamp, line.event),
        )
        log = directory / "plain.log"
        log.write_text("".join(line.line + "\n" for line in lines))
        load([log], plain, year=2026, threads=1, force=True)
        expected = rows_of_events(plain, {str(log): [line.event for line in lines]})
        assert_rows_alike(rows_of_events(copied, told), expected)
        if chance.random() < 0.3:
            assert_derived_alike(copied)


def test_which_copy_counts_does_not_depend_on_logs_without_lines_of_that_host(tmp_path):
    database = tmp_path / "mail.duckdb"
    early = "2026-02-03T09:00:00.{}+00:00 mx1 postfix/smtpd[1]: connect from unknown[192.0.2.7]\n"
    told = [
        f"2026-02-03T09:01:40.00000{place}+00:00 mx1 postfix/qmgr[2]: 1E2404075{place}: removed\n"
        for place in (1, 2)
    ]
    logs = {
        # The part of the rotation that goes on in that second
        "mail.log": "2026-02-03T09:01:40.000003+00:00 mx2 postfix/qmgr[3]: 1E24040753: removed\n",
        "copy.log": early.format(2) + "".join(told),
        "mail.log.1": early.format(1) + "".join(told),
        "part.log": early.format(3) + told[1],
    }
    for name, content in logs.items():
        (tmp_path / name).write_text(content)
        load([tmp_path / name], database, force=True)
    assert_derived_alike(database)

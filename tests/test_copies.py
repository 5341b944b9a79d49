"""Contract 2: an event counts once, whichever logs tell it, in whatever order they are loaded."""

import gzip
import random
import tempfile
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import given

import mailsql
from tests.conftest import SEEDS, assert_derived_alike, load, placed_rows
from tests.test_cutting import disorderly_line

START = datetime(2026, 2, 3, 9, 0, tzinfo=UTC)
DIGITS = {"bsd": 0, "milli": 3, "micro": 6}


@dataclass(frozen=True)
class Told:
    """A line of a stream: which event it tells, as the tests know and mailsql has to find out."""

    event: int
    style: str
    moment: datetime
    text: str

    @property
    def line(self) -> str:
        if self.style == "bsd":
            return f"{self.moment.strftime('%b %e %H:%M:%S')} mx1 {self.text}"
        timespec = {"milli": "milliseconds", "micro": "microseconds"}[self.style]
        return f"{self.moment.isoformat(timespec=timespec)} mx1 {self.text}"

    @property
    def stamp(self) -> datetime:
        """The time that the line tells."""
        digits = DIGITS[self.style]
        cut = self.moment.microsecond % 10 ** (6 - digits)
        return self.moment - timedelta(microseconds=cut)

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

    def of(self, second: datetime) -> list[int]:
        """Places of the lines of a second."""
        return [place for place, told in enumerate(self.lines) if told.second == second]


def told_before(streams: list[Stream]) -> dict[int, list[tuple[int, int]]]:
    """What each stream goes on with: lines of another one that ends in the second it begins in."""
    found: dict[int, list[tuple[int, int]]] = {}
    for number, stream in enumerate(streams):
        own = [stream.lines[place].text for place in stream.of(stream.first)]
        best, found[number] = -1, []
        for other, earlier in enumerate(streams):
            if other == number or earlier.last != stream.first:
                continue
            places = earlier.of(stream.first)
            if earlier.rotation == stream.rotation:
                found[number] = [(other, place) for place in places]
                break
            if not earlier.first < stream.first < stream.last:
                continue
            texts = [earlier.lines[place].text for place in places]
            overlap = max(k for k in range(len(texts) + 1) if texts[len(texts) - k :] == own[:k])
            if overlap > best:
                best = overlap
                found[number] = [(other, place) for place in places[: len(places) - overlap]]
    return found


def sequences(streams: list[Stream]) -> list[list[tuple[int, int]]]:
    """All lines that each stream tells, those that it goes on with first."""
    before = told_before(streams)
    return [
        [*before[number], *((number, place) for place in range(len(stream.lines)))]
        for number, stream in enumerate(streams)
    ]


def event_numbers(streams: list[Stream]) -> dict[tuple[int, tuple[int, int]], tuple]:
    """Which event each line tells in each stream: docs/design.md, word by word."""
    cells: dict[tuple, dict[int, list[tuple[int, int]]]] = defaultdict(lambda: defaultdict(list))
    for number, sequence in enumerate(sequences(streams)):
        for line in sequence:
            told = streams[line[0]].lines[line[1]]
            cell = (told.second, told.text, DIGITS[told.style], told.stamp)
            cells[cell][number].append(line)

    def cut(moment: datetime, digits: int) -> datetime:
        return moment - timedelta(microseconds=moment.microsecond % 10 ** (6 - digits))

    def count(second: datetime, text: str, digits: int, moment: datetime) -> int:
        """Events of a cell: those of the finer cells, or of one stream with just this fineness."""
        tellers = cells.get((second, text, digits, moment), {})
        own = max((len(lines) for lines in tellers.values()), default=0)
        if digits == 6:
            return own
        finer = {
            cut(stamp, digits + 3)
            for (other, words, fineness, stamp) in cells
            if (other, words) == (second, text)
            and fineness > digits
            and cut(stamp, digits) == moment
        }
        return max(own, sum(count(second, text, digits + 3, inside) for inside in finer))

    found = {}
    for (second, text, digits, stamp), by_stream in list(cells.items()):
        before = 0
        for level in range(0, digits, 3):
            start, end = cut(stamp, level), cut(stamp, level + 3)
            earlier = {
                cut(other, level + 3)
                for (moment, words, fineness, other) in cells
                if (moment, words) == (second, text)
                and fineness > level
                and cut(other, level) == start
                and cut(other, level + 3) < end
            }
            before += sum(count(second, text, level + 3, inside) for inside in earlier)
        for number, lines in by_stream.items():
            for nth, line in enumerate(lines):
                found[number, line] = (second, text, before + nth)
    return found


def counting_lines(streams: list[Stream]) -> set[tuple[int, int]]:
    """The lines that count: of each second those of the stream that tells the most of it first."""
    numbers = event_numbers(streams)
    told = Counter((event[0], number) for (number, _), event in numbers.items())
    finest: dict[tuple[datetime, int], int] = defaultdict(int)
    for (number, line), event in numbers.items():
        digits = DIGITS[streams[line[0]].lines[line[1]].style]
        finest[event[0], number] = max(finest[event[0], number], digits)
    order = {
        cell: (-count, -finest[cell], streams[cell[1]].lines[0].stamp, cell[1])
        for cell, count in told.items()
    }
    chosen: dict[tuple, tuple[tuple, tuple[int, int]]] = {}
    for (number, line), event in numbers.items():
        rank = order[event[0], number]
        if event not in chosen or rank < chosen[event][0]:
            chosen[event] = (rank, line)
    return {line for _, line in chosen.values()}


def events_of(chance: random.Random, count: int) -> list[tuple[datetime, str]]:
    """What happened: times, and texts of which some come again within a second."""
    moment = START
    events: list[tuple[datetime, str]] = []
    for _ in range(count):
        moment += timedelta(microseconds=chance.choice([1, 300, 40_000, 700_000, 20_000_000]))
        text = disorderly_line(chance)
        if events and chance.random() < 0.2:
            text = events[-1][1]
        events.append((moment, text))
    return events


def copies_of(chance: random.Random, events: list[tuple[datetime, str]]) -> list[Stream]:
    """The log itself, or the parts that it was rotated into, and what others wrote or cut out."""
    styles = chance.choice([["bsd"], ["micro"], ["bsd", "micro"], ["bsd", "milli", "micro"]])
    streams: list[Stream] = []

    def add(numbers: list[int], style: str, name: str, rotation: str) -> None:
        if numbers:
            lines = [Told(number, style, *events[number]) for number in numbers]
            streams.append(Stream(lines, name, rotation))

    whole = list(range(len(events)))
    style = chance.choice(styles)
    cut = chance.randrange(len(events)) if chance.random() < 0.4 else 0
    add(whole[:cut], style, "mail.log.1", "mail.log")
    add(whole[cut:], style, "mail.log", "mail.log")
    for copy in range(chance.choice([1, 1, 2, 3])):
        numbers = whole
        match chance.choice(["grep", "severity", "window", "tail", "twin"]):
            case "grep":
                word = chance.choice(["smtpd", "dovecot", "TLS", "[15]", "example.com"])
                numbers = [number for number in whole if word in events[number][1]]
            case "severity":
                numbers = [number for number in whole if "warning" in events[number][1]]
            case "window":
                start = chance.randrange(len(events))
                numbers = whole[start : start + chance.randrange(1, len(events) + 1)]
            case "tail":
                numbers = whole[chance.randrange(len(events)) :]
        add(numbers, chance.choice(styles), f"copy{copy}.log", f"copy{copy}.log")
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


@given(SEEDS)
def test_copies_of_a_log_give_the_rows_of_the_lines_that_count(seed):
    chance = random.Random(seed)
    streams = copies_of(chance, events_of(chance, chance.randint(2, 40)))
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
        assert rows_of_events(copied, told) == expected
        if chance.random() < 0.3:
            assert_derived_alike(copied)

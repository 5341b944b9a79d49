"""Contract 2: an event counts once, whichever logs tell it, in whatever order they are loaded."""

import random
import tempfile
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

import mailsql
from tests.conftest import assert_derived_alike, load, placed_rows
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


def event_numbers(streams: list[list[Told]]) -> dict[tuple[int, int], tuple]:
    """Which event each line (stream, place) tells: docs/design.md, word by word."""
    cells: dict[tuple, dict[int, list[tuple[int, int]]]] = defaultdict(lambda: defaultdict(list))
    for number, stream in enumerate(streams):
        for place, told in enumerate(stream):
            cell = (told.second, told.text, DIGITS[told.style], told.stamp)
            cells[cell][number].append((number, place))

    def cut(moment: datetime, digits: int) -> datetime:
        return moment - timedelta(microseconds=moment.microsecond % 10 ** (6 - digits))

    def count(second: datetime, text: str, digits: int, moment: datetime) -> int:
        """Events of a cell: those of the finer cells, or of one stream with just this fineness."""
        own = max(
            (len(lines) for lines in cells.get((second, text, digits, moment), {}).values()),
            default=0,
        )
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
    for (second, text, digits, stamp), by_stream in cells.items():
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
        for lines in by_stream.values():
            for nth, line in enumerate(lines):
                found[line] = (second, text, before + nth)
    return found


def counting_lines(streams: list[list[Told]]) -> set[tuple[int, int]]:
    """The lines that count: of each second those of the stream that tells the most of it first."""
    told = Counter(
        (told.second, number) for number, stream in enumerate(streams) for told in stream
    )
    order = {}
    for (second, number), event_count in told.items():
        finest = max(DIGITS[line.style] for line in streams[number] if line.second == second)
        order[second, number] = (-event_count, -finest, streams[number][0].stamp, number)
    chosen: dict[tuple, tuple[int, int]] = {}
    for (number, place), event in event_numbers(streams).items():
        rank = order[event[0], number]
        if event not in chosen or rank < order[event[0], chosen[event][0]]:
            chosen[event] = (number, place)
    return set(chosen.values())


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


def copies_of(
    chance: random.Random, events: list[tuple[datetime, str]], count: int
) -> list[list[Told]]:
    """The log itself, and parts of it that others wrote or somebody cut out."""
    styles = chance.choice([["bsd"], ["micro"], ["bsd", "micro"], ["bsd", "milli", "micro"]])

    def told(numbers: list[int]) -> list[Told]:
        style = chance.choice(styles)
        return [Told(number, style, *events[number]) for number in numbers]

    streams = [told(list(range(len(events))))]
    for _ in range(count):
        numbers = list(range(len(events)))
        match chance.choice(["grep", "severity", "window", "tail", "twin"]):
            case "grep":
                word = chance.choice(["smtpd", "dovecot", "TLS", "[15]", "example.com"])
                numbers = [number for number in numbers if word in events[number][1]]
            case "severity":
                numbers = [number for number in numbers if "warning" in events[number][1]]
            case "window":
                start = chance.randrange(len(events))
                numbers = numbers[start : start + chance.randrange(1, len(events))]
            case "tail":
                numbers = numbers[chance.randrange(len(events)) :]
        if numbers:
            streams.append(told(numbers))
    return streams


def load_growing(
    chance: random.Random, streams: list[list[Told]], directory: Path, database: Path
) -> dict[str, list[int]]:
    """Load streams in any order, some in two steps; return the events of each log's lines."""
    turns = []
    for number, stream in enumerate(streams):
        ends = {len(stream)} | (
            {chance.randrange(1, len(stream) + 1)} if chance.random() < 0.4 else set()
        )
        turns += [(chance.random(), number, end) for end in ends]
    loaded: dict[int, int] = {}
    for _, number, _ in sorted(turns):
        end = min(end for _, other, end in turns if other == number and end > loaded.get(number, 0))
        loaded[number] = end
        log = directory / f"log{number}"
        log.write_text("".join(told.line + "\n" for told in streams[number][:end]))
        assert load([log], database, year=2026, threads=1)[0].fault is None
    return {
        str(directory / f"log{number}"): [told.event for told in stream]
        for number, stream in enumerate(streams)
    }


def rows_of_events(database: Path, events: dict[str, list[int]]) -> dict[str, list[tuple]]:
    """All rows, each key replaced by the event that its line tells."""
    with mailsql.open_database(database) as connection:
        paths = dict(connection.execute("select file_key, path from log_files").fetchall())
        return placed_rows(connection, lambda key: events[paths[key >> 32]][(key & 2**32 - 1) - 1])


@given(seed=st.integers(0, 10**6), event_count=st.integers(2, 40), copy_count=st.integers(1, 3))
def test_a_log_and_copies_of_it_give_the_rows_of_the_lines_that_count(
    seed, event_count, copy_count
):
    chance = random.Random(seed)
    events = events_of(chance, event_count)
    streams = copies_of(chance, events, copy_count)
    with tempfile.TemporaryDirectory() as place:
        directory = Path(place)
        copied, plain = directory / "copied.duckdb", directory / "plain.duckdb"
        told = load_growing(chance, streams, directory, copied)
        counting = sorted(
            counting_lines(streams),
            key=lambda line: (streams[line[0]][line[1]].stamp, streams[line[0]][line[1]].event),
        )
        log = directory / "plain.log"
        lines = [streams[number][place] for number, place in counting]
        log.write_text("".join(told.line + "\n" for told in lines))
        load([log], plain, year=2026, threads=1)
        expected = rows_of_events(plain, {str(log): [line.event for line in lines]})
        assert rows_of_events(copied, told) == expected
        assert_derived_alike(copied)

"""Known lines, changed at random, must load: `python -m tests.fuzz 300000` (lines, then a seed).

The same seed gives the same lines. What fails is told with the line, or as few lines as show it.
"""

from __future__ import annotations

import random
import re
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

import duckdb

import mailsql
from bench.generate import generate
from mailsql.changes import changed_batches
from mailsql.check import run_checks
from mailsql.stored_bytes import stream_bytes
from tests.conftest import load

TOP = Path(__file__).parent
LINES_AT_ONCE = 20_000
NUMBERS = [
    *(str(number) for number in (0, -1, 2**31 - 1, 2**31, 2**32, 2**63 - 1, 2**63, 2**64)),
    "99999999999999999999",
    "00000000000000000001",
    "1e308",
    "1e999",
    "0.0000000001",
    "٣",
]
STAMPS = [
    "Feb  3 09:15:40",
    "Feb 29 23:59:60",
    "Feb 31 24:00:00",
    "Dec 31 23:59:59",
    "Mar 7 02:09:33",
    "2026-02-03T09:15:40.123456+01:00",
    "2026-02-03T09:15:40Z",
    "9999-12-31T23:59:59.999999-23:59",
    "0000-00-00T00:00:00Z",
    "-290308-12-22T00:00:00Z",
    "294247-01-10T04:00:54.775807Z",
    "2026-02-03 09:15:40",
    "2026-13-03 09:15:40",
    "<22>1 2026-02-03T09:15:40Z",
    "<999999999999>Feb  3 09:15:40",
    "@400000006981be0b24a3b5c4",
    "@4fffffffffffffffffffffff",
    "@000000000000000000000000",
    "@400008637bd05ae000000000",
    "@3fffffffffffffff3b9ac9ff",
    "@ffffffffffffffffffffffff",
    "@7fffffffffffffff00000000",
    "",
]
MARKS = list("\"'<>[](){},;:=%\\/ \t@#+")
BYTES = [
    b"\xff",
    b"\xc3",
    b"\xed\xa0\x80",
    b"\0",
    b"\0" * 40,
    b"\x01",
    b"\x02",
    b"\x1f",
    b"\x1b[2J",
]
BYTES += ["\u202e\u2028\u0085é".encode()]
STAMP = re.compile(
    rb"^(?:[A-Z][a-z]{2} [ \d]\d [\d:]{8}|@[0-9a-f]{24}"
    rb"|\d{4}-\d\d-\d\d[T ][\d:.]+(?:Z|[+-][\d:]+)?)"
)
NUMBER = re.compile(rb"\d+(?:\.\d+)?")
FIELD = re.compile(rb"(?<=[ ,])[A-Za-z_-]+=(?:<[^>]*>|[^ ,]*)")
WORD = re.compile(rb"[^ ]+")


def sample_lines() -> list[bytes]:
    """All lines that other tests are made of."""
    files = [*sorted((TOP / "lines").glob("*.log"))]
    files += [path for path in sorted((TOP.parent / "sample_logs").rglob("*")) if path.is_file()]
    lines = [line.encode() for line in generate(2000, seed=6)]
    for file in files:
        if file.suffix not in (".gz", ".csv", ".md", ".json", ".jsonl"):
            lines += [line for line in file.read_bytes().split(b"\n") if line[:2] != b"# "]
    return [line for line in lines if line]


def change(chance: random.Random, line: bytes, samples: list[bytes]) -> bytes:
    """Change a line in one way."""
    place = chance.randrange(len(line) + 1)
    ways: list[Callable[[], bytes]] = [
        lambda: line[:place],
        lambda: line[:place] + piece(chance, chance.choice(samples)) + line[place:],
        lambda: put_elsewhere(chance, line, FIELD, drop=False),
        lambda: put_elsewhere(chance, line, FIELD, drop=True),
        lambda: put_elsewhere(chance, line, WORD, drop=True),
        lambda: replace_one(chance, line, NUMBER, chance.choice(NUMBERS).encode()),
        lambda: replace_one(chance, line, NUMBER, chance.choice(NUMBERS).encode()),
        lambda: STAMP.sub(lambda _: chance.choice(STAMPS).encode(), line),
        lambda: line[:place] + chance.choice(MARKS).encode() + line[place:],
        lambda: line.replace(chance.choice(MARKS).encode(), b"", 1),
        lambda: line[:place] + chance.choice(BYTES) + line[place:],
        lambda: (line[:place] + b"a" * chance.choice([200, 1900, 3000]) + line[place:])[:2000],
    ]
    return chance.choice(ways)()


def piece(chance: random.Random, line: bytes) -> bytes:
    """A part of a line."""
    start, end = sorted(chance.choices(range(len(line) + 1), k=2))
    return line[start:end]


def replace_one(
    chance: random.Random, line: bytes, pattern: re.Pattern[bytes], text: bytes
) -> bytes:
    """Put a text in the place of one match."""
    found = list(pattern.finditer(line))
    if not found:
        return line
    one = chance.choice(found)
    return line[: one.start()] + text + line[one.end() :]


def put_elsewhere(
    chance: random.Random, line: bytes, pattern: re.Pattern[bytes], *, drop: bool
) -> bytes:
    """Put one match before another one; drop it where it was, or have it twice."""
    found = list(pattern.finditer(line))
    if len(found) < 2:
        return line
    one, other = chance.sample(found, 2)
    if not drop:
        return line[: other.start()] + one[0] + b", " + line[other.start() :]
    first, last = sorted((one, other), key=lambda match: match.start())
    return (
        line[: first.start()]
        + last[0]
        + line[first.end() : last.start()]
        + first[0]
        + line[last.end() :]
    )


def changed_lines(count: int, seed: int) -> list[bytes]:
    """Lines, each changed in one to four ways."""
    chance = random.Random(seed)
    samples = sample_lines()
    lines = []
    for _ in range(count):
        line = chance.choice(samples)
        for _ in range(chance.choice([1, 1, 2, 4])):
            line = change(chance, line, samples)
        lines.append(line.replace(b"\n", b""))
    return lines


def faults(lines: list[bytes]) -> list[str]:
    """Load lines; return what is wrong then. A step that fails ends the load."""
    with (
        tempfile.TemporaryDirectory() as folder,
        patch("mailsql.derive._failed_step", lambda _: None),
    ):
        log, database = Path(folder) / "mail.log", Path(folder) / "mail.duckdb"
        log.write_bytes(b"".join(line + b"\n" for line in lines))
        try:
            loaded = load([log], database, force=True)[0]
        except duckdb.Error as error:
            return [f"{getattr(error, '__notes__', '')} {error}"]
        found = [] if loaded.fault is None else [str(loaded.fault)]
        if loaded.line_count != len(lines):
            found.append(f"{loaded.line_count} lines of {len(lines)}")
        with mailsql.open_database(database) as connection:
            said: list[str] = []
            if run_checks(connection, said.append):
                found += [text for text in said if not text.startswith("ok")]
            found += [str(change) for change in changed_batches(connection)]
            if b"".join(stream_bytes(connection, 1)) != log.read_bytes():
                found.append("the stored lines are not the log")
        return found


def fewest(lines: list[bytes]) -> list[bytes]:
    """Take halves and quarters of lines away as long as something stays wrong."""
    size = len(lines) // 2
    while size:
        for start in range(0, len(lines), size):
            left = lines[:start] + lines[start + size :]
            if left and faults(left):
                lines = left
                break
        else:
            size //= 2
        size = min(size, len(lines) // 2)
    return lines


def main(count: int, seed: int) -> int:
    """Load changed lines in batches; return the exit code."""
    failed = 0
    for number, start in enumerate(range(0, count, LINES_AT_ONCE)):
        lines = changed_lines(min(LINES_AT_ONCE, count - start), seed + number)
        for fault in faults(lines):
            failed = 1
            print(f"seed {seed + number}: {fault}", flush=True)
        if failed:
            for line in fewest(lines):
                print(f"  {line!r}")
            return failed
    return failed


if __name__ == "__main__":
    sys.exit(main(*(int(text) for text in [*sys.argv[1:], "300000", "1"][:2])))

"""What was told of a stream holds for the lines that it was told of, whenever they are read."""

import os
import random
import tempfile
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import pytest
from hypothesis import given

import mailsql
from tests.conftest import SEEDS, assert_derived_alike, load, with_cases
from tests.test_cutting import disorderly_line, mailbox_lines, session_lines

pytestmark = pytest.mark.newest

TEMPLATE = "[%s] %u/%r %{session} - "
START = datetime(2026, 2, 3, 9, 0, tzinfo=UTC)
TAI64 = 2**62 + 10


def stream_lines(style: str, chance: random.Random, count: int) -> list[str]:
    """Lines of one of the host's logs; each style has a second of its own to begin in."""
    moment = START + timedelta(seconds=["syslog", "own", "iso", "tai64n"].index(style))
    lines = []
    for _ in range(count):
        moment += timedelta(seconds=chance.choice([1, 20, 300, 4000]))
        text = disorderly_line(chance)
        if style == "syslog" and chance.random() < 0.3:
            text = f"my-policyd[7]: decision=permit, count={chance.randrange(9)}"
        if style != "syslog":
            usual = session_lines(chance, "alice") + mailbox_lines(chance, "bob")
            said = [line.removeprefix("dovecot: ").replace(": ", ": Info: ", 1) for line in usual]
            text = chance.choice([*said, "[imap] alice/192.0.2.7 s1 - Logged out in=1 out=2"])
        lines.append(f"{stamp(style, moment)} {'mx1 ' if style == 'syslog' else ''}{text}")
    return lines


def stamp(style: str, moment: datetime) -> str:
    """A time as a log of a style writes it."""
    match style:
        case "iso":
            return moment.strftime("%Y-%m-%d %H:%M:%S")
        case "tai64n":
            return f"@{TAI64 + int(moment.timestamp()):016x}00000000"
        case _:
            return moment.strftime("%b %e %H:%M:%S")


def own_forms(place: Path) -> list[Path]:
    """Directories of forms of one's own, each of which has its name for the kind of a line."""
    found = []
    for kind in ("policy_decision", "policy_verdict"):
        directory = place / kind
        directory.mkdir(exist_ok=True)
        (directory / "policyd.toml").write_text(
            f"[{kind}]\nprograms = ['my-policyd']\nbegins = 'decision='\ntable = 'decisions'\n"
            "texts = ['decision=(?P<decision>\\w+), count=\\d+']\n"
            "columns = { decision = 'text' }\n"
            "sample = 'Feb  3 09:15:40 mx1 my-policyd[7]: decision=permit, count=1'\n"
            "meaning_en = 'The policy daemon decided.'\n"
        )
        found.append(directory)
    return found


@dataclass
class Stream:
    """A log, how much of it was loaded, and what was told of it; what each line should be of."""

    style: str
    content: bytes
    path: Path
    loaded: int = 0
    host: str | None = None
    zone: str = ""
    year: int | None = None
    kind: str = "foreign"
    expected: dict[int, tuple] = field(default_factory=dict)

    def load_up_to(self, end: int, database: Path, chance: random.Random) -> None:
        """Load some more of it, with anything told or not."""
        self.path.write_bytes(self.content[:end])
        changed = datetime(chance.choice([2024, 2026]), 6, 1, tzinfo=UTC)
        os.utime(self.path, (changed.timestamp(), changed.timestamp()))
        options = {
            "host": chance.choice([None, "mx1", "mx1", "mx2"]),
            "year": chance.choice([None, None, 2023, 2025]),
            "timezone": chance.choice([None, "UTC", "Asia/Tokyo"]),
            "dovecot_prefix": chance.choice([None, None, TEMPLATE]),
            "forms": chance.choice([None, None, *own_forms(self.path.parent)]),
        }
        loaded = load([self.path], database, force=True, **options)
        assert loaded[0].fault is None
        self.host = options["host"] or self.host
        self.zone = options["timezone"] or self.zone
        self.kind = options["forms"].name if options["forms"] else self.kind
        lines = self.content[:end].split(b"\n")
        for number, line in enumerate(lines[: -1 if not lines[-1] else None], start=1):
            if number in self.expected and self.expected[number][0] == line:
                continue
            if self.style in ("syslog", "own") and self.year is None and len(line) > 15:
                self.year = options["year"] or changed.year
            self.expected[number] = (line, self.host, self.zone, self.year, self.kind)

    def moment_of(self, line: bytes, zone: str, year: int | None) -> datetime | None:
        """When a line says that it was written."""
        text = line.decode()
        match self.style:
            case "tai64n":
                if len(text) <= 25:
                    return None
                return datetime.fromtimestamp(int(text[1:17], 16) - TAI64, UTC)
            case "iso":
                if len(text) <= 19:
                    return None
                found = datetime.strptime(text[:19], "%Y-%m-%d %H:%M:%S")
            case _:
                if len(text) <= 15:
                    return None
                found = datetime.strptime(f"{year} {text[:15]}", "%Y %b %d %H:%M:%S")
        return found.replace(tzinfo=ZoneInfo(zone))

    def check(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Each line has the host and the time that it was loaded with."""
        rows = connection.execute(
            "select line_no, line, host, program, logged_at, kind from log_lines "
            "inner join log_files using (file_key) where path = ? order by line_no",
            [str(self.path)],
        ).fetchall()
        assert len(rows) == len(self.expected)
        for line_no, line, host, program, logged_at, kind in rows:
            text, told_host, zone, year, told_kind = self.expected[line_no]
            assert line == text.decode()
            assert logged_at == self.moment_of(text, zone, year)
            if program == "dovecot" and self.style != "syslog":
                assert host == told_host
            if program == "my-policyd":
                assert kind == (told_kind if ": decision=" in line else "foreign")


# Each load is a case: an example has six on average
@with_cases(6)
@given(SEEDS)
def test_each_line_is_read_with_what_was_told_when_it_was_loaded(seed):
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory() as place:
        database = Path(place) / "mail.duckdb"
        with duckdb.connect() as connection:
            system = connection.execute("select current_setting('TimeZone')").fetchone()[0]
        streams = []
        for style in ("syslog", "own", "iso", "tai64n"):
            lines = stream_lines(style, chance, chance.randrange(2, 12))
            content = "".join(line + "\n" for line in lines).encode()
            # Closed, so that a line without its end is loaded, and goes on later
            streams.append(Stream(style, content, Path(place) / f"{style}.log.1", zone=system))
        for _ in range(chance.randint(2, 10)):
            stream = chance.choice(streams)
            starts = [at + 1 for at, byte in enumerate(stream.content) if byte == 10]
            # Logs that begin alike and have no more yet are one
            ends = [40, *starts, *(start + chance.choice([3, 17, 40]) for start in starts[:-1])]
            later = sorted(end for end in ends if end > stream.loaded)
            if later:
                stream.loaded = chance.choice(later)
                stream.load_up_to(stream.loaded, database, chance)
        with mailsql.open_database(database, timezone="UTC") as connection:
            for stream in streams:
                stream.check(connection)
        if chance.random() < 0.3:
            assert_derived_alike(database)


def test_lines_of_a_host_that_was_told_keep_it_when_they_are_read_again(tmp_path):
    own, syslog = tmp_path / "dovecot.log", tmp_path / "mail.log"
    database = tmp_path / "mail.duckdb"
    login = "user=<alice>, method=PLAIN, rip=192.0.2.7, lip=192.0.2.1, session=<s1>"
    own.write_text(
        f"Feb 03 09:15:40 imap-login: Info: Login: {login}\n"
        "Feb 03 09:15:50 imap(alice)<7><s1>: Info: Disconnected: Logged out in=1 out=2\n"
    )
    syslog.write_text(f"Feb  3 09:10:00 mx1 dovecot: imap-login: Login: {login}\n")
    load([own], database, host="mx1")
    load([syslog], database)
    with mailsql.open_database(database) as connection:
        hosts = connection.execute(
            "select host from logins union all select host from imap_sessions"
        ).fetchall()
    assert set(hosts) == {("mx1",)}
    assert_derived_alike(database)


def settings(database: Path) -> list[tuple]:
    """What is kept of the streams."""
    with mailsql.open_database(database) as connection:
        return connection.execute("from stream_settings order by all").fetchall()


def test_only_what_changes_is_kept(tmp_path):
    log, database = tmp_path / "mail.log", tmp_path / "mail.duckdb"
    line = "2026-02-03T09:15:{:02}Z mx1 postfix/smtpd[1]: connect from c.example.net[192.0.2.7]\n"
    for number in range(1, 5):
        log.write_text("".join(line.format(second) for second in range(number)))
        os.utime(log, (number * 10**8, number * 10**8))
        load([log], database, timezone="Asia/Tokyo" if number == 3 else None, year=2020)
    first, second = settings(database)
    assert first[:5] == (1, 1, None, None, None)
    assert second == (1, 3, None, None, None, "Asia/Tokyo", None, None)


def test_what_is_told_without_new_lines_holds_for_later_ones(tmp_path):
    log, database = tmp_path / "dovecot.log", tmp_path / "mail.duckdb"
    line = "Feb 03 09:15:{:02} imap-login: Info: Disconnected: rip=192.0.2.7, lip=192.0.2.1\n"
    log.write_text(line.format(1))
    load([log], database, year=2025)
    load([log], database, host="mx1")
    log.write_text(line.format(1) + line.format(2))
    load([log], database, timezone=None)
    assert [(row[1], row[2], row[3]) for row in settings(database)] == [
        (1, None, 2025),
        (2, "mx1", 2025),
    ]
    with mailsql.open_database(database) as connection:
        found = connection.execute("select host, year(logged_at) from log_lines").fetchall()
    assert found == [(None, 2025), ("mx1", 2025)]


def test_a_branch_inherits_what_holds_where_it_begins(tmp_path):
    log, database = tmp_path / "dovecot.log.1", tmp_path / "mail.duckdb"
    line = "Dec 31 23:59:{:02} imap(bob)<7><s1>: Info: Disconnected: Logged out in={} out=2\n"
    lines = [line.format(number, number) for number in range(6)]
    log.write_text("".join(lines))
    load([log], database, host="mx1", year=2024, timezone="Asia/Tokyo")
    other = line.replace("Dec 31", "Jan  1").format(7, 7)
    log.write_text("".join(lines[:4]) + other)
    load([log], database, timezone=None)
    assert settings(database)[-1] == (2, 5, "mx1", None, None, "Asia/Tokyo", None, None)
    with mailsql.open_database(database, timezone="Asia/Tokyo") as connection:
        found = connection.execute(
            "select host, logged_at::varchar from log_lines where file_key = 2"
        ).fetchall()
    assert found == [("mx1", "2025-01-01 23:59:07+09")]
    assert_derived_alike(database)


def test_a_prefix_holds_in_the_load_in_which_a_torn_line_goes_on(tmp_path):
    database, log = tmp_path / "mail.duckdb", tmp_path / "dovecot.log.1"
    lines = [
        f"2026-02-03 10:12:0{second} [imap] alice/192.0.2.7 s{second} - Logged out in=1 out=2\n"
        for second in range(3)
    ]
    log.write_text(lines[0][:40])
    load([log], database, host="mx1")
    log.write_text("".join(lines))
    load([log], database, dovecot_prefix=TEMPLATE)
    with mailsql.open_database(database) as connection:
        kinds = connection.execute("select kind from log_lines order by line_no").fetchall()
    assert kinds == [("imap_logout",)] * 3
    assert_derived_alike(database)

"""Lines that syslog says came again: they count in the row of what they repeat, whichever load has
them, and leave it with the line that tells it."""

from collections.abc import Callable
from itertools import permutations
from pathlib import Path
from zlib import crc32

import pytest

import mailsql
from mailsql.forget import forget
from tests.conftest import NOW, assert_derived_alike, load, on_host

pytestmark = pytest.mark.newest

REFUSED = (
    "2026-02-03T09:00:00+00:00 mx1 postfix/smtpd[7]: NOQUEUE: reject: RCPT from "
    "c.example.net[192.0.2.7]: 550 5.1.1 <x@example.com>: No; from=<a@example.net> "
    "to=<x@example.com> proto=ESMTP helo=<c>\n"
)
CONNECTED = (
    "2026-02-03T08:59:59+00:00 mx1 postfix/smtpd[7]: connect from c.example.net[192.0.2.7]\n"
)
LAST = "2026-02-03T09:00:09+00:00 mx1 last message repeated 3 times\n"
LAST_OF_PROCESS = "2026-02-03T09:00:09+00:00 mx1 postfix/smtpd[7]: last message repeated 3 times\n"
BETWEEN = "2026-02-03T09:00:05+00:00 mx1 CRON[9]: (root) CMD (true)\n"


def log_name(text: str) -> str:
    """What the log that holds a text is called."""
    return f"{crc32(text.encode())}.log"


@pytest.fixture
def counts(tmp_path) -> Callable[..., list[int]]:
    """Load texts one after the other, and tell how many events each rejection stands for."""
    database = tmp_path / "mail.duckdb"

    def load_texts(*texts: str) -> list[int]:
        for text in texts:
            log = tmp_path / log_name(text)
            log.write_text(text)
            load([log], database)
        return look(database)

    return load_texts


def look(database: Path) -> list[int]:
    """How many events each rejection stands for, and its connection agrees."""
    with mailsql.open_database(database) as connection:
        rejections = connection.execute("from rejections order by rejection_key").fetchall()
        found = [row[-1] for row in rejections]
        in_connections = connection.execute("select sum(rejection_count) from connections")
        assert in_connections.fetchone() == (sum(found),)
    assert_derived_alike(database)
    return found


def test_the_last_line_counts_it_in_whatever_load_it_comes(tmp_path):
    """Each case is of a host of its own, and in each load there is a text of all of them."""
    before, after = [CONNECTED, REFUSED], [CONNECTED + REFUSED, BETWEEN]
    cases = {
        (order, what, texts[-1]): ([texts[place] for place in order], expected)
        for order in permutations(range(3))
        for what, texts, expected in (
            ("the line before", [*before, LAST], 4),
            ("the line before", [*before, LAST_OF_PROCESS], 4),
            ("a line of another program", [*after, LAST], 1),
            ("a line of another program", [*after, LAST_OF_PROCESS], 4),
        )
    }
    database = tmp_path / "mail.duckdb"
    for turn in range(3):
        log = tmp_path / f"{turn}.log"
        log.write_text(
            "".join(
                on_host(number, texts[turn]) for number, (texts, _) in enumerate(cases.values())
            )
        )
        load([log], database)
    with mailsql.open_database(database) as connection:
        found = connection.execute("select occurrences from rejections order by host").fetchall()
        in_connections = connection.execute(
            "select rejection_count from connections order by host"
        ).fetchall()
    expected = {case: count for case, (_, count) in cases.items()}
    assert dict(zip(cases, (count for (count,) in found), strict=True)) == expected
    assert dict(zip(cases, (count for (count,) in in_connections), strict=True)) == expected
    assert_derived_alike(database)


@pytest.mark.parametrize(("gone", "expected"), [(1, [4]), (2, [1])])
def test_what_is_forgotten_counts_no_more(counts, tmp_path, gone, expected):
    texts = [CONNECTED + REFUSED, BETWEEN, LAST]
    counts(*texts)
    database = tmp_path / "mail.duckdb"
    forget(database, str(tmp_path / log_name(texts[gone])), print, now=NOW)
    assert look(database) == expected


def test_a_repetition_of_a_repetition_is_one_of_the_line(counts):
    again = LAST.replace("09:00:09", "09:10:09")
    assert counts(CONNECTED + REFUSED + LAST, again) == [7]


def test_numbers_out_of_sense_stop_no_load(counts):
    many = LAST.replace("3 times", "999999999 times")
    more = "".join(many.replace("09:00:09", f"09:00:{second}") for second in range(10, 20))
    assert counts(CONNECTED + REFUSED + more) == [2147483647]
    none = LAST.replace("3 times", "99999999999999999999 times")
    assert counts(none.replace("09:00:09", "09:00:30")) == [2147483647]


def wrapped(text: str, count: int = 5) -> str:
    """A line as rsyslog writes it for a text of which it keeps 800 bytes (action.c)."""
    return (
        "2026-02-03T09:01:00+00:00 mx1 postfix/smtpd[7]: message repeated "
        f"{count} times: [{f' {text}'[:800]}]\n"
    )


@pytest.mark.parametrize(("name_length", "is_whole"), [(10, True), (900, False)])
def test_of_a_text_that_may_be_cut_nothing_doubtful_is_read(
    counts, tmp_path, name_length, is_whole
):
    text = (
        REFUSED.partition(": ")[2].rstrip("\n").replace("helo=<c>", f"helo=<{'c' * name_length}>")
    )
    assert counts(CONNECTED + wrapped(text)) == [5]
    with mailsql.open_database(tmp_path / "mail.duckdb") as connection:
        names = connection.execute("select helo_name is not null from rejections").fetchall()
    assert names == [(is_whole,)]


def test_what_imitates_a_repetition_inside_a_text_is_none(counts):
    text = REFUSED.replace("helo=<c>", "helo=<c: message repeated 9 times: [ x]>")
    assert counts(CONNECTED + text.replace(">\n", ">]\n")) == [1]

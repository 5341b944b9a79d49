"""Named reasons and status codes: every pattern has a sample, every word a meaning."""

import re

import duckdb
import pytest

from mailsql.objects import write_objects
from mailsql.words import read_words

CAUSES = read_words("causes")
SAMPLES = [
    (row["cause"], pattern, sample)
    for row in CAUSES
    for pattern, sample in zip(
        [*row["pattern"].splitlines(), *row["general_pattern"].splitlines()] or [""],
        row["samples"].splitlines(),
        strict=True,
    )
]


@pytest.fixture(scope="module")
def objects():
    with duckdb.connect() as connection:
        write_objects(connection)
        yield connection


def ask(connection, code, text):
    (cause,) = connection.execute("select cause_of(?, ?)", [code, text]).fetchone()
    return cause


@pytest.mark.parametrize(("cause", "pattern", "sample"), SAMPLES)
def test_a_sample_has_the_cause_of_its_pattern(cause, pattern, sample, objects):
    # A code would read it too
    assert ask(objects, None, sample) == cause
    assert re.search(pattern, sample, re.IGNORECASE)


@pytest.mark.parametrize(
    ("code", "text", "cause"),
    [
        ("5.1.1", "host mx.example.org[198.51.100.25] said: 550 5.1.1 hm", "unknown user"),
        ("4.4.1", None, "unreachable"),
        ("5.7.26", "no", "sender not proven"),
        ("5.7.99", "no", "policy"),
        # The text says more than the code
        ("5.7.1", "Greylisted, come again", "greylisted"),
        # What a stranger calls himself says nothing
        ("5.1.1", "<spam@virus.example.com>: Recipient address rejected: User unknown",
         "unknown user"),
        (None, "hm (see https://example.net/dnsbl?ip=192.0.2.1)", "other"),
        (None, None, "other"),
        # General words say less than a code, but more than one of no detail
        ("5.1.1", "rejected", "unknown user"),
        ("5.5.0", "rejected", "policy"),
        ("5.4.1", "host mx.example.org[198.51.100.25] said: 550 5.4.1 Recipient address rejected: "
         "Access denied. [A1.example.org]", "unknown user"),
        ("4.2.1", "hm", "mailbox busy"),
        ("5.2.1", "hm", "mailbox closed"),
        ("5.4.7", "hm", "timeout"),
        ("5.7.515", "Access denied", "sender not proven"),
        ("4.7.1", "450 4.7.1 <box>: Helo command rejected: Host not found", "bad HELO"),
        (None, "host mx.example.org[198.51.100.25] refused to talk to me: 554 hm", "other"),
        (None, "host mx.example.org[198.51.100.25] said: 550 5.5.0 pregreet", "protocol error"),
        (None, "Host or domain name not found. Name service error for name=dnsbl.example.org "
         "type=A: Host not found", "DNS"),
        (None, "mail for spam.example.com loops back to myself", "loop"),
        (None, "Domain spam.example.org does not accept mail (nullMX)", "DNS"),
        (None, 'Command died with status 1: "/usr/bin/spam-filter"', "program failed"),
    ],
)  # fmt: skip
def test_the_text_tells_the_cause_else_the_code(code, text, cause, objects):
    assert ask(objects, code, text) == cause


def test_every_pattern_of_codes_reads_a_registered_code(objects):
    codes = [row["code"] for row in read_words("status_codes")]
    for row in CAUSES:
        if row["code_pattern"]:
            assert any(
                re.fullmatch(rf"(?:[245]\.)?(?:{row['code_pattern']})", f"{group}.{code}")
                for code in codes
                for group in (4, 5)
            ), row["cause"]


def test_words_are_there_once_and_in_both_languages(objects):
    for name, key in (("causes", "cause"), ("status_codes", "code")):
        rows = read_words(name)
        assert len({row[key] for row in rows}) == len(rows)
        assert all(row["meaning_en"] and row["meaning_ja"] for row in rows)
        assert objects.execute(f"select count(*) from {name}").fetchone() == (len(rows),)

"""The morning page over sample_logs/, whole, against golden files; and strangers' words in it.

MAILSQL_GOLDEN=1 writes them anew; the difference is read."""

import os
import re
import unicodedata
from contextlib import contextmanager
from datetime import UTC, datetime
from email import message_from_string, policy
from html.parser import HTMLParser
from pathlib import Path

import pytest
from rich.cells import cell_len

import mailsql
from mailsql.duration import shown_duration
from mailsql.errors import UsageError
from mailsql.language import Language
from mailsql.page import TOP, Column, read_page
from mailsql.page_charts import BY_REASON, DELAYS, OVER_TIME, STEPS
from mailsql.page_html import page_html
from mailsql.page_mail import page_message
from mailsql.page_parts import PARTS, SUSPICIONS, Unit
from mailsql.page_script import SCRIPT
from mailsql.page_text import WIDTH, page_text, shown_cell
from mailsql.page_words import read_page_words
from mailsql.report import run_report
from mailsql.scope import Scope, check_limits
from mailsql.words import read_words
from tests.conftest import NOW, load
from tests.test_reports import REPORTS, SAMPLES

GOLDEN = Path(__file__).parent / "page"
EVERYTHING = Scope()
# Of no address, sender, recipient or user
WITHOUT_DOMAIN = {
    "connections_by_end",
    "connections_per_day",
    "connections_per_hour",
    "lines_per_kind",
    "notices_by_text",
    "unknown_lines_by_shape",
    "unread_lines_by_shape",
}
# Two days: two messages, then five; a sender and a client that are markup
HOSTILE = "".join(
    f"Feb  {day} 0{hour}:00:0{place} mx1 postfix/smtpd[7]: {queue_id}: "
    "client=<script>alert(1)</script>[192.0.2.7]\n"
    f"Feb  {day} 0{hour}:00:0{place} mx1 postfix/qmgr[8]: {queue_id}: "
    f"from=<<b>\u202e\x1b[31m&amp;\"'{place}@example.net>, size=1000, nrcpt=1 (queue active)\n"
    f"Feb  {day} 0{hour}:00:0{place} mx1 postfix/smtp[9]: {queue_id}: to=<<i>{place}@example.org>, "
    "relay=mx.example.org[198.51.100.25]:25, delay=1, delays=0/0/0/1, dsn=5.1.1, status=bounced "
    "(host mx.example.org[198.51.100.25] said: 550 5.1.1 <img src=//example.org/x> no such user)\n"
    for day, hour, place, queue_id in [
        (3, 1, 1, "5F71426E41"), (3, 1, 2, "5F71426E42"), (4, 1, 3, "5F71426E43"),
        (4, 1, 4, "5F71426E44"), (4, 2, 5, "5F71426E45"), (4, 2, 6, "5F71426E46"),
        (4, 2, 7, "5F71426E47"),
    ]
)  # fmt: skip
# The day before, mx2 spoke; on the day, guesses, an account that never sent before, mail given up
# and mail to strangers
ODD = """\
Feb  3 08:00:00 mx2 postfix/smtpd[7]: connect from unknown[192.0.2.7]
Feb  4 00:10:00 mx1 dovecot: imap-login: Login: user=<dave>, method=PLAIN, rip=192.0.2.50, \
lip=192.0.2.1, mpid=1, TLS, session=<a>
Feb  4 00:11:00 mx1 dovecot: imap-login: Login: user=<alice>, method=PLAIN, rip=192.0.2.51, \
lip=192.0.2.1, mpid=2, TLS, session=<b>
FAILURES
Feb  4 03:00:00 mx1 dovecot: imap-login: Login: user=<dave>, method=PLAIN, rip=192.0.2.50, \
lip=192.0.2.1, mpid=3, TLS, session=<c>
Feb  4 03:01:00 mx1 dovecot: imap-login: Login: user=<bob>, method=PLAIN, rip=192.0.2.50, \
lip=192.0.2.1, mpid=4, TLS, session=<d>
Feb  4 03:02:00 mx1 dovecot: imap-login: Login: user=<bob>, method=PLAIN, rip=192.0.2.52, \
lip=192.0.2.1, mpid=5, TLS, session=<e>
Feb  4 04:00:00 mx1 postfix/smtpd[7]: 5F71426E51: client=a.example.net[192.0.2.9], \
sasl_method=PLAIN, sasl_username=newbie
Feb  4 04:00:00 mx1 postfix/qmgr[8]: 5F71426E51: from=<x@example.net>, size=1000, nrcpt=60 \
(queue active)
Feb  4 04:00:01 mx1 postfix/smtp[9]: 5F71426E51: to=<c@example.org>, relay=none, delay=1, \
delays=0/0/0/1, dsn=4.4.1, status=deferred (connect to mx.example.org[198.51.100.25]:25: \
Connection timed out)
Feb  4 04:00:02 mx1 postfix/smtp[9]: 5F71426E51: to=<d@example.org>, \
relay=mx.example.org[198.51.100.25]:25, delay=1, delays=0/0/0/1, dsn=2.0.0, status=sent (250 ok)
Feb  4 05:00:00 mx1 postfix/smtpd[7]: 5F71426E52: client=b.example.net[192.0.2.10]
Feb  4 05:00:00 mx1 postfix/qmgr[8]: 5F71426E52: from=<y@example.net>, size=1000, nrcpt=3 \
(queue active)
Feb  4 05:00:01 mx1 postfix/local[9]: 5F71426E52: to=<bob@>, relay=local, delay=1, \
delays=0/0/0/1, dsn=2.0.0, status=sent (delivered to mailbox)
Feb  4 05:00:01 mx1 postfix/local[9]: 5F71426E52: to=<bob@example.com>, relay=local, delay=1, \
delays=0/0/0/1, dsn=2.0.0, status=sent (delivered to mailbox)
Feb  4 05:00:02 mx1 postfix/smtp[9]: 5F71426E52: to=<e@example.org>, relay=none, delay=1, \
delays=0/0/0/1, dsn=4.4.1, status=deferred (connect to mx.example.org[198.51.100.25]:25: \
Connection timed out)
Feb  4 06:00:00 mx1 postfix/qmgr[8]: 5F71426E52: from=<y@example.net>, status=expired, returned \
to sender
Feb  4 06:00:00 mx1 postfix/qmgr[8]: 5F71426E52: removed
""".replace(
    "FAILURES\n",
    "".join(
        f"Feb  4 0{hour}:00:0{place} mx1 dovecot: imap-login: Disconnected: Connection closed "
        f"(auth failed, 1 attempts in 2 secs): user=<{user}>, method=PLAIN, rip=192.0.2.5{place}, "
        f"lip=192.0.2.1, TLS, session=<{user}{place}>\n"
        for place in (0, 1, 2)
        for hour, user in ((1, "alice"), (1, "bob"), (2, "carol"))
    ),
)


@pytest.fixture(scope="module")
def samples(tmp_path_factory):
    database = tmp_path_factory.mktemp("samples") / "mail.duckdb"
    load([SAMPLES], database, timezone="Asia/Tokyo")
    with mailsql.open_database(database) as connection:
        connection.execute("set TimeZone = 'Asia/Tokyo'")
        yield connection


@contextmanager
def loaded(lines, directory):
    (directory / "mail.log").write_text(lines, newline="")
    os.utime(directory / "mail.log", (NOW.timestamp(), NOW.timestamp()))
    load([directory / "mail.log"], directory / "mail.duckdb")
    with mailsql.open_database(directory / "mail.duckdb") as connection:
        connection.execute("set TimeZone = 'UTC'")
        yield connection


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    with loaded(HOSTILE, tmp_path_factory.mktemp("hostile")) as connection:
        yield connection


@pytest.fixture(scope="module")
def odd(tmp_path_factory):
    with loaded(ODD, tmp_path_factory.mktemp("odd")) as connection:
        yield connection


def page_of(connection, since=None, until=None, language=Language.EN, **options):
    words = read_page_words(connection, language)
    options = {"scope": EVERYTHING, "top": TOP, "now": NOW} | options
    return read_page(connection, words, since=since, until=until, **options)


def rows_of(page, title):
    (section,) = [section for section in page.sections if section.title == title]
    return section.rows


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("form", ["txt", "html"])
def test_the_page_says_what_it_said(form, language, samples):
    page = page_of(samples, "2022-07-25", "2022-07-26", language)
    text = page_text(page) if form == "txt" else page_html(page)
    golden = GOLDEN / f"{language}.{form}"
    if os.environ.get("MAILSQL_GOLDEN"):
        golden.write_text(text)
    assert text == golden.read_text()


@pytest.mark.newest
@pytest.mark.parametrize("language", list(Language))
def test_no_line_is_wider_than_told(language, samples, hostile):
    for connection in (samples, hostile):
        lines = page_text(page_of(connection, "2000-01-01", language=language)).splitlines()
        assert max(map(cell_len, lines)) <= WIDTH


@pytest.mark.newest
def test_without_a_period_it_is_yesterday_or_the_last_day_of_the_logs(samples):
    for now, day in (
        (datetime(2022, 7, 25, 23, tzinfo=UTC), "2022-07-25"),
        (datetime(2022, 7, 27, 3, tzinfo=UTC), "2022-07-26"),
        (NOW, "2022-07-26"),
    ):
        assert page_of(samples, now=now).lines[0].startswith(f"{day} 00:00 to ")


@pytest.mark.newest
def test_a_period_without_lines_says_so(samples):
    page = page_of(samples, "2021-01-01", "2021-01-02")
    assert page.sections == ()
    assert "The logs hold no line of this period." in page_text(page)


@pytest.mark.newest
def test_what_a_log_holds_is_neither_markup_nor_terminal_control(hostile):
    page = page_of(hostile, "2026-02-04", "2026-02-05")
    text, html, mail = page_text(page), page_html(page), page_html(page, is_mail=True)
    assert "<b>" in text
    assert "&lt;script&gt;" in html or "&lt;b&gt;" in html
    for written in (text, html, mail):
        assert {unicodedata.category(character) for character in written} & {"Cc", "Cf"} == {"Cc"}
        assert {character for character in written if unicodedata.category(character) == "Cc"} == {
            "\n"
        }
    found: set[tuple[str, str]] = set()

    class Parser(HTMLParser):
        def handle_starttag(self, tag, attributes):
            found.update((tag, name) for name, _ in attributes or [("", "")])

    for written in (html.replace(f"<script>{SCRIPT}</script>", ""), mail):
        found.clear()
        Parser().feed(written)
        assert not {tag for tag, _ in found} & {"script", "b", "i", "img", "a", "link", "iframe"}
        assert {name for _, name in found} == {
            "", "lang", "charset", "http-equiv", "content", "name", "class", "colspan", "style",
            "data-v",
        }  # fmt: skip


@pytest.mark.newest
def test_the_period_before_is_compared(hostile):
    page = page_of(hostile, "2026-02-04", "2026-02-05")
    # The logs end on that day: the other is compared as far
    assert (
        "the logs end 2026-02-04 02:00: compared with the same stretch before, "
        "2026-02-03 00:00 to 2026-02-03 02:00" in page.lines
    )
    accepted = rows_of(page, "Totals")[0]
    assert accepted == ("messages accepted", 5, 100.0, 2, (5, 2))
    assert re.search(
        r"^messages accepted +5 +100\.00 % +2 +\+150 %$", page_text(page), re.MULTILINE
    )
    # Nothing is known of the day before
    assert not any(
        line.startswith("compared") for line in page_of(hostile, "2026-02-03", "2026-02-04").lines
    )


@pytest.mark.newest
@pytest.mark.parametrize("since", ["1000-01-01", "99999w", "2026-03-01"])
def test_a_period_long_before_or_after_the_logs_is_compared_with_nothing(since, hostile):
    page = page_of(hostile, since)
    assert not any("compared with" in line for line in page.lines)
    begin, end = re.match(r"(\S+) \S+ to (.*) \(UTC\)", page.lines[0]).groups()
    assert end == "the end" or begin < end
    assert ("nothing to compare with" in page_text(page)) == (end != "the end")


@pytest.mark.newest
def test_a_host_without_lines_says_so(odd):
    page = page_of(odd, "2026-02-04", "2026-02-05", scope=Scope(host="mx2"))
    assert page.sections == ()
    assert "The logs hold no line of mx2 in this period." in page.lines


@pytest.mark.newest
def test_what_is_odd_is_told_and_what_only_looks_so_is_not(odd):
    page = page_of(odd, "2026-02-04", "2026-02-05")
    rows = [row[:4] for row in rows_of(page, "To look at first")]
    assert rows == [
        ("guessed passwords, then got in", "192.0.2.50", 3, "bob"),
        ("sends much more than before", "newbie", 60, "a day; at most 0 before"),
        # Who had got in before
        ("guesses passwords", "192.0.2.51", 3, "3 names"),
        # A second one of a kind hides no other kind
        ("guessed passwords, then got in", "192.0.2.52", 3, "bob"),
    ]
    japanese = page_of(odd, "2026-02-04", "2026-02-05", Language.JA)
    assert [row[3] for row in rows_of(japanese, "まず確認したいこと")] == [
        "bob", "1 日の宛先数(以前は最大 0)", "3 個の名前", "bob",
    ]  # fmt: skip


@pytest.mark.newest
def test_an_address_without_a_domain_makes_no_stranger_local(odd):
    page = page_of(odd, "2026-02-04", "2026-02-05")
    assert [row[:3] for row in rows_of(page, "Directions")] == [
        ("in", 1, 2), ("out", 1, 1), ("relayed", 1, 0),
    ]  # fmt: skip
    assert any("guessed from mailboxes here: example.com;" in note
               for section in page.sections for note in section.notes)  # fmt: skip


@pytest.mark.newest
def test_mail_that_is_given_up_and_who_still_waits_are_told(odd):
    page = page_of(odd, "2026-02-04", "2026-02-05")
    assert [row[:5] for row in rows_of(page, "Deferred, bounced, expired")] == [
        ("deferred", "example.org", "timeout", 2, 2),
        ("expired", "example.org", "timeout", 1, 1),
    ]
    (waiting,) = rows_of(page, "In the queue when the logs end, the oldest first")
    assert waiting[4] == "c@example.org"


@pytest.mark.newest
@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (59.99, "1 min 0 s"),
        (3599.6, "1 h 0 min"),
        (86399, "1 d 0 h"),
        (7, "7 s"),
        (95, "1 min 35 s"),
    ],
)
def test_a_duration_is_rounded_before_it_is_taken_apart(seconds, shown, samples):
    assert shown_duration(seconds, read_page_words(samples, Language.EN)) == shown


@pytest.mark.newest
@pytest.mark.parametrize(
    ("figures", "shown"),
    [
        ((5, 2), "+150 %"),
        ((2, 5), "-60 %"),
        ((0, 5), "-100 %"),
        ((5, 0), "new"),
        ((5, 5), "="),
        ((0, 0), "="),
        ((1001, 1000), "0 %"),
        ((30000, 1), "+2,999,900 %"),
    ],
)
def test_a_change_is_in_whole_percent(figures, shown, samples):
    words = read_page_words(samples, Language.EN)
    assert shown_cell(Column("change", "", Unit.CHANGE), figures, words) == shown


@pytest.mark.newest
def test_the_rows_of_a_list_are_as_many_as_told(hostile):
    page = page_of(hostile, "2026-02-04", "2026-02-05", top=2)
    assert len(rows_of(page, "Senders")) == 2
    notes = [note for section in page.sections for note in section.notes]
    assert "more: mailsql report senders_by_volume --since 2026-02-04 --until 2026-02-05" in notes
    scope = Scope(host="mx1", domain="example.org")
    page = page_of(hostile, "2026-02-03 01:00", None, scope=scope, top=1)
    assert (
        "more: mailsql report recipients_by_volume --since '2026-02-03 01:00:00' --host mx1 "
        "--domain example.org" in [note for section in page.sections for note in section.notes]
    )


def test_own_domains_decide_the_direction(samples):
    guessed = page_of(samples, "2022-07-25", "2022-07-27")
    told = page_of(samples, "2022-07-25", "2022-07-27", scope=Scope(local_domains=("example.org",)))
    assert [row[0] for row in rows_of(guessed, "Directions")] == ["out", "in", "internal"]
    assert "Own domains: example.org." in page_text(told)
    assert rows_of(told, "Directions") != rows_of(guessed, "Directions")


def test_it_is_limited_to_a_host_and_a_domain(samples):
    page = page_of(
        samples, "2022-07-25", "2022-07-26", scope=Scope(host="MX1", domain="example.org")
    )
    assert {row[0] for row in rows_of(page, "Domains of recipients")} == {"example.org"}
    with pytest.raises(UsageError, match="mx9: no such host in the logs"):
        page_of(samples, scope=Scope(host="mx9"))


def test_a_database_of_an_older_mailsql_says_what_to_do(tmp_path):
    with mailsql.open_database(tmp_path / "mail.duckdb", read_only=False) as connection:
        connection.execute("drop view reports.suspicions")
        with pytest.raises(UsageError, match="suspicions: no such report, as in a database of an"):
            page_of(connection)


@pytest.mark.parametrize("report", REPORTS)
def test_every_report_is_limited_to_a_host_and_to_a_domain_where_it_has_one(report, samples):
    nothing = Scope(host="mx1", domain="nowhere.example")
    if report in WITHOUT_DOMAIN:
        with pytest.raises(UsageError, match=f"{report}: cannot be limited to a domain"):
            check_limits(samples, report, nothing)
        return
    result = run_report(samples, report, None, None, nothing, now=NOW)
    counts = [column[0].endswith(("_count", "amount")) for column in result.description]
    for row in result.fetchall():
        assert not any(value for value, is_count in zip(row, counts, strict=True) if is_count)


@pytest.mark.newest
def test_a_message_is_text_and_the_same_as_html(hostile):
    page = page_of(hostile, "2026-02-04", "2026-02-05", Language.JA)
    written = page_message(page, "root@example.com", now=NOW)
    assert written.isascii()
    # RFC 2045
    assert max(map(len, written.splitlines())) <= 76
    message = message_from_string(written, policy=policy.default)
    assert message["To"] == "root@example.com"
    assert message["Subject"] == page.subject
    assert message["Date"].datetime == NOW
    assert message["Message-ID"].endswith("@example.com>")
    assert message["Auto-Submitted"] == "auto-generated"
    text, html = message.iter_parts()
    assert text.get_content() == page_text(page)
    assert html.get_content() == page_html(page, is_mail=True)


@pytest.mark.newest
@pytest.mark.parametrize(
    "address",
    [
        "root",
        "a@example.com\nBcc: b@example.com",
        "",
        "ä@example.com",
        "-t@example.com",
        "a@example.com, b@example.com",
        "A <a@example.com>",
        f"{'a' * 250}@example.com",
    ],
)
def test_what_is_no_address_gets_no_message(address, hostile):
    with pytest.raises(UsageError, match="not a mail address"):
        page_message(page_of(hostile, "2026-02-04"), address, now=NOW)


@pytest.mark.newest
def test_every_word_of_the_page_is_said_somewhere():
    keys = {row["key"] for row in read_words("page")}
    assert all(row["en"].count("{") == row["ja"].count("{") for row in read_words("page"))
    parts = (SUSPICIONS, *PARTS)
    columns = {column for part in parts for column in part.columns}
    columns |= {"figure", "amount", "share_percent", "before", "change", "hour", "bar"}
    columns |= {"message_count", "rejected_count"}
    assert {key for key in keys if key.startswith("column.")} == {
        f"column.{name}" for name in columns
    }
    titles = {f"title.{part.report}" for part in parts}
    titles |= {f"title.{part.report}.size" for part in PARTS if part.is_by_size}
    titles |= {"title.totals", "title.volumes", "title.traffic_per_hour", "title.silent"}
    assert {key for key in keys if key.startswith("title.")} == titles
    charts = {f"chart.{name}" for name in ("heading", "sum", "others", "missing", "p95", DELAYS)}
    charts |= {f"chart.{chart.report}" for chart in OVER_TIME}
    panels = (key for chart in OVER_TIME for _, key, _ in chart.panels)
    series = (key for chart in BY_REASON.values() for _, key, _ in chart.series)
    charts |= {key for key in (*panels, *series) if key.startswith("chart.")}
    assert {key for key in keys if key.startswith("chart.")} == charts
    assert {key for key in keys if key.startswith("step.")} == {
        f"step.{name}" for name in STEPS.values()
    }

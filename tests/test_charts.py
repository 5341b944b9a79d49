"""The charts of the morning page, and the page in a browser: whatever the logs say, it is text."""

from datetime import datetime, timedelta
from xml.etree import ElementTree

import pytest
from typer.testing import CliRunner

from mailsql.charts import Bar, BarChart, Panel, Series, TimeChart, draw
from mailsql.cli import app
from mailsql.language import Language
from mailsql.page_charts import read_chart_by_reason, read_charts_over_time
from mailsql.page_html import page_html
from mailsql.page_script import SCRIPT
from mailsql.page_words import read_page_words
from mailsql.period import read_period
from mailsql.scope import set_period
from tests.chromium import Chromium, program
from tests.conftest import NOW
from tests.test_page import loaded, page_of

# What is drawn, the reports and the page show with each engine
pytestmark = pytest.mark.newest

MARKUP = "<script>alert(1)</script>]]>&amp;\"'\u202e"
NAME = "<b/>]]>&amp;\"'\u202e.example.org"
WIDTHS = {"phone": 390, "tablet": 820, "desktop": 1280}
DAY = datetime(2026, 2, 3)
DAYS = (501, 73, 3, 0.25, 0)
# All that the page may consist of
ELEMENTS = {
    "html", "head", "meta", "title", "style", "body", "h1", "h2", "p", "section", "div", "script",
    "table", "thead", "tbody", "tr", "th", "td", "span", "button", "figure", "figcaption", "i",
    "svg", "g", "path", "line", "text",
}  # fmt: skip
# Mail that is sent, put off and sent back, refusals and failed logins, on two days; all that a
# stranger may choose is markup
HOSTILE = "".join(
    f"Feb  {day} {hour:02}:{line}\n".format(
        id=f"5F71426E{day}{hour:02}", place=f"{day}{hour}", hour=hour, markup=MARKUP, name=NAME
    )
    for day in (3, 4)
    for hour in (1, 2, 13, 23)
    for line in (
        "00:00 mx1 postfix/smtpd[7]: {id}: client={name}[192.0.2.7]",
        "00:00 mx1 postfix/qmgr[8]: {id}: from=<{markup}{hour}@example.net>, size={hour}000, "
        "nrcpt=3 (queue active)",
        "00:01 mx1 postfix/smtp[9]: {id}: to=<a@example.org>, relay={name}[198.51.100.25]:25, "
        "delay={hour}, delays=0/0/0/{hour}, dsn=2.0.0, status=sent (250 {markup})",
        "00:01 mx1 postfix/smtp[9]: {id}: to=<b{hour}@{name}>, relay={name}[198.51.100.26]:25, "
        "delay=1, delays=0/0/0/1, dsn=4.2.0, status=deferred (host {name}[198.51.100.26] said: "
        "450 4.2.0 {markup} greylisted (in reply to RCPT TO command))",
        "00:02 mx1 postfix/smtp[9]: {id}: to=<c@example.org>, relay=mx.example.org[198.51.100.25]"
        ":25, delay=1, delays=0/0/0/1, dsn=5.1.1, status=bounced (host mx.example.org"
        "[198.51.100.25] said: 550 5.1.1 {markup} no such user (in reply to RCPT TO command))",
        "30:00 mx1 postfix/smtpd[7]: NOQUEUE: reject: RCPT from {name}[192.0.2.7]: 554 5.7.1 "
        "Service unavailable; Client host [192.0.2.7] blocked using bl.example.org; {markup}; "
        "from=<x@example.net> to=<a@example.com> proto=ESMTP helo=<{markup}>",
        "40:00 mx1 dovecot: imap-login: Disconnected: {markup} (auth failed, 1 attempts in 2 secs)"
        ": user=<{markup}>, method={markup}, rip=192.0.2.9, lip=192.0.2.1, TLS, session=<a{place}>",
        "41:00 mx1 dovecot: imap-login: Login: user=<alice>, method=PLAIN, rip=192.0.2.9, "
        "lip=192.0.2.1, mpid=1, TLS, session=<b{place}>",
    )
)  # fmt: skip


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    return tmp_path_factory.mktemp("hostile")


@pytest.fixture(scope="module")
def hostile(database):
    with loaded(HOSTILE, database) as connection:
        yield connection


@pytest.fixture(scope="module")
def logins(tmp_path_factory):
    """A login at noon of some days, the last of which is DAY."""
    lines = "".join(
        f"{moment.isoformat()}Z mx1 dovecot: imap-login: Login: user=<alice>, method=PLAIN, "
        f"rip=192.0.2.9, lip=192.0.2.1, mpid=1, TLS, session=<a{place}>\n"
        for place, moment in enumerate(DAY - timedelta(days=days) for days in DAYS)
    )
    with loaded(lines, tmp_path_factory.mktemp("logins")) as connection:
        yield connection


@pytest.fixture(scope="module")
def page(hostile):
    """The page of both days."""
    return page_of(hostile, "2026-02-03", "2026-02-05", has_charts=True)


@pytest.fixture(scope="module")
def files(hostile, page, tmp_path_factory):
    """The same in each language."""
    directory = tmp_path_factory.mktemp("pages")
    (directory / "en.html").write_text(page_html(page))
    page = page_of(hostile, "2026-02-03", "2026-02-05", Language.JA, has_charts=True)
    (directory / "ja.html").write_text(page_html(page))
    return directory


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    if program() is None:
        pytest.skip("Chromium is not installed: the page is not looked at")
    chromium = Chromium(tmp_path_factory.mktemp("profile"))
    yield chromium
    chromium.close()


def chart_of(page, title):
    (chart,) = [chart for chart in page.charts if chart.title == title]
    return chart


def test_a_chart_over_time_has_each_step_and_a_panel_of_what_there_was(page):
    chart = chart_of(page, "Mail, by hour")
    assert (chart.begin, chart.end) == (DAY + timedelta(hours=1), DAY + timedelta(days=2))
    assert [begin for begin, _ in chart.steps] == [
        DAY + timedelta(days=day, hours=hour) for day in (0, 1) for hour in (1, 2, 13, 23)
    ]
    assert [(panel.series.name, panel.peak) for panel in chart.panels] == [
        ("accepted: 8", "1"), ("delivered: 8", "1"), ("deferred: 8", "1"), ("bounced: 8", "1"),
        ("refused: 8", "1"),
    ]  # fmt: skip
    delays = chart_of(page, "How long delivery took, by hour")
    assert delays.panels[0].values == (1, 2, 13, 23) * 2
    assert delays.panels[0].peak == "23 s"


def over_time(connection, since, until, zone="UTC"):
    """The charts over a period, in words, and a zone."""
    connection.execute(f"set TimeZone = '{zone}'")
    words = read_page_words(connection, Language.EN)
    period = read_period(connection, since, until, NOW)
    set_period(connection, period)
    sql = "select min(logged_at), max(logged_at) from main.raw_lines"
    first, last = connection.execute(sql).fetchone()
    first = first if period.since is None else max(first, period.since)
    charts = read_charts_over_time(connection, words, first, period.until, last)
    connection.execute("set TimeZone = 'UTC'")
    return charts


def test_times_are_of_the_zone_of_the_page(hostile):
    *_, logins = over_time(hostile, None, None, "Asia/Kolkata")
    # 01:40 in UTC
    assert logins.steps[0][0] == DAY + timedelta(hours=7)


# Of each period: its days before the last one, how long its steps are, how many have a login
@pytest.mark.parametrize(
    ("days", "step", "count"),
    [(0.04, "minute", 1), (0.25, "ten minutes", 2), (3, "hour", 3), (4, "day", 3),
     (72, "day", 3), (73, "week", 3), (500, "week", 3), (501, "month", 4), (10000, "month", 4)],
)  # fmt: skip
def test_long_periods_are_told_in_long_steps(days, step, count, logins):
    # What comes before the logs counts for nothing
    since = (DAY - timedelta(days=days)).isoformat(" ")
    (chart,) = over_time(logins, since, None)
    assert chart.title == f"Logins, by {step}"
    values = chart.panels[0].values
    assert len(values) == count
    assert sum(values) == sum(before <= days for before in DAYS)
    assert chart.begin <= chart.steps[0][0]
    assert chart.steps[-1][0] <= DAY < chart.steps[-1][1] == chart.end
    drawn = ElementTree.fromstring(draw(chart))
    assert len(list(drawn.iter("path"))) == count


def test_reasons_beyond_the_first_ones_are_told_together(hostile, page):
    chart = chart_of(page, "Deferred, bounced, expired")
    assert [(bar.label, bar.values, bar.total) for bar in chart.bars] == [
        ("greylisted", (8, 0), "8"),
        ("unknown user", (0, 8), "8"),
    ]
    rows = (
        "select 'cause ' || i as cause, i as rejection_count, 1 as put_off_count "
        "from range(1, 11) as numbers(i)"
    )
    hostile.execute(f"create or replace temp table page_rows as {rows}")
    (chart,) = read_chart_by_reason(hostile, page.words, "rejections_by_cause")
    assert [(bar.label, bar.total) for bar in chart.bars] == [
        *((f"cause {count}", f"{count}") for count in range(10, 3, -1)), ("3 others", "6"),
    ]  # fmt: skip
    assert chart.bars[-1].values == (3, 3)


def test_a_label_is_text_and_a_drawing_has_shapes_alone():
    label = f"{MARKUP}\n\x00"
    series = (Series("a", "bad"), Series("b", "wait"))
    bars = tuple(Bar(label, (2.0, 1.0), label) for _ in range(2))
    step = (DAY, DAY + timedelta(hours=1))
    panel = Panel(Series(label, "plain"), (3.0,), "3")
    for chart in (
        BarChart(label, series, bars),
        TimeChart(label, DAY, DAY + timedelta(days=1), (step,), (panel,)),
    ):
        root = ElementTree.fromstring(draw(chart))
        found = {element.tag for element in root.iter()}
        assert found <= {"svg", "g", "path", "line", "text"}
        assert not {
            name
            for element in root.iter()
            for name in element.attrib
            if name.startswith(("on", "style", "href", "{"))
        }
        texts = "".join(text for element in root.iter() for text in [element.text] if text)
        assert "<script>alert(1)</scr" in texts
        assert not {"\u202e", "\x00", "\n"} & set(texts)


@pytest.mark.parametrize("language", list(Language))
def test_the_page_in_a_browser_is_what_it_should_be(language, files, browser):
    file = files / f"{language}.html"
    browser.open(file)
    for width in WIDTHS.values():
        for scheme in ("light", "dark"):
            browser.show(width, scheme)
            assert browser.evaluate("document.documentElement.scrollWidth") <= width
            paper = browser.evaluate("getComputedStyle(document.body).backgroundColor")
            assert (paper == "rgb(255, 255, 255)") == (scheme == "light")
            # A colour that is not known is black
            colors = browser.evaluate(
                "[...new Set([...document.querySelectorAll('svg path')]"
                ".map(path => getComputedStyle(path).fill))]"
            )
            assert len(colors) == 4
            assert "rgb(0, 0, 0)" not in colors
            outside = browser.evaluate(
                "[...document.querySelectorAll('svg text')].filter(text => {"
                "const [a, b] = [text, text.closest('svg')].map(e => e.getBoundingClientRect());"
                "return a.left < b.left - 1 || a.right > b.right + 1})"
                ".map(text => text.textContent)"
            )
            assert outside == []
    browser.show(1280, "dark", "print")
    assert browser.evaluate("getComputedStyle(document.body).backgroundColor") == (
        "rgb(255, 255, 255)"
    )
    assert browser.evaluate("document.querySelectorAll('svg').length") == 7
    # What strangers wrote is there, and is nothing but text
    text = browser.evaluate("document.body.textContent")
    assert "<script>alert(1)</script>]]>&amp;\"'\\u202e" in text
    assert "\u202e" not in text
    labels = browser.evaluate("[...document.querySelectorAll('svg text')].map(t => t.textContent)")
    assert "<b/>]]>&amp;\"'\\u202e.…" in labels
    assert set(
        browser.evaluate("[...document.querySelectorAll('*')].map(element => element.localName)")
    ) <= (ELEMENTS)
    assert browser.evaluate("[...document.scripts].map(script => script.text)") == [SCRIPT]
    assert [event["request"]["url"] for event in browser.of("Network.requestWillBeSent")] == [
        file.as_uri()
    ]
    for event in ("Page.javascriptDialogOpening", "Log.entryAdded", "Runtime.exceptionThrown"):
        assert browser.of(event) == []


# In the table of senders: what a column shows, from top to bottom
COLUMN = """[...[...document.querySelectorAll("section")]
  .find(section => section.querySelector("h2").textContent === "{title}")
  .querySelectorAll("tbody tr:not(.below)")].map(row => row.cells[{place}].textContent)"""
HEADINGS = """[...document.querySelectorAll("section")]
  .find(section => section.querySelector("h2").textContent === "{title}")
  .querySelectorAll("th")"""


def test_a_click_or_a_key_sorts_a_table(files, browser):
    assert "<button" not in (files / "en.html").read_text().replace(SCRIPT, "")
    browser.open(files / "en.html")
    sizes = COLUMN.format(title="Senders", place=4)
    heading = f"{HEADINGS.format(title='Senders')}[4]"
    browser.evaluate(f"{heading}.querySelector('button').click()")
    assert browser.evaluate(sizes) == ["46.0 kB", "26.0 kB", "4.0 kB", "2.0 kB"]
    assert browser.evaluate(f"{heading}.ariaSort") == "descending"
    browser.evaluate(f"{heading}.querySelector('button').focus()")
    browser.key("Enter", 13)
    assert browser.evaluate(sizes) == ["2.0 kB", "4.0 kB", "26.0 kB", "46.0 kB"]
    assert browser.evaluate(f"{heading}.ariaSort") == "ascending"
    # Text begins with the least, numbers within it as numbers
    browser.evaluate(f"{HEADINGS.format(title='Senders')}[0].querySelector('button').click()")
    senders = browser.evaluate(COLUMN.format(title="Senders", place=0))
    assert [sender.partition("@")[0][-2:].strip("e") for sender in senders] == [
        "1",
        "2",
        "13",
        "23",
    ]
    assert browser.evaluate(f"{heading}.ariaSort") is None
    # What is empty stays at the end, whichever way
    hours = COLUMN.format(title="Traffic by hour", place=1)
    for _ in range(2):
        browser.evaluate(
            f"{HEADINGS.format(title='Traffic by hour')}[1].querySelector('button').click()"
        )
        assert browser.evaluate(hours) == ["2"] * 4 + [""] * 20


def test_a_text_below_its_row_stays_with_it(files, browser):
    browser.open(files / "en.html")
    rows = """[...[...document.querySelectorAll("section")]
      .find(section => section.querySelector("h2").textContent === "Deferred, bounced, expired")
      .querySelectorAll("tbody tr")].map(row => row.textContent)"""
    before = browser.evaluate(rows)
    pairs = {*zip(before[::2], before[1::2], strict=True)}
    heading = f"{HEADINGS.format(title='Deferred, bounced, expired')}[0]"
    for _ in range(2):
        browser.evaluate(f"{heading}.querySelector('button').click()")
        after = browser.evaluate(rows)
        assert {*zip(after[::2], after[1::2], strict=True)} == pairs
    # From the last to the first
    assert after[::2] == sorted(before[::2], reverse=True) != before[::2]


def test_without_the_extra_the_page_says_how_to_get_charts(hostile, database, monkeypatch):
    hostile.close()
    page = database / "page.html"
    command = ["report", "--db", str(database / "mail.duckdb"), "--since", "2026-02-03"]
    command += ["--html", str(page)]
    assert CliRunner().invoke(app, command).exit_code == 0
    assert page.read_text().count("<svg") == 7
    monkeypatch.setattr("mailsql.charts.MODULE", "no_such_module")
    assert CliRunner().invoke(app, command).exit_code == 0
    assert "<svg" not in page.read_text()
    assert "Charts: pip install &#x27;mailsql[charts]&#x27;" in page.read_text()

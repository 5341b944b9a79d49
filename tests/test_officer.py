"""What a security officer looks for: the reports say who, and nobody else."""

import re

import pytest
from typer.testing import CliRunner

import mailsql
from mailsql.cli import app
from mailsql.errors import UsageError
from mailsql.language import Language
from mailsql.report import list_reports
from tests.conftest import load

SENDS = """\
Feb {day:>2} {time} mx1 postfix/smtpd[{pid}]: connect from c.example.net[{ip}]
Feb {day:>2} {time} mx1 postfix/smtpd[{pid}]: {queue_id}: client=c.example.net[{ip}], \
sasl_method=PLAIN, sasl_username={user}
Feb {day:>2} {time} mx1 postfix/cleanup[9]: {queue_id}: message-id=<{queue_id}@example.net>
Feb {day:>2} {time} mx1 postfix/qmgr[8]: {queue_id}: from=<{user}>, size=1000, \
nrcpt={count} (queue active)
Feb {day:>2} {time} mx1 postfix/smtpd[{pid}]: disconnect from c.example.net[{ip}]
"""
LOGS_IN = (
    "Feb  {day} {time} mx1 dovecot: imap-login: Login: user=<{user}>, method=PLAIN, rip={ip}, "
    "lip=192.0.2.200, mpid={pid},{tls} session=<s{pid}AAAAAAAAA>\n"
)
FAILS = (
    "Feb  {day} {time} mx1 dovecot: imap-login: Aborted login (auth failed, 4 attempts in 9 secs): "
    "user=<{user}>, method=PLAIN, rip={ip}, lip=192.0.2.200, TLS, session=<f{pid}AAAAAAAAA>\n"
)
REFUSED = """\
Feb  {day} {time} mx1 postfix/smtpd[{pid}]: connect from unknown[{ip}]
Feb  {day} {time} mx1 postfix/smtpd[{pid}]: NOQUEUE: reject: RCPT from unknown[{ip}]: {reply}; \
from=<a@example.net> to=<{to}> proto=ESMTP helo=<box>
Feb  {day} {time} mx1 postfix/smtpd[{pid}]: disconnect from unknown[{ip}]
"""


def sends(day, hour, pid, ip, user, count):
    return SENDS.format(
        day=day,
        time=f"{hour:02}:00:00",
        pid=pid,
        queue_id=f"A{pid:09X}",
        ip=ip,
        user=user,
        count=count,
    )


def told(form, day, hour, minute, pid, **words):
    return form.format(day=day, time=f"{hour:02}:{minute:02}:00", pid=pid, **words)


@pytest.fixture(scope="module")
def path(tmp_path_factory):

    lines = [
        sends(3, 8, 100, "192.0.2.1", "alice@example.com", 3),
        sends(4, 8, 101, "192.0.2.1", "Alice@example.com", 9),
        # 49 are few, and 60 no more than five times 12
        sends(4, 9, 102, "192.0.2.4", "frank@example.com", 12),
        sends(5, 8, 103, "203.0.113.9", "alice@example.com", 80),
        sends(5, 8, 104, "192.0.2.5", "bob@example.com", 49),
        sends(5, 9, 105, "192.0.2.4", "frank@example.com", 60),
    ]
    # Three providers within an hour; two are a telephone and an office
    for minute, ip in enumerate(["192.0.2.1", "198.51.100.7", "203.0.113.5"]):
        lines.append(
            told(LOGS_IN, 5, 10, minute, 200 + minute, user="carol@example.com", ip=ip, tls=" TLS,")
        )
    for minute, ip in enumerate(["192.0.2.1", "2001:db8:1::1"]):
        lines.append(
            told(LOGS_IN, 5, 11, minute, 210 + minute, user="dave@example.com", ip=ip, tls=" TLS,")
        )
    lines += [
        told(LOGS_IN, 5, 12, 0, 220, user="erin@example.com", ip="198.51.100.8", tls=""),
        told(LOGS_IN, 5, 12, 1, 221, user="erin@example.com", ip="192.168.0.9", tls=""),
    ]
    # One network, an address for each name
    lines += [
        told(FAILS, 5, 13, place, 230 + place, user=f"{name}@example.com", ip=f"203.0.113.{place}")
        for place, name in enumerate(["alice", "bob", "carol"], 20)
    ]
    relay = "454 4.7.1 <v@example.org>: Relay access denied"
    listed = (
        "554 5.7.1 Service unavailable; Client host [198.51.100.67] blocked using bl.example.org"
    )
    nobody = "550 5.1.1 <x@example.com>: Recipient address rejected: User unknown in local table"
    for minute in range(12):
        lines += [
            told(
                REFUSED,
                5,
                14,
                minute,
                300 + minute,
                ip="198.51.100.66",
                reply=relay,
                to=f"v{minute % 4}@example.org",
            ),
            told(
                REFUSED,
                5,
                15,
                minute,
                320 + minute,
                ip="192.168.0.7",
                reply=relay,
                to="v@example.org",
            ),
        ]
    lines += [
        told(REFUSED, 5, 16, 0, 340, ip="198.51.100.67", reply=listed, to="bob@example.com"),
        told(REFUSED, 5, 16, 1, 341, ip="198.51.100.68", reply=nobody, to="x@example.com"),
    ]
    directory = tmp_path_factory.mktemp("officer")
    log = directory / "mail.log"
    log.write_text("".join(lines))
    load([log], directory / "mail.duckdb", year=2026)
    return directory / "mail.duckdb"


@pytest.fixture
def database(path):
    with mailsql.open_database(path) as connection:
        connection.execute("set TimeZone = 'UTC'")
        yield connection


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        (
            "select username, day::varchar, recipient_count, most_before_count, client_ip "
            "from reports.accounts_sending_more",
            [("alice@example.com", "2026-02-05", 80, 9, "203.0.113.9")],
        ),
        (
            "select username, network, known_network_count from reports.logins_from_new_networks",
            [("alice@example.com", "203.0.113.0/24", 1)],
        ),
        (
            "select username, network_count, networks from reports.logins_far_apart",
            [("carol@example.com", 3, "192.0.0.0/16, 198.51.0.0/16, 203.0.0.0/16")],
        ),
        (
            "select username, protocol, login_count, client_ip from reports.logins_without_tls",
            [("erin@example.com", "imap", 1, "198.51.100.8")],
        ),
        (
            "select network, username_count, address_count, attempt_count "
            "from reports.password_guessing_by_network",
            [("203.0.113.0/24", 3, 3, 12)],
        ),
        (
            "select client_ip, rejection_count, recipient_count "
            "from reports.relay_denied_by_address",
            [("192.168.0.7", 12, 1), ("198.51.100.66", 12, 4)],
        ),
        (
            "select client_ip, rejection_count, causes, message_count from reports.spam_sources",
            [
                ("192.168.0.7", 12, "relay denied", 0),
                ("198.51.100.66", 12, "relay denied", 0),
                ("198.51.100.67", 1, "blocklisted", 0),
            ],
        ),
        (
            "select client_ip, event_count, suspicions from reports.addresses_to_block",
            [("198.51.100.66", 12, "tries to relay")],
        ),
    ],
    ids=lambda value: value.partition("reports.")[2] if isinstance(value, str) else "",
)
def test_the_officer_is_told(database, query, rows):
    assert database.execute(query).fetchall() == rows


def test_what_is_usual_is_told_of_the_days_before_the_period(database):
    database.execute("set variable since = '2026-02-05'")
    assert database.execute(
        "select suspicion, subject from reports.suspicions "
        "where suspicion in ('sends much more than before', 'logs in from a new network')"
    ).fetchall() == [
        ("sends much more than before", "alice@example.com"),
        ("logs in from a new network", "alice@example.com"),
    ]
    database.execute("set variable since = '2026-02-06'")
    assert database.execute("select count(*) from reports.suspicions").fetchone() == (0,)


@pytest.mark.parametrize(
    ("report", "threshold", "counts"),
    [
        ("password_guessing_by_network", "guessed_names", {3: 1, 4: 0}),
        ("password_guessing_by_address", "guessed_names", {3: 0, 1: 3}),
        ("password_guessing_by_user", "guessing_networks", {3: 0, 1: 3}),
        ("logins_far_apart", "networks_an_hour", {3: 1, 2: 2, 4: 0}),
        ("accounts_sending_more", "sent_recipients", {50: 1, 81: 0}),
        ("accounts_sending_more", "times_before", {5: 1, 4: 2, 9: 0}),
        ("addresses_to_block", "harmful_events", {10: 1, 13: 0}),
        ("spam_sources", "spam_refusals", {3: 3, 1: 4}),
        (
            "suspicions where suspicion = 'logs in from many networks'",
            "login_networks",
            {5: 0, 3: 1},
        ),
    ],
)
def test_thresholds_can_be_set(database, report, threshold, counts):
    usual = database.execute("select usual_thresholds()[?]", [threshold]).fetchone()[0]
    assert usual == next(iter(counts))
    query = f"select count(*) from reports.{report}"
    assert database.execute(query).fetchone() == (counts[usual],)
    for number, count in counts.items():
        database.execute(f"set variable {threshold} = {number}")
        assert database.execute(query).fetchone() == (count,), number


@pytest.mark.newest
def test_reports_name_their_thresholds(database):
    usual = database.execute("select usual_thresholds()").fetchone()[0]
    for language, pattern in (
        (Language.EN, r"\b(\d+): ([a-z]+_[a-z_]+)"),
        (Language.JA, r"([a-z]+_[a-z_]+) (\d+)、"),
    ):
        told = {}
        for _, words in list_reports(database, language):
            for found in re.findall(pattern, words):
                name, number = sorted(found, reverse=True)
                told[name] = int(number)
        assert told == usual


def run(path, *arguments):
    return CliRunner().invoke(app, [*arguments, "--db", str(path)])


def test_a_firewall_gets_addresses_alone(path):
    done = run(path, "report", "addresses_to_block", "--format", "list")
    assert (done.exit_code, done.stdout) == (0, "198.51.100.66\n")
    query = "select x from (values ('a' || chr(10) || 'b'), (null), ('c')) as t (x)"
    assert run(path, "query", query, "--format", "list").stdout == "a\\nb\nc\n"


@pytest.mark.parametrize(
    ("report", "until", "exit_code"),
    [("addresses_to_block", [], 1), ("addresses_to_block", ["--until", "2026-02-05"], 0)],
)
def test_an_alert_has_an_exit_code(path, report, until, exit_code):
    done = run(path, "report", report, "--fail-if-rows", "--limit", "1", *until)
    assert done.exit_code == exit_code
    assert ("198.51.100.66" in done.stdout) == bool(exit_code)


@pytest.mark.newest
def test_thresholds_are_an_option_and_a_setting(path, monkeypatch, tmp_path):
    report = ("report", "addresses_to_block", "--format", "list")
    query = ("query", "select client_ip from reports.addresses_to_block", "--format", "list")
    blocked = "198.51.100.66\n"
    option = "--thresholds"
    for command in (report, query):
        assert run(path, *command, option, "harmful_events=12").stdout == blocked
        assert run(path, *command, option, "guessed_names=9, harmful_events = 13").stdout == ""
    config = tmp_path / "config.toml"
    config.write_text("[thresholds]\nharmful_events = 13\n")
    monkeypatch.setenv("MAILSQL_CONFIG", str(config))
    assert run(path, *report).stdout == ""
    assert run(path, *report, option, "").stdout == blocked
    page = run(path, "report", "--since", "2026-02-05", option, "guessed_names=1").stdout
    assert re.search(r"guesses passwords +203[.]0[.]113[.]20 ", page)
    assert "guesses passwords" not in run(path, "report", "--since", "2026-02-05").stdout


@pytest.mark.newest
@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("harmful=3", "harmful: no such threshold"),
        ("harmful_events", "harmful_events: no NAME=NUMBER"),
        ("harmful_events=many", "harmful_events=many: no NAME=NUMBER"),
        ("harmful_events=-1", "harmful_events=-1: no NAME=NUMBER"),
        ("harmful_events=²", "harmful_events=²: no NAME=NUMBER"),
        ("harmful_events=0", "harmful_events: 0: below 1"),
        ("harmful_events=3,harmful_events=4", "harmful_events: two numbers"),
        ("harmful_events=9999999999999999999", "no NAME=NUMBER"),
    ],
)
def test_a_threshold_that_is_none_is_refused(path, text, fault):
    error = run(path, "report", "addresses_to_block", "--thresholds", text).exception
    assert isinstance(error, UsageError)
    assert fault in str(error)


def test_the_page_is_no_alert(path):
    assert isinstance(run(path, "report", "--fail-if-rows").exception, UsageError)


def test_networks_of_a_file_are_joined(path, tmp_path):
    networks = tmp_path / "networks.csv"
    networks.write_text(
        "network,country,asn\n192.0.2.0/24,AA,64496\n198.51.100.0/25,BB,64497\n"
        "203.0.113.0/24,CC,64498\n2001:db8::/32,DD,64499\n"
    )
    query = (
        "select username, string_agg(distinct country, ' ' order by country) as countries "
        "from logins asof join networks on contains(client_ip, ':') = contains(network, ':') "
        "and ip_bits(client_ip) >= ip_bits(split_part(network, '/', 1)) "
        "where is_success and in_network(client_ip, network) "
        "group by username having count(distinct country) > 1 order by username"
    )
    done = run(path, "query", query, "--with", f"networks={networks}", "--format", "csv")
    assert done.stdout == (
        "username,countries\nalice@example.com,AA CC\ncarol@example.com,AA BB CC\n"
        "dave@example.com,AA DD\n"
    )


@pytest.mark.parametrize(
    ("ip", "network", "wide_network"),
    [
        ("192.0.2.77", "192.0.2.0/24", "192.0.0.0/16"),
        ("::ffff:192.0.2.77", "192.0.2.0/24", "192.0.0.0/16"),
        ("2001:db8::1", "2001:db8::/48", "2001:db8::/32"),
        ("2001:0DB8:0000:0:1::", "2001:db8::/48", "2001:db8::/32"),
        ("2001:db8:5:0:1:2:3:4", "2001:db8:5::/48", "2001:db8::/32"),
        ("2001:0:5::1", "2001:0:5::/48", "2001::/32"),
        ("::1", "::/48", "::/32"),
        (None, None, None),
        ("", None, None),
    ],
)
def test_a_network_has_one_text(database, ip, network, wide_network):
    found = database.execute("select network(?), wide_network(?)", [ip, ip]).fetchone()
    assert found == (network, wide_network)
    if network is not None:
        assert database.execute("select in_network(?, ?)", [ip, network]).fetchone() == (True,)

"""What a security officer looks for: the reports say who, and nobody else."""

import pytest

import mailsql
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
def database(tmp_path_factory):

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
    with mailsql.open_database(directory / "mail.duckdb") as connection:
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
    try:
        assert database.execute(
            "select suspicion, subject from reports.suspicions "
            "where suspicion in ('sends much more than before', 'logs in from a new network')"
        ).fetchall() == [
            ("sends much more than before", "alice@example.com"),
            ("logs in from a new network", "alice@example.com"),
        ]
        database.execute("set variable since = '2026-02-06'")
        assert database.execute("select count(*) from reports.suspicions").fetchone() == (0,)
    finally:
        database.execute("reset variable since")


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

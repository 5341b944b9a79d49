"""What people look for is found, and told in full, in both languages.

The oracle is Python: it reads all rows and looks for the term by itself. The traces of three
messages are kept whole in tests/traces; MAILSQL_GOLDEN=1 writes them anew; the difference is
read."""

import ipaddress
import json
import os
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailsql.errors import UsageError
from mailsql.language import Language
from mailsql.period import read_period
from mailsql.reading import open_reading
from mailsql.scope import set_period
from mailsql.search import Kind, find, read_term, suggest
from mailsql.trace import search, trace_json, trace_text
from tests.conftest import NOW, load, on_host
from tests.e2e.recording import read_recorded
from tests.e2e.test_e2e import LOG_SETS

pytestmark = pytest.mark.newest

TESTS = Path(__file__).parent
SAMPLES = TESTS.parent / "sample_logs"
STORIES = sorted((TESTS / "scenarios").glob("*/mail.log"))
FAMILIES = sorted((TESTS / "lines").glob("*.log"))
SHARED_MAILBOX = """\
Aug 10 09:00:00 mx1 dovecot: imap-login: Login: user=<shared@example.org>, method=PLAIN, \
rip=192.0.2.21, lip=192.0.2.2, mpid=501, TLS, session=<AAA1>
Aug 10 09:00:05 mx1 dovecot: imap-login: Login: user=<shared@example.org>, method=PLAIN, \
rip=192.0.2.22, lip=192.0.2.2, mpid=502, TLS, session=<AAA2>
Aug 10 09:01:01 mx1 dovecot: imap(shared@example.org)<502><AAA2>: expunge: box=INBOX, uid=907, \
msgid=<123.foo@bar.example>, size=2400, from=Boss <boss@example.com>, subject=Contract
Aug 10 09:02:01 mx1 dovecot: imap(shared@example.org)<502><AAA2>: Mailbox deleted: Projects/2026
"""
FETCHED = """\
Jun  8 07:05:00 mx1 dovecot: pop3-login: Login: user=<fimm@example.org>, method=PLAIN, \
rip=192.0.2.32, lip=192.0.2.2, mpid=2, TLS, session=<i2>
Jun  8 07:05:02 mx1 dovecot: pop3(fimm@example.org)<2><i2>: Disconnected: Logged out top=0/0, \
retr=2/700000, del=2/2, size=700000
"""
FILTER_BEFORE_THE_QUEUE = (TESTS / "scenarios" / "filter_before_the_queue" / "mail.log").read_text()


@pytest.fixture(scope="module")
def databases(tmp_path_factory) -> dict[str, Path]:
    """The recorded runs of the real daemons, and the samples."""
    directory = tmp_path_factory.mktemp("traced")
    found = {}
    for name, log_set in LOG_SETS.items():
        if log_set.is_kept:
            logs, ledger = read_recorded(log_set.style)
            year = int(ledger.of("messages")[0]["queued_at"]["at_least"][:4])
            found[name] = directory / f"{name}.duckdb"
            for log in log_set.names:
                load([logs / log], found[name], host=log_set.host, year=year)
    found["samples"] = directory / "samples.duckdb"
    load([SAMPLES], found["samples"])
    return found


@pytest.fixture(params=["rfc3339", "files", "samples"])
def connection(request, databases):
    with open_reading(databases[request.param], timezone="UTC") as opened:
        set_period(opened, read_period(opened, None, None, NOW))
        yield opened


@pytest.fixture
def samples(databases):
    with open_reading(databases["samples"], timezone="UTC") as opened:
        set_period(opened, read_period(opened, None, None, NOW))
        yield opened


@pytest.fixture
def live(databases):
    with open_reading(databases["rfc3339"], timezone="UTC") as opened:
        set_period(opened, read_period(opened, None, None, NOW))
        yield opened


def rows(connection: duckdb.DuckDBPyConnection, sql: str) -> list[dict]:
    result = connection.execute(sql)
    names = [column[0] for column in result.description]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def traced(
    connection, *terms: str, limit: int = 20, language: Language = Language.EN, lines: bool = False
) -> str:
    found = search(connection, [read_term(term) for term in terms], limit)
    return "".join(trace_text(connection, found, language, with_lines=lines))


def traced_json(connection, *terms: str, limit: int = 20, lines: bool = False) -> dict:
    found = search(connection, [read_term(term) for term in terms], limit)
    return json.loads("".join(trace_json(connection, found, Language.EN, with_lines=lines)))


SENT = {
    "messages": ("sender", "sasl_username", "client_ip", "client_name", "orig_client_ip"),
    "rejections": ("sender", "sasl_username", "client_ip", "client_name"),
}
RECEIVED = {"deliveries": ("recipient", "orig_recipient"), "rejections": ("recipient",)}
ALONE = {
    "messages": ("queue_id", "message_id"),
    "logins": ("username", "client_ip", "client_name"),
    "mailbox_events": ("username", "client_ip", "message_id"),
}


def matches(connection, table: str, names: tuple[str, ...], fits: Callable[[str], bool]) -> set:
    """Keys of the rows one of whose columns fits; of messages where the rows belong to some."""
    found = rows(connection, f"from {table}")
    if table == "rejections":
        found = [row for row in found if row["message_key"] is None]
    key = "message_key" if table == "deliveries" else next(iter(found[0])) if found else ""
    return {row[key] for row in found if any(row[name] and fits(row[name]) for name in names)}


def first_of(connection, sql: str) -> str:
    row = connection.execute(sql).fetchone()
    assert row is not None, sql
    return row[0]


TERMS = {
    "queue id": "select min(queue_id) from messages",
    "message-id": "select max(message_id) from messages",
    "message-id in brackets": "select '<' || min(message_id) || '>' from messages",
    "message-id as cleanup writes it": "select 'message-id=<' || min(message_id) || '>' "
    "from messages",
    "sender, in capitals": "select upper(max(sender)) from messages",
    "recipient": "select mode(recipient) from deliveries",
    "domain": "select upper(regexp_extract(max(sender), '@.*')) from messages",
    "local part": "select upper(regexp_extract(min(recipient), '^[^@]+@')) from deliveries",
    "login name": "select max(sasl_username) from messages",
    "rejected sender": "select max(sender) from rejections where message_key is null",
    "rejected recipient": "select max(recipient) from rejections where message_key is null",
    "client address": "select mode(client_ip) from messages",
    "client in IPv6": "select '::ffff:' || mode(client_ip) from logins where client_ip like '%.%'",
    "client as logged": "select 'unknown[' || max(client_ip) || ']:25' from rejections",
    "network": "select regexp_replace(max(client_ip), '[0-9]+$', '0/26') from messages "
    "where client_ip like '%.%'",
    "nobody": "select 'nobody-at-all'",
    "nowhere": "select '@nowhere.invalid'",
}


@pytest.mark.parametrize("term", TERMS)
def test_a_term_names_what_a_look_at_each_row_finds(connection, term):
    text = first_of(connection, TERMS[term])
    plain = text.removeprefix("message-id=").strip("<>").lower()
    if "[" in plain and "@" not in plain:
        plain = plain.partition("[")[2].partition("]")[0]
    plain = plain.removeprefix("::ffff:")

    def fits(value: str) -> bool:
        value = value.lower().removeprefix("::ffff:")
        if plain.startswith("@"):
            return value.endswith(plain)
        if plain.endswith("@"):
            return value.startswith(plain) or value == plain[:-1]
        if "/" in plain:
            try:
                return ipaddress.ip_address(value) in ipaddress.ip_network(plain)
            except ValueError:
                return False
        return value == plain

    def hits(tables: dict[str, tuple[str, ...]], table: str) -> set:
        return matches(connection, table, tables[table], fits) if table in tables else set()

    mailbox = {
        row["message_key"]
        for row in rows(
            connection,
            "select message_key, username from mailbox_delivery_links "
            "inner join mailbox_deliveries using (mailbox_delivery_key)",
        )
        if row["username"] and fits(row["username"])
    }
    sessions = {
        (row["host"], row["session_id"])
        for row in rows(connection, "from logins where is_success and session_id is not null")
        if row["client_ip"] and fits(row["client_ip"])
    }
    of_sessions = {
        row["mailbox_event_key"]
        for row in rows(connection, "from mailbox_events")
        if (row["host"], row["session_id"]) in sessions
    }
    expected = {
        Kind.MESSAGES: hits(SENT, "messages")
        | hits(ALONE, "messages")
        | hits(RECEIVED, "deliveries")
        | mailbox,
        Kind.REJECTIONS: hits(SENT, "rejections") | hits(RECEIVED, "rejections"),
        Kind.LOGINS: hits(ALONE, "logins"),
        Kind.MAILBOX_EVENTS: hits(ALONE, "mailbox_events") | of_sessions,
    }
    if term in ("nobody", "nowhere"):
        assert not any(expected.values())
    elif text:
        assert any(expected.values())
    for kind, keys in expected.items():
        found = find(connection, kind, [read_term(text)], 0)
        assert (found.total, sorted(found.keys)) == (len(keys), sorted(keys)), kind


@pytest.mark.parametrize("term", ["client.example.com", ".EXAMPLE.com", "mail.example.net"])
def test_a_client_is_found_by_its_name_and_its_domain(samples, term):
    expected = {
        row["queue_id"]
        for row in rows(samples, "from messages")
        if row["client_name"] and ("." + row["client_name"]).endswith("." + term.lower().strip("."))
    }
    assert expected
    told = traced_json(samples, term)
    assert {message["queue_id"] for message in told["messages"]} == expected


def test_two_terms_are_from_and_to(connection):
    pairs = rows(
        connection,
        "select distinct sender, recipient from messages inner join deliveries using (message_key) "
        "where sender <> '' order by all limit 3",
    )
    for pair in pairs:
        found = find(connection, Kind.MESSAGES, [pair["sender"], pair["recipient"]], 0)
        sent = matches(connection, "messages", ("sender",), pair["sender"].__eq__)
        received = matches(
            connection,
            "deliveries",
            RECEIVED["deliveries"],
            pair["recipient"].__eq__,
        )
        assert set(found.keys) == sent & received
        assert found.keys
        backwards = find(connection, Kind.MESSAGES, ["@nowhere.invalid", pair["recipient"]], 0)
        assert backwards.total == 0


def test_two_terms_find_rejections_too(samples):
    told = traced(samples, "offer@", "@example.org")
    assert told.count("Relay access denied") == 1
    assert find(samples, Kind.REJECTIONS, ["@example.org", "offer@"], 0).total == 0


def test_a_period_limits_what_is_found(samples):
    def days(since: str | None, until: str | None) -> set[str]:
        set_period(samples, read_period(samples, since, until, NOW))
        keys = find(samples, Kind.MESSAGES, ["@example.com"], 0).keys
        return {
            str(row["queued_at"].date())
            for row in rows(samples, "from messages")
            if row["message_key"] in keys
        }

    assert days(None, None) == {"2022-07-25"}
    assert days("2022-07-26", None) == set()
    assert days("2022-07", "2022-07-25") == set()


def test_many_messages_are_a_list_the_newest_first(live):
    text = traced(live, "@example.com", limit=5)
    total = find(live, Kind.MESSAGES, ["@example.com"], 0).total
    newest = live.execute(
        "select queue_id from messages where message_key in "
        "(select line_key from messages_named('@example.com')) "
        "order by queued_at desc, message_key desc limit 5"
    ).fetchall()
    head, rest, zone, heading, *listed = text.split("\n\n")[0].splitlines()
    assert head.startswith(f"{total} messages, of which these are the newest 5.")
    assert "--since" in head + rest
    assert (zone, heading.split()) == (
        "times: UTC",
        ["time", "from", "to", "how", "it", "ended", "queue", "id"],
    )
    assert [line.split()[-1] for line in listed] == [queue_id for (queue_id,) in newest]
    assert "Message " not in text
    assert traced(live, "@example.com", limit=0).count("\nMessage ") >= total - 1


def test_messages_come_newest_first_but_a_bounce_follows_its_message(live):
    parent, child = live.execute(
        "select parent_queue_id, child_queue_id from message_links where reason = 'bounce' "
        "order by link_key limit 1"
    ).fetchone()
    headings = [line for line in traced(live, parent).splitlines() if line.startswith("Message ")]
    assert headings[0].startswith(f"Message {parent}")
    assert any(f"{child}" in heading and "the bounce of" in heading for heading in headings[1:])


def test_two_instances_are_told_apart(live):
    queue_id = first_of(live, "select queue_id from messages where instance = 'postfix-out'")
    assert "(postfix-out)" in traced(live, queue_id).split("\n")[0] + traced(live, queue_id)


def test_json_is_one_document_with_every_step(live):
    told = traced_json(live, "@example.com", limit=30, lines=True)
    assert told["terms"] == ["@example.com"]
    assert told["message_count"] == find(live, Kind.MESSAGES, ["@example.com"], 0).total
    queue_keys = {message["message_key"]: message for message in told["messages"]}
    assert len(queue_keys) >= 30
    lines = dict(live.execute("select line_key, line from log_lines").fetchall())
    for key, message in queue_keys.items():
        steps = live.execute(
            "select strftime(logged_at, '%Y-%m-%dT%H:%M:%S'), step, detail, line_key "
            "from message_flow where message_key = ? order by step_no",
            [key],
        ).fetchall()
        given = [
            (step["time"][:19], step["step"], step["detail"], step["line_key"])
            for step in message["steps"]
        ]
        assert given == steps
        assert all(step["line"] == lines[step["line_key"]] for step in message["steps"])
        recipients = live.execute(
            "select distinct recipient from deliveries where message_key = ?", [key]
        ).fetchall()
        assert {entry["recipient"] for entry in message["recipients"]} == {
            recipient for (recipient,) in recipients
        }
    for kind in ("rejection", "login", "mailbox_event"):
        assert told[f"{kind}_count"] >= len(told[f"{kind}s"])


def test_who_deleted_it_is_told_with_the_client_of_the_session(loaded):
    connection = loaded(SHARED_MAILBOX, year=2022)
    for term in ("<123.foo@bar.example>", "shared@example.org", "192.0.2.22", "192.0.2.16/28"):
        (expunged, *others) = [
            event for event in traced_json(connection, term)["mailbox_events"] if event["uid"]
        ]
        assert others == []
        assert (expunged["event"], expunged["client_ip"], expunged["session_id"]) == (
            "expunged",
            "192.0.2.22",
            "AAA2",
        )
    assert (
        'expunged, INBOX, uid 907, message-id 123.foo@bar.example, subject "Contract": '
        "by shared@example.org over imap from 192.0.2.22, session AAA2."
    ) in traced(connection, "123.foo@bar.example")
    assert traced_json(connection, "192.0.2.21")["mailbox_events"] == []
    assert "Projects/2026" in traced(connection, "shared@", language=Language.JA)


def test_a_login_tells_what_its_session_fetched(loaded):
    connection = loaded(FETCHED, year=2022)
    assert traced(connection, "fimm@").splitlines() == [
        "Logins",
        "   1. 2022-06-08 07:05:00  fimm@example.org logged in by POP3 from 192.0.2.32 (PLAIN); "
        "the session fetched 2 message(s), 700000 bytes.",
    ]


def test_what_smtpd_asked_in_base64_is_no_reason(samples):
    told = traced(samples, "203.0.113.99")
    assert "A login by SMTP from 203.0.113.99 failed: authentication failed." in told
    assert "UGFzc3dvcmQ6" not in told


@pytest.mark.parametrize("language", Language)
def test_what_no_message_came_of_has_its_reason(live, language):
    kinds = set()
    for row in rows(live, "from rejections where message_key is null and client_ip is not null"):
        kinds.add(row["kind"])
        text = traced(live, row["client_ip"], limit=0, language=language)
        assert row["reason"] is None or row["reason"] in text
    assert {"postscreen_reject", "postscreen_pregreet", "smtpd_reject"} <= kinds


def test_a_filter_before_the_queue_gives_its_reason(loaded):
    connection = loaded(FILTER_BEFORE_THE_QUEUE, year=2022)
    (rejection,) = rows(connection, "from rejections where kind = 'smtpd_proxy_reject'")
    text = traced(connection, rejection["recipient"])
    assert "The filter before the queue rejected it" in text
    assert rejection["reason"] in text


def bad_sentences(connection: duckdb.DuckDBPyConnection) -> list[tuple]:
    """Rows of what can be told that say nothing, or not all."""
    return connection.execute(
        "with told as ("
        "select kind, detail, detail_ja from message_flow "
        "union all select kind, detail, detail_ja from rejections_of("
        "(select list(rejection_key) from rejections)) "
        "union all select 'login', detail, detail_ja from logins_of("
        "(select list(login_key) from logins)) "
        "union all select 'mailbox event', detail, detail_ja from mailbox_events_of("
        "(select list(mailbox_event_key) from mailbox_events)) "
        "union all select outcome || outcome_ja, detail, detail_ja from recipients_of("
        "(select list(message_key) from messages)) "
        "union all select reason, relation(reason, 'X'), relation_ja(reason, 'X') "
        "from message_links) "
        "from told where kind is null or not coalesce(detail <> '' and detail_ja <> '', false) "
        "or regexp_matches(detail || detail_ja, '\\{[a-z_]+\\}|\\bNone\\b|\\bNULL\\b') "
        "or regexp_matches(detail, '^[:;,. ]|: *$|\\b(?:to|in|with|by) (?:for|from)\\b') "
        # A reply in brackets is as the server wrote it
        "or contains(regexp_replace(detail, '\\([245]\\d\\d .*\\)', ''), '  ') "
        # A particle with nothing before it
        "or regexp_matches(detail_ja, '。。|、、|: *$') "
        "or regexp_matches(detail_ja, '(?:^|[:、。]) *(?:に|への|には|という|を|が)')"
    ).fetchall()


def test_every_kind_of_line_has_a_sentence(loaded):
    text = "".join(
        on_host(number, line) + "\n"
        for number, log in enumerate([*FAMILIES, *STORIES])
        for line in log.read_text().splitlines()
        if not line.startswith("# {")
    )
    assert bad_sentences(loaded(text, year=2022)) == []


def test_every_line_of_real_daemons_has_a_sentence(connection):
    assert bad_sentences(connection) == []


GOLDEN = {
    "bounced": "select parent_queue_id from message_links where reason = 'bounce' "
    "order by link_key limit 1",
    "read_by_imap": "select queue_id from message_flow where kind = 'imap_logout' "
    "order by line_key, message_key limit 1",
    "deferred": "select queue_id from messages where activation_count > 1 "
    "order by message_key limit 1",
}


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("name", GOLDEN)
def test_a_trace_reads_as_it_did(live, name, language):
    text = traced(live, first_of(live, GOLDEN[name]), language=language)
    golden = TESTS / "traces" / f"{name}.{language}.txt"
    if os.environ.get("MAILSQL_GOLDEN"):
        golden.write_text(text)
    assert text == golden.read_text()


def test_a_term_is_read_as_the_tables_write_it():
    assert read_term(" <a@example.com> ") == "a@example.com"
    assert read_term("2001:DB8:0:0::1") == "2001:db8::1"
    assert read_term("::FFFF:192.0.2.1") == "192.0.2.1"
    assert read_term("::ffff:192.0.2.1/120") == "192.0.2.0/24"
    assert read_term("192.0.2.77/24") == "192.0.2.0/24"
    assert read_term("mail.example.net[2001:db8::2]:587") == "2001:db8::2"
    assert read_term("message-id=<a@example.com>") == "message-id=a@example.com"
    with pytest.raises(UsageError, match="something to look for"):
        read_term("<>")


def test_where_nothing_is_found_something_is_suggested():
    assert "@example.net for addresses, .example.net for clients" in suggest(["example.net"], None)
    assert "frank@ for addresses" in suggest(["frank"], None)
    assert "@example.org or frank@" in suggest(["frank@example.org"], None)
    assert "leave out --since" in suggest(["frank"], "yesterday")


MACROS = duckdb.connect()
for file in ("1_ip_bits", "1_network_beginning", "2_in_network"):
    MACROS.execute((TESTS.parent / "sql" / "macros" / f"{file}.sql").read_text())
ADDRESSES = st.one_of(st.ip_addresses(), st.ip_addresses(network="192.0.2.0/23"))
NEAR = st.one_of(ADDRESSES, st.ip_addresses(network="2001:db8::/30"))


@given(address=NEAR, base=NEAR, length=st.integers(0, 128))
def test_an_address_is_in_the_networks_that_hold_it(address, base, length):
    network = ipaddress.ip_network(f"{base}/{min(length, base.max_prefixlen)}", strict=False)
    if network.version == 6 and network.network_address.ipv4_mapped is not None:
        return
    mapped = address.ipv4_mapped if address.version == 6 else None
    # As inet_ntop writes it
    written = f"::ffff:{mapped}" if mapped else str(address)
    (found,) = MACROS.execute("select in_network(?, ?)", [written, str(network)]).fetchone()
    assert found == ((mapped or address) in network)

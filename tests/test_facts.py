"""Facts that several lines tell together: who failed to log in, and which message came of which."""

from datetime import UTC, datetime, timedelta

import pytest

import mailsql
from mailsql.forget import forget
from tests.conftest import NOW, assert_derived_alike, load

pytestmark = pytest.mark.newest

NOON = datetime(2026, 10, 2, 12, 0, tzinfo=UTC)
CONNECT = "postfix/submission/smtpd[30]: connect from dsl.example.net[198.51.100.77]"
GONE = (
    "postfix/submission/smtpd[30]: disconnect from dsl.example.net[198.51.100.77] ehlo=2 "
    "starttls=1 auth=0/3 quit=1 commands=4/7"
)
SMTPD = "postfix/submission/smtpd[30]"
TEXT = "warning: dsl.example.net[198.51.100.77]: SASL LOGIN authentication failed: UGFzc3dvcmQ6"
FAILED = f"{SMTPD}: {TEXT}"
MISMATCH = "dovecot: auth: sql(maria@example.org,198.51.100.77): Password mismatch"
ABORTED = (
    "dovecot: pop3-login: Aborted login (auth failed, 2 attempts): method=PLAIN, "
    "rip=198.51.100.77, lip=192.0.2.25"
)
REFUSED = (
    "dovecot: imap-login: Login failed: Plaintext authentication disabled: user=<maria>, "
    "rip=198.51.100.77"
)


SESSION = "session=<QLKFOm5XX8nLAHEJ>"
IMAP_FAILED = (
    "dovecot: imap-login: Disconnected (auth failed, 1 attempts in 2 secs): "
    f"user=<maria@example.org>, method=PLAIN, rip=198.51.100.77, lip=192.0.2.25, {SESSION}"
)
IMAP_LOGIN = (
    "dovecot: imap-login: Login: user=<maria@example.org>, method=PLAIN, rip=198.51.100.77, "
    f"lip=192.0.2.25, mpid=77, {SESSION}"
)
SESSION_MISMATCH = MISMATCH.replace("77)", "77,<QLKFOm5XX8nLAHEJ>)")


def log(*lines: tuple[float, str], host: str = "mx1") -> str:
    """Lines with the seconds after noon at which they were written."""
    return "".join(
        f"{(NOON + timedelta(seconds=second)).isoformat()} {host} {text}\n"
        for second, text in lines
    )


def assert_told(stories, told, loaded):
    """Stories tell what they have to, each of a host of its own in one log.

    Args:
        stories: for each name the lines and what it has to tell.
        told: what an open database tells of a host.
        loaded: loads a text.
    """
    hosts = {story: f"mx{number}" for number, story in enumerate(stories)}
    connection = loaded(
        "".join(log(*lines, host=hosts[story]) for story, (lines, _) in stories.items())
    )
    found = {story: told(connection, host) for story, host in hosts.items()}
    assert found == {story: expected for story, (_, expected) in stories.items()}


def assert_told_however_cut(stories, told, expected, directory):
    """Stories tell the same when they are cut into two logs, whichever of these is loaded first.

    Each story is of a host of its own, and cut at two places: once the later part comes first.
    What is left when a log is forgotten is what its lines give.

    Args:
        stories: the lines of each.
        told: what an open database tells of a host.
        expected: what it has to tell of each story.
        directory: where logs and databases go.
    """
    for turn in range(2):
        parts = directory / f"{turn}a.log", directory / f"{turn}b.log"
        texts = ["", ""]
        for number, lines in enumerate(stories):
            place = 1 + (number + 3 * turn) % (len(lines) - 1)
            texts[0] += log(*lines[:place], host=f"mx{number}")
            texts[1] += log(*lines[place:], host=f"mx{number}")
        for part, text in zip(parts, texts, strict=True):
            part.write_text(text)
        order = parts[::-1] if turn else parts
        database = directory / f"{turn}.duckdb"
        for part in order:
            load([part], database)
        with mailsql.open_database(database) as connection:
            found = [told(connection, f"mx{number}") for number, _ in enumerate(stories)]
        assert found == expected, order
        forget(database, str(order[0]), print, now=NOW)
        assert_derived_alike(database)


def failures(connection, host="mx1"):
    """Who failed to log in at a host, and why."""
    return connection.execute(
        "select username, failure, attempt_count from login_failures where host = ? "
        "order by login_key",
        [host],
    ).fetchall()


# Lines, and who failed to log in, why and how often
FAILURES = {
    "only counted at the end of the connection": (
        [(0, CONNECT), (5, GONE)],
        [(None, "authentication failed", 3)],
    ),
    "no password was looked at": (
        [
            (
                0,
                "dovecot: imap-login: Login failed: Plaintext authentication disabled: "
                "user=<maria>, session=<QLKFOm5XX8nLAHEJ>",
            ),
            (
                1,
                "dovecot: imap-login: Disconnected (auth failed, 1 attempts in 1 secs): "
                "user=<maria>, method=PLAIN, rip=198.51.100.77, lip=192.0.2.25, "
                "session=<QLKFOm5XX8nLAHEJ>",
            ),
        ],
        [("maria", "plaintext refused", 1)],
    ),
    "the auth process names the user": (
        [(0, CONNECT), (1, MISMATCH), (3, FAILED), (4, GONE)],
        [("maria@example.org", "wrong password", 1)],
    ),
    "long before, it spoke of another attempt": (
        [(1, MISMATCH), (12, FAILED)],
        [(None, "authentication failed", 1)],
    ),
    "long before, it spoke of another attempt of the same user": (
        [(1, MISMATCH), (63, f"{FAILED}, sasl_username=maria@example.org")],
        [("maria@example.org", "authentication failed", 1)],
    ),
    "it spoke of another address": (
        [(1, MISMATCH.replace("198.51.100.77", "192.0.2.1")), (3, FAILED)],
        [(None, "authentication failed", 1)],
    ),
    "two users are behind the address": (
        [(1, MISMATCH), (2, MISMATCH.replace("maria", "otto")), (3, FAILED), (4, FAILED)],
        [(None, "authentication failed", 1), (None, "authentication failed", 1)],
    ),
    "two users, one after the other": (
        [(1, MISMATCH), (3, FAILED), (4, MISMATCH.replace("maria", "otto")), (6, FAILED)],
        [
            ("maria@example.org", "wrong password", 1),
            ("otto@example.org", "wrong password", 1),
        ],
    ),
    "it spoke of one attempt": (
        [(1, MISMATCH), (3, FAILED), (5, FAILED)],
        [("maria@example.org", "wrong password", 1), (None, "authentication failed", 1)],
    ),
    "it spoke twice of one user": (
        [(1, MISMATCH), (2, MISMATCH), (3, FAILED)],
        [("maria@example.org", "wrong password", 1)],
    ),
    "another failure is meant, of POP3": (
        [(1, MISMATCH), (2, ABORTED), (3, FAILED)],
        [(None, "authentication failed", 2), (None, "authentication failed", 1)],
    ),
    "a login process spoke": (
        [(1, REFUSED), (3, FAILED)],
        [(None, "authentication failed", 1)],
    ),
    "it spoke of a session": (
        [(1, SESSION_MISMATCH), (2, IMAP_FAILED), (3, FAILED)],
        [
            ("maria@example.org", "wrong password", 1),
            (None, "authentication failed", 1),
        ],
    ),
    "it spoke of a session, which only the login process tells": (
        [(1, MISMATCH), (2, IMAP_FAILED), (3, FAILED)],
        [
            ("maria@example.org", "wrong password", 1),
            (None, "authentication failed", 1),
        ],
    ),
    "it spoke of a session, and of no session": (
        [(0, SESSION_MISMATCH), (1, MISMATCH), (2, IMAP_FAILED), (3, FAILED)],
        [
            ("maria@example.org", "wrong password", 1),
            ("maria@example.org", "wrong password", 1),
        ],
    ),
    "the user logged in at the second attempt": (
        [(1, MISMATCH), (2, IMAP_LOGIN), (3, FAILED)],
        [(None, "authentication failed", 1)],
    ),
    "the user logged in at the second attempt of a session": (
        [(1, SESSION_MISMATCH), (2, IMAP_LOGIN)],
        [],
    ),
    "it spoke of the first of two sessions": (
        [(1, MISMATCH), (3, IMAP_FAILED), (9, IMAP_FAILED.replace("QLKF", "RLKF"))],
        [
            ("maria@example.org", "wrong password", 1),
            ("maria@example.org", "authentication failed", 1),
        ],
    ),
    "one of several attempts that are only counted": (
        [(0, CONNECT), (1, MISMATCH), (5, GONE)],
        [(None, "authentication failed", 3)],
    ),
    "one of several attempts alike": (
        [(3, FAILED), (7, MISMATCH), (9, f"{SMTPD}: message repeated 2 times: [ {TEXT}]")],
        [(None, "authentication failed", 1), (None, "authentication failed", 1)],
    ),
}


def test_a_failed_login_is_told_by_all_that_speak_of_it(loaded):
    assert_told(FAILURES, failures, loaded)


def test_a_log_of_the_auth_process_that_names_no_host_speaks_of_any(tmp_path):
    at = f"{NOON + timedelta(seconds=1):%Y-%m-%d %H:%M:%S}"
    (tmp_path / "auth.log").write_text(f"{at} auth: Info: {MISMATCH.partition('auth: ')[2]}\n")
    (tmp_path / "mail.log").write_text(log((3, FAILED), host="mx1") + log((4, FAILED), host="mx2"))
    load([tmp_path / "auth.log", tmp_path / "mail.log"], tmp_path / "mail.duckdb")
    with mailsql.open_database(tmp_path / "mail.duckdb") as connection:
        for host in ("mx1", "mx2"):
            assert failures(connection, host) == [("maria@example.org", "wrong password", 1)]


@pytest.mark.parametrize(("count", "is_named"), [(10, True), (11, False)])
def test_a_failed_login_is_named_unless_many_of_its_address_fail_at_once(count, is_named, loaded):
    times = [second * 9 / count for second in range(count)]
    connection = loaded(
        log(
            *(
                (at + said / 10, text)
                for at in times
                for said, text in enumerate((MISMATCH, FAILED))
            ),
            *(
                (at + 10, text.replace("198.51.100.77", "192.0.2.1"))
                for at, text in enumerate((MISMATCH, FAILED))
            ),
            (13, MISMATCH),
            (14, FAILED),
        )
    )
    named = ("maria@example.org", "wrong password", 1)
    many = named if is_named else (None, "authentication failed", 1)
    assert failures(connection) == [many] * count + [named, named]


PARENT = "40A1B2C3D4"
CHILD = "50A1B2C3D4"
FILTERED = (
    f"postfix/smtp[42]: {PARENT}: to=<pal@example.com>, relay=127.0.0.1[127.0.0.1]:10024, "
    f"delay=3.5, delays=1.2/0.01/0/2.3, dsn=2.0.0, status=sent (250 2.0.0 from "
    f"MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as {CHILD})"
)
PARENT_CLIENT = f"postfix/smtpd[40]: {PARENT}: client=client.example.org[192.0.2.44]"
PARENT_ID = f"postfix/cleanup[41]: {PARENT}: message-id=<one@example.org>"
CHILD_CLIENT = f"postfix/smtpd[50]: {CHILD}: client=localhost[127.0.0.1]"
CHILD_ID = f"postfix/cleanup[41]: {CHILD}: message-id=<one@example.org>"
MADE_ID = f"postfix/cleanup[41]: {CHILD}: message-id=<20261002120004.{CHILD}@mx1.example.org>"
EMPTY_ID = f"postfix/cleanup[41]: {PARENT}: message-id=<>"
FAR = FILTERED.replace("127.0.0.1[127.0.0.1]:10024", "mx.example.net[203.0.113.25]:25")
OTHER_ID = CHILD_ID.replace("<one@", "<two@")


# Lines, and why which message came of which
FILTERS = {
    "all lines": (
        [(0, PARENT_CLIENT), (0, PARENT_ID), (4, CHILD_CLIENT), (4, CHILD_ID), (4, FILTERED)],
        [("filter", "queued as")],
    ),
    "no message-id came, Postfix made one": (
        [(0, PARENT_CLIENT), (0, EMPTY_ID), (4, CHILD_CLIENT), (4, MADE_ID), (4, FILTERED)],
        [("filter", "queued as, at that time")],
    ),
    "the parent's message-id is missing": (
        [(0, PARENT_CLIENT), (4, CHILD_CLIENT), (4, CHILD_ID), (4, FILTERED)],
        [("filter", "queued as, at that time")],
    ),
    "the child's client is missing": (
        [(0, PARENT_CLIENT), (0, PARENT_ID), (4, CHILD_ID), (4, FILTERED)],
        [("filter", "queued as")],
    ),
    "another message-id": (
        [(0, PARENT_CLIENT), (0, PARENT_ID), (4, CHILD_CLIENT), (4, OTHER_ID), (4, FILTERED)],
        [],
    ),
    "a stranger names the id": (
        [(0, PARENT_CLIENT), (0, EMPTY_ID), (4, CHILD_CLIENT), (4, MADE_ID), (4, FAR)],
        [],
    ),
}


def links(connection, host):
    """Why messages of a host came of others, and what tells it."""
    return connection.execute(
        "select reason, evidence from message_links "
        "inner join messages on child_key = message_key where host = ?",
        [host],
    ).fetchall()


def test_a_filter_gives_a_message_back(loaded):
    assert_told(FILTERS, links, loaded)


def test_of_hosts_with_the_same_queue_id_the_own_is_meant(loaded):
    text = log((0, PARENT_CLIENT), (0, PARENT_ID), (4, CHILD_CLIENT), (4, CHILD_ID), (5, FILTERED))
    other = log((5, CHILD_CLIENT), (5, CHILD_ID)).replace(" mx1 ", " mx2 ")
    connection = loaded(text + other)
    assert connection.execute(
        "select host from messages inner join message_links on message_key = child_key"
    ).fetchall() == [("mx1",)]


def test_a_host_with_and_without_its_domain_is_one(loaded):
    text = log((0, PARENT_CLIENT), (0, PARENT_ID), (4, FILTERED))
    child = log((4, CHILD_CLIENT), (4, CHILD_ID)).replace(" mx1 ", " mx1.example.org ")
    connection = loaded(text + child)
    assert connection.execute("select reason from message_links").fetchall() == [("filter",)]


def test_what_a_stranger_replies_is_not_what_a_filter_does(loaded):
    reply = (
        "postfix/smtp[61]: 60A1B2C3D4: to=<b@example.com>, relay={relay}:25, delay=1, "
        "delays=0/0/0/1, dsn=2.0.0, status=sent (250 2.7.0 Ok, discarded, id=1)"
    )
    relays = ("127.0.0.1[127.0.0.1]", "mx.example.com[203.0.113.66]")
    connection = loaded(log(*((n, reply.format(relay=relay)) for n, relay in enumerate(relays))))
    assert connection.execute(
        "select outcome from delivery_outcomes order by delivery_key"
    ).fetchall() == [("discarded",), ("relayed",)]


def test_what_imitates_the_end_of_a_context_is_not_read_where_the_end_is_missing(loaded):
    connection = loaded(
        log(
            (
                0,
                "postfix/smtpd[30]: NOQUEUE: reject: RCPT from c[198.51.100.77]: 554 5.7.1 No; "
                "from=<a@x.example> to=<x@example.com> helo=<bank.example> z@example.com> "
                "proto=ESMTP helo=<h.exa",
            )
        )
    )
    assert connection.execute("select recipient, helo_name from rejections").fetchall() == [
        (None, None)
    ]


QUEUE_ID = "EEAD1E0021"
PICKUP = f"postfix/pickup[40]: {QUEUE_ID}: uid=33 from=<www-data>"
CLIENT = f"postfix/submission/smtpd[30]: {QUEUE_ID}: client=dsl.example.net[198.51.100.77]"
NAMED = f"postfix/cleanup[41]: {QUEUE_ID}: message-id=<1@mx1.example.org>"
ACTIVE = f"postfix/qmgr[42]: {QUEUE_ID}: from=<www@example.org>, size=5, nrcpt=2 (queue active)"
SENT = (
    f"postfix/smtp[43]: {QUEUE_ID}: to=<b@example.net>, relay=mx.example.net[198.51.100.25]:25, "
    "delay=1, delays=0/0/0/1, dsn=2.0.0, status=sent (250 2.0.0 Ok)"
)
REMOVED = f"postfix/qmgr[42]: {QUEUE_ID}: removed"
DELETED = f"postfix/postsuper[44]: {QUEUE_ID}: removed"
REQUEUED = f"postfix/postsuper[44]: {QUEUE_ID}: requeued"
DAY = 86_400
# Lines, and what each message began with, its kind of birth and how many deliveries it had
LIVES = {
    "cleanup spoke before pickup": (
        [(0, NAMED), (5, PICKUP), (6, ACTIVE), (7, SENT), (8, REMOVED)],
        [(0, "pickup", 1)],
    ),
    "cleanup and qmgr spoke before smtpd": (
        [(0, CONNECT), (1, NAMED), (2, ACTIVE), (3, CLIENT), (4, SENT), (5, REMOVED)],
        [(1, "smtpd_client", 1)],
    ),
    "the queue id was used before": (
        [(0, PICKUP), (0, NAMED), (1, REMOVED), (2, NAMED), (3, PICKUP), (4, SENT)],
        [(0, "pickup", 0), (2, "pickup", 1)],
    ),
    "the removal of another one long ago was not seen": (
        [(0, PICKUP), (1, NAMED), (9 * DAY, NAMED), (9 * DAY + 1, PICKUP)],
        [(0, "pickup", 0), (9 * DAY, "pickup", 0)],
    ),
    "cleanup told of a notice that another message followed": (
        [(0, NAMED), (1, ACTIVE), (2, REMOVED), (3, PICKUP), (4, NAMED)],
        [(0, None, 0), (3, "pickup", 0)],
    ),
    "cleanup spoke of another message": (
        [(0, NAMED), (61, PICKUP), (62, NAMED)],
        [(0, None, 0), (61, "pickup", 0)],
    ),
    "a queue id is given out once": (
        [(0, NAMED), (1, PICKUP), (2, PICKUP)],
        [(0, "pickup", 0), (2, "pickup", 0)],
    ),
    "what was in hand when postsuper deleted it": (
        [(0, PICKUP), (1, NAMED), (2, ACTIVE), (3, DELETED), (900, SENT), (1500, SENT)],
        [(0, "pickup", 2)],
    ),
    "what was in hand when postsuper requeued it": (
        [(0, PICKUP), (1, NAMED), (2, ACTIVE), (3, REQUEUED), (900, SENT)],
        [(0, "pickup", 1)],
    ),
    "what was in hand when postsuper requeued it, and qmgr removed it as well": (
        [(0, PICKUP), (1, NAMED), (2, ACTIVE), (3, REQUEUED), (9, REMOVED), (900, SENT)],
        [(0, "pickup", 1)],
    ),
    "postsuper requeued it, and the queue id was used again": (
        [(0, PICKUP), (3, REQUEUED), (9, REMOVED), (300, PICKUP), (301, SENT), (302, REMOVED)],
        [(0, "pickup", 0), (300, "pickup", 1)],
    ),
    "qmgr spoke before cleanup and pickup": (
        [(0, ACTIVE), (0, NAMED), (0.5, PICKUP), (1, SENT), (2, REMOVED)],
        [(0, "pickup", 1)],
    ),
    "qmgr spoke before smtpd and cleanup": (
        [(0, CONNECT), (0, ACTIVE), (0, CLIENT), (0, NAMED), (1, SENT), (2, REMOVED)],
        [(0, "smtpd_client", 1)],
    ),
    "qmgr spoke before all others of an id that was used before": (
        [
            *((0, PICKUP), (0, NAMED), (1, ACTIVE), (2, REMOVED)),
            *((5, ACTIVE), (5, NAMED), (5, PICKUP), (6, SENT), (7, REMOVED)),
        ],
        [(0, "pickup", 0), (5, "pickup", 1)],
    ),
    "qmgr spoke long before of another one": (
        [(0, ACTIVE), (30, PICKUP), (30, NAMED), (31, SENT)],
        [(0, None, 0), (30, "pickup", 1)],
    ),
    "postsuper deleted another one before": (
        [(0, PICKUP), (3, DELETED), (9, PICKUP), (10, REMOVED), (900, SENT)],
        [(0, "pickup", 0), (9, "pickup", 0), (900, None, 1)],
    ),
}


def lives(connection, host="mx1"):
    """Seconds after noon at which each message began, its kind of birth, deliveries."""
    return connection.execute(
        "select date_diff('second', timestamptz '2026-10-02 12:00:00+00', queued_at), birth_kind, "
        "(select count(*) from deliveries where deliveries.message_key = messages.message_key) "
        "from messages where host = ? order by queued_at",
        [host],
    ).fetchall()


def test_a_message_is_one_in_whatever_order_its_processes_speak(loaded):
    assert_told(LIVES, lives, loaded)


def test_a_message_is_one_however_its_lines_come_and_go(tmp_path):
    stories, expected = zip(*LIVES.values(), strict=True)
    assert_told_however_cut(stories, lives, list(expected), tmp_path)


def test_a_message_whose_client_is_told_late_has_its_connection(loaded):
    lines, _ = LIVES["cleanup and qmgr spoke before smtpd"]
    assert loaded(log(*lines)).execute(
        "select client_ip, service, connection_key is not null from messages"
    ).fetchall() == [("198.51.100.77", "submission", True)]


def redirected(user: str, target: str) -> str:
    """What Dovecot says of one mail for a user that Sieve sends on."""
    return (
        f"dovecot: lmtp({user})<5151><aDZEBWymZGofFAAAYovH3A>: sieve: msgid=<one@example.org>: "
        f"redirect action: forwarded to <{target}>"
    )


def stored(queue_id: str, user: str, reply: str = "250 2.0.0 Ok") -> str:
    """What Postfix says of a mail that it handed to Dovecot."""
    return (
        f"postfix/lmtp[60]: {queue_id}: to=<{user}>, relay=mx1[private/dovecot-lmtp], delay=0.2, "
        f"delays=0.1/0/0/0.1, dsn=2.0.0, status=sent ({reply})"
    )


COPY = "60A1B2C3D4"
REDIRECTED = redirected("bob@example.org", "else@example.com")
STORED = stored(PARENT, "bob@example.org")
CHILD_PICKUP = f"postfix/pickup[62]: {CHILD}: uid=5000 from=<alice@example.net>"
CHILD_SENT = SENT.replace(QUEUE_ID, CHILD).replace("b@example.net", "else@example.com")
CAME = [(0, PARENT_CLIENT), (0, PARENT_ID)]
LEFT = [(2, CHILD_PICKUP), (2, CHILD_ID), (4, CHILD_SENT)]
LINK = (CHILD, PARENT, "forward", "sieve redirect")
# Lines, and which message came of which
REDIRECTS = {
    "by Sieve": ([*CAME, (1, REDIRECTED), (1, STORED), *LEFT], [LINK]),
    "handed in before Sieve says so": (
        [*CAME, *LEFT, (5, REDIRECTED), (5, STORED)],
        [LINK],
    ),
    "by the id of the transaction": (
        [
            *CAME,
            (1, REDIRECTED.replace("bob@example.org", "5000").replace("<aDZEB", "<kDZEB")),
            (1, stored(PARENT, "bob@example.org", "250 2.0.0 <bob> kDZEBWymZGofFAAAYovH3A Saved")),
            *LEFT,
        ],
        [LINK],
    ),
    "to somebody else": (
        [*CAME, (1, redirected("bob@example.org", "o@example.com")), (1, STORED), *LEFT],
        [],
    ),
    "from somebody else": (
        [*CAME, (1, redirected("eve@example.org", "else@example.com")), (1, STORED), *LEFT],
        [],
    ),
    "another mail": (
        [*CAME, (1, REDIRECTED), (1, STORED), (2, CHILD_PICKUP), (2, OTHER_ID), (3, CHILD_SENT)],
        [],
    ),
    "much later": (
        [*CAME, (1, REDIRECTED), (1, STORED), *((at + 600, text) for at, text in LEFT)],
        [],
    ),
    "of two mails the one of the user": (
        [
            *CAME,
            (0, PARENT_CLIENT.replace(PARENT, COPY)),
            (0, PARENT_ID.replace(PARENT, COPY)),
            (1, REDIRECTED),
            (1, STORED),
            (2, stored(COPY, "carol@example.org")),
            *LEFT,
        ],
        [LINK],
    ),
    "two of one mail": (
        [
            *CAME,
            (1, REDIRECTED),
            (1, redirected("carol@example.org", "else@example.com")),
            (2, stored(PARENT, "carol@example.org")),
            (2, STORED),
            *LEFT,
            *((at, text.replace(CHILD, COPY)) for at, text in LEFT),
        ],
        [LINK, (COPY, *LINK[1:])],
    ),
}


def parents(connection, host="mx1"):
    """Which message of a host came of which, and what tells it."""
    return connection.execute(
        "select child_queue_id, parent_queue_id, reason, evidence from message_links "
        "inner join messages on child_key = message_key where host = ? order by child_queue_id",
        [host],
    ).fetchall()


REQUEUED = f"MailScanner[70]: Requeue: {PARENT}.A1B2C to {CHILD}"
QUEUED = f"postfix/qmgr[9]: {CHILD}: from=<alice@example.org>, size=900, nrcpt=1 (queue active)"
SCANNED = (CHILD, PARENT, "filter", "requeued to")
# Lines, which message came of which, and what became of each
SCANS = {
    "put back": (
        [*CAME, (5, REQUEUED), (5, QUEUED), (6, CHILD_SENT)],
        ([SCANNED], [(PARENT, "filtered"), (CHILD, "in queue")]),
    ),
    "put back, which is said last": (
        [*CAME, (5, QUEUED), (6, CHILD_SENT), (9, REQUEUED)],
        ([SCANNED], [(PARENT, "filtered"), (CHILD, "in queue")]),
    ),
    "an id that is used again": (
        [*CAME, (5, REQUEUED), (5, QUEUED), (90, CHILD_CLIENT), (91, QUEUED)],
        ([SCANNED], [(PARENT, "filtered"), (CHILD, "in queue"), (CHILD, "in queue")]),
    ),
    "nothing came of it": (
        [*CAME, (5, REQUEUED), (4000, QUEUED)],
        ([], [(PARENT, "filtered"), (CHILD, "in queue")]),
    ),
    "to something that is no queue id": (
        [*CAME, (5, REQUEUED.replace(CHILD, "/var/spool")), (5, QUEUED)],
        ([], [(PARENT, "arriving"), (CHILD, "in queue")]),
    ),
}


def scans(connection, host="mx1"):
    """Which message of a host came of which, and what became of each."""
    return parents(connection, host), connection.execute(
        "select queue_id, state from messages where host = ? order by queued_at, queue_id", [host]
    ).fetchall()


def test_what_mailscanner_puts_back_came_of_what_it_took_away(loaded):
    assert_told(SCANS, scans, loaded)


def test_what_mailscanner_puts_back_is_told_however_its_lines_come_and_go(tmp_path):
    stories, expected = zip(*SCANS.values(), strict=True)
    assert_told_however_cut(stories, scans, list(expected), tmp_path)


def test_what_sieve_sends_on_came_of_the_mail_for_its_user(loaded):
    assert_told(REDIRECTS, parents, loaded)


def test_what_sieve_sends_on_is_told_however_its_lines_come_and_go(tmp_path):
    stories, expected = zip(*REDIRECTS.values(), strict=True)
    assert_told_however_cut(stories, parents, list(expected), tmp_path)


def test_each_of_many_mails_alike_that_sieve_sends_on_came_of_its_own(loaded):
    lines = []
    for number in range(1000):
        at = number / 8
        names = {PARENT: f"4{number:09X}", CHILD: f"5{number:09X}"}
        for second, text in [*CAME, (0.01, REDIRECTED), (0.02, STORED), *LEFT]:
            for name, own in names.items():
                text = text.replace(name, own)
            lines.append((at + min(second, 0.03), text))
    lines.sort(key=lambda line: line[0])
    links = parents(loaded(log(*lines)))
    assert len(links) == 1000
    assert all(child[1:] == parent[1:] for child, parent, *_ in links)


def test_mail_that_sieve_sends_on_is_no_mail_of_its_own(loaded):
    connection = loaded(log(*REDIRECTS["by Sieve"][0]))
    assert connection.execute(
        "select queue_id, origin from messages order by queue_id"
    ).fetchall() == [(PARENT, "smtp"), (CHILD, "forward")]
    assert connection.execute("select message_count from reports.traffic_per_day").fetchone() == (
        1,
    )


SERVICE = "postfix/submission/smtpd"


def connected(pid: int, *said: tuple[int, str], counts: str = "ehlo=1 commands=1", of=SERVICE):
    """The lines of a connection, in which this is said."""
    client = "c.example.net[192.0.2.9]"
    texts = [text.format(client=client) for _, text in said]
    seconds = [second for second, _ in said]
    lines = [
        (seconds[0] - 1, f"connect from {client}"),
        *zip(seconds, texts, strict=True),
        (seconds[-1] + 1, f"disconnect from {client} {counts}"),
    ]
    return [(second, f"{of}[{pid}]: {text}") for second, text in lines]


TLS_TOLD = (
    "Anonymous TLS connection established from {client}: TLSv1.3 with cipher X (256/256 bits)"
)
LOGGED_IN = f"{QUEUE_ID}: client={{client}}, sasl_method=PLAIN, sasl_username=maria@example.org"
NOT_LOGGED_IN = "warning: {client}: SASL PLAIN authentication failed: (reason unavailable)"
PROTECTED = connected(31, (0, TLS_TOLD))
LOST = "rsyslogd-2177: imuxsock lost 56 messages from pid {pid} due to rate-limiting"
DROPPING = (
    "rsyslogd: imuxsock[pid: {pid}, name: /usr/lib/postfix/sbin/smtpd] from <mx1:postfix/smtpd>: "
    "begin to drop messages due to rate-limiting"
)
SUPPRESSED = "systemd-journald[321]: Suppressed 917 messages from {}.service"
# Lines, and whether TLS protected each login
PROTECTIONS = {
    "nobody tells of TLS": (connected(30, (1, LOGGED_IN)), [None]),
    "it had some itself": (connected(30, (1, TLS_TOLD), (2, LOGGED_IN)), [True]),
    "others had some before": ([*PROTECTED, *connected(30, (60, LOGGED_IN))], [False]),
    "the same process told it before": ([*PROTECTED, *connected(31, (60, LOGGED_IN))], [False]),
    "failed": ([*PROTECTED, *connected(30, (60, NOT_LOGGED_IN))], [False]),
    "failed, and only counted": (
        [
            *PROTECTED,
            *connected(
                30, (60, "lost connection after AUTH from {client}"), counts="auth=0/1 commands=0/1"
            ),
        ],
        [False],
    ),
    "others had some later": (
        [*connected(30, (1, LOGGED_IN)), *connected(31, (60, TLS_TOLD))],
        [None],
    ),
    "others had some long before": ([*PROTECTED, *connected(30, (3700, LOGGED_IN))], [None]),
    "others at another service": (
        [*connected(31, (0, TLS_TOLD), of="postfix/smtpd"), *connected(30, (60, LOGGED_IN))],
        [None],
    ),
    "its STARTTLS is counted": (
        [*PROTECTED, *connected(30, (60, LOGGED_IN), counts="ehlo=2 starttls=1 auth=1 commands=4")],
        [None],
    ),
    "its beginning was not seen": ([*PROTECTED, *connected(30, (60, LOGGED_IN))[1:]], [None]),
    "another that was open for hours told it at its end": (
        [
            (0, connected(31, (1, TLS_TOLD))[0][1]),
            *connected(30, (60, LOGGED_IN)),
            *connected(32, (7200, LOGGED_IN.replace("maria", "otto"))),
            *((at + 10_800, text) for at, text in PROTECTED[1:]),
        ],
        [False, None],
    ),
    "lines of its process were lost": (
        [*PROTECTED, *connected(30, (60, LOGGED_IN)), (70, LOST.format(pid=30))],
        [None],
    ),
    "lines of another process were lost": (
        [*PROTECTED, *connected(30, (60, LOGGED_IN)), (70, LOST.format(pid=99))],
        [False],
    ),
    "lines of its process were lost at another time": (
        [
            *PROTECTED,
            (20, DROPPING.format(pid=30)),
            (25, LOST.format(pid=30)),
            *connected(30, (60, LOGGED_IN)),
            (4000, LOST.format(pid=30)),
        ],
        [False],
    ),
    "lines of its process are being lost": (
        [*PROTECTED, (58, DROPPING.format(pid=30)), *connected(30, (60, LOGGED_IN))],
        [None],
    ),
    "lines of all processes were lost": (
        [
            *PROTECTED,
            *connected(30, (60, LOGGED_IN)),
            (99, "rsyslogd-2177: imjournal: 236 messages lost due to rate-limiting"),
        ],
        [None],
    ),
    "the journal lost lines": (
        [*PROTECTED, *connected(30, (60, LOGGED_IN)), (99, SUPPRESSED.format("postfix@-"))],
        [None],
    ),
    "the journal lost lines of another service": (
        [*PROTECTED, *connected(30, (60, LOGGED_IN)), (99, SUPPRESSED.format("nginx"))],
        [False],
    ),
    "two, and others between them": (
        [
            *connected(30, (1, LOGGED_IN)),
            *connected(31, (30, TLS_TOLD)),
            *connected(30, (60, LOGGED_IN.replace("maria", "otto"))),
        ],
        [None, False],
    ),
}


def protections(connection, host="mx1"):
    """Whether TLS protected each login of a host."""
    found = connection.execute(
        "select is_tls from logins where host = ? order by logged_at", [host]
    )
    return [is_tls for (is_tls,) in found.fetchall()]


def test_a_login_is_without_tls_where_its_service_would_have_told_of_it(loaded):
    assert_told(PROTECTIONS, protections, loaded)


def test_whether_tls_protected_a_login_is_told_however_lines_come_and_go(tmp_path):
    stories, expected = zip(*PROTECTIONS.values(), strict=True)
    assert_told_however_cut(stories, protections, list(expected), tmp_path)

"""Facts that several lines tell together: who failed to log in, what lines one
message has, and which message came of which."""

import pytest

CONNECT = "postfix/submission/smtpd[30]: connect from dsl.example.net[198.51.100.77]"
GONE = (
    "postfix/submission/smtpd[30]: disconnect from dsl.example.net[198.51.100.77] ehlo=2 "
    "starttls=1 auth=0/3 quit=1 commands=4/7"
)
FAILED = (
    "postfix/submission/smtpd[30]: warning: dsl.example.net[198.51.100.77]: SASL LOGIN "
    "authentication failed: UGFzc3dvcmQ6"
)
MISMATCH = "dovecot: auth: sql(maria@example.org,198.51.100.77): Password mismatch"


def log(*lines: tuple[int, str]) -> str:
    """Lines with the seconds after noon at which they were written."""
    return "".join(
        f"2026-10-02T12:{second // 60:02}:{second % 60:02}+00:00 mx1 {text}\n"
        for second, text in lines
    )


def failures(connection):
    """Who failed to log in, and why."""
    return connection.execute(
        "select username, failure, attempt_count from login_failures order by login_key"
    ).fetchall()


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        pytest.param(
            [(0, CONNECT), (1, MISMATCH), (3, FAILED), (5, GONE)],
            [("maria@example.org", "wrong password", 1)],
            id="the auth process names the user",
        ),
        pytest.param(
            [(0, CONNECT), (1, MISMATCH), (63, FAILED)],
            [(None, "authentication failed", 1)],
            id="a minute later it is another attempt",
        ),
        pytest.param(
            [(0, CONNECT), (1, MISMATCH), (3, FAILED), (5, FAILED)],
            [
                ("maria@example.org", "wrong password", 1),
                (None, "authentication failed", 1),
            ],
            id="one line speaks of one attempt",
        ),
        pytest.param(
            [(0, CONNECT), (1, MISMATCH.replace("198.51.100.77", "192.0.2.1")), (3, FAILED)],
            [(None, "authentication failed", 1)],
            id="of another address",
        ),
        pytest.param(
            [(0, CONNECT), (5, GONE)],
            [(None, "authentication failed", 3)],
            id="only counted at the end of the connection",
        ),
        pytest.param(
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
            id="no password was looked at",
        ),
    ],
)
def test_a_failed_login_is_told_by_all_that_speak_of_it(lines, expected, loaded):
    assert failures(loaded(log(*lines))) == expected


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        pytest.param(
            [(0, NAMED), (4, PICKUP), (4, ACTIVE), (5, SENT), (5, REMOVED)],
            [("pickup", 33, "1@example.net", "removed")],
            id="the line that gave the queue id out comes later",
        ),
        pytest.param(
            [(0, PICKUP), (0, NAMED), (1, REMOVED), (2, NAMED), (4, PICKUP), (5, REMOVED)],
            [
                ("pickup", 33, "1@example.net", "removed"),
                ("pickup", 33, "1@example.net", "removed"),
            ],
            id="twice, the second one late",
        ),
        pytest.param(
            [(0, PICKUP), (0, NAMED), (4, PICKUP), (4, NAMED)],
            [("pickup", 33, "1@example.net", None), ("pickup", 33, "1@example.net", None)],
            id="the removal is missing",
        ),
        pytest.param(
            [(0, PICKUP), (0, NAMED), (1, ACTIVE), (2, DELETED), (400, SENT)],
            [("pickup", 33, "1@example.net", "deleted")],
            id="a delivery goes on behind postsuper",
        ),
        pytest.param(
            [(0, PICKUP), (0, NAMED), (1, ACTIVE), (2, DELETED), (300, PICKUP), (301, NAMED)],
            [("pickup", 33, "1@example.net", "deleted"), ("pickup", 33, "1@example.net", None)],
            id="the next one behind postsuper",
        ),
    ],
)
def test_the_lines_of_one_message(lines, expected, loaded):
    connection = loaded(log(*lines))
    assert (
        connection.execute(
            "select birth_kind, uid, message_id, end_reason from messages order by message_key"
        ).fetchall()
        == expected
    )


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


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        pytest.param(
            [(0, PARENT_CLIENT), (0, PARENT_ID), (4, CHILD_CLIENT), (4, CHILD_ID), (4, FILTERED)],
            [("filter", "queued as")],
            id="all lines",
        ),
        pytest.param(
            [(0, PARENT_CLIENT), (0, EMPTY_ID), (4, CHILD_CLIENT), (4, MADE_ID), (4, FILTERED)],
            [("filter", "queued as, at that time")],
            id="no message-id came, Postfix made one",
        ),
        pytest.param(
            [(0, PARENT_CLIENT), (4, CHILD_CLIENT), (4, CHILD_ID), (4, FILTERED)],
            [("filter", "queued as, at that time")],
            id="the parent's message-id is missing",
        ),
        pytest.param(
            [(0, PARENT_CLIENT), (0, PARENT_ID), (4, CHILD_ID), (4, FILTERED)],
            [("filter", "queued as")],
            id="the child's client is missing",
        ),
        pytest.param(
            [(0, PARENT_CLIENT), (0, PARENT_ID), (4, CHILD_CLIENT), (4, OTHER_ID), (4, FILTERED)],
            [],
            id="another message-id",
        ),
        pytest.param(
            [(0, PARENT_CLIENT), (0, EMPTY_ID), (4, CHILD_CLIENT), (4, MADE_ID), (4, FAR)],
            [],
            id="a stranger names the id",
        ),
    ],
)
def test_a_filter_gives_a_message_back(lines, expected, loaded):
    connection = loaded(log(*lines))
    links = connection.execute("select reason, evidence from message_links").fetchall()
    assert links == expected


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


@pytest.mark.parametrize(
    ("target", "seconds", "expected"),
    [
        ("else@example.com", 1, [("forward", "sieve redirect")]),
        ("other@example.com", 1, []),
        ("else@example.com", 600, []),
    ],
    ids=["by Sieve", "to somebody else", "much later"],
)
def test_what_sieve_sends_on_goes_on_as_a_message(target, seconds, expected, loaded):
    redirect = (
        "dovecot: lmtp(bob@example.org)<5151><kDZEBWymZGofFAAAYovH3A>: sieve: "
        f"msgid=<one@example.org>: redirect action: forwarded to <{target}>"
    )
    stored = (
        f"postfix/lmtp[60]: {PARENT}: to=<bob@example.org>, relay=mx1[private/dovecot-lmtp], "
        "delay=0.2, delays=0.1/0/0/0.1, dsn=2.0.0, status=sent "
        "(250 2.0.0 <bob@example.org> kDZEBWymZGofFAAAYovH3A Saved)"
    )
    sent = (
        f"postfix/smtp[61]: {CHILD}: to=<else@example.com>, relay=mx.example.com[203.0.113.33]:25, "
        "delay=1, delays=0/0/0/1, dsn=2.0.0, status=sent (250 2.0.0 Ok)"
    )
    connection = loaded(
        log(
            (0, PARENT_CLIENT),
            (0, PARENT_ID),
            (1, redirect),
            (1, stored),
            (seconds, f"postfix/pickup[62]: {CHILD}: uid=5000 from=<alice@example.net>"),
            (seconds, CHILD_ID),
            (seconds + 1, sent),
        )
    )
    links = connection.execute("select reason, evidence from message_links").fetchall()
    assert links == expected

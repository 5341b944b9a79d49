"""Facts that several lines tell together: who failed to log in, and which message came of which."""

import pytest

CONNECT = "postfix/submission/smtpd[30]: connect from dsl.example.net[198.51.100.77]"
GONE = (
    "postfix/submission/smtpd[30]: disconnect from dsl.example.net[198.51.100.77] ehlo=2 "
    "starttls=1 auth=0/3 quit=1 commands=4/7"
)


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

"""What became of a message is a word, told again with each line that changes it."""

import pytest

import mailsql
from tests.conftest import load

QID = "1E24040751"
CHILD = "2F35151862"
CONNECT = "postfix/smtpd[11]: connect from c.example.net[192.0.2.7]"
CLIENT = f"postfix/smtpd[11]: {QID}: client=c.example.net[192.0.2.7]"
NAMED = f"postfix/cleanup[12]: {QID}: message-id=<1@example.net>"
ACTIVE = f"postfix/qmgr[13]: {QID}: from=<a@example.net>, size=900, nrcpt=2 (queue active)"
GONE = (
    "postfix/smtpd[11]: disconnect from c.example.net[192.0.2.7] ehlo=1 mail=1 rcpt=1 data=1 "
    "quit=1 commands=5"
)
LEFT = "postfix/smtpd[11]: disconnect from c.example.net[192.0.2.7] mail=1 rcpt=1 commands=2"
CUT = "postfix/smtpd[11]: timeout after DATA (900 bytes) from c.example.net[192.0.2.7]"
CUT_OFF = (
    "postfix/smtpd[11]: disconnect from c.example.net[192.0.2.7] mail=1 rcpt=1 data=0/1 "
    "commands=2/3"
)
OLD_GONE = "postfix/smtpd[11]: disconnect from c.example.net[192.0.2.7]"
REMOVED = f"postfix/qmgr[13]: {QID}: removed"
CANCELED = f"postfix/cleanup[12]: {QID}: removed (canceled)"
BEHIND = "; from=<a@example.net> to=<b@example.com> proto=ESMTP helo=<c.example.net>"
CAME = [CONNECT, CLIENT, NAMED]
QUEUED = [*CAME, ACTIVE, GONE]


def attempt(recipient: str, status: str, reply: str, daemon: str = "smtp", queue_id: str = QID):
    """A delivery record."""
    dsn = {"sent": "2.0.0", "deferred": "4.4.1", "deliverable": "2.1.5"}.get(status, "5.1.1")
    relay = "mx.example.com[192.0.2.25]:25" if daemon == "smtp" else daemon
    return (
        f"postfix/{daemon}[14]: {queue_id}: to=<{recipient}>, relay={relay}, delay=1, "
        f"delays=0/0/0/1, dsn={dsn}, status={status} ({reply})"
    )


def mark(program: str, what: str, queue_id: str = QID) -> str:
    """A decision about the message."""
    pid = 11 if program == "smtpd" else 12
    return f"postfix/{program}[{pid}]: {queue_id}: {what} from c.example.net[192.0.2.7]{BEHIND}"


SENT = attempt("b@example.com", "sent", "250 2.0.0 Ok: queued as 3A46262973")
DEFERRED = attempt("b@example.com", "deferred", "connect to mx.example.com: timed out")
BOUNCED = attempt("c@example.com", "bounced", "host said: 550 5.1.1 unknown")
CLEANED = attempt("b@example.com", "bounced", "header not welcome", "cleanup").replace(
    "relay=cleanup", "relay=none"
)
HELD = mark("cleanup", "hold: header X-Check: hold it")
RELEASED = f"postfix/postsuper[9]: {QID}: released from hold"
EXPIRED = f"postfix/qmgr[13]: {QID}: from=<a@example.net>, status=expired, returned to sender"
# The story, and what became of the message at its end
STORIES = {
    "arrives": (CAME, "arriving"),
    "is not complete": ([*CAME, LEFT], "given up"),
    "is cut off": ([*CAME, CUT, CUT_OFF], "given up"),
    "is held and cut off": ([*CAME, HELD, CUT, CUT_OFF], "given up"),
    "is held before one that is given up": (
        [*CAME, HELD, CLIENT.replace(QID, CHILD), GONE],
        "on hold",
    ),
    "is complete": ([*CAME, GONE], "in queue"),
    "is complete, says an old Postfix": ([*CAME, OLD_GONE], "in queue"),
    "is cut off, says an old Postfix": ([*CAME, CUT, OLD_GONE], "given up"),
    "is given up": ([*CAME, CANCELED], "given up"),
    "is refused by a check": (
        [*CAME, mark("cleanup", "reject: header Subject: no") + ": 5.7.1 no", GONE],
        "refused",
    ),
    "is refused and canceled": (
        [*CAME, mark("cleanup", "milter-reject: END-OF-MESSAGE") + ": 5.7.1 no", CANCELED],
        "refused",
    ),
    "is refused by a milter's header check": (
        [*CAME, mark("cleanup", "milter-header-reject: header Subject: no") + ": 5.7.1 no", GONE],
        "refused",
    ),
    "loops": (
        [*CAME, f"postfix/cleanup[12]: warning: {QID}: message rejected: hopcount exceeded", GONE],
        "refused",
    ),
    "has a recipient refused": (
        [CONNECT, CLIENT, mark("smtpd", "reject: RCPT") + ": 550 5.1.1 no", LEFT],
        "given up",
    ),
    "is discarded on arrival": (
        [*CAME, mark("cleanup", "discard: header Subject: spam") + ": spam", GONE],
        "discarded",
    ),
    "is given up and would have been discarded": (
        [*CAME, mark("cleanup", "discard: header Subject: spam") + ": spam", CANCELED],
        "given up",
    ),
    "is bounced by cleanup": ([NAMED, CLEANED], "bounced"),
    "is bounced by cleanup with a word": (
        [NAMED, CLEANED, f"postfix/cleanup[12]: {QID}: removed (discarded)"],
        "bounced",
    ),
    "is discarded with a word": (
        [*CAME, f"postfix/cleanup[12]: {QID}: removed (discarded)"],
        "discarded",
    ),
    "is held on arrival": ([*CAME, HELD, GONE], "on hold"),
    "is held before its queue id": (
        [
            CONNECT,
            mark("smtpd", "hold: RCPT", "NOQUEUE").replace(BEHIND, f": <b@example.com>: x{BEHIND}"),
            *[CLIENT, NAMED, GONE],
        ],
        "on hold",
    ),
    "is let go": (
        [*CAME, HELD, GONE, RELEASED, ACTIVE],
        "in queue",
    ),
    "is let go and delivered": (
        [*CAME, HELD, GONE, RELEASED, ACTIVE, SENT, REMOVED],
        "delivered",
    ),
    "is held in the queue": (
        [*QUEUED, DEFERRED, f"postfix/postsuper[9]: {QID}: placed on hold"],
        "on hold",
    ),
    "is let go after its connection": (
        [*CAME, HELD, GONE, f"postfix/postsuper[9]: {QID}: released from hold"],
        "in queue",
    ),
    "is held by a milter's header check": (
        [*CAME, mark("cleanup", "milter-header-hold: header X: y") + ": no", GONE],
        "on hold",
    ),
    "is half way": (
        [f"postfix/smtp[14]: {QID}: host mx.example.com[192.0.2.25] said: 450 4.2.0 later"],
        "in queue",
    ),
    "waits": ([*QUEUED, DEFERRED], "in queue"),
    "is sent after a while": ([*QUEUED, DEFERRED, ACTIVE, SENT, REMOVED], "delivered"),
    "is sent to one of two": ([*QUEUED, SENT, BOUNCED, REMOVED], "partly delivered"),
    "bounces": ([*QUEUED, BOUNCED, REMOVED], "bounced"),
    "expires": ([*QUEUED, DEFERRED, EXPIRED, REMOVED], "expired"),
    "expires, and its end is not logged": ([*QUEUED, DEFERRED, EXPIRED], "expired"),
    "expires for one of two": (
        [*QUEUED, DEFERRED, attempt("c@example.com", "sent", "250 ok"), EXPIRED, REMOVED],
        "partly delivered",
    ),
    "is deleted": (
        [*QUEUED, DEFERRED, f"postfix/postsuper[9]: {QID}: removed"],
        "deleted",
    ),
    "is put back": ([*QUEUED, DEFERRED, f"postfix/postsuper[9]: {QID}: requeued"], "requeued"),
    "goes to nowhere": (
        [*QUEUED, attempt("b@example.com", "sent", "silently", "discard"), REMOVED],
        "discarded",
    ),
    "is only asked about": (
        [ACTIVE, attempt("b@example.com", "deliverable", "250 2.1.5 Ok"), REMOVED],
        "probed",
    ),
    "is forwarded": (
        [
            *[*QUEUED, attempt("b@example.com", "sent", f"forwarded as {CHILD}", "local"), REMOVED],
            f"postfix/cleanup[12]: {CHILD}: message-id=<1@example.net>",
        ],
        "forwarded",
    ),
    "is filtered": (
        [
            *[*QUEUED, attempt("b@example.com", "sent", f"250 Ok: queued as {CHILD}"), REMOVED],
            f"postfix/smtpd[15]: {CHILD}: client=localhost[127.0.0.1], orig_queue_id={QID}, "
            "orig_client=c.example.net[192.0.2.7]",
        ],
        "filtered",
    ),
    "leaves without a word": ([NAMED, REMOVED], "removed"),
}


def stamped(lines: list[str], host: str = "mx1") -> list[str]:
    """Lines of a host, one each second."""
    return [f"Feb  3 09:15:{second:02} {host} {line}\n" for second, line in enumerate(lines)]


def told(database) -> dict[str, tuple]:
    """State and its time of each host's message."""
    with mailsql.open_database(database) as connection:
        return {
            host: (state, state_at)
            for host, state, state_at in connection.execute(
                "select host, state, state_at from messages where queue_id = ?", [QID]
            ).fetchall()
        }


HOSTS = {f"mx{number}": story for number, story in enumerate(STORIES.values())}
LINES = sorted(line for host, (story, _) in HOSTS.items() for line in stamped(story, host))


@pytest.fixture(scope="module")
def at_once(tmp_path_factory):
    """A database of all stories, each of a host of its own."""
    here = tmp_path_factory.mktemp("stories")
    (here / "mail.log").write_text("".join(LINES))
    load([here / "mail.log"], here / "mail.duckdb")
    return here / "mail.duckdb"


def test_a_state_is_told_at_once(at_once):
    found = told(at_once)
    assert {host: state for host, (state, _) in found.items()} == {
        host: expected for host, (_, expected) in HOSTS.items()
    }
    assert all(state_at is not None for _, state_at in found.values())


@pytest.mark.newest
def test_a_state_is_told_line_by_line(at_once, tmp_path):
    log, grown = tmp_path / "mail.log", tmp_path / "mail.duckdb"
    for second in range(max(len(story) for story, _ in HOSTS.values())):
        log.write_text("".join(line for line in LINES if line < f"Feb  3 09:15:{second:02}~"))
        load([log], grown)
    assert told(grown) == told(at_once)


def test_each_word_has_a_meaning_and_a_story(at_once):
    with mailsql.open_database(at_once) as connection:
        words = connection.execute("from message_states").fetchall()
    assert {word for word, *_ in words} == {state for _, state in STORIES.values()}
    assert all(all(row) for row in words)


@pytest.mark.newest
def test_what_was_never_accepted_is_no_traffic_and_what_is_held_is_in_the_queue(tmp_path):
    database = tmp_path / "mail.duckdb"
    for number, story in enumerate(("is refused by a check", "is held on arrival", "waits")):
        log = tmp_path / f"{number}.log"
        log.write_text("".join(stamped(STORIES[story][0], f"mx{number}")))
        load([log], database)
    with mailsql.open_database(database) as connection:
        counted = connection.execute("select message_count from reports.traffic_per_day").fetchall()
        queued = connection.execute(
            "select state, sender, last_recipient, last_reply from reports.messages_in_queue"
        ).fetchall()
    assert counted == [(2,)]
    assert queued == [
        ("on hold", "a@example.net", "b@example.com", None),
        ("in queue", "a@example.net", "b@example.com", "connect to mx.example.com: timed out"),
    ]


FILTERED = [
    f"postfix/smtpd[15]: {{}}: client=localhost[127.0.0.1], orig_queue_id={QID}, "
    "orig_client=c.example.net[192.0.2.7]",
    "postfix/cleanup[12]: {}: message-id=<1@example.net>",
]


def returned(queue_id: str, *attempts: str) -> list[str]:
    """A message that a filter gave back, and its attempts."""
    active = f"postfix/qmgr[13]: {queue_id}: from=<a@example.net>, size=9, nrcpt=1 (queue active)"
    removed = f"postfix/qmgr[13]: {queue_id}: removed"
    return [*(line.format(queue_id) for line in FILTERED), active, *attempts, removed]


OTHER = "3A46262973"


def split(reply: str) -> list[str]:
    """A message for two, which a filter gives back as one for each."""
    return [
        *QUEUED,
        *(attempt(f"{name}@example.com", "sent", reply) for name in "bc"),
        REMOVED,
        *returned(CHILD, attempt("b@example.com", "sent", "250 Ok", queue_id=CHILD)),
        *returned(OTHER, attempt("c@example.com", "bounced", "550 no", queue_id=OTHER)),
    ]


# The story, and for each recipient what became of the mail, and how many destinations it had
RECIPIENTS = {
    "a bounce stays one when the others are put back": (
        [
            *[*QUEUED, BOUNCED, DEFERRED, f"postfix/postsuper[9]: {QID}: requeued"],
            f"postfix/pickup[8]: {CHILD}: uid=0 from=<a@example.net> orig_id={QID}",
            f"postfix/cleanup[12]: {CHILD}: message-id=<1@example.net>",
            f"postfix/qmgr[13]: {CHILD}: from=<a@example.net>, size=900, nrcpt=1 (queue active)",
            attempt("b@example.com", "sent", "250 Ok", queue_id=CHILD),
            f"postfix/qmgr[13]: {CHILD}: removed",
        ],
        {"b@example.com": ("relayed", 1), "c@example.com": ("bounced", 1)},
    ),
    "a filter that splits a mail names one part": (
        split(f"250 Ok: queued as {CHILD}"),
        {"b@example.com": ("relayed", 1), "c@example.com": ("bounced", 1)},
    ),
    "a filter that splits a mail names none": (
        split("250 2.0.0 Ok"),
        {"b@example.com": ("relayed", 1), "c@example.com": ("bounced", 1)},
    ),
    "a forward with a copy has both ends": (
        [
            *QUEUED,
            attempt("b@example.com", "sent", "delivered to maildir", "local"),
            attempt("b@example.com", "sent", f"forwarded as {CHILD}", "local"),
            REMOVED,
            f"postfix/cleanup[12]: {CHILD}: message-id=<1@example.net>",
            f"postfix/qmgr[13]: {CHILD}: from=<a@example.net>, size=900, nrcpt=1 (queue active)",
            attempt("x@example.org", "bounced", "550 no", queue_id=CHILD),
            f"postfix/qmgr[13]: {CHILD}: removed",
        ],
        {"b@example.com": ("bounced, stored in mailbox", 2)},
    ),
}


def test_each_recipient_has_its_end(tmp_path):
    log, database = tmp_path / "mail.log", tmp_path / "mail.duckdb"
    stories = enumerate(lines for lines, _ in RECIPIENTS.values())
    log.write_text("".join(line for n, lines in stories for line in stamped(lines, f"mx{n}")))
    load([log], database)
    found = {story: {} for story in RECIPIENTS}
    with mailsql.open_database(database) as connection:
        for host, recipient, *end in connection.execute(
            "select host, recipient, outcome, destination_count from recipient_outcomes "
            "inner join messages using (message_key) where messages.queue_id = ?",
            [QID],
        ).fetchall():
            found[[*RECIPIENTS][int(host.removeprefix("mx"))]][recipient] = tuple(end)
    assert found == {story: expected for story, (_, expected) in RECIPIENTS.items()}


@pytest.mark.newest
def test_the_mailbox_has_its_last_word(tmp_path):
    def stamp(text: str, hour: int) -> str:
        return text.replace("09:15:", f"{hour:02}:15:")

    handed = "postfix/lmtp[14]: {}: to=<b@example.com>, relay=mx[private/lmtp], delay=1, "
    full, stored = (
        [
            handed.format(QID) + f"delays=0/0/0/1, dsn={dsn}, status={status} ({reply})",
            f"dovecot: lmtp(b@example.com)<9><{session}>: msgid=<1@example.net>: {said}",
        ]
        for dsn, status, reply, session, said in (
            ("4.2.2", "deferred", "host said: 452 4.2.2 full", "s1", "save failed to INBOX: full"),
            ("2.0.0", "sent", "250 2.0.0 <b@example.com> s2 Saved", "s2", "saved mail to INBOX"),
        )
    )
    log, database = tmp_path / "mail.log", tmp_path / "mail.duckdb"
    text = "".join(stamped([*QUEUED, *full])) + stamp("".join(stamped([ACTIVE, *stored])), 10)
    log.write_text(text)
    load([log], database)
    with mailsql.open_database(database) as connection:
        found = connection.execute("select outcome from recipient_outcomes").fetchall()
    assert found == [("stored in mailbox",)]


@pytest.mark.newest
def test_a_recipient_of_what_expired_has_its_end_and_time(tmp_path):
    soft = attempt("b@example.com", "SOFTBOUNCE", "host said: 550 later")
    log, database = tmp_path / "mail.log", tmp_path / "mail.duckdb"
    log.write_text("".join(stamped([*QUEUED, soft, EXPIRED, REMOVED])))
    load([log], database)
    with mailsql.open_database(database) as connection:
        found = connection.execute(
            "select outcome, ended_at = (select state_at from messages) from recipient_outcomes"
        ).fetchall()
    assert found == [("expired", True)]

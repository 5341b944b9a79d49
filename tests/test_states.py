"""What became of a message is a word, told again with each line that changes it."""

import mailsql
from tests.conftest import load

QID = "1E24040751"
CHILD = "2F35151862"
CONNECT = "postfix/smtpd[11]: connect from c.example.net[192.0.2.7]"
CLIENT = f"postfix/smtpd[11]: {QID}: client=c.example.net[192.0.2.7]"
NAMED = f"postfix/cleanup[12]: {QID}: message-id=<1@example.net>"
ACTIVE = f"postfix/qmgr[13]: {QID}: from=<a@example.net>, size=900, nrcpt=2 (queue active)"
GONE = "postfix/smtpd[11]: disconnect from c.example.net[192.0.2.7] ehlo=1 mail=1 commands=2"
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
HELD = mark("cleanup", "hold: header X-Check: hold it")
RELEASED = f"postfix/postsuper[9]: {QID}: released from hold"
EXPIRED = f"postfix/qmgr[13]: {QID}: from=<a@example.net>, status=expired, returned to sender"
# The story, and what became of the message at its end
STORIES = {
    "arrives": (CAME, "arriving"),
    "is not complete": ([*CAME, GONE], "given up"),
    "is given up": ([*CAME, CANCELED], "given up"),
    "is refused by a check": (
        [*CAME, mark("cleanup", "reject: header Subject: no") + ": 5.7.1 no", GONE],
        "refused",
    ),
    "is refused and canceled": (
        [*CAME, mark("cleanup", "milter-reject: END-OF-MESSAGE") + ": 5.7.1 no", CANCELED],
        "refused",
    ),
    "has a recipient refused": (
        [CONNECT, CLIENT, mark("smtpd", "reject: RCPT") + ": 550 5.1.1 no", GONE],
        "given up",
    ),
    "is discarded on arrival": (
        [*CAME, mark("cleanup", "discard: header Subject: spam") + ": spam", GONE],
        "discarded",
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
    "waits": ([*QUEUED, DEFERRED], "in queue"),
    "is sent after a while": ([*QUEUED, DEFERRED, ACTIVE, SENT, REMOVED], "delivered"),
    "is sent to one of two": ([*QUEUED, SENT, BOUNCED, REMOVED], "partly delivered"),
    "bounces": ([*QUEUED, BOUNCED, REMOVED], "bounced"),
    "expires": ([*QUEUED, DEFERRED, EXPIRED, REMOVED], "expired"),
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


def test_a_state_is_told_at_once_and_line_by_line(tmp_path):
    whole, grown, log = (tmp_path / name for name in ("whole.duckdb", "grown.duckdb", "mail.log"))
    hosts = {f"mx{number}": story for number, story in enumerate(STORIES.values())}
    lines = sorted(line for host, (story, _) in hosts.items() for line in stamped(story, host))
    log.write_text("".join(lines))
    load([log], whole)
    for second in range(max(len(story) for story, _ in hosts.values())):
        log.write_text("".join(line for line in lines if line < f"Feb  3 09:15:{second:02}~"))
        load([log], grown)
    found = told(whole)
    assert {host: state for host, (state, _) in found.items()} == {
        host: expected for host, (_, expected) in hosts.items()
    }
    assert all(state_at is not None for _, state_at in found.values())
    assert told(grown) == found


def test_each_word_has_a_meaning_and_a_story(tmp_path):
    log, database = tmp_path / "mail.log", tmp_path / "mail.duckdb"
    log.write_text("".join(stamped(CAME)))
    load([log], database)
    with mailsql.open_database(database) as connection:
        words = connection.execute("from message_states").fetchall()
    assert {word for word, *_ in words} == {state for _, state in STORIES.values()}
    assert all(all(row) for row in words)


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

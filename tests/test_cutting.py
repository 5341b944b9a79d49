"""Contract 3: any cutting of a log into batches, files and runs, in any order, gives the same
tables; contract 2: loading again adds nothing."""

import random
import tempfile
from bisect import bisect
from datetime import UTC, datetime, timedelta
from itertools import accumulate, pairwise
from pathlib import Path

import pytest
from hypothesis import given

import mailsql
from bench.generate import generate
from tests.conftest import (
    SEEDS,
    assert_rows_alike,
    host_count,
    load,
    of_hosts,
    rows_without_keys,
)

pytestmark = [pytest.mark.usefixtures("small_head"), pytest.mark.newest]
START = datetime(2026, 2, 3, 9, 0, tzinfo=UTC)
PAUSES = [0.001, 0.5, 20, 280, 400, 90_000, 200_000, 700_000]
# What goes on after hours is frequent in these
LONG_PAUSES = [0.5, 20, 400, 4000, 30_000, 50_000, 90_000]
QUEUE_IDS = ["1E24040751", "4f4yBq0wWjz1yTr"]
USERS = ["alice@example.com", "bob"]
SENT = (
    "to=<b@example.org>, relay=mx[192.0.2.1]:25, delay=1, delays=0/0/1/0, dsn=2.0.0, "
    "status=sent (250 2.0.0 Ok)"
)


def session_lines(chance: random.Random, user: str) -> list[str]:
    """Beginnings and ends of mailbox sessions, which know more or less of each other."""
    protocol = chance.choice(["pop3", "pop3", "imap"])
    session = chance.choice(["<s1>", "<s2>"])
    address = f"192.0.2.{chance.choice([7, 8])}"
    pid = chance.choice([1, 2])
    ended = (
        "Disconnected: Logged out top=0/0, retr=1/2, del=0/3, size=4"
        if protocol == "pop3"
        else "Disconnected: Logged out in=1 out=2"
    )
    login = f"dovecot: {protocol}-login: Login: user=<{user}>, method=PLAIN, rip={address}"
    return [
        f"{login}, lip=192.0.2.1, mpid={pid}, TLS, session={session}",
        f"{login}, lip=192.0.2.1, mpid={pid}, TLS",
        f"{login}, lip=192.0.2.1, TLS",
        f"dovecot: {protocol}-login: proxy({user},192.0.2.9:1): Started proxying to <192.0.2.9> "
        f"(0.1 secs): user=<{user}>, method=PLAIN, rip={address}, session={session}",
        f"dovecot: {protocol}-login: proxy({user},192.0.2.9:1): Disconnected by client "
        f"(1s idle, in=1, out=2): user=<{user}>, method=PLAIN, rip={address}, session={session}",
        f"dovecot: {protocol}({user})<{pid}>{session}: {ended}",
        f"dovecot: {protocol}({user})<{pid}>{session}: {ended}",
        f"dovecot: {protocol}(pid {pid} user {user}): {ended}",
        f"dovecot: {protocol}({user}): {ended}",
        f"dovecot: {protocol}({user}): {ended}",
        f"dovecot: service={protocol}, user={user}, ip=[{address}]. {ended}",
    ]


def mailbox_lines(chance: random.Random, user: str) -> list[str]:
    """Lines of Dovecot that stand alone."""
    message_id = f"<{chance.randrange(5)}@example.com>"
    return [
        f"dovecot: lmtp({user})<9><t1>: msgid={message_id}: saved mail to INBOX",
        f"dovecot: lmtp({user})<9><t1>: sieve: msgid={message_id}: forwarded to <x@example.net>",
        f"dovecot: imap({user})<1><s1>: expunge: box=INBOX, uid=1, msgid={message_id}, size=3",
        f"dovecot: auth: sql({user},192.0.2.7,<s1>): Password mismatch",
        "dovecot: imap-login: Disconnected (auth failed, 1 attempts in 2 secs): "
        f"user=<{user}>, method=PLAIN, rip=192.0.2.7, lip=192.0.2.1, session=<s1>",
        "dovecot: imap(bob)<1><s1>: Error: Corrupted index",
    ]


def disorderly_line(chance: random.Random) -> str:
    """A line of one of few processes, messages and sessions, in no sensible order."""
    queue_id = chance.choice(QUEUE_IDS)
    smtpd = f"postfix/smtpd[{chance.choice([11, 12])}]"
    client = f"c.example.net[192.0.2.{chance.choice([7, 8])}]"
    user = chance.choice(USERS)
    screen = "postfix/postscreen[23]"
    endpoint = f"[192.0.2.{chance.choice([7, 8])}]:40000"
    return chance.choice(
        [
            f"{smtpd}: connect from {client}",
            f"{smtpd}: {queue_id}: client={client}",
            f"{smtpd}: {queue_id}: client={client}, sasl_method=PLAIN, sasl_username={user}",
            f"{smtpd}: disconnect from {client} ehlo=1 mail=1/2 commands=2/3",
            f"{smtpd}: lost connection after RCPT from {client}",
            f"{smtpd}: NOQUEUE: reject: RCPT from {client}: 550 5.1.1 <x@example.com>: Recipient "
            "address rejected: User unknown; from=<a@example.net> to=<x@example.com> proto=ESMTP "
            "helo=<c>",
            f"{smtpd}: {queue_id}: reject: RCPT from {client}: 550 5.1.1 <y@example.com>: No; "
            "from=<a@example.net> to=<y@example.com> proto=ESMTP helo=<c>",
            f"{smtpd}: Anonymous TLS connection established from {client}: TLSv1.3 with cipher "
            "TLS_AES_256_GCM_SHA384 (256/256 bits)",
            f"{smtpd}: warning: {client}: SASL LOGIN authentication failed: no, sasl_username=root",
            f"{smtpd}: warning: hostname c.example.net does not resolve to address 192.0.2.7",
            f"postfix/pickup[13]: {queue_id}: uid=0 from=<root>",
            f"postfix/cleanup[14]: {queue_id}: message-id=<{chance.randrange(5)}@example.com>",
            f"postfix/qmgr[15]: {queue_id}: from=<a@example.net>, size=1, nrcpt=1 (queue active)",
            f"postfix/qmgr[15]: {queue_id}: removed",
            f"postfix/qmgr[15]: {queue_id}: removed",
            f"postfix/smtp[16]: {queue_id}: to=<b@example.org>, relay=none, delay=1, "
            "delays=0/0/1/0, dsn=4.4.1, status=deferred (connect to x: Connection refused)",
            f"postfix-out/smtp[17]: {queue_id}: to=<b@example.org>, relay=mx[192.0.2.1]:25, "
            "delay=1, delays=0/0/1/0, dsn=2.0.0, status=sent (250 OK)",
            *session_lines(chance, user),
            chance.choice(mailbox_lines(chance, user)),
            f"{smtpd}: NOQUEUE: hold: RCPT from {client}: <x@example.com>: Recipient address "
            f"triggers HOLD action; from=<{chance.choice('ab')}@example.net> "
            "to=<x@example.com> proto=ESMTP helo=<c>",
            f"{smtpd}: {chance.choice(QUEUE_IDS)}: client=localhost[127.0.0.1], "
            f"orig_queue_id={queue_id}, orig_client={client}",
            f"postfix/pickup[13]: {queue_id}: uid=0 from=<root> orig_id={chance.choice(QUEUE_IDS)}",
            f"postfix/postsuper[18]: {queue_id}: requeued",
            f"postfix/cleanup[14]: {queue_id}: reject: header X: y from {client}; "
            "from=<a@example.net> to=<b@example.org> proto=ESMTP helo=<c>: 5.7.1 no",
            f"postfix/bounce[19]: {queue_id}: sender non-delivery notification: "
            f"{chance.choice(QUEUE_IDS)}",
            f"postfix/local[20]: {queue_id}: to=<b@example.com>, relay=local, delay=1, "
            f"delays=0/0/0/1, dsn=2.0.0, status=sent (forwarded as {chance.choice(QUEUE_IDS)})",
            f"postfix/pipe[21]: {queue_id}: to=<b@example.com>, relay=filter, delay=1, "
            "delays=0/0/0/1, dsn=2.0.0, status=sent (delivered via filter service)",
            f"postfix/smtp[16]: {queue_id}: to=<b@example.org>, relay=mx[192.0.2.1]:25, "
            f"delay=1, delays=0/0/{chance.choice([1, 200])}/0, dsn=2.0.0, status=sent (250 2.0.0 "
            f"Ok: queued as {chance.choice(QUEUE_IDS)})",
            f"postfix/smtp[16]: {chance.choice(['Trusted', 'Untrusted'])} TLS connection "
            "established to mx[192.0.2.1]:25: TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 "
            "(256/256 bits)",
            "postfix/smtp[16]: connect to mx[192.0.2.2]:25: Connection refused",
            f"{screen}: CONNECT from {endpoint} to [192.0.2.1]:25",
            f"{screen}: DNSBL rank 6 for {endpoint}",
            f"{screen}: {chance.choice(['PASS NEW', 'DISCONNECT'])} {endpoint}",
            f"{screen}: NOQUEUE: reject: RCPT from {endpoint}: 550 5.7.1 Service unavailable; "
            "from=<x@example.net>, to=<bob@example.com>, proto=ESMTP, helo=<box>",
            f"opendkim[22]: {queue_id}: DKIM-Signature field added (s=mail, d=example.com)",
            "CRON[9]: (root) CMD (true)",
            "postfix/smtpd[11]: something that nobody knows",
        ]
    )


def repetition(chance: random.Random, line: str) -> str:
    """What syslog writes where a line came again: the text, or that it was the last one."""
    program, _, text = line.partition(": ")
    count = chance.randrange(2, 9)
    return chance.choice(
        [
            f"{program}: message repeated {count} times: [ {text}]",
            f"{program}: message repeated {count} times: [ {text}]",
            f"{program}: last message repeated {count} times",
            f"last message repeated {count} times",
        ]
    )


def mailbox_delivery(chance: random.Random) -> list[str]:
    """Some lines of Postfix and Dovecot about one mail for a mailbox, perhaps behind a proxy."""
    queue_id, user = chance.choice(QUEUE_IDS), chance.choice(USERS)
    session, other = chance.sample(["t1", "t2", "t3"], 2)
    message_id = f"<{chance.randrange(5)}@example.com>"
    recipient = f"{user.partition('@')[0]}@example.com"
    handed = f"{queue_id}: to=<{recipient}>, relay={{}}, delay=1, delays=0/0/0/1, dsn=2.0.0, "
    lmtp = f"postfix/lmtp[24]: {handed.format('mx1[private/dovecot-lmtp]')}"
    told = [
        f"postfix/cleanup[14]: {queue_id}: message-id={message_id}",
        f"{lmtp}status=sent (250 2.0.0 <{recipient}> {session} Saved)",
        f"{lmtp}status=deferred (host said: 452 4.2.2 Quota exceeded)",
        f"postfix/pipe[21]: {handed.format('lda')}status=sent (delivered via lda service)",
        f"dovecot: lmtp(9): <{session}>: Sent message to <{recipient}> at 192.0.2.9:24: "
        f"250 2.0.0 <{recipient}> {other} Saved (1/1 at 12 ms)",
        f"dovecot: lmtp({user})<9><{chance.choice([session, other])}>: msgid={message_id}: "
        "saved mail to INBOX",
        f"dovecot: lmtp({user})<9><{session}>: msgid={message_id}: save failed to INBOX: "
        "Quota exceeded (mailbox for user is full)",
        f"dovecot: lda({user})<9><x>: msgid={message_id}: saved mail to INBOX",
    ]
    return chance.sample(told, chance.randint(2, 5))


def history(seed: int, line_count: int, host: int = 1) -> list[tuple[datetime, str]]:
    """Moments and texts of line_count lines of a host, with repetitions and mail for mailboxes
    between them.

    Every other host has long pauses.
    """
    own = seed + (host - 1) * 2**32
    chance, repeats = random.Random(own), random.Random(-own - 1)
    mailed = random.Random(f"{own} mailboxes")
    moment = START
    lines = []
    for _ in range(line_count):
        usual = PAUSES[: chance.choice([3, 5, 8])]
        moment += timedelta(seconds=chance.choice(usual if host % 2 else LONG_PAUSES))
        moment += timedelta(microseconds=1)
        text = disorderly_line(chance)
        lines.append((moment, text))
        if repeats.random() < 0.2:
            moment += timedelta(microseconds=1)
            lines.append((moment, repetition(repeats, text)))
        if mailed.random() < 0.1:
            for text in mailbox_delivery(mailed):
                moment += timedelta(microseconds=1)
                lines.append((moment, text))
    return lines


def handed_in(chance: random.Random) -> list[str]:
    """Some lines about a mail that came by Sieve, or that postsuper took away, in any order."""
    parent, child = chance.choice(QUEUE_IDS), chance.choice(QUEUE_IDS)
    message_id = f"<{chance.randrange(5)}@example.com>"
    told = [
        f"postfix/cleanup[14]: {parent}: message-id={message_id}",
        f"postfix/lmtp[24]: {parent}: to=<bob@example.com>, relay=mx1[private/dovecot-lmtp], "
        "delay=1, delays=0/0/0/1, dsn=2.0.0, status=sent (250 2.0.0 Ok)",
        f"dovecot: lmtp(bob)<9><t1>: sieve: msgid={message_id}: forwarded to <x@example.net>",
        f"postfix/cleanup[14]: {child}: message-id={message_id}",
        f"postfix/pickup[13]: {child}: uid=5000 from=<bob>",
        f"postfix/smtp[16]: {child}: to=<x@example.net>, relay=mx[192.0.2.1]:25, delay=1, "
        "delays=0/0/0/1, dsn=2.0.0, status=sent (250 2.0.0 Ok)",
        f"postfix/postsuper[18]: {chance.choice([parent, child])}: removed",
    ]
    return [line for line in chance.sample(told, len(told)) if chance.random() < 0.8]


def with_handed_in(
    chance: random.Random, lines: list[tuple[datetime, str]]
) -> list[tuple[datetime, str]]:
    """The lines of a host, with some about mail that was handed in between them."""
    mixed = []
    for moment, text in lines:
        mixed.append((moment, text))
        if chance.random() < 0.08:
            later = (moment + timedelta(microseconds=20 * n + 20) for n in range(20))
            mixed += zip(later, handed_in(chance), strict=False)
    return sorted(mixed)


def syslog_line(moment: datetime, host: int, text: str) -> str:
    """A line with the finest stamp."""
    return f"{moment.isoformat(timespec='microseconds')} mx{host} {text}"


def disorderly_log(seed: int, line_count: int) -> list[str]:
    """Lines of a host with ever later stamps, no two alike."""
    return [syslog_line(moment, 1, text) for moment, text in history(seed, line_count)]


def disorderly_hosts(seed: int, host_count: int) -> tuple[list[str], int]:
    """Lines of some hosts with ever later stamps, no two alike, and how many of them are early.

    Each host has more or fewer lines, of which any number is early.
    """
    chance = random.Random(f"{seed} hosts")
    lines = []
    for host in range(1, host_count + 1):
        told = history(seed, chance.randint(5, chance.choice([20, 90])), host)
        told = with_handed_in(random.Random(f"{seed} {host} handed in"), told)
        early = timedelta(seconds=chance.random()) + chance.choice(told)[0] - START
        lines += [syslog_line(moment - early, host, text) for moment, text in told]
    lines.sort()
    return lines, bisect(lines, START.isoformat(timespec="microseconds"))


def load_parts(
    directory: Path, lines: list[str], cuts: list[int], order: list[int], batch_bytes: int
) -> dict[str, list[tuple]]:
    """Cut a log into files at the given lines, load one after the other, return the rows."""
    bounds = [0, *sorted(set(cuts)), len(lines)]
    starts = {}
    parts = []
    for number, (start, end) in enumerate(pairwise(bounds)):
        if start < end:
            part = directory / f"mail{number}.log"
            part.write_text("".join(line + "\n" for line in lines[start:end]))
            starts[str(part)] = start
            parts.append(part)
    database = directory / "mail.duckdb"
    for part in sorted(parts, key=lambda part: order[parts.index(part) % len(order)]):
        load([part], database, batch_bytes=batch_bytes)
    rows = rows_without_keys(database, starts)
    assert [row[-1] for row in rows["log_lines"]] == lines
    return rows


def assert_read_alike(
    lines: list[str], cuts: list[int], order: list[int], batch_bytes: int
) -> None:
    """Lines in files and batches give the rows that they give at once."""
    with tempfile.TemporaryDirectory() as whole, tempfile.TemporaryDirectory() as cut:
        expected = load_parts(Path(whole), lines, [], [0], 10**7)
        found = load_parts(Path(cut), lines, cuts, order, batch_bytes)
    assert_rows_alike(found, expected)


@of_hosts
@given(SEEDS)
def test_disorder_is_read_alike_however_it_is_cut(seed):
    chance = random.Random(seed)
    hosts = host_count(chance)
    lines, early_count = disorderly_hosts(seed, hosts)
    # What goes on over several cuts is rare where they are far from each other
    lengths = [hosts * chance.choice([1, 3, 10, 30]) for _ in range(chance.randrange(3))]
    cuts = accumulate([early_count, *lengths])
    order = chance.choice([[0, 1, 2, 3], chance.sample(range(4), 4)])
    batch_bytes = int(sum(map(len, lines)) * chance.choice([0.3, 0.5, 1]))
    assert_read_alike(lines, [cut for cut in cuts if cut < len(lines)], order, batch_bytes)


@pytest.mark.parametrize(
    ("seed", "line_count", "cuts", "order", "batch_bytes"),
    [
        (33675, 52, [49], [0, 1, 2, 3], 4000),
        (299117591, 39, [14], [1, 3, 2, 0], 6000),
        (616249624, 108, [40, 92, 68], [1, 2, 3, 0], 8000),
        (396317138, 60, [55, 47], [1, 2, 0, 3], 4000),
        (403535111, 78, [4], [0, 1, 3, 2], 10**6),
    ],
)
def test_disorder_that_was_read_otherwise_once(seed, line_count, cuts, order, batch_bytes):
    assert_read_alike(disorderly_log(seed, line_count), cuts, order, batch_bytes)


def queue_line(told: str) -> str:
    """A line about one queue id, of its time, process and text."""
    time, process, text = told.split(" ", 2)
    return f"2026-02-03T{time}+00:00 mx1 postfix/{process}: 1E24040751: {text}"


@pytest.mark.parametrize("cut", [[], [1], [2]])
@pytest.mark.parametrize(
    ("told", "taken_up_at"),
    [
        # At once: no other line tells that this is another message
        (
            ["09:00:00 cleanup[14] message-id=<0@example.com>", "09:00:10 qmgr[15] removed"],
            "09:00:11",
        ),
        # A line long after the removal began another one, which this is
        (["09:00:10 qmgr[15] removed", f"09:20:00 smtp[16] {SENT}"], "09:40:00"),
    ],
)
def test_what_qmgr_takes_up_after_a_removal_is_not_what_was_removed(
    tmp_path, told, taken_up_at, cut
):
    told = [*told, f"{taken_up_at} qmgr[15] from=<a@example.net>, size=1, nrcpt=1 (queue active)"]
    lines = [queue_line(line) for line in told]
    messages = load_parts(tmp_path, lines, cut, [0, 1], 10**6)["messages"]
    assert [("removed" in row, "a@example.net" in row) for row in messages] == [
        (True, False),
        (False, True),
    ]


def test_what_qmgr_takes_up_in_the_second_of_its_removal_is_what_was_removed(tmp_path):
    told = [
        "09:00:09 cleanup[14] message-id=<0@example.com>",
        "09:00:10 qmgr[15] removed",
        # In another log
        "09:00:10 qmgr[15] from=<a@example.net>, size=1, nrcpt=1 (queue active)",
    ]
    lines = [queue_line(line) for line in told]
    (message,) = load_parts(tmp_path, lines, [2], [0, 1], 10**6)["messages"]
    assert {"removed", "a@example.net"} <= set(message)


@pytest.mark.parametrize("style", ["bsd", "rfc3339"])
def test_a_generated_day_is_read_alike_in_small_batches(tmp_path, style):
    lines = list(generate(3000, style, seed=7, long_ids=style == "bsd", per_second=2))
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    whole.mkdir()
    cut.mkdir()
    expected = load_parts(whole, lines, [], [0], 10**7)
    assert load_parts(cut, lines, [1000, 1700], [0, 1, 2], 60_000) == expected


def test_a_generated_day_is_read_alike_in_any_order_of_files(tmp_path):
    lines = list(generate(3000, "rfc3339", seed=8, per_second=2))
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    whole.mkdir()
    cut.mkdir()
    expected = load_parts(whole, lines, [], [0], 10**7)
    assert load_parts(cut, lines, [900, 1700], [2, 0, 1], 200_000) == expected


@pytest.mark.parametrize("order", ["abc", "bac"])
def test_of_two_hosts_that_may_have_handed_a_mail_on_not_the_one_loaded_first_is_meant(
    tmp_path, order
):
    handed = "Feb  3 09:00:40 {} postfix/cleanup[9]: 1E24040751: message-id=<1@example.com>\n"
    logs = {
        "a": handed.format("mx26"),
        "b": handed.format("mx14"),
        "c": "Feb  3 09:00:40 mx4 postfix/smtpd[12]: 4F24040751: client=localhost[127.0.0.1], "
        "orig_queue_id=1E24040751\n"
        "Feb  3 09:00:40 mx4 postfix/cleanup[9]: 4F24040751: message-id=<1@example.com>\n",
    }
    for name in order:
        (tmp_path / name).write_text(logs[name])
        load([tmp_path / name], tmp_path / "mail.duckdb")
    with mailsql.open_database(tmp_path / "mail.duckdb") as connection:
        parents = connection.execute(
            "select host from messages where message_key in (select parent_key from message_links)"
        ).fetchall()
    assert parents == [("mx14",)]

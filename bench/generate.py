"""Writes a made-up mail log: seed and line count in, the same bytes out on every machine.

Sessions of smtpd, pickup, bounces, POP3 and IMAP overlap as they do on a busy host. Only example
domains and documentation addresses occur.
"""

from __future__ import annotations

import argparse
import heapq
import random
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

EPOCH = datetime(2026, 2, 3, 0, 0, 0, tzinfo=UTC)
USERS = ["alice", "bob", "carol", "dave", "eve", "frank", "gina", "henry", "ivan", "judy"]
LOCAL_DOMAINS = ["example.com", "lists.example.com"]
FAR_DOMAINS = ["example.org", "example.net", "mail.example.net", "corp.example.org"]
LONG_ID = "0123456789BCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz"
BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
DEFERRALS = [
    ("4.4.1", "connect to {mx}:25: Connection timed out", False),
    (
        "4.7.1",
        "host {mx} said: 450 4.7.1 <{to}>: Recipient address rejected: Greylisted, see "
        "https://greylist.example.org/ (in reply to RCPT TO command)",
        True,
    ),
    ("4.4.2", "lost connection with {mx} while receiving the initial server greeting", True),
]
BOUNCES = [
    (
        "5.1.1",
        "host {mx} said: 550 5.1.1 <{to}>: Recipient address rejected: User unknown in "
        "virtual mailbox table (in reply to RCPT TO command)",
    ),
    (
        "5.7.1",
        "host {mx} said: 554 5.7.1 Message rejected as spam (score 12.3) (in reply to end of "
        "DATA command)",
    ),
    ("5.2.2", "host {mx} said: 552 5.2.2 <{to}>: Mailbox full (in reply to end of DATA command)"),
]
REJECTS = [
    "554 5.7.1 Service unavailable; Client host [{ip}] blocked using dnsbl.example.org; "
    "https://dnsbl.example.org/q?{ip}",
    "450 4.7.25 Client host rejected: cannot find your hostname, [{ip}]",
    "550 5.1.1 <{to}>: Recipient address rejected: User unknown in virtual mailbox table",
    "454 4.7.1 <{to}>: Relay access denied",
    "504 5.5.2 <{helo}>: Helo command rejected: need fully-qualified hostname",
]
WARNINGS = [
    "warning: hostname host-{n}.example.net does not resolve to address 192.0.2.{n}: "
    "Name or service not known",
    "warning: Connection rate limit exceeded: 61 from unknown[192.0.2.{n}] for service smtp",
]


class Host:
    """A mail host whose sessions yield (second, program, pid, text) in their own order."""

    def __init__(self, seed: int, long_ids: bool, per_second: float) -> None:
        self.random = random.Random(seed)
        self.long_ids = long_ids
        self.per_second = per_second
        self.idle: list[tuple[float, int]] = [(0.0, 2100 + n) for n in range(20)]
        self.serial = 0

    def queue_id(self, second: float) -> str:
        """A queue id as Postfix makes them: unique in this log, short or long."""
        self.serial += 1
        micros = self.random.randrange(1_000_000)
        if not self.long_ids:
            return f"{micros:05X}{0x40000 + self.serial % 0xBFFFF:X}"
        digits = ""
        value = int(EPOCH.timestamp() + second)
        for _ in range(6):
            digits = LONG_ID[value % 52] + digits
            value //= 52
        parts = "".join(LONG_ID[micros // 52**power % 52] for power in (3, 2, 1, 0))
        inode = "".join(LONG_ID[(self.serial // 51**power) % 51] for power in (3, 2, 1, 0))
        return f"{digits}{parts}z{inode}"

    def client(self) -> tuple[str, str]:
        """Name and address of a client; a third have no name."""
        number = self.random.randrange(1, 255)
        network = self.random.choice(["192.0.2", "198.51.100", "203.0.113"])
        if self.random.random() < 0.05:
            return f"mail{number}.example.net", f"2001:db8::{number:x}"
        if self.random.random() < 0.33:
            return "unknown", f"{network}.{number}"
        return f"host-{number}.example.net", f"{network}.{number}"

    def address(self, domains: list[str]) -> str:
        """A mailbox; the few busy ones get most of the mail."""
        if self.random.random() < 0.6:
            return f"{self.random.choice(USERS)}@{self.random.choice(domains)}"
        return f"user{self.random.randrange(4000)}@{self.random.choice(domains)}"

    def session(self, second: float) -> Iterator[tuple[float, str, int, str]]:
        """One session of any kind, starting at a second since the log's beginning."""
        pick = self.random.random()
        if pick < 0.36:
            yield from self.inbound(second)
        elif pick < 0.52:
            yield from self.submission(second)
        elif pick < 0.76:
            yield from self.refused(second)
        elif pick < 0.93:
            yield from self.mailbox(second)
        elif pick < 0.97:
            yield from self.guess(second)
        else:
            text = self.random.choice(WARNINGS).format(n=self.random.randrange(1, 255))
            pid = self.take_smtpd(second)
            yield second, "postfix/smtpd", pid, text
            self.release_smtpd(second, pid)

    def smtp_pid(self) -> int:
        """A process of the delivery side."""
        return 2400 + self.random.randrange(40)

    def take_smtpd(self, second: float) -> int:
        """The smtpd process that has been idle longest; a new one when all are busy."""
        if self.idle and self.idle[0][0] < second:
            return heapq.heappop(self.idle)[1]
        self.serial += 1
        return 5000 + self.serial % 50000

    def release_smtpd(self, second: float, pid: int) -> None:
        """A process is idle again from this second on; a twentieth exit instead."""
        if self.random.random() > 0.05:
            heapq.heappush(self.idle, (second + 0.001, pid))

    def inbound(self, second: float) -> Iterator[tuple[float, str, int, str]]:
        """Mail from outside for a local mailbox."""
        pid = self.take_smtpd(second)
        name, ip = self.client()
        here = f"{name}[{ip}]"
        sender, to = self.address(FAR_DOMAINS), self.address(LOCAL_DOMAINS)
        program = "postfix/smtpd"
        yield second, program, pid, f"connect from {here}"
        second += self.random.random()
        count = 1 if self.random.random() < 0.85 else 2
        for _ in range(count):
            queue_id = self.queue_id(second)
            yield second, program, pid, f"{queue_id}: client={here}"
            message_id = f"{self.random.getrandbits(48):x}@{sender.rpartition('@')[2]}"
            second += 0.05
            yield second, "postfix/cleanup", 2300, f"{queue_id}: message-id=<{message_id}>"
            yield from self.queued(second + 0.05, queue_id, sender, [to], local=True)
            second += 0.2
        counters = f"ehlo=2 starttls=1 mail={count} rcpt={count} data={count} quit=1"
        text = f"disconnect from {here} {counters} commands={4 + 3 * count}"
        yield second + 0.1, program, pid, text
        self.release_smtpd(second + 0.1, pid)

    def submission(self, second: float) -> Iterator[tuple[float, str, int, str]]:
        """Mail of a logged-in user for one to three recipients elsewhere."""
        pid = self.take_smtpd(second)
        name, ip = self.client()
        here = f"{name}[{ip}]"
        user = self.address(LOCAL_DOMAINS)
        program = "postfix/submission/smtpd"
        yield second, program, pid, f"connect from {here}"
        text = (
            f"Anonymous TLS connection established from {here}: TLSv1.3 with cipher "
            "TLS_AES_256_GCM_SHA384 (256/256 bits)"
        )
        yield second + 0.05, program, pid, text
        queue_id = self.queue_id(second + 0.2)
        text = f"{queue_id}: client={here}, sasl_method=PLAIN, sasl_username={user}"
        yield second + 0.2, program, pid, text
        message_id = f"{self.random.getrandbits(64):x}@{user.rpartition('@')[2]}"
        yield second + 0.3, "postfix/cleanup", 2301, f"{queue_id}: message-id=<{message_id}>"
        to = [self.address(FAR_DOMAINS) for _ in range(self.random.choice([1, 1, 1, 2, 3]))]
        yield from self.queued(second + 0.4, queue_id, user, to, local=False)
        text = (
            f"disconnect from {here} ehlo=2 starttls=1 auth=1 mail=1 rcpt={len(to)} data=1 quit=1"
        )
        yield second + 0.6, program, pid, f"{text} commands={7 + len(to)}"
        self.release_smtpd(second + 0.6, pid)

    def queued(
        self, second: float, queue_id: str, sender: str, to: list[str], local: bool
    ) -> Iterator[tuple[float, str, int, str]]:
        """The life of a queue file from its first activation to its removal."""
        size = self.random.randrange(800, 90000)
        active = f"{queue_id}: from=<{sender}>, size={size}, nrcpt={len(to)} (queue active)"
        yield second, "postfix/qmgr", 811, active
        pending = list(to)
        begun = second
        for attempt in range(4):
            later = []
            for recipient in pending:
                second += 0.3 + self.random.random()
                delay = f"{second - begun:.2g}"
                parts = f"delay={delay}, delays=0.12/0.01/0.2/{self.random.randrange(1, 90) / 100}"
                if local:
                    saved = "".join(self.random.choice(BASE64) for _ in range(22))
                    text = (
                        f"to=<{recipient}>, relay=mx1.example.com[private/dovecot-lmtp], {parts}, "
                        f"dsn=2.0.0, status=sent (250 2.0.0 <{recipient}> {saved} Saved)"
                    )
                    yield second, "postfix/lmtp", self.smtp_pid(), f"{queue_id}: {text}"
                    continue
                domain = recipient.rpartition("@")[2]
                mx = f"mx.{domain}[198.51.100.{len(domain)}]"
                chance = self.random.random()
                if chance < 0.86 or attempt == 3:
                    dsn, status = "2.0.0", "sent"
                    reply = f"250 2.0.0 Ok: queued as {self.random.getrandbits(44):011X}"
                    relay = f"{mx}:25"
                elif chance < 0.96 and sender:
                    dsn, reply, is_reached = self.random.choice(DEFERRALS)
                    status, relay = "deferred", f"{mx}:25" if is_reached else "none"
                    later.append(recipient)
                else:
                    dsn, reply = self.random.choice(BOUNCES)
                    status, relay = "bounced", f"{mx}:25"
                text = (
                    f"to=<{recipient}>, relay={relay}, {parts}, dsn={dsn}, status={status} "
                    f"({reply.format(mx=mx, to=recipient)})"
                )
                yield second, "postfix/smtp", self.smtp_pid(), f"{queue_id}: {text}"
                if status == "bounced" and sender:
                    notice = self.queue_id(second)
                    text = f"{notice}: message-id=<20260203000000.{notice}@mx1.example.com>"
                    yield second + 0.01, "postfix/cleanup", 2302, text
                    text = f"{queue_id}: sender non-delivery notification: {notice}"
                    yield second + 0.02, "postfix/bounce", 2500, text
                    yield from self.queued(second + 0.03, notice, "", [sender], local=True)
            if not later:
                break
            pending = later
            second += 300 * 2**attempt
            yield second, "postfix/qmgr", 811, active
        yield second + 0.02, "postfix/qmgr", 811, f"{queue_id}: removed"

    def refused(self, second: float) -> Iterator[tuple[float, str, int, str]]:
        """A client that gets no mail in."""
        pid = self.take_smtpd(second)
        name, ip = self.client()
        here = f"{name}[{ip}]"
        sender, to = self.address(FAR_DOMAINS), self.address(LOCAL_DOMAINS)
        program = "postfix/smtpd"
        yield second, program, pid, f"connect from {here}"
        if self.random.random() < 0.7:
            reason = self.random.choice(REJECTS).format(ip=ip, to=to, helo="box")
            text = (
                f"NOQUEUE: reject: RCPT from {here}: {reason}; from=<{sender}> to=<{to}> "
                "proto=ESMTP helo=<box>"
            )
            yield second + 0.4, program, pid, text
            counters = "ehlo=1 mail=1 rcpt=0/1 quit=1 commands=3/4"
        else:
            stage = self.random.choice(["CONNECT", "EHLO", "AUTH", "RCPT"])
            yield second + 0.4, program, pid, f"lost connection after {stage} from {here}"
            counters = "ehlo=1 commands=1"
        yield second + 0.5, program, pid, f"disconnect from {here} {counters}"
        self.release_smtpd(second + 0.5, pid)

    def guess(self, second: float) -> Iterator[tuple[float, str, int, str]]:
        """A password guesser on the submission port."""
        pid = self.take_smtpd(second)
        here = f"unknown[192.0.2.{self.random.randrange(90, 99)}]"
        program = "postfix/smtpd"
        yield second, program, pid, f"connect from {here}"
        text = (
            f"warning: {here}: SASL LOGIN authentication failed: (reason unavailable), "
            f"sasl_username={self.random.choice(USERS)}"
        )
        yield second + 2, program, pid, text
        text = f"disconnect from {here} ehlo=1 auth=0/1 quit=1 commands=2/3"
        yield second + 2.2, program, pid, text
        self.release_smtpd(second + 2.2, pid)

    def mailbox(self, second: float) -> Iterator[tuple[float, str, int, str]]:
        """A POP3 session, or an attempt to have one."""
        user = self.address(LOCAL_DOMAINS)
        ip = self.client()[1]
        session = "".join(self.random.choice(BASE64) for _ in range(16))
        pid = self.random.randrange(4000, 30000)
        where = f"method=PLAIN, rip={ip}, lip=198.51.100.5"
        if self.random.random() < 0.15:
            text = (
                f"pop3-login: Disconnected: Connection closed (auth failed, 1 attempts in 2 secs): "
                f"user=<{user}>, {where}, TLS, session=<{session}>"
            )
            yield second, "dovecot", 0, text
            return
        text = f"pop3-login: Login: user=<{user}>, {where}, mpid={pid}, TLS, session=<{session}>"
        yield second, "dovecot", 0, text
        retrieved = self.random.choice([0, 0, 1, 2, 5])
        text = (
            f"pop3({user})<{pid}><{session}>: Disconnected: Logged out top=0/0, "
            f"retr={retrieved}/{retrieved * 4000}, del={retrieved}/{retrieved + 3}, size=88213"
        )
        yield second + 0.5 + self.random.random(), "dovecot", 0, text


def generate(
    lines: int, style: str = "bsd", seed: int = 1, long_ids: bool = False, per_second: float = 60.0
) -> Iterator[str]:
    """Yield log lines without their newline.

    Args:
        lines: how many lines.
        style: "bsd" (whole seconds, no year) or "rfc3339" (microseconds and zone).
        seed: the same seed gives the same log.
        long_ids: long queue ids instead of short ones.
        per_second: sessions begun per second, on average.
    """
    host = Host(seed, long_ids, per_second)
    heap: list[tuple[float, int, str, int, str]] = []
    start, order, written = 0.0, 0, 0
    while written < lines:
        start += host.random.expovariate(per_second)
        for second, program, pid, text in host.session(start):
            order += 1
            heapq.heappush(heap, (second, order, program, pid, text))
        while heap and heap[0][0] <= start and written < lines:
            second, _, program, pid, text = heapq.heappop(heap)
            moment = EPOCH + timedelta(seconds=second)
            if style == "bsd":
                stamp = f"{moment:%b} {moment.day:2d} {moment:%H:%M:%S}"
            else:
                stamp = moment.isoformat(timespec="microseconds")
            tag = f"{program}[{pid}]" if pid else program
            yield f"{stamp} mx1 {tag}: {text}"
            written += 1


def main() -> None:
    """Write a log to standard output."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("lines", type=int)
    parser.add_argument("--style", choices=["bsd", "rfc3339"], default="bsd")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--long-ids", action="store_true")
    parser.add_argument("--per-second", type=float, default=60.0)
    given = parser.parse_args()
    for line in generate(given.lines, given.style, given.seed, given.long_ids, given.per_second):
        sys.stdout.write(line + "\n")


if __name__ == "__main__":
    main()

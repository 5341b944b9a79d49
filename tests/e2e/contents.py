"""Mail that is looked into: header and body checks, a milter, content filters, copies."""

import re
from typing import Any

from tests.e2e.ledger import Entry, between, matching, now
from tests.e2e.outcomes import expect_delivery, recipient, sender
from tests.e2e.session import Driver, Session, make_mail
from tests.e2e.settle import wait_until_idle

# Word of the header: action as logged, its text
HEADER_MARKS = {
    "warn": ("warning", "a marked header"),
    "info": ("info", "told of a header"),
    "prepend": ("prepend", "X-Prepended: yes"),
    "replace": ("replace", "X-Check: replaced"),
    "redirect": ("redirect", "grace@accept.example.net"),
    "filter": ("filter", "relay:[127.0.0.1]:{next_hop}"),
    "bcc": ("bcc", "heidi@accept.example.net"),
    "strip": ("strip", "stripped"),
    "hold": ("hold", "held by a header"),
    "discard": ("discard", "thrown away by a header"),
    "reject": ("reject", "refused by a header"),
    "defer": ("reject", "put off by a header"),
}
AT_SMTPD = {"action": "milter-reject", "kind": "smtpd_milter_reject"}
REJECTED = {"reject": (550, "5.7.1"), "defer": (451, "4.7.1")}


def check_headers(driver: Driver) -> None:
    """Header checks: each action once, over the network and from sendmail."""
    for word, (action, text) in HEADER_MARKS.items():
        with Session(driver, "MX") as session:
            session.greet()
            from_address, to = sender(), recipient("accept")
            mail = make_mail(headers=(f"X-Check: {word} it",))
            began_at = now()
            message = session.transmit(from_address, [to], mail)
            if message is None:
                session.end_transaction(message_id=None)
            elif word in ("hold", "discard"):
                message |= {"activation_count": 0, "awaited": [], "end_reason": None}
                message |= {"recipient_count": None, "size_bytes": None, "sender": None}
                if word == "discard":
                    message["message_id"] = None
            elif word == "redirect":
                message["originals"] = {text: to}
            elif word == "bcc":
                message["recipient_count"] = 2
            _note_check(
                session,
                message,
                f"X-Check: {word} it",
                action,
                text.format(next_hop=driver.rig.ports["NEXT_HOP"]),
                from_address,
                to,
                began_at,
                dsn=REJECTED[word][1] if word in REJECTED else None,
            )


def check_bodies(driver: Driver) -> None:
    """Body checks, and header checks on the way out."""
    for line, action, text in (
        ("refuse this body", "reject", "refused by a body line"),
        ("note this body", "warning", "noted in a body line"),
    ):
        with Session(driver, "MX") as session:
            session.greet()
            from_address, to = sender(), recipient("accept")
            mail = make_mail(body=f"hello\r\n{line}\r\n")
            began_at = now()
            message = session.transmit(from_address, [to], mail)
            if message is None:
                session.end_transaction(message_id=mail.message_id)
            _note_check(
                session,
                message,
                line,
                action,
                text,
                from_address,
                to,
                began_at,
                stage="body",
                dsn="5.7.1" if action == "reject" else None,
            )
    with Session(driver, "MX") as session:
        session.greet()
        outgoing = make_mail(headers=("X-Check: outgoing mail",))
        message = session.transmit(sender(), [recipient("accept")], outgoing)
        assert message is not None
        message["steps"] = ["smtp_check"]


def _note_check(
    session: Session,
    message: Entry | None,
    content: str,
    action: str,
    text: str,
    from_address: str,
    to: str,
    began_at: Any,
    **values: Any,
) -> None:
    """Write a decision of cleanup about a line of the message down."""
    defaults: dict[str, Any] = {
        "connection": None,
        "message": message["queue_id"] if message else matching(r"\w+"),
        "queue_id": message["queue_id"] if message else matching(r"\w+"),
        "kind": "cleanup_check",
        "logged_at": between(began_at, now()),
        "daemon": "cleanup",
        "action": action,
        "stage": "header",
        "client_ip": session.source,
        "content": content,
        "reason": text,
        "sender": from_address,
        "recipient": to,
        "protocol": "ESMTP",
        "helo_name": "client.example.com",
    }
    session.driver.ledger.add("rejections", **(defaults | values))


def pass_milter(driver: Driver) -> None:
    """A milter that accepts, adds a header, refuses, defers, discards and quarantines."""
    with Session(driver, "MILTERED") as session:
        session.greet()
        for word in ("accept", "header-end"):
            session.transmit(sender(), [recipient(word)])
    for word in ("reject-rcpt", "coded-rcpt", "tempfail-rcpt"):
        with Session(driver, "MILTERED") as session:
            session.greet()
            session.envelope(sender(), [recipient(word)])
            session.refusals[-1] |= AT_SMTPD
    with Session(driver, "MILTERED") as session:
        session.greet()
        session.envelope(sender("reject-mail"), [recipient("accept")])
        session.refusals[-1] |= AT_SMTPD
    for word in ("reject-end", "coded-end", "tempfail-end", "discard-end", "quarantine-end"):
        with Session(driver, "MILTERED") as session:
            session.greet()
            from_address, to = sender(), recipient(word)
            mail = make_mail()
            began_at = now()
            message = session.transmit(from_address, [to], mail)
            action, text, dsn = "milter-reject", "Command rejected", "5.7.1"
            if message is None:
                assert session.last_refusal is not None
                said = session.last_refusal[1].decode()
                dsn, _, text = said.partition(" ")
                session.end_transaction(message_id=mail.message_id)
            else:
                kind = word.partition("-")[0]
                action = {"discard": "milter-discard", "quarantine": "milter-hold"}[kind]
                text, dsn = {
                    "discard": ("milter triggers DISCARD action", None),
                    "quarantine": ("milter triggers HOLD action", None),
                }[kind]
                message |= {"activation_count": 0, "awaited": [], "end_reason": None}
                message |= {"recipient_count": None, "size_bytes": None, "sender": None}
            _note_check(
                session,
                message,
                None,
                action,
                text,
                from_address,
                to,
                began_at,
                kind="cleanup_milter",
                stage="END-OF-MESSAGE",
                dsn=dsn,
            )


def pass_filter(driver: Driver) -> None:
    """An after-queue content filter, which re-injects by SMTP."""
    parents = []
    with Session(driver, "FILTERED") as session:
        session.greet()
        for count in (1, 1, 2):
            message = session.transmit(sender(), [recipient("accept") for _ in range(count)])
            assert message is not None
            parents.append((message, message.pop("awaited")))
    wait_until_idle(driver)
    links = {link["parent"]: link["child"] for link in driver.ledger.of("message_links")}
    for message, recipients in parents:
        child = links[message["queue_id"]]
        for to in recipients:
            expect_delivery(
                driver,
                message,
                to,
                "smtp",
                f"127.0.0.1[127.0.0.1]:{driver.rig.ports['SCANNER']}",
                "2.0.0",
                "sent",
                f"250 2.0.0 from MTA(smtp:[127.0.0.1]): 250 2.0.0 Ok: queued as {child}",
                message["queued_at"] | {"at_most": between(now(), now())["at_most"]},
                service="scan",
            )


def pass_amavis(driver: Driver) -> None:
    """An after-queue content filter: amavis, which passes mail, or drops it in each of its ways."""
    program = ("MIME-Version: 1.0", "Content-Type: application/octet-stream; name=a.exe")
    banned = re.escape(" - BANNED: application/octet-stream,a.exe")
    for words, end in (
        (("accept",), None),
        (("accept", "accept"), None),
        (("trusted", "accept"), ", but 1 DISCARD"),
        (("accept",), ("2.7.0", "sent", rf"250 2\.7\.0 Ok, discarded, id=\S+{banned}")),
        (("told",), ("2.5.0", "sent", r"250 2\.5\.0 Ok, id=\S+, BOUNCE")),
        (("told", "accept"), ("2.5.0", "sent", r"250 2\.5\.0 Ok, id=\S+, 1 BOUNCE, and 1 DISCARD")),
        (
            ("refused",),
            (
                *("5.7.0", "bounced"),
                rf"host 127\.0\.0\.1\[127\.0\.0\.1\] said: 554 5\.7\.0 Reject, id=\S+{banned} "
                r"\(in reply to end of DATA command\)",
            ),
        ),
    ):
        mail = make_mail(headers=program if end else ())
        with Session(driver, "INSPECTED") as session:
            session.greet()
            message = session.transmit(sender(), [recipient(word) for word in words], mail)
        assert message is not None
        if driver.rig.style.uses_syslog:
            # Once for what passes, once for what does not
            kind = "policy_check" if end else "spam_check"
            message["steps"] = [kind] * (2 if isinstance(end, str) else 1)
        if isinstance(end, str):
            message["dropped"] = end
        if isinstance(end, tuple):
            dsn, status, reply = end
            for to in message.pop("awaited"):
                expect_delivery(
                    driver,
                    message,
                    to,
                    "smtp",
                    f"127.0.0.1[127.0.0.1]:{driver.rig.ports['AMAVIS']}",
                    dsn,
                    status,
                    matching(reply),
                    message["queued_at"],
                    service="scan",
                )


def pass_proxy(driver: Driver) -> None:
    """A before-queue filter: what the client hears is what the port behind it said."""
    for _ in range(3):
        with Session(driver, "PROXIED") as session:
            session.greet()
            mail = make_mail()
            from_address, to = sender(), recipient("accept")
            message = session.transmit(from_address, [to], mail)
            assert message is not None
            session.messages.clear()
            # The port behind took it, from this machine
            message |= {
                "service": "reinject",
                "client_ip": "127.0.0.1",
                "connection": "127.0.0.1",
                "orig_client_ip": session.source,
            }
            driver.ledger.add(
                "connections",
                instance="postfix",
                daemon="smtpd",
                service="reinject",
                client_ip="127.0.0.1",
                connected_at=between(session.began_at, now()),
                disconnected_at=between(session.began_at, now()),
                end_reason="disconnected",
                message_count=1,
                rejection_count=0,
                **_proxy_counts(),
            )
            # The line that tells of the verdict tells the name
            session.told_helo_name = session.helo_name


def _proxy_counts() -> dict[str, int]:
    counts = {}
    for name in ("ehlo", "xforward", "mail", "rcpt", "data", "quit"):
        counts[f"{name}_ok"] = counts[f"{name}_total"] = 1
    return counts | {"commands_ok": 6, "commands_total": 6}


def copy_always(driver: Driver) -> None:
    """always_bcc: a copy that no client asked for."""
    with Session(driver, "COPIED") as session:
        session.greet()
        for _ in range(2):
            session.transmit(sender(), [recipient("accept")])
    for message in session.messages:
        message["recipient_count"] += 1

"""Completing the ledger when the traffic is over: what the next hops saw, and what is queued."""

import email
import email.policy
import json
import re
from datetime import datetime, timedelta
from typing import Any

from tests.e2e.daemons import wait_for
from tests.e2e.installation import run
from tests.e2e.ledger import Entry, between, now
from tests.e2e.next_hop import Transaction
from tests.e2e.outcomes import expect_delivery, expect_local_delivery, is_hop_recipient
from tests.e2e.session import Driver, note_link, queue_size

QUIET_SECONDS = 60.0
RECEIVED_ID = re.compile(r"by (mx|out)\.example\.org \(Postfix[^)]*\)[^;]*?\sid (\w+)", re.DOTALL)
POINTER_BYTES = 100
# How long a message may be on its way to the next hop, which is the first to tell of it
ON_THE_WAY = timedelta(seconds=10)
TLS_COLUMNS = ("tls_trust", "tls_protocol", "tls_cipher")
# Dovecot hands over what Sieve sends (submission_host)
SIEVE_RECEIVED = re.compile(r"from mx\.example\.org \(unknown \[127\.0\.0\.1\]\)")
AMAVIS_RECEIVED = re.compile(r"from filter\.example\.org \(unknown \[127\.0\.0\.1\]\)")
# The second instance's smtp_bind_address
RELAY_ADDRESS = "127.9.0.1"
# Action field of a delivery status notification (RFC 3464): reason of the link
NOTICES = {
    b"failed": "bounce",
    b"delayed": "delay notice",
    b"delivered": "success notice",
    b"relayed": "success notice",
    b"expanded": "success notice",
}
# Service label of the client that the fake server of a port hears
CLIENTS = {
    "DROPPING": "quick",
    "HANGING": "quick",
    "NEXT_HOP_TLS": "encrypted",
}


def queue(driver: Driver) -> dict[str, dict[str, Any]]:
    """Return what is in the queue of the first instance, by queue id (postqueue -j)."""
    listed = run(["postqueue", "-c", str(driver.rig.mx), "-j"])
    return {item["queue_id"]: item for item in map(json.loads, listed.splitlines())}


def is_idle(driver: Driver) -> bool:
    """Whether nothing waits to be delivered right now, in both instances."""
    folders = [
        driver.rig.root / instance / "queue" / name
        for instance in ("mx", "out")
        for name in ("maildrop", "incoming", "active")
    ]
    return not any(path.is_file() for folder in folders for path in folder.rglob("*"))


def wait_until_idle(driver: Driver) -> None:
    """Wait until everything queued was tried."""
    wait_for(lambda: is_idle(driver), "the queues are worked off", QUIET_SECONDS)


def settle(driver: Driver) -> None:
    """Write down what follows from the traffic: deliveries, notices, what was removed."""
    wait_until_idle(driver)
    ended_at = now()
    for transaction in driver.transcript.transactions:
        if transaction.service not in ("DROPPING", "HANGING"):
            _note_transaction(driver, transaction)
    for message in driver.ledger.of("messages"):
        for to in message.pop("awaited", ()):
            if not is_hop_recipient(to):
                expect_local_delivery(
                    driver, message, to, {**message["queued_at"], **_until(ended_at)}
                )
    waiting = queue(driver)
    for message in driver.ledger.of("messages"):
        message.setdefault("last_recipient_count", message.get("recipient_count"))
    for message in driver.ledger.of("messages"):
        if "end_reason" not in message and message["queue_id"] not in waiting:
            message["removed_at"] = {**message["queued_at"], **_until(ended_at)}
            message["end_reason"] = "removed"
    _note_hosts(driver)


def _note_hosts(driver: Driver) -> None:
    """Write down which host each row must name."""
    instances = {
        message["queue_id"]: message["instance"]
        for message in driver.ledger.of("messages")
        if isinstance(message["queue_id"], str)
    }
    for entry in driver.ledger.entries:
        if entry["table"] != "message_links":
            queue_id = entry.get("queue_id")
            known = instances.get(queue_id) if isinstance(queue_id, str) else None
            entry["host"] = driver.rig.host(entry.get("instance") or known or "postfix")


def _until(ended_at: datetime) -> dict[str, str]:
    return {"at_most": between(ended_at, ended_at)["at_most"]}


def _note_transaction(driver: Driver, transaction: Transaction) -> None:
    """Write down the deliveries of one transaction with a fake next hop."""
    headers = email.message_from_bytes(transaction.content, policy=email.policy.compat32)
    message = _message_of(driver, transaction, headers)
    end = transaction.ended_at or transaction.began_at
    tls = {}
    if transaction.tls is not None:
        # The certificate is self-signed
        tls = dict(zip(TLS_COLUMNS, ("Untrusted", *transaction.tls), strict=True))
    for to, replies in transaction.recipients:
        if replies and replies[0].startswith("2"):
            replies = transaction.replies
            command = "end of DATA command"
        else:
            command = "RCPT TO command"
        if not replies:
            continue
        reply = " ".join(replies)
        status = {"2": "sent", "4": "deferred", "5": "bounced"}[reply[0]]
        coded = re.match(r"\d\d\d[ -](\d\.\d+\.\d+)", reply)
        if status != "sent":
            reply = f"host 127.0.0.1[127.0.0.1] said: {reply} (in reply to {command})"
        is_relayed = to.endswith("example.net")
        expect_delivery(
            driver,
            message,
            to,
            "smtp",
            f"127.0.0.1[127.0.0.1]:{driver.rig.ports[transaction.service]}",
            coded[1] if coded else {"2": "2.0.0", "4": "4.0.0", "5": "5.0.0"}[replies[0][0]],
            status,
            reply,
            between(transaction.began_at, end),
            service=CLIENTS.get(transaction.service, "relay" if is_relayed else None),
            orig_recipient=message.get("originals", {}).get(to),
            **tls,
        )


def _message_of(driver: Driver, transaction: Transaction, headers: Any) -> Entry:
    """Return the entry of the message that a transaction transmitted; write it if it is new."""
    received = RECEIVED_ID.search(headers.get("Received", ""))
    messages = driver.ledger.of("messages")
    if received is None:
        recipients = {to for to, _ in transaction.recipients}
        return next(found for found in messages if recipients & set(found.get("awaited", ())))
    queue_id = received[2]
    size_bytes = queue_size(transaction.content)
    for found in messages:
        if found["queue_id"] == queue_id:
            # Where headers may be changed, the queue file has pointers in it, of unknown number
            is_edited = found.get("service") == "miltered"
            found["size_bytes"] = (
                between(size_bytes, size_bytes + POINTER_BYTES) if is_edited else size_bytes
            )
            return found
    message_id = headers.get("Message-ID", "").strip().removeprefix("<").removesuffix(">")
    for found in messages:
        if found["queue_id"] is None and found["message_id"] == message_id:
            found["queue_id"] = queue_id
            found["size_bytes"] = size_bytes
            return found
    inside = {
        "instance": "postfix",
        "queue_id": queue_id,
        "message_id": message_id,
        "sender": transaction.sender,
        "size_bytes": size_bytes,
        "recipient_count": len(transaction.recipients),
        "activation_count": 1,
        "queued_at": between(transaction.began_at - ON_THE_WAY, transaction.began_at),
    }
    hops = RECEIVED_ID.findall("\n".join(headers.get_all("Received", [])))
    if SIEVE_RECEIVED.match(headers["Received"]):
        return _note_from_sieve(driver, inside)
    if AMAVIS_RECEIVED.match(headers["Received"]):
        return _note_from_amavis(driver, hops[-1][1], inside)
    if hops[-1][0] == "out":
        return _note_relayed(driver, transaction, hops[-1][1], inside)
    return _note_born_inside(driver, transaction, headers, inside)


def _note_relayed(
    driver: Driver, transaction: Transaction, parent_id: str, inside: dict[str, Any]
) -> Entry:
    """Write down a message that the second instance has relayed to the first."""
    parent = next(found for found in driver.ledger.of("messages") if found["queue_id"] == parent_id)
    note_link(driver, parent_id, inside["queue_id"], "next hop", "queued as")
    for to in parent.pop("awaited"):
        expect_delivery(
            driver,
            parent,
            to,
            "smtp",
            f"127.0.0.1[127.0.0.1]:{driver.rig.ports['FROM_OUT']}",
            "2.0.0",
            "sent",
            f"250 2.0.0 Ok: queued as {inside['queue_id']}",
            {**parent["queued_at"], **_until(transaction.began_at)},
        )
    return _note_arrived(
        driver,
        inside,
        "from-out",
        RELAY_ADDRESS,
        rcpt=len(transaction.recipients),
        data=1,
        quit=1,
    )


def _note_from_sieve(driver: Driver, inside: dict[str, Any]) -> Entry:
    """Write down a message that Sieve sends: a redirected one, a vacation or reject answer."""
    return _note_arrived(driver, inside, "from-sieve", "127.0.0.1", rcpt=1, bdat=1, quit=1)


def _note_from_amavis(driver: Driver, first_id: str, inside: dict[str, Any]) -> Entry:
    """Write down a message that amavis gives back, or a notice of its own."""
    queue_id = inside["queue_id"]
    counts = {"rcpt": inside["recipient_count"], "data": 1, "quit": 1}
    if first_id == queue_id:
        return _note_arrived(driver, inside, "reinject", "127.0.0.1", **counts)
    parent = next(found for found in driver.ledger.of("messages") if found["queue_id"] == first_id)
    note_link(driver, first_id, queue_id, "filter", "orig_queue_id")
    for to in parent.pop("awaited"):
        expect_delivery(
            driver,
            parent,
            to,
            "smtp",
            f"127.0.0.1[127.0.0.1]:{driver.rig.ports['AMAVIS']}",
            "2.0.0",
            "sent",
            f"250 2.0.0 from MTA(smtp:[127.0.0.1]:{driver.rig.ports['REINJECT']}): "
            f"250 2.0.0 Ok: queued as {queue_id}{parent.get('dropped', '')}",
            {**parent["queued_at"], **_until(now())},
            service="scan",
            remote_queue_id=queue_id,
        )
    message = _note_arrived(driver, inside, "reinject", "127.0.0.1", xforward=1, **counts)
    message |= {
        "origin": "filter",
        "orig_client_ip": parent["client_ip"],
        "orig_queue_id": first_id,
    }
    return message


def _note_arrived(
    driver: Driver, inside: dict[str, Any], service: str, address: str, **counts: int
) -> Entry:
    """Write down a message that a server brought, and its connection."""
    came = {"instance": "postfix", "service": service, "client_ip": address}
    counts |= {"ehlo": 1, "mail": 1}
    driver.ledger.add(
        "connections",
        **came,
        daemon="smtpd",
        connected_at=inside["queued_at"],
        disconnected_at=inside["queued_at"],
        end_reason="disconnected",
        message_count=1,
        rejection_count=0,
        **{f"{verb}_{kind}": n for verb, n in counts.items() for kind in ("ok", "total")},
        commands_ok=sum(counts.values()),
        commands_total=sum(counts.values()),
    )
    return driver.ledger.add(
        "messages",
        **(inside | came),
        connection=address,
        birth_kind="smtpd_client",
        origin="smtp",
    )


def _note_born_inside(
    driver: Driver, transaction: Transaction, headers: Any, inside: dict[str, Any]
) -> Entry:
    """Write down a message that Postfix made: a notice, or a forwarded copy."""
    told = re.search(rb"^X-Postfix-Queue-ID: (\w+)", transaction.content, re.MULTILINE)
    originals: dict[str, str] = {}
    if told is not None:
        parent_id = told[1].decode()
        action = re.search(rb"^Action: (\w+)", transaction.content, re.MULTILINE)
        reason = NOTICES[action[1] if action else b""]
    else:
        parent_id = next(
            found["queue_id"]
            for found in driver.ledger.of("messages")
            if found.get("message_id") == inside["message_id"]
        )
        reason = "forward"
        originals = dict.fromkeys(
            (to for to, _ in transaction.recipients), headers.get("Delivered-To")
        )
    evidence = "forwarded as" if reason == "forward" else "notification"
    note_link(driver, parent_id, inside["queue_id"], reason, evidence)
    return driver.ledger.add("messages", **inside, origin=reason, originals=originals)

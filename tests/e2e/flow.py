"""The steps that message_flow must tell of a message, as far as the ledger knows them."""

from collections import Counter, defaultdict
from typing import Any

import duckdb

from tests.e2e.ledger import Entry, Ledger, agrees

ENDS = {
    "removed": ("queue_removed",),
    "expired": ("qmgr_expired", "queue_removed"),
    "deleted": ("queue_deleted",),
    "requeued": ("queue_requeued",),
}
NOTICES = {
    "bounce": "bounce_notice",
    "delay notice": "delay_notice",
    "success notice": "success_notice",
}


def expected_steps(ledger: Ledger) -> dict[str, Counter[str]]:
    """Return kinds of steps and their number, by queue id, of all messages whose id is told."""
    found = {
        message["queue_id"]: _own_steps(message)
        for message in ledger.of("messages")
        if isinstance(message["queue_id"], str)
    }
    for delivery in ledger.of("deliveries"):
        found[delivery["queue_id"]]["delivery"] += 1
        if delivery["reply"] is not None and "Connection refused" in str(delivery["reply"]):
            found[delivery["queue_id"]]["smtp_connect_failure"] += 1
    for rejection in ledger.of("rejections"):
        if isinstance(rejection.get("message"), str):
            found[rejection["message"]][rejection["kind"]] += 1
    for stored in ledger.of("mailbox_deliveries"):
        kind = "sieve_action" if stored["is_sieve"] else "mailbox_save"
        found[stored["of"]][kind] += 1
    for link in ledger.of("message_links"):
        if link["reason"] in NOTICES:
            found[link["parent"]][NOTICES[link["reason"]]] += 1
    for queue_id in found:
        found[queue_id]["pop3_logout"] += _fetches(ledger, queue_id, "pop3_sessions", "retr_count")
        found[queue_id]["imap_logout"] += _fetches(ledger, queue_id, "imap_sessions", "body_count")
    return {queue_id: +steps for queue_id, steps in found.items()}


def _own_steps(message: Entry) -> Counter[str]:
    steps: Counter[str] = Counter()
    if message.get("connection") is not None:
        steps["smtpd_connect"] += 1
    if message.get("birth_kind") is not None:
        steps[message["birth_kind"]] += 1
    if message.get("message_id") is not None or message["activation_count"]:
        steps["cleanup_message_id"] += 1
    steps["qmgr_active"] += message["activation_count"]
    steps.update(ENDS.get(message.get("end_reason") or "", ()))
    steps.update(message.get("steps", ()))
    return steps


def _fetches(ledger: Ledger, queue_id: str, table: str, count: str) -> int:
    """Count the recipients who fetched mail in a session after a message came."""
    users = {
        delivery["recipient"]: delivery["logged_at"]["at_least"]
        for delivery in ledger.of("deliveries")
        if delivery["queue_id"] == queue_id and delivery["status"] == "sent"
    }
    fetching = {
        session["username"]
        for session in ledger.of(table)
        if session["username"] in users
        and session.get(count, 0) > 0
        and users[session["username"]] <= session["logout_at"]["at_least"]
    }
    return len(fetching)


def told_steps(connection: duckdb.DuckDBPyConnection) -> dict[str, list[str]]:
    """Return the kinds of steps that message_flow tells, in order, by queue id.

    Changes of a mailbox, which the ledger does not hold, are left out.
    """
    return dict(
        connection.execute(
            "select queue_id, list(kind order by step_no) from message_flow "
            "where kind <> 'mailbox_event' group by message_key, queue_id"
        ).fetchall()
    )


def flow_differences(connection: duckdb.DuckDBPyConnection, ledger: Ledger) -> list[str]:
    """Compare the steps of each message, and the order of those that have one."""
    told = told_steps(connection)
    found = []
    for queue_id, steps in expected_steps(ledger).items():
        kinds = told.get(queue_id, [])
        if Counter(kinds) != steps:
            found.append(
                f"{queue_id}: missing {dict(steps - Counter(kinds))}, "
                f"too many {dict(Counter(kinds) - steps)}"
            )
        elif not _is_in_order(kinds):
            found.append(f"{queue_id}: out of order: {kinds}")
    return found


def told_facts(ledger: Ledger) -> list[tuple[str, str, Any, list[str]]]:
    """Return what single steps must tell: queue id, kind, time, and words of the sentence."""
    found: list[tuple[str, str, Any, list[Any]]] = []
    for message in ledger.of("messages"):
        queue_id = message["queue_id"]
        if not isinstance(queue_id, str):
            continue
        if message.get("birth_kind") == "smtpd_client":
            words = [queue_id, message.get("client_ip"), message.get("sasl_username")]
            found.append((queue_id, "smtpd_client", message["queued_at"], words))
        if message.get("message_id") is not None:
            words = [message["message_id"]]
            found.append((queue_id, "cleanup_message_id", message["queued_at"], words))
        if message["activation_count"]:
            words = [message.get("sender") or "<>", message.get("size_bytes")]
            found.append((queue_id, "qmgr_active", None, words))
        if message.get("end_reason") == "removed":
            found.append((queue_id, "queue_removed", message["removed_at"], [queue_id]))
    for delivery in ledger.of("deliveries"):
        words = [delivery[name] for name in ("recipient", "status", "reply")]
        found.append((delivery["queue_id"], "delivery", delivery["logged_at"], words))
    for rejection in ledger.of("rejections"):
        if isinstance(rejection.get("message"), str):
            words = [rejection["action"], rejection.get("reason"), rejection.get("content")]
            if rejection["kind"] not in ("smtpd_mark", "cleanup_check", "cleanup_milter"):
                words[0] = rejection["stage"]
            found.append((rejection["message"], rejection["kind"], rejection["logged_at"], words))
    for link in ledger.of("message_links"):
        if link["reason"] in NOTICES:
            found.append((link["parent"], NOTICES[link["reason"]], None, [link["child"]]))
    # What an answer did not tell in one word is compared in its table
    return [
        (queue_id, kind, time, [str(word) for word in words if isinstance(word, str | int)])
        for queue_id, kind, time, words in found
    ]


def fact_differences(connection: duckdb.DuckDBPyConnection, ledger: Ledger) -> list[str]:
    """Return the facts that no step of a message tells, in English and in Japanese."""
    steps: dict[tuple[str, str], list[tuple[Any, str, str]]] = defaultdict(list)
    for queue_id, kind, *told in connection.execute(
        "select queue_id, kind, logged_at, detail, detail_ja from message_flow order by logged_at"
    ).fetchall():
        steps[queue_id, kind].append((told[0], told[1], told[2]))
    found = []
    for queue_id, kind, time, words in told_facts(ledger):
        place = next(
            (
                place
                for place, (logged_at, *details) in enumerate(steps[queue_id, kind])
                if (time is None or agrees(time, logged_at))
                and all(word in detail for word in words for detail in details)
            ),
            None,
        )
        if place is None:
            found.append(f"{queue_id}: no {kind} at {time} tells {words}: {steps[queue_id, kind]}")
        elif kind == "delivery":
            steps[queue_id, kind].pop(place)
    return found


def crossing_differences(connection: duckdb.DuckDBPyConnection, ledger: Ledger) -> list[str]:
    """Return the pairs of related messages of which one's flow does not tell of the other."""
    found = []
    for link in ledger.of("message_links"):
        for here, there in ((link["parent"], link["child"]), (link["child"], link["parent"])):
            told = connection.execute(
                "select count(*) from flow(?) where queue_id = ?", [here, there]
            ).fetchone()
            if told == (0,):
                found.append(f"flow('{here}') does not tell of {there} ({link['reason']})")
    return found


def _is_in_order(kinds: list[Any]) -> bool:
    """Whether a message is born, named, tried and removed in this order."""
    order = ["smtpd_connect", "smtpd_client", "cleanup_message_id", "qmgr_active"]
    firsts = [kinds.index(kind) for kind in order if kind in kinds]
    deliveries = [place for place, kind in enumerate(kinds) if kind == "delivery"]
    removed = kinds.index("queue_removed") if "queue_removed" in kinds else len(kinds)
    return firsts == sorted(firsts) and all(firsts[-1] < place < removed for place in deliveries)

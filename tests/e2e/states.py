"""What became of each message, as the ledger says it: of its end, its recipients and decisions."""

from collections import defaultdict
from typing import Any

import duckdb

from tests.e2e.ledger import Ledger

WHOLE = ("DATA", "END-OF-MESSAGE")
REFUSALS = ("reject", "milter-reject", "proxy-reject")
DISCARDS = ("discard", "milter-discard")
HOLDS = ("hold", "milter-hold")


def state_differences(connection: duckdb.DuckDBPyConnection, ledger: Ledger) -> list[str]:
    """Compare messages.state with the ledger; return what differs, told at length."""
    attempts, marks = defaultdict(list), defaultdict(list)
    for entry in ledger.of("deliveries"):
        attempts[str(entry["message"])].append(entry)
    for entry in ledger.of("rejections"):
        marks[str(entry.get("message"))].append(entry)
    returned = {
        link["parent"]: link["child"]
        for link in ledger.of("message_links")
        if link["reason"] == "filter"
    }
    found = dict(connection.execute("select queue_id, state from messages").fetchall())
    differences = []
    for entry in ledger.of("messages"):
        queue_id = entry["queue_id"]
        # Of some, only the log tells the id
        if not isinstance(queue_id, str):
            continue
        expected = _state(entry, attempts[queue_id], marks[queue_id], returned.get(queue_id))
        if found[queue_id] != expected:
            differences.append(f"{queue_id}: {found[queue_id]}, should be {expected}: {entry}")
    return differences


def _state(
    message: dict[str, Any],
    attempts: list[dict[str, Any]],
    marks: list[dict[str, Any]],
    returned: str | None,
) -> str:
    """The word for what became of a message."""
    end = message.get("end_reason")
    if end in ("deleted", "requeued", "discarded"):
        return end
    if end is None or end == "canceled":
        actions = {mark["action"] for mark in marks if mark["action"] not in REFUSALS}
        if any(
            mark["action"] in REFUSALS
            and (mark["daemon"] == "cleanup" or mark.get("stage") in WHOLE)
            for mark in marks
        ):
            return "refused"
        if actions & set(DISCARDS):
            return "discarded"
        if message.get("activation_count") or attempts:
            return "in queue"
        if end is None and actions & set(HOLDS):
            return "on hold"
        return "given up"
    words = {_word(attempt, returned) for attempt in attempts} - {"deferred", "unknown"}
    got = words - {"bounced", "discarded", "probed"}
    if got and (end == "expired" or words & {"bounced", "discarded"}):
        return "partly delivered"
    if end == "expired":
        return end
    for word in ("filtered", "forwarded"):
        if got == {word}:
            return word
    if got:
        return "delivered"
    return next((word for word in ("bounced", "discarded", "probed") if word in words), "removed")


def _word(attempt: dict[str, Any], returned: str | None) -> str:
    """The word for what one attempt did."""
    status, reply = attempt["status"], attempt.get("reply") or ""
    if isinstance(reply, dict):
        reply = reply["matches"].replace("\\", "")
    if status in ("deliverable", "undeliverable"):
        return "probed"
    if status != "sent":
        return status
    if attempt["agent"] == "discard" or reply.startswith("undeliverable postmaster"):
        return "discarded"
    if reply.startswith("250 2.7.0 Ok, discarded, "):
        return "discarded"
    if reply.startswith("250 2.5.0 Ok, id="):
        # Where some bounced and some were discarded, nothing tells which
        return "bounced" if reply.endswith(", BOUNCE") else "unknown"
    if attempt["agent"] == "local" and attempt.get("remote_queue_id"):
        return "forwarded"
    if returned is not None and attempt.get("remote_queue_id") in (returned, None):
        return "filtered"
    return "delivered"

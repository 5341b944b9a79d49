"""A manifest -> a text for those who read the export and know nothing of mail servers or SQL."""

from __future__ import annotations

from typing import Any

from .language import Language, Texts, read_texts
from .outside import Outside
from .visible import columns_of, folded, one_line

WIDTH = 80


def readme(manifest: dict[str, Any], outside: list[Outside], language: Language) -> str:
    """Return the text of README.txt.

    Args:
        manifest: as it will be written, but for what it says of this file.
        outside: what lies outside its period.
        language: of the text.
    """
    words = read_texts("export", language)
    say = words.say
    intro = say("intro", version=manifest["mailsql_version"], created_at=manifest["created_at"])
    logs = "logs" if manifest["pseudonyms"] is None else "no_logs"
    steps = ["hash", "script", logs, *(["signature"] if manifest["signature"] else [])]
    sections = [
        (say("title"), [intro]),
        (say("asked"), _asked(manifest, words)),
        (say("files"), _files(manifest, words)),
        (say("outside"), _outside(outside, words)),
        (say("proven"), _proven(manifest, words)),
        (say("verify"), [*(say(f"step_{step}") for step in steps), say("trust")]),
    ]
    return "\n".join(
        "\n".join(
            [heading, "=" * columns_of(heading), *(folded(text, WIDTH) for text in texts), ""]
        )
        for heading, texts in sections
    )


def _asked(manifest: dict[str, Any], words: Texts) -> list[str]:
    asked = manifest["asked"]
    texts = []
    if asked["addresses"]:
        names = one_line(", ".join(asked["addresses"]))
        texts.append(words.say("addresses", names=names))
    if asked["domain"] is not None:
        texts.append(words.say("domain", domain=one_line(asked["domain"])))
    is_named = bool(texts)
    if not is_named:
        texts.append(words.say("everybody"))
    if asked["host"] is not None:
        texts.append(words.say("host", host=one_line(asked["host"])))
    bounds = [bound for bound in ("since", "until") if manifest[bound] is not None]
    for bound in bounds:
        texts.append(words.say(bound, moment=manifest[bound], zone=manifest["timezone"]))
    if not bounds:
        texts.append(words.say("always"))
    if manifest["pseudonyms"] is not None:
        texts.append(words.say("pseudonyms", made_with=manifest["pseudonyms"]["key"]))
    return [*texts, words.say("how" if is_named else "all")]


def _files(manifest: dict[str, Any], words: Texts) -> list[str]:
    listed = [
        words.say("rows", file=name, rows=f"{said['rows']:,}")
        for name, said in manifest["files"].items()
        if "schema" in said
    ]
    others = ["manifest", "dictionary", "script"]
    if "proofs.jsonl" in manifest["files"]:
        others.append("proofs")
    entries = [f"- {text}" for text in [*listed, *(words.say(other) for other in others)]]
    return [*entries, *(words.say(key) for key in ("line", manifest["format"], "times"))]


def _outside(outside: list[Outside], words: Texts) -> list[str]:
    texts = []
    for found in outside:
        key = "included" if found.is_included else "left_out"
        if found.reason == "why.family":
            key = "included_family"
        why = words.say(found.reason)
        texts.append(f"- {words.say(key, rows=f'{found.rows:,}', table=found.table, why=why)}")
    return texts or [words.say("nothing")]


def _proven(manifest: dict[str, Any], words: Texts) -> list[str]:
    proofs = manifest["proofs"]
    if manifest["pseudonyms"] is not None:
        return [words.say("proof_pseudonyms")]
    if proofs is None:
        return [words.say("proof_no_lines")]
    facts = {name: f"{count:,}" for name, count in proofs.items()}
    return [
        *([words.say("proof_all", **facts)] if proofs["proven"] else []),
        *([words.say("proof_none", **facts)] if proofs["unproven"] else []),
    ]

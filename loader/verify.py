"""Checks an export of mailsql: python3 -I verify.py [FOLDER]. Needs Python 3.11 or newer alone."""

import csv
import hashlib
import json
import re
import sys
from bisect import bisect_right
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

Json = dict[str, Any]
ESCAPE = re.compile(rb"(?<!\\)(\\++)x([0-9a-f]{2})?")


def root_of(line: bytes, nonce: bytes, index: int, leaf_count: int, path: list[bytes]) -> bytes:
    """Return the root that a line leads to, empty if to none (RFC 9162, section 2.1.3.2)."""
    last, node = leaf_count - 1, hashlib.sha256(b"\0" + nonce + line).digest()
    for step in path:
        if not last:
            return b""
        is_right = index % 2 == 1 or index == last
        while is_right and index and not index % 2:
            index, last = index // 2, last // 2
        index, last = index // 2, last // 2
        pair = step + node if is_right else node + step
        node = hashlib.sha256(b"\1" + pair).digest()
    return b"" if last else node


def holds(proof: Json, batch: Json) -> bool:
    """Return whether a proof leads from its line, at its place, to the root of its batch."""
    first, line_no = batch["tree_first_line_no"], proof["line_key"] % 2**32
    index, leaf_count = line_no - first, batch["last_line_no"] - first + 1
    line, nonce, *path = map(bytes.fromhex, [proof["line"], proof["nonce"], *proof["path"]])
    is_placed = (proof["index"], proof["leaf_count"]) == (index, leaf_count) and len(nonce) == 16
    return is_placed and root_of(line, nonce, index, leaf_count, path).hex() == batch["root"]


def original(text: str, formula: str) -> bytes:
    r"""Return the bytes of a line as its CSV file shows it: behind a guard, bytes as \xNN."""
    if text.startswith("'") and re.match(formula, text[1:]):
        text = text[1:]

    def unescape(found: re.Match[bytes]) -> bytes:
        kept, digits = found[1][: len(found[1]) // 2], found[2] or b""
        return kept + (bytes.fromhex(digits.decode()) if len(found[1]) % 2 else b"x" + digits)

    return ESCAPE.sub(unescape, text.encode())


def file_faults(folder: Path, files: Json) -> Iterator[str]:
    """Yield what is wrong with the files of a folder, which a manifest names."""
    for name, said in files.items():
        if Path(name).name != name or not (folder / name).is_file():
            yield f"{name}: missing"
            continue
        with (folder / name).open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != said["sha256"]:
                yield f"{name}: changed, for its SHA-256 is another one than in the manifest"
    for path in sorted(folder.iterdir()):
        if path.name not in {*files, "manifest.json", "manifest.json.sig"}:
            yield f"{path.name}: not in the manifest"


def line_faults(folder: Path, manifest: Json) -> Iterator[str]:
    """Yield what is wrong with lines and proofs; both stand in the order of their keys."""
    of_logs = {log["file_key"]: log["batches"] for log in manifest["logs"]}
    of_keys = {batch["batch_key"]: batch for batches in of_logs.values() for batch in batches}
    told: Any = (folder / "proofs.jsonl").open() if "proofs.jsonl" in manifest["files"] else []
    proofs = chain(map(json.loads, told), [None])
    if "log_lines.csv" not in manifest["files"]:
        for proof in filter(None, proofs):
            if not holds(proof, of_keys[proof["batch_key"]]):
                yield f"line {proof['line_key']}: its proof is wrong"
        return
    csv.field_size_limit(2**31 - 1)
    proof, before = next(proofs), 0
    with (folder / "log_lines.csv").open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            key = int(row["line_key"])
            log_key, line_no = divmod(key, 2**32)
            batches = of_logs.get(log_key, [])
            end = bisect_right(batches, line_no, key=lambda batch: batch["tree_first_line_no"])
            begin = end
            while begin and batches[begin - 1]["last_line_no"] >= line_no:
                begin -= 1
            while proof and proof["line_key"] < key:
                yield f"line {proof['line_key']}: proven, but not in log_lines"
                proof = next(proofs)
            parts = []
            while proof and proof["line_key"] == key:
                parts.append(proof)
                proof = next(proofs)
            rooted = [batch for batch in batches[begin:end] if batch["root"] is not None]
            shown = b"".join(bytes.fromhex(part["line"]) for part in parts)
            line = original(row["line"], manifest["formula"])
            if key <= before:
                yield f"line {key}: out of order"
            if begin == end:
                yield f"line {key}: of no batch"
            elif [part["batch_key"] for part in parts] != [batch["batch_key"] for batch in rooted]:
                yield f"line {key}: its proof is missing"
            elif not all(map(holds, parts, rooted)):
                yield f"line {key}: its proof is wrong"
            elif not any((line + ending).endswith(shown) for ending in (b"\n", b"\r\n", b"")):
                yield f"line {key}: another one than was loaded"
            before = key
    for rest in filter(None, chain([proof], proofs)):
        yield f"line {rest['line_key']}: proven, but not in log_lines"


def faults(folder: Path) -> Iterator[str]:
    """Yield what is wrong with an export, whatever was done to it."""
    try:
        manifest = json.loads((folder / "manifest.json").read_bytes())
        if manifest["complete"] is not True:
            yield "manifest.json: the export did not come to its end"
        yield from file_faults(folder, manifest["files"])
        yield from line_faults(folder, manifest)
    except (OSError, LookupError, TypeError, ValueError, AttributeError) as error:
        yield f"not as mailsql writes it: {error!r}"
    except (csv.Error, re.error, RecursionError) as error:
        yield f"not as mailsql writes it: {error!r}"


if __name__ == "__main__":
    place = Path(sys.argv[1]) if sys.argv[1:] else Path(__file__).parent
    found = list(faults(place))
    print(*found, sep="\n", end="\n" if found else "")
    print(
        "SHA-256 of manifest.json:",
        hashlib.sha256((place / "manifest.json").read_bytes()).hexdigest(),
    )
    print("Compare it with the one that you were told." if not found else f"{len(found)} faults")
    sys.exit(bool(found))

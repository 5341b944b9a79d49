"""An export of somebody's mail: all of it, nobody else's, the same again, and provable.

The logs are those of scenarios, one of them loaded without a hash tree."""

import csv
import hashlib
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from mailsql.errors import MailsqlError, UsageError
from mailsql.export import COMPANIONS, FileFormat, Style, export, manifest_hash
from mailsql.export_proofs import Branches
from mailsql.language import Language
from mailsql.portions import IN_PORTION
from mailsql.proof import leaf_hash
from mailsql.reading import open_reading
from mailsql.selection import EVERYBODY, Who
from mailsql.statements import sql_texts
from mailsql.table_list import tables
from mailsql.verify_export import verify_export
from mailsql.words import read_words
from tests.conftest import NOW, load

pytestmark = pytest.mark.newest

SCENARIOS = Path(__file__).parent / "scenarios"
LOGS = ("several_messages_in_a_connection", "torn", "stored_filtered_fetched", "bounced_and_told")
# A log goes on in the middle of a line; bytes that are no text, and ends of lines of two kinds
TORN = (
    b"Jul 25 11:00:00 mx1 postfix/pickup[820]: 5A5A540770: uid=1000 from=<erin>\r\n"
    b"Jul 25 11:00:00 mx1 postfix/cleanup[21]: 5A5A540770: message-id=<\xff\\x41\x01=1@example>\n"
    b"Jul 25 11:00:00 mx1 postfix/qmgr[811]: 5A5A540770: from=<erin@example.com>, size=4, nrc",
    b"pt=1 (queue active)\n"
    b"Jul 25 11:00:01 mx1 postfix/local[22]: 5A5A540770: to=<finn@example.com>, relay=local, "
    b"delay=0.02, delays=0.01/0/0/0.01, dsn=2.0.0, status=sent (delivered to mailbox)\n"
    b"Jul 25 11:00:01 mx1 postfix/qmgr[811]: 5A5A540770: removed\n",
)
ALL = Who(("alice@example.net", "carol@mx1.example.com", "Erin@example.com"))


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Four logs, and a database of them, of which the last has no hash tree."""
    folder = tmp_path_factory.mktemp("auditor")
    found = {"database": folder / "mail.duckdb", "folder": folder}
    # Logs are loaded in the order of their names
    for place, name in enumerate(LOGS):
        found[name] = folder / f"{place}-{name}.log{'.1' if name == 'torn' else ''}"
        if name != "torn":
            found[name].write_bytes((SCENARIOS / name / "mail.log").read_bytes())
    found["torn"].write_bytes(TORN[0])
    load([found[name] for name in LOGS[:3]], found["database"], prove=True)
    found["torn"].write_bytes(TORN[0] + TORN[1])
    load([found["torn"], found["bounced_and_told"]], found["database"])
    return found


def run(logs: dict[str, Path], directory: Path, who: Who, **options) -> Path:
    with open_reading(logs["database"], timezone="UTC", export_directory=directory) as connection:
        export(connection, directory, now=NOW, who=who, **{"timezone": "UTC"} | options)
    return directory


@pytest.fixture(scope="module")
def exported(logs: dict[str, Path]) -> Path:
    return run(logs, logs["folder"] / "exported", ALL, created_at="2026-11-24 12:00")


def manifest(directory: Path) -> dict:
    return json.loads((directory / "manifest.json").read_text())


def rows(directory: Path, name: str) -> list[dict[str, str]]:
    with (directory / f"{name}.csv").open(newline="", encoding="utf-8-sig") as file:
        return list(csv.DictReader(file))


def lines(directory: Path) -> list[str]:
    return [row["line"] for row in rows(directory, "log_lines")]


def faults(directory: Path, *given: Path, signers: Path | None = None) -> tuple[list, list]:
    told = []
    found = verify_export(directory, [str(path) for path in given], signers, told.append, now=NOW)
    return list(found), told


def originals(logs: dict[str, Path]) -> list[Path]:
    return [logs[name] for name in LOGS]


def test_the_lines_are_those_of_the_mail_and_nobody_elses(logs, tmp_path):
    out = run(logs, tmp_path / "out", Who(("ALICE@example.net",)))
    log = logs["several_messages_in_a_connection"].read_text().splitlines()
    of_connection = [log[0], next(line for line in log if "disconnect from mail-out" in line)]
    expected = [
        line
        for line in log
        if "1A24040751" in line or "<alice@example.net>" in line or line in of_connection
    ]
    # The recipient's first session behind the delivery is a step of the message's way
    fetched = logs["stored_filtered_fetched"].read_text().splitlines()
    expected += [line for line in fetched if "bobS" in line]
    assert lines(out) == expected
    assert [row["queue_id"] for row in rows(out, "messages")] == ["1A24040751"]
    assert {row["sender"] for row in rows(out, "rejections")} == {"alice@example.net"}
    assert [row["outcome"] for row in rows(out, "recipient_outcomes")] == ["stored in mailbox"]
    # Neither do the proofs show another line
    shown = [json.loads(text) for text in (out / "proofs.jsonl").read_text().splitlines()]
    assert [bytes.fromhex(proof["line"]).decode() for proof in shown] == [
        line + "\n" for line in expected
    ]


def test_families_mailboxes_and_sessions_come_with_the_mail(logs, tmp_path):
    bounced = run(logs, tmp_path / "bounced", Who(("nobody@example.org",)))
    assert [row["origin"] for row in rows(bounced, "messages")] == ["pickup", "bounce"]
    assert [row["reason"] for row in rows(bounced, "message_links")] == ["bounce"]
    assert lines(bounced) == logs["bounced_and_told"].read_text().splitlines()
    stored = run(logs, tmp_path / "stored", Who(domain="Example.com", host="mx1.example.org"))
    assert {row["username"] for row in rows(stored, "pop3_sessions")} == {"alice@example.com"}
    assert {row["username"] for row in rows(stored, "logins")} >= {"alice@example.com"}
    assert {row["action"] for row in rows(stored, "mailbox_deliveries")} >= {"stored"}
    assert [row["event"] for row in rows(stored, "mailbox_events")] != []
    assert rows(stored, "mailbox_delivery_links") != []


def test_what_lies_outside_the_period_is_counted_and_said(logs, tmp_path):
    dave, bob = Who(("dave@example.net",)), Who(("bob@example.com",))
    both = ["messages", "deliveries"]
    period = {"since": "2026-07-25", "until": "2026-07-25 09:00:10"}
    out = run(logs, tmp_path / "until", dave, only=both, **period)
    why = "belong to a message, a session or a connection that is in the export"
    of_deliveries = {"table": "deliveries", "rows": 1, "is_included": True, "why": why}
    assert of_deliveries in manifest(out)["outside_the_period"]
    assert f"Included: 1 rows of deliveries; they {why}." in " ".join(
        (out / "README.txt").read_text().split()
    )
    out = run(logs, tmp_path / "since", bob, only=both, since="2026-07-25 09:00:10")
    told = manifest(out)["outside_the_period"]
    assert [row["queue_id"] for row in rows(out, "messages")] == ["2B24040752"]
    assert [(entry["table"], entry["rows"]) for entry in told if not entry["is_included"]] == [
        ("messages", 1)
    ]
    out = run(logs, tmp_path / "all", Who(), since="2026-07-25 09:00:10", only=["deliveries"])
    assert manifest(out)["outside_the_period"] == []
    out = run(logs, tmp_path / "both", Who(), since="2026-07-25 09:00:10", only=both)
    (without,) = manifest(out)["outside_the_period"]
    assert (without["table"], without["rows"], without["is_included"]) == ("deliveries", 1, True)


def contents(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in directory.iterdir()}


def test_the_same_data_gives_the_same_bytes(logs, exported, tmp_path):
    again = run(logs, tmp_path / "again", ALL, created_at="2026-11-24 12:00")
    differing = dict(contents(exported).items() ^ contents(again).items())
    assert list(differing) == []


def test_messages_are_written_in_portions_of_the_same_bytes(logs, exported, tmp_path, monkeypatch):
    monkeypatch.setattr("mailsql.portions.MESSAGES_IN_PORTION", 2)
    out = run(logs, tmp_path / "out", ALL, created_at="2026-11-24 12:00")
    assert len(rows(out, "messages")) > 2
    assert sum(IN_PORTION in text for text in manifest(out)["preparation"]) == 1
    assert contents(out) == contents(exported)
    options = {"style": Style(format=FileFormat.PARQUET), "only": ["recipient_outcomes"]}
    run(logs, tmp_path / "parquet", ALL, **options)
    found = duckdb.sql(
        "select message_key::varchar, recipient, detail_ja from "
        f"'{tmp_path / 'parquet' / 'recipient_outcomes.parquet'}'"
    ).fetchall()
    assert found == [
        (row["message_key"], row["recipient"], row["detail_ja"])
        for row in rows(exported, "recipient_outcomes")
    ]


def test_what_became_of_everybodys_mail_is_written_in_portions(logs, tmp_path, monkeypatch):
    monkeypatch.setattr("mailsql.portions.MESSAGES_IN_PORTION", 2)
    only = ["recipient_outcomes", "message_flow"]
    period = {"since": "2026-07-25 09:00", "until": "2026-07-25 11:00:01"}
    out = run(logs, tmp_path / "out", EVERYBODY, only=only, **period)
    between = "{} >= '2026-07-25 09:00' and {} < '2026-07-25 11:00:01'"
    with duckdb.connect(str(logs["database"]), read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        ends = connection.execute(
            "select message_key, recipient, detail from recipient_outcomes "
            f"semi join (from messages where {between.format(*['queued_at'] * 2)}) as queued "
            "using (message_key) order by message_key, recipient"
        ).fetchall()
        steps = connection.execute(
            "select message_key, step_no, line_key, detail from message_flow "
            f"where {between.format(*['logged_at'] * 2)} order by message_key, step_no"
        ).fetchall()
        all_count = connection.execute("select count(*) from message_flow").fetchone()
    assert len({end[0] for end in ends}) > 2
    assert len(steps) < all_count[0]
    for name, found in zip(only, [ends, steps], strict=True):
        columns = ["message_key", "recipient", "detail"]
        if name == "message_flow":
            columns = ["message_key", "step_no", "line_key", "detail"]
        assert [[row[column] for column in columns] for row in rows(out, name)] == [
            [str(value) for value in row] for row in found
        ]


def test_parquet_holds_the_same_rows_in_the_same_bytes(logs, exported, tmp_path):
    options = {"style": Style(format=FileFormat.PARQUET), "only": ["messages", "log_lines"]}
    first, again = (run(logs, tmp_path / name, ALL, **options) for name in ("first", "again"))
    assert contents(first) == contents(again)
    assert faults(first)[0] == []
    query = f"select line from '{first / 'log_lines.parquet'}' order by line_key"
    assert [line for (line,) in duckdb.sql(query).fetchall()] == lines(exported)


def test_the_sql_of_the_manifest_gives_the_rows_in_a_bare_engine(logs, exported):
    told = manifest(exported)
    with duckdb.connect(str(logs["database"]), read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        for name, value in told["variables"].items():
            if value is not None:
                connection.execute(f"set variable {name} = ?", [value])
        for statement in told["preparation"]:
            connection.execute(statement)
        for name, entry in told["files"].items():
            if "sql" in entry:
                count = connection.execute(f"select count(*) from ({entry['sql']})").fetchone()
                assert count == (entry["rows"],), name
        found = connection.execute(told["files"]["log_lines.csv"]["sql"]).fetchall()
    assert [row[9] for row in found] == lines(exported)


def test_the_dictionary_explains_each_column_and_the_texts_are_in_both_languages(
    logs, exported, tmp_path
):
    told = rows(exported, "dictionary")
    for name, entry in manifest(exported)["files"].items():
        if "schema" in entry:
            with (exported / name).open(newline="") as file:
                header = next(csv.reader(file))
            assert [row["column"] for row in told if row["file"] == name] == header
    assert [row for row in told if not row["comment"] or not row["type"]] == []
    out = run(logs, tmp_path / "ja", ALL, style=Style(language=Language.JA, is_excel=True))
    assert "検証の方法" in (out / "README.txt").read_text()
    words = read_words("export")
    assert len({row["key"] for row in words}) == len(words)
    assert all(row["en"] and row["ja"] and row["en"] != row["ja"] for row in words)
    for name in ("messages.csv", "dictionary.csv"):
        content = (out / name).read_bytes()
        assert content.startswith(b"\xef\xbb\xbf")
        assert content.removeprefix(b"\xef\xbb\xbf") == (exported / name).read_bytes()
        assert content.count(b"\n") == content.count(b"\r\n")
    assert faults(out)[0] == []


def test_every_table_that_is_exported_has_its_rows_chosen():
    text = dict(sql_texts("export"))
    (chosen,) = [sql for name, sql in text.items() if "5_chosen_rows" in name]
    for table in tables().values():
        if table.time is not None or table.by_address:
            assert f"'{table.name}'" in chosen, table.name


def test_lines_are_proven_torn_or_not_and_stand_in_the_logs(logs, exported, tmp_path):
    assert len([line for line in lines(exported) if "5A5A540770" in line]) == 5
    told = manifest(exported)["proofs"]
    assert told["unproven"] == 11
    assert told["proven"] == len(lines(exported)) - 11 + 1
    # A row forged with the hash of its file stands in no log; all else does
    out = forged_copy(exported, tmp_path, with_hashes(DELIVERY))
    assert faults(out)[0] == []
    found, said = faults(out, *originals(logs))
    assert found == ["deliveries.csv: the logs give other rows when they are read anew"]
    assert len([text for text in said if "found there" in text]) == 4
    assert said[-1] == "21 tables were compared with the logs read anew"
    other = tmp_path / "other.log"
    other.write_bytes(TORN[1])
    assert faults(exported, other)[0] == [f"{other}: no log of the export begins like this one"]


def test_a_third_person_verifies_with_python_alone(exported, tmp_path):
    out = tmp_path / "given"
    shutil.copytree(exported, out)

    def verified() -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-I", "-S", "verify.py"]
        return subprocess.run(command, cwd=out, capture_output=True, text=True, check=False)

    done = verified()
    assert (done.returncode, done.stderr) == (0, "")
    assert manifest_hash(exported) in done.stdout
    content = (out / "log_lines.csv").read_bytes()
    (out / "log_lines.csv").write_bytes(content.replace(b"size=500", b"size=501"))
    done = verified()
    assert done.returncode == 1
    assert "log_lines.csv: changed" in done.stdout
    assert "another one than was loaded" in done.stdout


def test_a_signature_tells_who_signed_the_manifest(logs, tmp_path, monkeypatch):
    for name in ("key", "other"):
        make = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", str(tmp_path / name)]
        if not shutil.which("ssh-keygen"):
            pytest.skip("ssh-keygen is not installed")
        subprocess.run(make, check=True)
    signers, others = tmp_path / "signers", tmp_path / "others"
    signers.write_text("audit@example.com " + (tmp_path / "key.pub").read_text())
    others.write_text("audit@example.com " + (tmp_path / "other.pub").read_text())
    who = Who(("alice@example.net",))
    out = run(logs, tmp_path / "out", who, key=tmp_path / "key", only=["messages"])
    found, said = faults(out, signers=signers)
    assert (found, "signed by audit@example.com" in said) == ([], True)
    with pytest.raises(MailsqlError, match=r"not the signature of manifest\.json by one of"):
        faults(out, signers=others)
    path = out / "manifest.json"
    path.write_bytes(path.read_bytes() + b"\n")
    with pytest.raises(MailsqlError, match="not the signature"):
        faults(out, signers=signers)
    run(logs, out, who, only=["messages"])
    assert not (out / "manifest.json.sig").exists()
    with pytest.raises(MailsqlError, match=r"manifest\.json\.sig: missing"):
        faults(out, signers=signers)
    monkeypatch.setattr("mailsql.signature.PROGRAM", "no-such-program")
    with pytest.raises(UsageError, match="not installed"):
        run(logs, out, who, key=tmp_path / "key")
    with pytest.raises(UsageError, match="no such key"):
        run(logs, out, who, key=tmp_path / "missing")


@pytest.mark.parametrize(
    ("who", "words"),
    [
        (Who(("",)), "--address: empty"),
        (Who(domain="a@example.com"), "not a domain"),
        (Who(domain=""), "not a domain"),
        (Who(host="mx9"), "no such host"),
    ],
)
def test_what_cannot_be_asked_for_is_said(logs, tmp_path, who, words):
    with pytest.raises(UsageError, match=words):
        run(logs, tmp_path / "out", who)
    with pytest.raises(UsageError, match="nothing to export by that name"):
        run(logs, tmp_path / "out", ALL, only=["traffic_per_day"])
    assert not (tmp_path / "out").exists()


def test_companions_of_somebody_else_are_not_written_over(logs, tmp_path):
    run(logs, tmp_path, ALL, only=["messages"])
    for name in COMPANIONS:
        (tmp_path / name).unlink(missing_ok=True)
    told = manifest(tmp_path)
    del told["files"]["README.txt"]
    (tmp_path / "manifest.json").write_text(json.dumps(told))
    (tmp_path / "README.txt").write_text("mine")
    with pytest.raises(UsageError, match=r"README\.txt: not of an earlier export"):
        run(logs, tmp_path, ALL, only=["messages"])
    assert (tmp_path / "README.txt").read_text() == "mine"


def change(name: str, old: str, new: str, is_all: bool = False) -> Callable[[Path], None]:
    """Put other text into a file, the first time that it stands there."""

    def forge(directory: Path) -> None:
        text = (directory / name).read_bytes()
        assert old.encode() in text
        count = -1 if is_all else 1
        (directory / name).write_bytes(text.replace(old.encode(), new.encode(), count))

    return forge


def change_rows(name: str, forged: Callable[[list[bytes]], list[bytes]]) -> Callable[[Path], None]:
    """Put other rows into a file of rows."""

    def forge(directory: Path) -> None:
        rows = (directory / name).read_bytes().splitlines(keepends=True)
        (directory / name).write_bytes(b"".join(forged(rows)))

    return forge


def change_manifest(forged: Callable[[dict], object]) -> Callable[[Path], None]:
    def forge(directory: Path) -> None:
        told = manifest(directory)
        forged(told)
        (directory / "manifest.json").write_text(json.dumps(told))

    return forge


def with_hashes(*forgeries: Callable[[Path], None]) -> Callable[[Path], None]:
    """Forge, and make the manifest say the hashes and counts of what was forged."""

    def forge(directory: Path) -> None:
        for each in forgeries:
            each(directory)
        told = manifest(directory)
        for name in [*told["files"]]:
            if not (directory / name).exists():
                del told["files"][name]
                continue
            content = (directory / name).read_bytes()
            entry = told["files"][name]
            entry |= {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
            if "rows" in entry:
                entry["rows"] = content.count(b"\n") - name.endswith(".csv")
        if told["proofs"]:
            told["proofs"]["proven"] = told["files"].get("proofs.jsonl", {"rows": 0})["rows"]
        (directory / "manifest.json").write_text(json.dumps(told))

    return forge


def without(text: str) -> Callable[[list[bytes]], list[bytes]]:
    return lambda rows: [row for row in rows if text.encode() not in row]


def change_proofs(forged: Callable[[list[dict]], object]) -> Callable[[Path], None]:
    def forge(directory: Path) -> None:
        path = directory / "proofs.jsonl"
        proofs = [json.loads(text) for text in path.read_text().splitlines()]
        proofs = forged(proofs) or proofs
        path.write_text("".join(json.dumps(proof) + "\n" for proof in proofs))

    return forge


def of_line(proofs: list[dict]) -> dict:
    return next(proof for proof in proofs if b"size=500" in bytes.fromhex(proof["line"]))


def change_proven_line(proofs: list[dict]) -> None:
    proof = of_line(proofs)
    proof["line"] = bytes.fromhex(proof["line"]).replace(b"=500", b"=501").hex()


def exchange_proofs(proofs: list[dict]) -> None:
    for name in ("nonce", "path", "index"):
        proofs[0][name], proofs[1][name] = proofs[1][name], proofs[0][name]


def make_a_new_tree(directory: Path) -> None:
    """Prove forged lines by a root of the forger's own, with what he likes for unknown lines."""
    told, changed = manifest(directory), []
    path = directory / "proofs.jsonl"
    proofs = [json.loads(text) for text in path.read_text().splitlines()]
    change_proven_line(proofs)
    for log in told["logs"]:
        for batch in log["batches"]:
            own = [proof for proof in proofs if proof["batch_key"] == batch["batch_key"]]
            leaves = bytearray(32 * (own[0]["leaf_count"] if own else 0))
            for proof in own:
                line, nonce = bytes.fromhex(proof["line"]), bytes.fromhex(proof["nonce"])
                at = 32 * proof["index"]
                leaves[at : at + 32] = leaf_hash(nonce, line)
            if own:
                branches = Branches(bytes(leaves))
                batch["root"] = branches.root.hex()
                for proof in own:
                    steps = [step.hex() for step in branches.path(proof["index"])]
                    changed.append(proof | {"root": batch["root"], "path": steps})
    path.write_text("".join(json.dumps(proof) + "\n" for proof in changed))
    (directory / "manifest.json").write_text(json.dumps(told))


def batches_of(told: dict) -> list[dict]:
    return [batch for log in told["logs"] for batch in log["batches"]]


def unprove(told: dict) -> None:
    for batch in batches_of(told):
        batch["root"] = None
    told["proofs"] = {"proven": 0, "unproven": 1}


LINE = change("log_lines.csv", "size=500", "size=501")
DELIVERY = change("deliveries.csv", "bounced", "sent")
# What can be seen in the folder alone
FOUND = {
    "a cell": (DELIVERY, r"deliveries\.csv: changed"),
    "a row less": (change_rows("deliveries.csv", lambda rows: rows[:-1]), "changed"),
    "rows in another order": (change_rows("logins.csv", lambda rows: rows[::-1]), "changed"),
    "a line": (LINE, r"log_lines\.csv: changed"),
    "a file less": (lambda out: (out / "messages.csv").unlink(), r"messages\.csv: missing"),
    "a file more": (lambda out: (out / "more.csv").write_text("a"), r"more\.csv: not in the m"),
    "the explanation": (change("README.txt", "Export", "Import"), r"README\.txt: changed"),
    "the script": (change("verify.py", "return", "return not"), r"verify\.py: changed"),
    "a file outside": (
        change_manifest(lambda told: told["files"].update({"../x": {"sha256": ""}})),
        r"\.\./x: missing",
    ),
    "unfinished": (change_manifest(lambda told: told.update(complete=False)), "come to its end"),
    "no manifest": (lambda out: (out / "manifest.json").write_text("[]"), "not as mailsql writes"),
    "a count": (
        change_manifest(lambda told: told["files"]["messages.csv"].update(rows=99)),
        r"messages\.csv: \d rows, and 99",
    ),
    "a proof": (change_proofs(change_proven_line), r"proofs\.jsonl: changed"),
    "a line and its hash": (with_hashes(LINE), "another one than was loaded"),
    "a line, its proof and hashes": (
        with_hashes(LINE, change_proofs(change_proven_line)),
        "its proof is wrong",
    ),
    "a proof less": (
        with_hashes(change_proofs(lambda proofs: proofs[1:])),
        "its proof is missing",
    ),
    "proofs of each other": (with_hashes(change_proofs(exchange_proofs)), "its proof is wrong"),
    "a line less": (
        with_hashes(change_rows("log_lines.csv", without("size=500"))),
        "proven, but not in log_lines",
    ),
    "a line and its proof less": (
        with_hashes(
            change_rows("log_lines.csv", without("size=500")),
            change_proofs(lambda proofs: [proof for proof in proofs if proof != of_line(proofs)]),
        ),
        r"the line of row \d+ is not in log_lines",
    ),
    "lines in another order": (
        with_hashes(change_rows("log_lines.csv", lambda rows: [rows[0], *rows[:0:-1]])),
        "out of order",
    ),
    "a line elsewhere": (
        with_hashes(change("log_lines.csv", "4294967298", "4294967299")),
        "proven, but not in log_lines|its proof is missing",
    ),
    "a batch less": (
        change_manifest(lambda told: told["logs"].pop(0)),
        "of no batch",
    ),
    "a link of the chain": (
        change_manifest(lambda told: batches_of(told)[0].update(chain="00" * 32)),
        "the chain of hashes breaks",
    ),
    "a root": (
        change_manifest(lambda told: batches_of(told)[0].update(root="00" * 32)),
        "its proof is wrong",
    ),
}
# What only the original log tells, and what is found then
FOUND_WITH_LOG = {
    "a line and its root": (
        with_hashes(LINE, make_a_new_tree),
        r"line 5 is another one in this log",
    ),
    "a line, and no proofs": (
        with_hashes(
            LINE,
            lambda out: (out / "proofs.jsonl").unlink(),
            change_manifest(unprove),
        ),
        r"line 5 is another one in this log",
    ),
    "a line that was never proven": (
        with_hashes(change("log_lines.csv", "size=2751", "size=2752")),
        r"line 8 is another one in this log",
    ),
    "the hash of a batch": (
        change_manifest(lambda told: batches_of(told)[0].update(sha256="00" * 32)),
        r"bytes 0 to [\d,]+ are not those that were loaded",
    ),
    "which log it was": (
        change_manifest(lambda told: told["logs"][0].update(identity_sha256="00" * 32)),
        "no log of the export begins like this one",
    ),
}
# What only rows that the original logs give anew tell
FOUND_ANEW = {
    "a cell and its hash": (with_hashes(DELIVERY), r"deliveries\.csv: the logs give other rows"),
    "a message with all that names it": (
        with_hashes(
            *(
                change_rows(f"{name}.csv", without("C4D5E40771"))
                for name in ("messages", "deliveries", "message_flow", "recipient_outcomes")
            ),
        ),
        r"messages\.csv: the logs give other rows",
    ),
    "the period": (
        change_manifest(lambda told: told.update(until="2026-07-25T10:00:00+00:00")),
        r"\.csv: the logs give other rows",
    ),
}
# What nothing but the hash of the manifest tells
SAID_ONLY = {
    "when": change_manifest(lambda told: told.update(created_at="2020-01-01T00:00:00+00:00")),
    "the SQL": change_manifest(lambda told: told.update(preparation=[])),
    "why": change_manifest(lambda told: told.update(outside_the_period=[])),
}


def forged_copy(exported: Path, directory: Path, forge: Callable[[Path], object]) -> Path:
    out = directory / "forged"
    shutil.copytree(exported, out)
    forge(out)
    assert manifest_hash(out) != manifest_hash(exported) or contents(out) != contents(exported)
    return out


@pytest.mark.parametrize("name", FOUND)
def test_what_is_forged_in_the_folder_is_found(exported, tmp_path, name):
    forge, words = FOUND[name]
    found, _ = faults(forged_copy(exported, tmp_path, forge))
    assert re.search(words, "\n".join(found))


@pytest.mark.parametrize("name", FOUND_WITH_LOG)
def test_what_is_forged_throughout_is_found_with_the_log(logs, exported, tmp_path, name):
    forge, words = FOUND_WITH_LOG[name]
    out = forged_copy(exported, tmp_path, forge)
    assert faults(out)[0] == []
    found, _ = faults(out, *originals(logs)[:1], originals(logs)[3])
    assert re.search(words, "\n".join(found))


# To load the logs once more takes its time
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.long) for name in FOUND_ANEW]
)
def test_what_is_forged_beside_the_lines_is_found_by_reading_anew(logs, exported, tmp_path, name):
    forge, words = FOUND_ANEW[name]
    out = forged_copy(exported, tmp_path, forge)
    assert faults(out)[0] == []
    found, _ = faults(out, *originals(logs))
    assert re.search(words, "\n".join(found))


@pytest.mark.parametrize("name", SAID_ONLY)
def test_what_the_manifest_only_says_is_told_by_its_hash(exported, tmp_path, name):
    out = forged_copy(exported, tmp_path, SAID_ONLY[name])
    assert faults(out)[0] == []
    assert manifest_hash(out) != manifest_hash(exported)

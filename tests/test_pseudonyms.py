"""Logs with pseudonyms: nothing of the originals is left, and rows say the same of other names."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from typer.testing import CliRunner

import mailsql
from mailsql.cli import app
from mailsql.errors import UsageError
from mailsql.pseudonyms import Keeping, Pseudonyms, read_key
from mailsql.rewriting import Rewriter, _words_of_daemons
from mailsql.table_list import tables
from tests.conftest import load

KEY = bytes(range(32))
ROOT = Path(__file__).parent.parent
# Columns with what people, domains and addresses are called
NAMING = re.compile(
    r"sender|recipient|orig_to|user|login|client|helo|_ip$|relay|message_id|subject|name$|author"
)
# Of columns called like that, those with words of the daemons
OF_DAEMONS = {"check_name", "mailbox", "tls_client_name", "relay"}
ADDRESS = re.compile(r"[^\s<>@\"]+@[\w.-]+\.\w+")
DOMAIN = re.compile(r"[\w-]+(?:\.[\w-]+)+")


def sample_logs(folder: Path) -> list[Path]:
    """All lines of all samples, real and made up, in one log; those that imitate in another."""
    real = [path for path in sorted((ROOT / "sample_logs").rglob("*")) if path.is_file()]
    samples = {"mail.log": [path.read_bytes() for path in real], "hostile.log": []}
    for family in sorted((ROOT / "tests" / "lines").glob("*.log")):
        lines = family.read_bytes().split(b"\n")
        text = b"\n".join(line for line in lines if not line.startswith(b"# {"))
        if family.stem == "hostile":
            samples["hostile.log"].append(text.replace(b" mx1 ", b" mx9 "))
        else:
            samples["mail.log"].append(text)
    for name, texts in samples.items():
        (folder / name).write_bytes(b"".join(texts))
    return [folder / name for name in samples]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the databases of all samples are."""
    return tmp_path_factory.mktemp("pseudonyms")


@pytest.fixture(scope="module")
def both(place: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """All samples in clear (plain), and with pseudonyms (main)."""
    logs = sample_logs(place)
    databases = {}
    for name, pseudonyms in (("plain", None), ("told", Pseudonyms(KEY, Keeping()))):
        databases[name] = place / f"{name}.duckdb"
        load(logs, databases[name], year=2026, pseudonyms=pseudonyms)
    with mailsql.open_database(databases["told"]) as connection:
        connection.execute(f"attach '{databases['plain']}' as plain (read_only)")
        yield connection


def text_columns(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, str]]:
    """Tables and their columns of text."""
    return connection.execute(
        "select table_name, column_name from duckdb_columns() where database_name = 'plain' "
        "and schema_name = 'main' and data_type = 'VARCHAR' order by all"
    ).fetchall()


# Names of people that are words of the daemons, or of logs, as well
WORDS = {
    "admin",
    "archive",
    "evil",
    "invoice",
    "localhost",
    "mypipe",
    "play",
    "root",
    "script",
    "short",
    "unknown",
}
# In a prefix of one's own, which load takes only without pseudonyms; and in no words of a daemon
UNSEEN = {"frank", "disconnected in=1 out=2"}


def originals(connection: duckdb.DuckDBPyConnection) -> set[str]:
    """What rows in clear say people, domains and addresses are called; parts of it as well."""
    found: set[str] = set()
    for table, column in text_columns(connection):
        if table not in tables() or tables()[table].holds != "facts":
            continue
        if not NAMING.search(column) or column in OF_DAEMONS or column.startswith("new_"):
            continue
        for (value,) in connection.execute(
            f"select distinct lower({column}) from plain.main.{table} where {column} is not null"
        ).fetchall():
            found.add(value)
            found.update(ADDRESS.findall(value))
            found.update(name for name in DOMAIN.findall(value) if not name[-1].isdigit())
    return {
        name
        for name in found
        if len(name) > 3
        and name.strip("[]").removeprefix("ipv6:") != "::1"
        and not name.strip("[]").startswith("127.")
    }


def left_in(texts: set[str], names: set[str]) -> dict[str, str]:
    """Names that stand in texts, with one of these each."""
    # By a piece of each that no pattern has to look for
    joined = "\n".join(sorted(texts))
    return {
        name: text
        for name in names
        if name in joined
        for text in texts
        if name in text and re.search(rf"(?<![\w.@-]){re.escape(name)}(?![\w@-]|\.\w)", text)
    }


@pytest.mark.newest
def test_nothing_of_the_originals_is_left(both):
    texts = set()
    for table, column in text_columns(both):
        if table in tables() and tables()[table].holds in ("facts", "lines", "state"):
            rows = both.execute(f"select distinct lower({column}) from {table}").fetchall()
            texts |= {text for (text,) in rows if text is not None}
    names = originals(both) - words_of_daemons() - WORDS - UNSEEN
    assert len(names) > 1500
    assert left_in(texts, names) == {}


@pytest.fixture(scope="module")
def exported(place: Path, both: duckdb.DuckDBPyConnection) -> Path:
    """What is exported with pseudonyms of the database in clear."""
    key, out = place / "key", place / "out"
    key.write_bytes(KEY)
    key.chmod(0o600)
    plain = str(place / "plain.duckdb")
    given = ["export", str(out), "--db", plain, "--pseudonymize", str(key)]
    done = CliRunner().invoke(app, given, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return out


@pytest.mark.newest
@pytest.mark.long
def test_nothing_of_the_originals_is_exported(exported, both):
    texts = {
        line.lower()
        for file in exported.iterdir()
        for line in file.read_text(encoding="utf-8").splitlines()
    }
    names = originals(both) - words_of_daemons() - WORDS - UNSEEN
    assert left_in(texts, names) == {}


@pytest.mark.newest
@pytest.mark.long
def test_what_is_exported_with_pseudonyms_is_what_is_loaded_with_them(exported, place, both):
    loaded = place / "loaded"
    given = ["export", str(loaded), "--db", str(place / "told.duckdb")]
    assert CliRunner().invoke(app, given, catch_exceptions=False).exit_code == 0
    names = {file.name for file in loaded.iterdir()}
    # Proofs are of lines; what else differs tells how it was made
    assert {file.name for file in exported.iterdir()} == names
    for name in names - {"manifest.json", "README.txt"}:
        assert (exported / name).read_bytes() == (loaded / name).read_bytes(), name


def words_of_daemons() -> set[str]:
    return {word.decode() for word in _words_of_daemons()}


# The log with what is not made up to be misread
REAL = 2
# Lines of it that say more or less with pseudonyms: what was in doubt is none, or a line that got
# longer than all before it may be cut off
DOUBTFUL = "|".join(
    [
        "msgid=<x: saved mail to Trash",
        "to=<a, relay=local, b@",
        r"R_SPF_FAIL\(1\.00\)\{-all\},R_DKIM_REJECT",
    ]
)


def differing_columns(both: duckdb.DuckDBPyConnection) -> dict[str, list[tuple[object, ...]]]:
    """Columns whose values in clear and with pseudonyms do not go with each other one to one."""
    differing = {}
    both.execute(
        "create or replace temp table doubtful as select line_key from plain.main.raw_lines "
        "where regexp_matches(line, ?)",
        [DOUBTFUL],
    )
    for table in tables().values():
        if table.holds != "facts":
            continue
        real = " and ".join(f"plain.{key} = told.{key}" for key in table.key)
        plain, told = (
            f"(from {name} anti join doubtful on {table.key[0]} = doubtful.line_key "
            f"where {table.key[0]} >> 32 = {REAL})"
            for name in (f"plain.main.{table.name}", table.name)
        )
        joined = f"{plain} as plain full join {told} as told on {real}"
        columns = both.execute(
            "select column_name, data_type from duckdb_columns() "
            "where database_name = 'plain' and table_name = ?",
            [table.name],
        ).fetchall()
        for column, data_type in columns:
            if column in table.key:
                continue
            if data_type == "VARCHAR":
                found = both.execute(
                    f"with pairs as (select distinct lower(plain.{column}) as a, "
                    f"lower(told.{column}) as b from {joined}) select a, b from pairs "
                    "where (a is null) <> (b is null) or a in "
                    "(select a from pairs group by a having count(*) > 1) or b in "
                    "(select b from pairs group by b having count(*) > 1) order by all"
                ).fetchall()
            else:
                found = both.execute(
                    f"select plain.{table.key[0]}, plain.{column}, told.{column} from {joined} "
                    f"where plain.{column} is distinct from told.{column} order by all"
                ).fetchall()
            if found:
                differing[f"{table.name}.{column}"] = found
    return differing


@pytest.mark.newest
def test_rows_say_the_same_of_other_names(both):
    assert differing_columns(both) == {}


LINES = [
    "Jul 25 12:00:00 mx1 postfix/smtpd[31]: connect from mail.example.net[192.0.2.10]",
    "Jul 25 12:00:01 mx1 postfix/smtpd[31]: 5E31727A35D: client=mail.example.net[192.0.2.10]",
    "Jul 25 12:00:01 mx1 postfix/qmgr[9]: 5E31727A35D: from=<alice@example.net>, size=9, nrcpt=1 "
    "(queue active)",
    "Jul 25 12:00:02 mx1 dovecot: imap-login: Login: user=<alice>, method=PLAIN, rip=192.0.2.11, "
    "lip=198.51.100.5, session=<IQdzOm5Xy8PAAAIK>",
    "Jul 25 12:00:03 mx1 postfix/smtpd[31]: disconnect from mail.example.net[192.0.2.10] ehlo=1",
]


def pseudonyms(*, domains: bool = False, networks: bool = False) -> Pseudonyms:
    return Pseudonyms(KEY, Keeping(domains, networks))


def rows(database: Path) -> list[tuple[object, ...]]:
    with mailsql.open_database(database) as connection:
        return connection.execute(
            "select line_key, kind, line from raw_lines order by all"
        ).fetchall()


@pytest.mark.newest
def test_a_log_goes_on_with_the_same_key_and_no_other(tmp_path, monkeypatch):
    monkeypatch.setattr("mailsql.rewritten_stream.PIECE_BYTES", 100)
    log, whole = tmp_path / "mail.log", tmp_path / "whole.log"
    database, at_once = tmp_path / "mail.duckdb", tmp_path / "whole.duckdb"
    text = "".join(f"{line}\n" for line in LINES * 20)
    whole.write_text(text)
    load([whole], at_once, year=2026, pseudonyms=pseudonyms())
    cut = len(text) // 2 + 10
    log.write_text(text[:cut])
    load([log], database, year=2026, pseudonyms=pseudonyms())
    log.write_text(text)
    (loaded,) = load([log], database, pseudonyms=pseudonyms())
    assert 0 < loaded.line_count < 100
    (loaded,) = load([log], database, pseudonyms=pseudonyms())
    assert (loaded.line_count, loaded.waiting_bytes) == (0, 0)
    assert rows(database) == rows(at_once)
    with mailsql.open_database(database) as connection:
        places = connection.execute(
            "select file_key, original_bytes, pseudonyms_keep, resumed_byte > 0 from log_files"
        ).fetchall()
        assert places == [(1, len(text), "", True)]
    for others, said in (
        (None, "its logs have pseudonyms, of the key"),
        (Pseudonyms(b"another key of enough bytes.....", Keeping()), "not of"),
        (pseudonyms(domains=True), "its logs keep nothing in clear, not domains"),
    ):
        with pytest.raises(UsageError, match=said):
            load([log], database, pseudonyms=others)
    clear = tmp_path / "clear.duckdb"
    load([log], clear, year=2026)
    with pytest.raises(UsageError, match="its logs are in clear"):
        load([log], clear, pseudonyms=pseudonyms())


@pytest.mark.newest
def test_what_belongs_together_still_does():
    told = pseudonyms()
    alice = told.user(b"alice")
    assert told.address(b"alice", b"example.net") == alice + b"@" + told.domain(b"example.net")
    assert told.user(b"alice+news").split(b"+") == [alice, told.user(b"news")]
    assert told.user(b"Alice").lower() == alice
    assert told.domain(b"mx1.example.co.jp").split(b".") == [
        told.domain(b"mx1"),
        told.domain(b"example"),
        b"co",
        b"jp",
    ]
    assert told.ip(b"::ffff:192.0.2.10") == b"::ffff:" + told.ip(b"192.0.2.10")
    near, nearer, far = (told.ip(ip) for ip in (b"192.0.2.10", b"192.0.2.77", b"203.0.113.10"))
    assert near.rpartition(b".")[0] == nearer.rpartition(b".")[0] != far.rpartition(b".")[0]
    assert near != b"192.0.2.10"
    addresses = [f"198.51.{net}.{host}".encode() for net in range(40) for host in range(250)]
    assert len({told.ip(address) for address in addresses}) == len(addresses)


@pytest.mark.newest
@pytest.mark.parametrize(
    "ip", ["10.1.2.3", "172.16.9.9", "192.168.1.5", "fd00::1", "fe80::1", "100.64.0.9"]
)
def test_an_address_stays_in_a_network_of_ones_own(ip):
    told = pseudonyms().ip(ip.encode())
    assert told != ip.encode()
    assert told[:2] == ip.encode()[:2]
    assert pseudonyms().ip(b"127.0.0.1") == b"127.0.0.1"
    assert pseudonyms().ip(b"::1") == b"::1"
    assert pseudonyms().ip(b"not.an.address") is None


@pytest.mark.newest
def test_domains_and_networks_are_kept_on_request():
    told = pseudonyms(domains=True, networks=True)
    assert told.domain(b"mail.example.net").endswith(b".example.net")
    assert b"mail" not in told.domain(b"mail.example.net")
    assert told.ip(b"192.0.2.10").startswith(b"192.0.2.")
    assert told.ip(b"2001:db8:1::5").startswith(b"2001:db8:1:")


@pytest.mark.newest
@pytest.mark.parametrize(
    "line",
    [
        b"\xff\xfe\xfd alice@example.net \xfe\xfe",
        b'{"log":"from=\\u003calice@example.net\\u003e\\n","stream":"stdout"}',
        # Torn, and what only looks like it
        b'{"log":"from=\\u003calice@example.net\\u003e',
        b'[0.00] [X{"y;},Z{bank.example.net;none"@example.net;}], rcpts: <alice@example.net>',
        b"mx1 \xe3\x81\x82@example.net, subject=\xe4\xbb\xb6",
    ],
)
def test_bytes_that_are_no_text_stay_and_lines_are_as_many(line):
    told = Rewriter(pseudonyms()).rewrite(line + b"\n" + line)
    first, second = told.split(b"\n")
    assert first == second
    assert b"alice" not in told
    assert b"example.net" not in told
    assert told.count(b"\xff") == 2 * line.count(b"\xff")


@pytest.mark.newest
def test_a_line_is_rewritten_without_others_and_keeps_its_end(tmp_path):
    rewriter = Rewriter(pseudonyms())
    for log in sample_logs(tmp_path):
        lines = log.read_bytes().replace(b"\r", b"").split(b"\n")
        # JSON is rewritten line by line
        plain = [line for line in lines if b'{"' not in line]
        alone = [rewriter.rewrite(line) for line in plain]
        assert rewriter.rewrite(b"\n".join(plain)) == b"\n".join(alone)
        ends = rewriter.rewrite(b"\r\n".join(plain)).split(b"\n")
        assert [end.removesuffix(b"\r") for end in ends] == alone
        assert all(end.endswith(b"\r") for end in ends[:-1])


@pytest.mark.newest
@pytest.mark.parametrize(
    ("end", "name"),
    [
        ("postfix/qmgr[8]: 5E31727A35D: from=<alice", "alice"),
        ("postfix/smtp[8]: 5E31727A35D: to=<bob@example.com>, orig_to=<alice@exam", "alice@exam"),
        ("postfix/cleanup[3]: 5E31727A35D: message-id=<2026.abc", "2026.abc"),
        ("postfix/smtpd[3]: connect from mail", "mail"),
        ("postfix/smtpd[3]: 5E31727A35D: client=mail.exam", "mail.exam"),
        ("dovecot: imap-login: Login: user=<alice", "alice"),
        ("dovecot: imap(alice", "alice"),
        ("dovecot: imap(bob)<4711><IQdzOm5X", "IQdzOm5X"),
        ("dovecot: imap-login: Login: user=<bob>, method=PLAIN, session=<IQdzOm5X", "IQdzOm5X"),
    ],
)
def test_a_name_in_which_a_line_is_cut_off_is_rewritten(end, name):
    told = Rewriter(pseudonyms()).rewrite(f"Feb  3 09:15:40 mx1 {end}".encode()).decode()
    assert name not in told
    assert told.startswith(f"Feb  3 09:15:40 {pseudonyms().host(b'mx1').decode()} {end[:9]}")


@pytest.mark.newest
def test_an_export_has_the_pseudonyms_of_one_key_only(tmp_path):
    key, log = tmp_path / "key", tmp_path / "mail.log"
    clear, told = tmp_path / "clear.duckdb", tmp_path / "told.duckdb"
    for file, content in ((key, KEY), (tmp_path / "other", b"another key of enough bytes.....")):
        file.write_bytes(content)
        file.chmod(0o600)
    log.write_text("".join(f"{line}\n" for line in LINES))
    load([log], clear, year=2026, prove=True)
    load([log], told, year=2026, pseudonyms=pseudonyms(domains=True))

    def run(database: Path, *options: str) -> Path:
        out = tmp_path / f"out{len(list(tmp_path.iterdir()))}"
        given = ["export", str(out), "--db", str(database), "--pseudonymize", *options]
        done = CliRunner().invoke(app, given, catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return out

    asked = (str(key), "--keep-domains", "--address", "Alice@example.net")
    out, same = run(clear, *asked), run(told, *asked)
    alice = pseudonyms(domains=True).user(b"alice").decode()
    text = (out / "messages.csv").read_text()
    assert f"{alice}@example.net" in text
    assert text == (same / "messages.csv").read_text()
    manifest = json.loads((out / "manifest.json").read_text())
    assert manifest["asked"]["addresses"] == [f"{alice}@example.net"]
    assert manifest["pseudonyms"] == {"key": pseudonyms().fingerprint, "kept": "domains"}
    for batch in manifest["logs"][0]["batches"]:
        assert (batch["sha256"], batch["root"]) == (None, None)
        assert batch["commitment"]
    assert not (out / "proofs.jsonl").exists()
    written = {file.read_text().lower() for file in run(clear, str(key)).iterdir()}
    names = {"alice", "mail.example.net", "192.0.2.10", "192.0.2.11", "198.51.100.5"}
    assert left_in(written, names | {"iqdzom5xy8paaaik"}) == {}
    verify = ["export", "--verify", str(out), str(log)]
    done = CliRunner().invoke(app, verify, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    assert "lines have pseudonyms: no hash proves them" in done.stderr
    assert "logs were not compared" in done.stderr
    # Nothing of the copy is left
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]
    (out / "messages.csv").write_text(text.replace(alice, "u"))
    assert CliRunner().invoke(app, verify).exit_code == 1
    with pytest.raises(UsageError, match="not of"):
        run(told, str(tmp_path / "other"), "--keep-domains")
    with pytest.raises(UsageError, match="keep domains in clear, not nothing"):
        run(told, str(key))
    with duckdb.connect(str(clear)) as connection:
        connection.execute("update stream_settings set dovecot_prefix = '%s(%u): '")
    with pytest.raises(UsageError, match="was loaded with --dovecot-prefix"):
        run(clear, str(key))


@pytest.mark.newest
def test_a_configuration_says_what_is_loaded_with_pseudonyms_and_status_tells_it(
    tmp_path, monkeypatch
):
    key, log, config = tmp_path / "key", tmp_path / "mail.log", tmp_path / "config.toml"
    key.write_bytes(KEY)
    key.chmod(0o600)
    log.write_text("".join(f"{line}\n" for line in LINES))
    config.write_text(
        f"db = '{tmp_path / 'mail.duckdb'}'\npseudonymize = '{key}'\n"
        "keep_domains = true\nkeep_networks = false\n"
    )
    monkeypatch.setenv("MAILSQL_CONFIG", str(config))

    def run(*arguments: str) -> str:
        done = CliRunner().invoke(app, arguments, catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.stdout

    assert f"pseudonymize,{key},file" in run("config", "--format", "csv").splitlines()
    run("load", str(log), "--year", "2026")
    told = pseudonyms(domains=True)
    alice = told.address(b"alice", b"example.net").decode()
    assert run("query", "from messages select sender", "--format", "list") == f"{alice}\n"
    assert json.loads(run("status", "--format", "json"))["pseudonyms"] == {
        "key": told.fingerprint,
        "keeps_domains": True,
        "keeps_networks": False,
    }
    assert f"Pseudonyms of the key {told.fingerprint}; in clear: domains\n" in run("status")
    japanese = run("status", "--lang", "ja")
    assert f"仮名の鍵: {told.fingerprint} (仮名にしていないもの: ドメイン)" in japanese
    # The environment comes first
    monkeypatch.setenv("MAILSQL_KEEP_NETWORKS", "1")
    clear = str(tmp_path / "other.duckdb")
    run("load", str(log), "--year", "2026", "--db", clear)
    assert "in clear: domains and networks" in run("status", "--db", clear)
    assert KEY.hex() not in run("status", "--format", "json")


@pytest.mark.newest
def test_a_key_that_is_none_is_refused_in_a_line(tmp_path):
    key, log = tmp_path / "key", tmp_path / "mail.log"
    log.write_text(LINES[0] + "\n")
    missing = tmp_path / "missing"
    for content, mode, said in ((b"short", 0o600, "a key has 32"), (KEY, 0o644, "anybody may")):
        key.write_bytes(content)
        key.chmod(mode)
        with pytest.raises(UsageError, match=said):
            read_key(key, Keeping())
    with pytest.raises(UsageError, match="No such file"):
        read_key(missing, Keeping())
    key.chmod(0o600)
    given = ["load", str(log), "--db", str(tmp_path / "mail.duckdb")]
    for options, said in (
        (["--keep-domains"], "without --pseudonymize"),
        (["--pseudonymize", str(key), "--dovecot-prefix", "%s(%u): "], "either"),
    ):
        result = CliRunner().invoke(app, [*given, *options])
        assert isinstance(result.exception, UsageError)
        assert said in f"{result.exception} {result.exception.hint}"

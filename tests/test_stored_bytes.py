"""Contract 7: the stored lines are the bytes that were loaded, and agree with their hashes."""

import gzip
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import mailsql
from bench.generate import generate
from mailsql.changes import changed_batches
from mailsql.check import run_checks
from mailsql.proof import verify
from mailsql.prover import prove_line
from mailsql.stored_bytes import stream_bytes
from tests.conftest import load, with_cases
from tests.test_encoding import BYTES, SAMPLES
from tests.test_failed_lines import break_steps  # noqa: F401
from tests.test_torn_lines import load_input

pytestmark = [pytest.mark.usefixtures("small_head"), pytest.mark.newest]
HEAD = b"Feb  3 09:15:40 mx1 postfix/smtpd[1]: "
LINES = st.lists(
    st.tuples(
        st.one_of(BYTES.map(lambda data: data.replace(b"\n", b"")), st.just(b"connect from x")),
        st.sampled_from([b"\n", b"\n", b"\r\n", b"\r\n", b"\r\r\n", b"\n\n", b"\n\r\n"]),
    ),
    max_size=100,
).map(lambda pairs: b"".join(HEAD + text + end for text, end in pairs))


def stored(database: Path) -> dict[int, bytes]:
    """The bytes of each stream, which hashes and checks agree with."""
    with mailsql.open_database(database) as connection:
        said: list[str] = []
        assert run_checks(connection, said.append) == 0, said
        assert [*changed_batches(connection)] == []
        keys = connection.execute("select file_key, loaded_bytes from log_files").fetchall()
        found = {key: b"".join(stream_bytes(connection, key)) for key, _ in keys}
    assert {key: len(data) for key, data in found.items()} == dict(keys)
    return found


def prove_all(database: Path) -> bytes:
    """Prove every line of the first stream; return what was proven."""
    proven = b""
    with mailsql.open_database(database) as connection:
        for (key,) in connection.execute("select line_key from raw_lines order by 1").fetchall():
            proofs = prove_line(connection, key)
            assert all(verify(proof) for proof in proofs)
            proven += b"".join(proof.line for proof in proofs)
    return proven


# Each piece that is loaded is a case: an example has six on average
@with_cases(6)
@given(
    content=LINES,
    ending=st.sampled_from([b"", b"\n", b"\r\n", b"\r"]),
    places=st.lists(st.floats(0, 1), max_size=10),
    how=st.sampled_from(["file", "compressed", "input", "waiting"]),
    batch_share=st.sampled_from([0.3, 1, 1]),
    is_proven=st.booleans(),
)
def test_any_log_comes_back_whatever_it_was_cut_into(
    content, ending, places, how, batch_share, is_proven
):
    # As long as what a stream is known by, for that comes in one batch
    content = (HEAD + b"connect\r\n") * 25 + content + HEAD + b"last" + ending
    with tempfile.TemporaryDirectory() as directory:
        database = Path(directory) / "mail.duckdb"
        log = Path(directory) / ("mail.log" if how == "waiting" else "mail.log.1")
        options = {"batch_bytes": int(len(content) * batch_share), "force": True}
        found = b""
        ends = sorted({int(len(content) * place) for place in places} - {0} | {len(content)})
        for number, end in enumerate(ends):
            piece = content[:end]
            # Remembered as soon as there is anything to prove
            options["prove"] = is_proven and not found
            if how == "input":
                load_input(piece, database, **options)
            else:
                is_packed = how == "compressed" and number
                log.write_bytes(gzip.compress(piece) if is_packed else piece)
                assert load([log], database, **options)[0].fault is None
            found = stored(database).get(1, b"")
            waiting = piece[len(found) :]
            assert piece.startswith(found)
            # An end alone of a line waits for the next one
            assert waiting in (b"", b"\n", b"\r\n") or (how == "waiting" and b"\n" not in waiting)
        if is_proven and found:
            assert prove_all(database) == found


def test_samples_come_back_from_the_database(tmp_path):
    log, database = tmp_path / "mail.log.1", tmp_path / "mail.duckdb"
    log.write_bytes(b"\n".join(path.read_bytes() for path in SAMPLES))
    load([log], database, batch_bytes=1_000_000, force=True)
    assert stored(database) == {1: log.read_bytes()}


@pytest.mark.parametrize("batch_bytes", [5_000, 10**6])
def test_a_branch_gives_the_whole_log_that_it_was_loaded_from(tmp_path, batch_bytes):
    lines = [line.encode() for line in generate(160, seed=6, per_second=3)]
    text = [line + (b"\r\n" if place % 50 < 20 else b"\n") for place, line in enumerate(lines)]
    log, database = tmp_path / "mail.log.1", tmp_path / "mail.duckdb"
    contents = [
        b"".join(text[:80]) + text[80][:30],
        b"".join(text[:100]),
        b"".join(text[:40] + text[110:120]),
        b"".join(text[:80]) + text[80][:30] + b"another end\n",
        b"".join(text[:40] + text[110:113]) + text[150],
        # The same text, otherwise ended
        b"".join(text[:30]) + lines[30] + b"\r\n" + text[155],
    ]
    for content in contents:
        log.write_bytes(content)
        assert load([log], database, batch_bytes=batch_bytes)[0].line_count > 0
    assert [*stored(database).values()] == contents[1:]
    with mailsql.open_database(database) as connection:
        branches = connection.execute("select branch_of from log_files order by file_key")
        assert branches.fetchall() == [(None,), (1,), (1,), (2,), (1,)]


def test_failed_lines_come_back(tmp_path, break_steps):  # noqa: F811
    lines = [line.encode() + b"\r\n" for line in generate(60, seed=5, per_second=3)]
    for place in (0, 7, 8, 30, 59):
        lines[place] = HEAD + b"MARK%d \\x07 \x07\r\n" % (place % 4)
    log, database = tmp_path / "mail.log.1", tmp_path / "mail.duckdb"
    break_steps()
    content = b"".join(lines)
    for end in (len(content) // 2, len(content) - 1, len(content) + 1):
        log.write_bytes((content + b"x")[:end])
        load([log], database, batch_bytes=2_000, prove=True)
    assert stored(database) == {1: content + b"x"}
    assert prove_all(database) == content + b"x"


def test_a_line_end_alternating_is_kept_in_runs(tmp_path):
    log, database = tmp_path / "mail.log.1", tmp_path / "mail.duckdb"
    one = HEAD + b"connect\r\n"
    content = one * 3 + b"\n" * 4 + one * 2 + b"\r\n\n" * 2 + b"end"
    log.write_bytes(content)
    load([log], database)
    assert stored(database) == {1: content}
    with mailsql.open_database(database) as connection:
        runs = connection.execute(
            "select first_line_key & 255, last_line_key & 255, ending from line_endings order by 1"
        ).fetchall()
        assert connection.execute("select count(*) from log_lines where line = ''").fetchone() == (
            8,
        )
    assert runs == [
        (1, 3, "crlf"),
        (8, 10, "crlf"),
        (12, 12, "crlf"),
        (14, 14, "none"),
    ]


def test_lines_are_compared_by_their_bytes_not_by_what_they_look_like(tmp_path):
    log, database = tmp_path / "mail.log.1", tmp_path / "mail.duckdb"
    contents = [HEAD + b"one\n" + HEAD + piece + b"\n" for piece in (b"\x07", rb"\x07", rb"\\x07")]
    for content in contents:
        log.write_bytes(content)
        assert load([log], database)[0].line_count > 0
    assert [*stored(database).values()] == contents


def test_the_length_of_a_line_is_that_of_its_bytes(tmp_path):
    log, database = tmp_path / "mail.log", tmp_path / "mail.duckdb"
    tails = [b"\\x07" * 120, b"\xff\x07" * 250, b"\\\\\x07\\x\xc2\x85x\\" * 70, "あ".encode() * 400]
    lines = [HEAD + tail for tail in tails]
    log.write_bytes(b"".join(line + b"\r\n" for line in [lines[0][:470], *lines, lines[1]]))
    load([log], database)
    with mailsql.open_database(database) as connection:
        found = connection.execute(
            "select line_key & 255, byte_count from longest_lines order by 1"
        )
        assert found.fetchall() == [(place, len(line)) for place, line in enumerate(lines, 2)]

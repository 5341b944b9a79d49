"""A line is proven by its bytes, its nonce and its path, and by nothing else."""

import hashlib
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

import mailsql
from mailsql.errors import MailsqlError
from mailsql.proof import LineProof, leaf_hash, node_hash, verify
from mailsql.prover import prove_line
from mailsql.tree import BLOCK_LEAVES, LineTree
from tests.conftest import load

pytestmark = pytest.mark.newest

SALT = bytes(range(32))
LINE = "Feb  3 09:15:40 mx1 postfix/smtpd[{}]: connect from c.example.net[192.0.2.7]\n"


def nonces(count: int) -> list[bytes]:
    """The nonces of the first leaves."""
    found = []
    for block in range(count // BLOCK_LEAVES + 1):
        drawn = hashlib.shake_256(SALT + block.to_bytes(8, "big")).digest(16 * BLOCK_LEAVES)
        found += [drawn[place : place + 16] for place in range(0, len(drawn), 16)]
    return found[:count]


def root_of(leaves: list[bytes]) -> bytes:
    """The root as RFC 6962 says it."""
    if len(leaves) == 1:
        return leaves[0]
    cut = 1
    while cut * 2 < len(leaves):
        cut *= 2
    return node_hash(root_of(leaves[:cut]), root_of(leaves[cut:]))


def proof_of(lines: list[bytes], index: int) -> LineProof:
    tree = LineTree(SALT, wanted=index)
    for at in range(0, len(lines), 7):
        tree.add(lines[at : at + 7])
    root, path = tree.finish()
    return LineProof(lines[index], tree.nonce, index, tree.leaf_count, tuple(path), root)


@pytest.mark.parametrize("count", [*range(1, 20), 1023, 1024, 1025, 2048, 2049, 3000])
def test_the_tree_is_that_of_the_rfc_and_proves_its_leaves(count):
    lines = [b"line %d\n" % number for number in range(count)]
    leaves = [leaf_hash(nonce, line) for nonce, line in zip(nonces(count), lines, strict=True)]
    for index in {*range(min(count, 20)), count // 2, *range(max(0, count - 3), count)}:
        proof = proof_of(lines, index)
        assert proof.root == root_of(leaves)
        assert verify(proof)
        assert LineProof.from_json(proof.to_json()) == proof


@pytest.mark.parametrize("count", [1, 2, 3, 5, 8, 11])
def test_nothing_of_a_proof_can_be_another(count):
    lines = [b"line %d\n" % number for number in range(count)]
    for index in range(count):
        proof = proof_of(lines, index)
        others = [
            replace(proof, line=b"another\n"),
            replace(proof, line=proof.line[:-1]),
            replace(proof, nonce=bytes(16)),
            # What is hashed alike, cut otherwise
            replace(proof, nonce=proof.nonce + proof.line[:1], line=proof.line[1:]),
            replace(proof, root=bytes(32)),
            replace(proof, path=(*proof.path, bytes(32))),
            *(replace(proof, index=place) for place in range(-1, count + 2) if place != index),
        ]
        for place in range(len(proof.path)):
            steps = [*proof.path]
            steps[place] = bytes(32)
            others += [
                replace(proof, path=tuple(steps)),
                replace(proof, path=proof.path[:place] + proof.path[place + 1 :]),
            ]
        assert not any(verify(other) for other in others)


@pytest.mark.parametrize("text", ["[]", "{}", '{"line": 1}', '{"line": "0g"}', "no"])
def test_what_is_no_proof_is_said(text):
    with pytest.raises(ValueError, match=r".+"):
        LineProof.from_json(text)


def test_a_line_is_verified_with_the_standard_library_alone(tmp_path):
    log, database = tmp_path / "mail.log", tmp_path / "mail.duckdb"
    log.write_text("".join(LINE.format(number) for number in range(1500)))
    load([log], database, prove=True)
    with mailsql.open_database(database) as connection:
        (proof,) = prove_line(connection, 2**32 + 1300)
        roots = connection.execute("select root from load_batches").fetchall()
    assert proof.line.decode() == LINE.format(1299)
    assert roots == [(proof.root.hex(),)]
    program = tmp_path / "proof.py"
    program.write_bytes((Path(mailsql.__file__).parent / "proof.py").read_bytes())
    done = subprocess.run(
        [
            sys.executable,
            "-I",
            "-S",
            "-c",
            f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import proof; "
            "print(proof.verify(proof.LineProof.from_json(sys.stdin.read())))",
        ],
        input=proof.to_json(),
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"PYTHONPATH": ""},
    )
    assert done.stdout == "True\n"


def test_a_stream_that_was_proven_once_goes_on_so(tmp_path):
    log, other, database = tmp_path / "mail.log", tmp_path / "b.log", tmp_path / "mail.duckdb"
    log.write_text(LINE.format(1))
    other.write_text(LINE.format(7))
    load([log], database)
    load([other], database)
    log.write_text(LINE.format(1) + LINE.format(2))
    load([log], database, prove=True)
    log.write_text(LINE.format(1) + LINE.format(2) + LINE.format(3))
    load([log], database)
    with mailsql.open_database(database, read_only=False) as connection:
        assert connection.execute(
            "select file_key, root is not null from load_batches order by batch_key"
        ).fetchall() == [(1, False), (2, False), (1, True), (1, True)]
        assert connection.execute(
            "select is_proven from log_files order by file_key"
        ).fetchall() == [(True,), (False,)]
        assert verify(prove_line(connection, 2**32 + 3)[0])
        with pytest.raises(MailsqlError, match="without a hash tree"):
            prove_line(connection, 2**32 + 1)
        with pytest.raises(MailsqlError, match="no log has it"):
            prove_line(connection, 2**32 + 4)
        with pytest.raises(MailsqlError, match="no log has it"):
            prove_line(connection, 9 * 2**32 + 1)
        connection.execute("update raw_lines set line = 'x' where line_key = 2**32 + 2")
        with pytest.raises(MailsqlError, match="was changed"):
            prove_line(connection, 2**32 + 2)

"""Files as they are: what is wrong with one is told, and keeps nothing else from being loaded."""

import bz2
import gzip
import lzma
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest

from bench.generate import generate
from mailsql.decompress import compression_of, zstd
from tests.conftest import NOW, load, rows_without_keys
from tests.test_cli import LINE, mailsql
from tests.test_crash import start

pytestmark = pytest.mark.newest

PACK = {
    "gz": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    # With sums, as the command writes it
    "zst": lambda data: zstd.compress(
        data, options={zstd.CompressionParameter.checksum_flag: True}
    ),
}
NAMES = {"gz": "gzip", "bz2": "bzip2", "xz": "xz", "zst": "zstd"}
TEXT = "".join(line + "\n" for line in generate(600, seed=9, per_second=3)).encode()


def loaded_text(database: Path) -> bytes:
    """All lines loaded, in order."""
    with duckdb.connect(str(database), read_only=True) as connection:
        rows = connection.execute("select line from raw_lines order by line_key").fetchall()
    return "".join(line + "\n" for (line,) in rows).encode()


def damaged(pack, kind: str) -> tuple[bytes, int]:
    """A compressed file of TEXT, damaged; and how many bytes of TEXT at least stand before that."""
    half = TEXT.index(b"\n", len(TEXT) // 2) - 7
    if kind == "breaks off":
        return pack(TEXT[:half]) + pack(TEXT[half:])[:-40], half
    if kind == "later head":
        return pack(TEXT[:half]) + b"zz" + pack(TEXT[half:])[2:], half
    if kind == "garbage":
        return pack(TEXT) + b"some other bytes, longer than the head of a stream", len(TEXT)
    if kind == "sum":
        first = bytearray(pack(TEXT[:half]) + pack(TEXT[half:]))
        first[-14 if pack is lzma.compress else -5] ^= 255
        return bytes(first), half
    return pack(TEXT[:half]) + pack(TEXT[half:]) + b"\0" * 512, len(TEXT)


@pytest.mark.parametrize("suffix", PACK)
@pytest.mark.parametrize("kind", ["breaks off", "later head", "garbage", "sum"])
def test_what_stands_before_a_damage_is_loaded_and_the_rest_when_it_is_mended(
    tmp_path, suffix, kind
):
    log, database = tmp_path / f"mail.log.1.{suffix}", tmp_path / "mail.duckdb"
    content, intact = damaged(PACK[suffix], kind)
    log.write_bytes(content)
    first = load([log], database, batch_bytes=20_000)[0]
    whole_lines = TEXT.rindex(b"\n", 0, intact) + 1
    assert first.byte_count >= whole_lines
    assert TEXT.startswith(loaded_text(database))
    assert f"damaged {NAMES[suffix]} file" in str(first.fault)
    again = load([log], database)[0]
    assert (again.line_count, str(again.fault)) == (0, str(first.fault))
    log.write_bytes(PACK[suffix](TEXT))
    mended = load([log], database)[0]
    assert mended.fault is None
    assert first.line_count + mended.line_count == 600
    assert loaded_text(database) == TEXT


@pytest.mark.parametrize("suffix", PACK)
def test_padding_behind_a_stream_is_no_damage(tmp_path, suffix):
    log, database = tmp_path / f"mail.log.1.{suffix}", tmp_path / "mail.duckdb"
    log.write_bytes(damaged(PACK[suffix], "padding")[0])
    assert load([log], database)[0].fault is None
    assert loaded_text(database) == TEXT


@pytest.mark.parametrize("suffix", [None, *PACK, "lzma"])
def test_standard_input_may_be_compressed(tmp_path, suffix):
    pack = PACK | {None: bytes, "lzma": lambda data: lzma.compress(data, lzma.FORMAT_ALONE)}
    mailsql("load", "-", cwd=tmp_path, stdin=pack[suffix](TEXT))
    assert loaded_text(tmp_path / "mail.duckdb") == TEXT
    more = TEXT + LINE.encode()
    out, _ = mailsql("load", "-", cwd=tmp_path, stdin=pack[suffix](more))
    assert "1 more lines" in out
    if suffix not in (None, "lzma"):
        _, err = mailsql("load", "-", cwd=tmp_path, stdin=pack[suffix](more + TEXT)[:-9], code=3)
        assert f"damaged {NAMES[suffix]} file" in err


def test_an_old_lzma_file_is_read(tmp_path):
    log = tmp_path / "mail.log.1.lzma"
    log.write_bytes(lzma.compress(TEXT, lzma.FORMAT_ALONE))
    assert load([log], tmp_path / "mail.duckdb")[0].fault is None
    assert loaded_text(tmp_path / "mail.duckdb") == TEXT


@pytest.mark.parametrize(
    "beginning", [b"BZh is a name\n", b"BZh9\n", b"]\0\0 torn\n", b"]" + b"\0" * 20]
)
def test_a_log_may_begin_like_a_compressed_file(tmp_path, beginning):
    log = tmp_path / "mail.log"
    log.write_bytes(beginning + TEXT)
    assert load([log], tmp_path / "mail.duckdb")[0].fault is None
    text = (beginning + TEXT).replace(b"\0", rb"\x00")
    assert loaded_text(tmp_path / "mail.duckdb") == text
    out, _ = mailsql("load", "-", cwd=tmp_path, stdin=beginning + TEXT)
    assert "nothing new" in out


def stream_of_zstd(**options: int) -> bytes:
    """Compressed as a stream, of which the length is not told."""
    packer = zstd.ZstdCompressor(
        options={zstd.CompressionParameter[name]: value for name, value in options.items()}
    )
    return packer.compress(TEXT) + packer.flush()


def small_lzma() -> bytes:
    filters = [{"id": lzma.FILTER_LZMA1, "dict_size": 4096}]
    return lzma.compress(TEXT, lzma.FORMAT_ALONE, filters=filters)


@pytest.mark.parametrize(
    ("compression", "pack"),
    [
        # pzstd begins with a frame that tells how long the next one is
        ("zstd", lambda: b"\x50\x2a\x4d\x18\4\0\0\0\1\2\3\4" + zstd.compress(TEXT)),
        ("zstd", lambda: stream_of_zstd(window_log=31, enable_long_distance_matching=1)),
        ("lzma", small_lzma),
    ],
)
def test_unusual_compressed_files_are_read(compression, pack, tmp_path):
    log = tmp_path / "mail.log.1"
    log.write_bytes(pack())
    assert load([log], tmp_path / "mail.duckdb")[0].fault is None
    assert loaded_text(tmp_path / "mail.duckdb") == TEXT
    assert compression_of(log.read_bytes()) == compression


@pytest.mark.parametrize("suffix", [*PACK, "lzma"])
def test_an_empty_compressed_file_is_empty(tmp_path, suffix):
    pack = PACK | {"lzma": lambda data: lzma.compress(data, lzma.FORMAT_ALONE)}
    log = tmp_path / f"mail.log.{suffix}"
    log.write_bytes(pack[suffix](b""))
    assert load([log], tmp_path / "mail.duckdb")[0].is_empty


def test_a_compressed_log_that_is_killed_between_batches_goes_on(tmp_path):
    log = tmp_path / "mail.log.1.gz"
    text = "".join(line + "\n" for line in generate(8000, seed=3, per_second=3)).encode()
    log.write_bytes(gzip.compress(text))
    undisturbed, killed = tmp_path / "undisturbed.duckdb", tmp_path / "killed.duckdb"
    load([log], undisturbed)
    chance = random.Random(7)
    kills = 0
    while kills < 4:
        process = start(killed, log)
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(chance.uniform(0.5, 2.5))
        process.kill()
        kills += 1
        process.wait()
    load([log], killed)
    starts = {str(log): 0}
    assert rows_without_keys(killed, starts) == rows_without_keys(undisturbed, starts)


def test_every_good_file_is_loaded_and_every_bad_one_told_at_the_end(tmp_path):
    (tmp_path / "a.log").write_text(LINE)
    (tmp_path / "b.log.gz").write_bytes(gzip.compress(LINE.encode() * 9)[:-30])
    (tmp_path / "c.log").write_bytes(bytes(range(256)) * 50)
    (tmp_path / "d.log").write_text(LINE.replace("2101", "2102"))
    (tmp_path / "e").mkdir()
    (tmp_path / "f.log").write_text("root:x:0:0:root:/root:/bin/bash\nmail:x:8:8::/:/bin/sh\n")
    (tmp_path / "g.log").write_text(LINE.replace("2101", "2103"))
    names = ["a.log", "b.log.gz", "nowhere.log", "c.log", "d.log", "e", "f.log", "g.log"]
    out, err = mailsql("load", *names, cwd=tmp_path, code=3)
    assert [line for line in out.splitlines() if ".log" in line] == [
        "a.log: 1 lines",
        "d.log: 1 lines",
        "g.log: 1 lines",
    ]
    told = [line.split(": ")[1] for line in err.splitlines() if line.startswith("mailsql: ")]
    assert sorted(told) == ["b.log.gz", "c.log", "e", "f.log", "nowhere.log"]
    assert len([line for line in err.splitlines() if line.startswith("try: ")]) == 5
    mailsql("check", cwd=tmp_path)


def test_a_part_of_which_nothing_can_be_read_dates_no_other_and_stops_none(tmp_path):
    older, part = tmp_path / "mail.log.3", tmp_path / "mail.log.2.gz"
    older.write_bytes(TEXT)
    part.write_bytes(gzip.compress(TEXT)[:10])
    for path in (older, part):
        os.utime(path, (NOW.timestamp(), NOW.timestamp()))
    database = tmp_path / "mail.duckdb"
    faults = [loaded.fault for loaded in load([older, part], database)]
    assert faults[0] is None
    assert "damaged gzip file" in str(faults[1])
    assert loaded_text(database) == TEXT


def test_text_that_is_no_log_is_refused_unless_asked_for(tmp_path):
    (tmp_path / "passwd").write_text("root:x:0:0:root:/root:/bin/bash\n" + "x" * 200 + "\n")
    _, err = mailsql("load", "passwd", cwd=tmp_path, code=3)
    assert err.startswith("mailsql: passwd: no line begins as in a log that mailsql knows; the ")
    assert "first is: root:x:0:0:root:/root:/bin/bash\n" in err
    assert "syslog (BSD, RFC 3339), RFC 5424" in err
    _, err = mailsql("load", "-", cwd=tmp_path, stdin=b"\x1b[31m" + b"y" * 999 + b"\n", code=3)
    assert "the first is: \\x1b[31myyyy" in err
    assert "y" * 80 not in err
    counted = ["query", "select count(*) as n from log_lines", "--format", "csv"]
    assert mailsql(*counted, cwd=tmp_path)[0] == "n\n0\n"
    mailsql("load", "passwd", "--force", cwd=tmp_path)
    assert mailsql(*counted, cwd=tmp_path)[0] == "n\n2\n"


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"\n\n",
        b"-- No entries --\n",
        b"-- Logs begin at Mon 2026-02-02 --\nFeb  3 09:15:40 mx1 CRON[1]: (root) CMD (true)\n",
        b"@4000000065be0b3424a3b5c4 x\n",
        b"something torn\n" + LINE.encode(),
    ],
)
def test_a_silent_or_strange_standard_input_is_no_fault(tmp_path, text):
    mailsql("load", "-", cwd=tmp_path, stdin=text)


def test_an_interrupt_ends_a_load_whose_input_is_silent(tmp_path):
    silent, writer = os.pipe()
    process = subprocess.Popen(
        [sys.executable, "-c", "from mailsql.cli import main; main()", "load", "-"],
        cwd=tmp_path,
        stdin=silent,
        stderr=subprocess.PIPE,
        text=True,
    )
    os.write(writer, LINE.encode() * 900)
    deadline = time.monotonic() + 60
    while not (tmp_path / "mail.duckdb").exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    time.sleep(1.5)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    os.close(writer)
    assert process.returncode == 130
    assert err.startswith("mailsql: interrupted")


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_nothing_of_a_log_stays_in_the_temporary_folder(tmp_path, how):
    log, folder = tmp_path / "mail.log", tmp_path / "temporary"
    folder.mkdir()
    log.write_text("".join(line + "\n" for line in generate(30_000, seed=3)))
    command = [sys.executable, "-c", "from mailsql.cli import main; main()", "load", str(log)]
    process = subprocess.Popen(
        command, cwd=tmp_path, env=os.environ | {"TMPDIR": str(folder)}, stdout=subprocess.DEVNULL
    )
    while not (tmp_path / "mail.duckdb").exists():
        time.sleep(0.05)
    time.sleep(0.8)
    assert list(folder.iterdir()) == []
    process.send_signal(how)
    assert process.wait() == -how
    assert list(folder.iterdir()) == []


def test_a_database_of_somebody_else_cannot_make_a_load_read_files(tmp_path):
    secret = tmp_path / "secret.csv"
    secret.write_text("line_key,kind,line\n1,spied,secret\n")
    (tmp_path / "mail.log").write_text(LINE)
    mailsql("load", "mail.log", cwd=tmp_path)
    with duckdb.connect(str(tmp_path / "mail.duckdb")) as connection:
        connection.execute(
            "create or replace view log_lines as select 1::bigint as line_key, content as line, "
            f"'spied' as kind from read_text('{secret}')"
        )
    (tmp_path / "mail.log").write_text(LINE * 3)
    done = subprocess.run(
        [sys.executable, "-c", "from mailsql.cli import main; main()", "load", "mail.log"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode != 0
    assert "file system operations are disabled" in done.stderr
    assert "secret\n" not in done.stdout


def test_a_refused_log_leaves_nothing_in_the_batches_of_the_next(tmp_path):
    (tmp_path / "a.log").write_bytes(b"no line of a log\n" * 400_000)
    (tmp_path / "b.log").write_bytes(TEXT)
    database = tmp_path / "mail.duckdb"
    paths = [tmp_path / "a.log", tmp_path / "b.log"]
    loaded = load(paths, database, batch_bytes=2_000_000)
    assert [(source.line_count, source.fault is None) for source in loaded] == [
        (0, False),
        (600, True),
    ]
    assert loaded_text(database) == TEXT

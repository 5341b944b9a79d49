"""Any bytes have one text, and the text leads back to them."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailsql.encoding import decode_text, encode_text

pytestmark = pytest.mark.newest

ROOT = Path(__file__).parent.parent
SAMPLES = [
    path
    for folder in ("sample_logs", "tests/lines", "tests/scenarios", "tests/formats")
    for path in sorted((ROOT / folder).rglob("*"))
    if path.is_file()
]
# What the rules are about is frequent in these
BYTES = st.lists(
    st.one_of(
        st.sampled_from(
            [
                b"\\",
                b"\\\\",
                b"x",
                b"\\x",
                b"\\x07",
                b"\x07",
                b"\r",
                b"\xc2\x85",
                b"\xc2",
                b"a",
                b"0f",
            ]
        ),
        st.binary(max_size=4),
        st.text(max_size=3).map(lambda text: text.encode("utf-8", "surrogatepass")),
    ),
    max_size=30,
).map(b"".join)


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"caf\xc3\xa9\tC:\\new\\", "café\tC:\\new\\"),
        (b"\x00\x1b\x7f\r", r"\x00\x1b\x7f\x0d"),
        (b"\xff\xe3\x81", r"\xff\xe3\x81"),
        (b"\xc2\x85", r"\xc2\x85"),
        (rb"\x07", r"\\x07"),
        (rb"\\x07 \y \\z", r"\\\\x07 \y \\z"),
        (b"\\\x07", r"\\\x07"),
        (b"\\\\\xff\\x", r"\\\\\xff\\x"),
        (b"\xed\xa0\x80", r"\xed\xa0\x80"),
        (b"x\x01x\\x", r"x\x01x\\x"),
    ],
)
def test_the_text_is_as_it_is_said_to_be(data, text):
    assert encode_text(data).decode() == text
    assert decode_text(text.encode()) == data


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: str(path.relative_to(ROOT)))
def test_samples_come_back(path):
    data = path.read_bytes()
    assert decode_text(encode_text(data)) == data


@given(BYTES)
def test_any_bytes_come_back(data):
    text = encode_text(data)
    assert decode_text(text) == data
    shown = text.decode().replace("\t", "").replace("\n", "")
    assert not any(ord(character) < 32 or 127 <= ord(character) < 160 for character in shown)


def test_every_byte_and_pair_of_bytes_comes_back():
    pairs = [bytes([one, two]) for one in range(256) for two in range(256)]
    for data in [b"\n".join(pairs), b"\\".join(pairs), b"\\x".join(pairs)]:
        assert decode_text(encode_text(data)) == data


def test_a_million_backslashes_are_no_trouble():
    for end in (b"", b"x", b"\x07", b"y\xff"):
        data = b"\\" * 1_000_000 + end
        assert decode_text(encode_text(data)) == data

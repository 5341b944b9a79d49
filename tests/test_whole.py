"""A page is written whole, or the one before stays."""

import errno
import os

import pytest

from mailsql.errors import RoomError
from mailsql.output import write
from mailsql.whole import write_whole

pytestmark = pytest.mark.newest


def test_a_file_is_replaced_and_keeps_its_mode_and_its_link(tmp_path):
    page, link = tmp_path / "page.html", tmp_path / "today.html"
    page.write_text("yesterday")
    page.chmod(0o644)
    link.symlink_to(page.name)
    with page.open() as reader:
        write("今日", link)
        assert reader.read() == "yesterday"
    assert page.read_text(encoding="utf-8") == "今日"
    assert link.is_symlink()
    assert page.stat().st_mode & 0o777 == 0o644
    assert sorted(tmp_path.iterdir()) == [page, link]


def test_a_new_file_gets_the_mode_asked_for(tmp_path):
    write("page", tmp_path / "page.html", 0o640)
    assert (tmp_path / "page.html").stat().st_mode & 0o777 == 0o640


def test_a_full_disk_leaves_the_file_before(tmp_path, monkeypatch):
    page = tmp_path / "page.html"
    page.write_text("yesterday")

    def full(handle):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(RoomError, match=r"page\.html: no room on the disk"):
        write("today", page)
    assert page.read_text() == "yesterday"
    assert [*tmp_path.iterdir()] == [page]


def test_what_is_no_regular_file_is_written_in_place(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    assert not write_whole("page", pipe, 0o600)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        write("page", pipe)
        assert os.read(reader, 100) == b"page"
    finally:
        os.close(reader)

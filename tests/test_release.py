"""All that names the version names the same one."""

import shutil

import pytest

from tests.release import ROOT, faults, places, unreleased

pytestmark = pytest.mark.newest


def test_one_version_is_named_everywhere():
    found = places(ROOT)
    assert len(found) == 5
    assert faults(found) == []


@pytest.fixture
def tree(tmp_path):
    for name in ("pyproject.toml", "CHANGELOG.md", "docs/mailsql.1", "packaging/debian/changelog"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("CHANGELOG.md", "## ", "## 7.8.9, unreleased\n\n## "),
        ("docs/mailsql.1", '"mailsql ', '"mailsql 7.8.9'),
        ("packaging/debian/changelog", "mailsql (", "mailsql (7.8.9"),
    ],
)
def test_another_version_is_told(tree, name, before, after):
    place = tree / name
    place.write_text(place.read_text().replace(before, after, 1))
    (fault,) = faults(places(tree))
    assert fault.startswith(f"{name} says 7.8.9")


def test_a_place_without_a_version_is_told(tree):
    (tree / "CHANGELOG.md").write_text("# Changelog\n")
    with pytest.raises(ValueError, match=r"CHANGELOG\.md names no version"):
        places(tree)


def test_what_is_not_released_is_told(tree):
    (tree / "CHANGELOG.md").write_text("## 0.1.0, unreleased\n")
    (tree / "packaging/debian/changelog").write_text("mailsql (0.1.0-1) unstable; urgency=low\n")
    assert unreleased(places(tree)) == ["CHANGELOG.md says unreleased"]
    (tree / "CHANGELOG.md").write_text("## 0.1.0, 2026-12-01\n")
    assert unreleased(places(tree)) == []

"""A wheel holds the files of the tree, all of them, and none that only an earlier one held."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.newest

ROOT = Path(__file__).parent.parent


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of what a wheel is made of."""
    copied = tmp_path / "tree"
    for name in ("loader", "sql"):
        shutil.copytree(ROOT / name, copied / name, ignore=shutil.ignore_patterns("__pycache__"))
    (copied / "docs").mkdir()
    shutil.copy(ROOT / "docs" / "mailsql.1", copied / "docs")
    for name in ("pyproject.toml", "setup.py", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, copied)
    return copied


def build_wheel(source: Path, directory: Path) -> set[str]:
    """Build a wheel and return the names of the files in it."""
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    options = ["--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", str(directory)]
    subprocess.run([*pip, "wheel", *options, str(source)], check=True, capture_output=True)
    (wheel,) = directory.glob("*.whl")
    with zipfile.ZipFile(wheel) as opened:
        return set(opened.namelist())


def expected_files(tree: Path) -> set[str]:
    """Names that the files of the tree have in a wheel."""
    return {
        f"{package}/{path.relative_to(tree / folder)}"
        for folder, package in (("loader", "mailsql"), ("sql", "mailsql/sql"))
        for path in (tree / folder).rglob("*")
        if path.is_file()
    }


def test_a_wheel_holds_the_files_of_the_tree_whatever_was_built_before(tree, tmp_path):
    packed = build_wheel(tree, tmp_path / "first")
    assert {name for name in packed if name.startswith("mailsql/")} == expected_files(tree)
    assert any(name.endswith("/licenses/LICENSE") for name in packed)
    assert any(name.endswith(".data/data/share/man/man1/mailsql.1") for name in packed)
    assert {"mailsql/py.typed", "mailsql/sql/forms/postfix/smtpd.toml"} <= packed

    deleted = [tree / "sql" / "reports" / "traffic_per_day.sql", tree / "loader" / "trace.py"]
    for path in deleted:
        path.unlink()
    (tree / "sql" / "reports" / "another.sql").write_text("-- One row\nselect 1\n")
    again = build_wheel(tree, tmp_path / "second")
    assert {name for name in again if name.startswith("mailsql/")} == expected_files(tree)


def test_a_wheel_of_a_source_distribution_is_the_same(tree, tmp_path):
    expected = build_wheel(tree, tmp_path / "wheel")
    code = "import sys; from setuptools.build_meta import build_sdist; build_sdist(sys.argv[1])"
    source = tree
    for number in range(2):
        place = tmp_path / f"source{number}"
        place.mkdir()
        command = [sys.executable, "-c", code, str(place)]
        subprocess.run(command, cwd=source, check=True, capture_output=True)
        (archive,) = place.glob("*.tar.gz")
        shutil.unpack_archive(archive, place)
        (source,) = (path for path in place.iterdir() if path.is_dir())
    assert build_wheel(source, tmp_path / "wheel_of_source") == expected

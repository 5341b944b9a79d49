"""What pyproject.toml cannot say: a build begins empty.

Setuptools packs everything that an earlier build left in build/lib, files deleted since then too.
"""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py


class BuildFromNothing(build_py):
    """Copies the packages into an empty folder."""

    def run(self) -> None:
        """Empty the folder, then fill it; an editable install has none."""
        if not self.editable_mode and Path(self.build_lib).exists():
            shutil.rmtree(self.build_lib)
        super().run()


setup(cmdclass={"build_py": BuildFromNothing})

"""Contract 5: whatever becomes of a line, it loads, and no step fails on it."""

import pytest

from tests.fuzz import changed_lines, faults

pytestmark = pytest.mark.newest


@pytest.mark.long
def test_changed_lines_load_and_are_all_accounted_for():
    assert faults(changed_lines(20_000, seed=1)) == []

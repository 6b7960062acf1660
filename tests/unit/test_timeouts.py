"""The time limits of a request: nested, and all of them in the documents."""

import dataclasses
import re

import pytest

from nestmap.timeouts import TIMEOUTS, Timeouts
from tests.support.instance import ROOT


def test_each_limit_is_shorter_than_the_limit_that_contains_it():
    assert Timeouts(total=4.0).total == 4.0
    with pytest.raises(ValueError, match="total must be shorter than request"):
        Timeouts(total=4.5)
    with pytest.raises(ValueError, match="statement and grace together"):
        Timeouts(grace=2.0)


def test_the_table_in_the_documents_has_these_limits():
    text = (ROOT / "docs" / "architecture.md").read_text()
    table = {
        name: float(value) for name, value in re.findall(r"(?m)^\| `(\w+)` \| ([\d.]+) \|", text)
    }
    assert table == dataclasses.asdict(TIMEOUTS)

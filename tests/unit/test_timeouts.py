"""The time limits of a request are nested."""

import pytest

from nestmap.timeouts import Timeouts


def test_each_limit_is_shorter_than_the_limit_that_contains_it():
    assert Timeouts(total=4.0).total == 4.0
    with pytest.raises(ValueError, match="total must be shorter than request"):
        Timeouts(total=4.5)
    with pytest.raises(ValueError, match="statement and grace together"):
        Timeouts(grace=2.0)

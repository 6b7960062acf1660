import pytest

from nestmap.database import shares


def test_connections_are_divided_by_weight():
    assert shares(20, 2, 2, 1) == [8, 8, 4]


@pytest.mark.parametrize("total", range(3, 40))
def test_all_connections_are_given_away_and_each_pool_has_one(total):
    given = shares(total, 4, 2, 1)
    assert sum(given) == total
    assert min(given) >= 1
    assert given == sorted(given, reverse=True)


def test_too_few_connections_are_refused():
    with pytest.raises(ValueError, match="at least 3"):
        shares(2, 1, 1, 1)

"""The limit of new sessions of visitors from one network."""

from nestmap.accounts import NewSessions
from nestmap.accounts.new_sessions import NETWORKS
from nestmap.database import Database, Hosts


def limit(most: int) -> NewSessions:
    """Return a limit before its first exchange with other processes."""
    return NewSessions(Database(Hosts("postgresql://localhost/nowhere")), str, most)


def test_a_burst_is_let_through_and_then_so_many_a_minute():
    new_sessions = limit(60)
    assert [new_sessions.take("a", now=0) for _ in range(61)] == [True] * 60 + [False]
    assert new_sessions.take("b", now=0)
    assert [new_sessions.take("a", now=1) for _ in range(2)] == [True, False]


def test_a_bounded_number_of_networks_is_remembered():
    new_sessions = limit(1)
    for number in range(NETWORKS + 1):
        new_sessions.take(str(number), now=0)
    assert not new_sessions.take(str(NETWORKS), now=0)
    assert new_sessions.take("0", now=0)

"""The limits of one Database."""

from dataclasses import dataclass

from nestmap.timeouts import TIMEOUTS


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of one Database: ``statement``, ``lock``, ``total`` and ``idle`` in seconds.

    ``statement`` and ``lock`` are PostgreSQL's; with a ``lock`` of 0 a statement may wait for a lock
    as long as it may run. ``total`` is for a statement with all that it needs, ``idle`` for a
    transaction that waits for its client. ``connections`` is the most that are open at once,
    ``waiting`` the most callers that wait for one.
    """

    statement: float = TIMEOUTS.statement
    lock: float = 0.0
    total: float = TIMEOUTS.total
    idle: float = TIMEOUTS.total
    connections: int = 4
    waiting: int = 200

    def statement_within(self, seconds: float) -> float:
        """Return how long the server may work on a statement that has ``seconds`` left.

        The server must be the first to give up: a client that gives up leaves it running.
        """
        return min(self.statement, max(seconds - TIMEOUTS.grace, seconds / 2))

"""The limits of one Database."""

from dataclasses import dataclass

from nestmap.timeouts import TIMEOUTS


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of one Database: ``statement``, ``lock``, ``total`` and ``idle`` in seconds.

    PostgreSQL applies ``statement`` and ``lock``; with a ``lock`` of 0, a statement may wait for a lock
    as long as it may run. ``total`` is for a statement including its connection, ``idle`` for a
    transaction that waits for its client. ``connections`` is the highest number of open connections,
    ``waiting`` the highest number of callers that wait for one.
    """

    statement: float = TIMEOUTS.statement
    lock: float = 0.0
    total: float = TIMEOUTS.total
    idle: float = TIMEOUTS.total
    connections: int = 4
    waiting: int = 200

    def statement_within(self, seconds: float) -> float:
        """Return how long the server may run a statement that has ``seconds`` left.

        The server must give up first: if the client gives up, the statement continues.
        """
        return min(self.statement, max(seconds - TIMEOUTS.grace, seconds / 2))

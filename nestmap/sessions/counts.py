"""Counters of the work of the session layer, for monitoring."""

from collections import Counter

from nestmap.measures import Distribution

SIZES = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0)


class BatchFigures:
    """The batches of one statement since the start of the process; times are seconds.

    ``waits`` has one value per batch: how long its first item waited before the statement was sent.
    ``failures`` counts the items that got an exception, by class.
    """

    __slots__ = ("durations", "failures", "name", "sizes", "waits")

    def __init__(self, name: str) -> None:
        self.name = name
        self.sizes = Distribution(SIZES)
        self.waits = Distribution()
        self.durations = Distribution()
        self.failures: Counter[type[Exception]] = Counter()

    def sent(self, items: int, waited: float) -> None:
        """Count a batch before it is sent."""
        self.sizes.add(items)
        self.waits.add(waited)


class AnswerFigures:
    """Counters of the responses of requests with sessions.

    ``held`` responses waited for a commit. ``failed`` ones were replaced, or never made, because the
    session could not be loaded or committed; they are counted by the code of their Failure.
    """

    __slots__ = ("failed", "held")

    def __init__(self) -> None:
        self.held = 0
        self.failed: Counter[str] = Counter()

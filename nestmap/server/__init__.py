"""An HTTP server for Tornado applications, and the start and stop of the site's processes."""

from nestmap.server.application import SiteApplication, make_app
from nestmap.server.event_loop import run
from nestmap.server.http_server import HTTPServer
from nestmap.server.listening import ListenError, Sockets, addresses, listen
from nestmap.server.reloading import Reloader, start_again
from nestmap.server.serving import serve
from nestmap.server.signals import stop_on_signals
from nestmap.server.sizes import MAX_BODY
from nestmap.server.supervisor import Chores, reap_orphans, run_workers
from nestmap.server.worker import Heartbeat

__all__ = [
    "MAX_BODY",
    "Chores",
    "HTTPServer",
    "Heartbeat",
    "ListenError",
    "Reloader",
    "SiteApplication",
    "Sockets",
    "addresses",
    "listen",
    "make_app",
    "reap_orphans",
    "run",
    "run_workers",
    "serve",
    "start_again",
    "stop_on_signals",
]

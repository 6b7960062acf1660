"""An HTTP server for Tornado applications; it imports nothing else of this project.

To read it, follow a request: ``http_server`` accepts a connection, ``connection`` is its socket,
``reader`` reads requests (``head``, ``body``), ``exchange`` writes the response (``render``).
``connections`` has the deadlines of all connections, ``limits`` and ``descriptors`` the bounds.
"""

from nestmap.server.descriptors import raise_limit
from nestmap.server.event_loop import run
from nestmap.server.http_server import HTTPServer

__all__ = ["HTTPServer", "raise_limit", "run"]

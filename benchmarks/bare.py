"""A minimal Tornado application: PORT=8080 python -m benchmarks.bare nestmap|tornado."""

import asyncio
import os
import sys

from tornado.httpserver import HTTPServer as TornadoServer
from tornado.web import Application, RequestHandler

from nestmap.server import HTTPServer, run


class Bare(RequestHandler):
    def get(self) -> None:
        self.write("ok")


async def main() -> None:
    kind = HTTPServer if sys.argv[1] == "nestmap" else TornadoServer
    application = Application([("/livez", Bare)], log_function=lambda _: None)
    kind(application).listen(int(os.environ["PORT"]), "127.0.0.1")
    await asyncio.Event().wait()


if __name__ == "__main__":
    run(main(), "uvloop")

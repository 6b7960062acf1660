"""A site with the session layer that counts the requests of each visitor.

DATABASE_URL=postgresql://localhost/mysite SECRET=... PORT=8888 python counter.py
"""

import asyncio
import os

from tornado.web import Application

from nestmap.sessions import SessionHandler, Sessions


class Hits(SessionHandler):
    def get(self) -> None:
        self.session["hits"] = self.session.get("hits", 0) + 1
        self.write({"hits": self.session["hits"]})


async def main() -> None:
    sessions = Sessions(os.environ["DATABASE_URL"], secret=os.environ["SECRET"])
    await sessions.open()
    Application([("/", Hits)], sessions=sessions).listen(int(os.environ["PORT"]), "127.0.0.1")
    try:
        await asyncio.Event().wait()
    finally:
        await sessions.close(10)


if __name__ == "__main__":
    asyncio.run(main())

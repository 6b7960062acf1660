"""A site with its own users: UUIDs in a table ``people``, sessions in ``web_sessions``.

    DATABASE_URL=postgresql://localhost/mysite SECRET=... PORT=8888 python own_users.py

The site must have made its table ``people(id uuid, name text, active boolean)`` before.
"""

import asyncio
import os

from tornado.web import Application, HTTPError

from nestmap.sessions import SessionHandler, Sessions

# :user_id is text. A person who is not active is not found, so their sessions are over at once.
PERSON = "select id, name from people where id = :user_id::uuid and active"


class Hits(SessionHandler):
    def get(self) -> None:
        person = self.current_user and self.current_user["name"]
        self.write({"hits": self.session.get("hits", 0), "person": person})

    def post(self) -> None:
        self.session["hits"] = self.session.get("hits", 0) + 1
        self.get()


class SignIn(SessionHandler):
    def post(self) -> None:
        # A real site asks for a password here.
        person = self.get_body_argument("id", "")
        if not person:
            raise HTTPError(400)
        self.session.sign_in(person)


class SignOut(SessionHandler):
    def post(self) -> None:
        self.session.sign_out()


async def main() -> None:
    sessions = Sessions(
        os.environ["DATABASE_URL"],
        secret=os.environ["SECRET"],
        table="web_sessions",
        user_query=PERSON,
        load_user=dict,
    )
    await sessions.open()
    routes = [("/", Hits), ("/sign-in", SignIn), ("/sign-out", SignOut)]
    Application(routes, sessions=sessions).listen(int(os.environ["PORT"]), "127.0.0.1")
    try:
        await asyncio.Event().wait()
    finally:
        await sessions.close(10)


if __name__ == "__main__":
    asyncio.run(main())

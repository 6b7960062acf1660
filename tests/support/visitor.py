"""A visitor of the site: stores cookies as a browser does and does not follow redirects."""

import http.client
import itertools
import json
import os
import re
import select
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

from tests.support.cookies import Jar, SetCookie

COOKIE = "nestmap.sid"
PASSWORD = "correct horse battery staple"

_numbers = itertools.count(1)


def new_email() -> str:
    """Return an email address that is not used yet."""
    return f"visitor-{os.getpid()}-{next(_numbers)}@example.org"


@dataclass(frozen=True)
class Answer:
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def json(self) -> Any:
        assert self.headers.get_content_type() == "application/json", self.text
        return json.loads(self.body)

    @property
    def error(self) -> str:
        """The code of an error of the API; the shape of the error is checked."""
        assert set(self.json) == {"error"}, self.text
        assert set(self.json["error"]) == {"code", "message"}, self.text
        assert self.json["error"]["message"]
        return self.json["error"]["code"]

    @property
    def location(self) -> str:
        return self.headers["Location"]

    @property
    def cookies(self) -> list[SetCookie]:
        return [SetCookie.parse(header) for header in self.headers.get_all("Set-Cookie", [])]

    def cookie(self, name: str) -> SetCookie:
        """Return the one Set-Cookie of this name."""
        (cookie,) = [cookie for cookie in self.cookies if cookie.name == name]
        return cookie


class Sent:
    """A request that was sent; `answer()` waits for its response."""

    def __init__(self, connection: http.client.HTTPConnection, visitor: "Visitor") -> None:
        self._connection = connection
        self._visitor = visitor

    def answer(self) -> Answer:
        try:
            response = self._connection.getresponse()
            answer = Answer(response.status, response.msg, response.read())
        finally:
            self._connection.close()
        self._visitor.read(answer)
        return answer

    def answered(self) -> bool:
        """Return True if the response has begun to come."""
        return bool(select.select([self._connection.sock], [], [], 0)[0])

    def leave(self) -> None:
        """Close the connection without waiting for the response."""
        self._connection.close()


class Visitor:
    """One browser, which uses one instance or several with the same cookies.

    `https=True`: as behind a proxy that ended TLS and sends X-Forwarded-Proto.
    """

    def __init__(self, *urls: str, https: bool = False) -> None:
        self.urls = urls
        self.https = https
        self.jar = Jar()
        self.email = new_email()

    # The browser

    def send(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        form: dict[str, str] | None = None,
        body: bytes | str | None = None,
        headers: dict[str, str] | None = None,
        at: int = 0,
    ) -> Sent:
        """Send a request to instance number `at` and return before it is answered."""
        headers = self._headers() | (headers or {})
        if json is not None:
            body, kind = _dumps(json), "application/json"
            headers = {"Content-Type": kind} | headers
        if form is not None and path.startswith(("/account", "/admin", "/confirm")):
            form = self.form_fields(at=at) | form
        if form is not None:
            body, kind = urlencode(form), "application/x-www-form-urlencoded"
            headers = {"Content-Type": kind, "Sec-Fetch-Site": "same-origin"} | headers
        connection = http.client.HTTPConnection(urlsplit(self.urls[at]).netloc, timeout=30)
        try:
            connection.request(method, path, body=body, headers=headers)
        except BaseException:
            connection.close()
            raise
        return Sent(connection, self)

    def request(self, method: str, path: str, **options: Any) -> Answer:
        return self.send(method, path, **options).answer()

    def get(self, path: str, **options: Any) -> Answer:
        return self.request("GET", path, **options)

    def post(self, path: str, **options: Any) -> Answer:
        return self.request("POST", path, **options)

    def read(self, answer: Answer) -> None:
        """Store the cookies of a response."""
        for cookie in answer.cookies:
            self.jar.take(cookie, https=self.https)

    def form_fields(self, at: int = 0) -> dict[str, str]:
        """Return the hidden fields of every form on the pages of this visitor."""
        page = self.get("/", at=at).text
        return dict(
            re.findall(r'<input type="hidden" name="(_session|_form)" value="(\w+)">', page)
        )

    @property
    def cookie(self) -> str | None:
        return self.jar.get(COOKIE)

    def twin(self) -> "Visitor":
        """Return another visitor with a copy of these cookies, as a thief has it."""
        twin = Visitor(*self.urls, https=self.https)
        twin.jar._cookies = dict(self.jar._cookies)  # noqa: SLF001
        twin.email = self.email
        return twin

    # Actions on the site

    def register(self, *, password: str = PASSWORD, **options: Any) -> Answer:
        return self.post("/api/auth/register", json=self._credentials(password), **options)

    def sign_in(self, *, password: str = PASSWORD, **options: Any) -> Answer:
        return self.post("/api/auth/login", json=self._credentials(password), **options)

    def sign_out(self, **options: Any) -> Answer:
        return self.post("/api/auth/logout", **options)

    def session(self, **options: Any) -> Any:
        answer = self.get("/api/auth/session", **options)
        assert answer.status == 200, answer.text
        return answer.json

    def signed_in(self, **options: Any) -> bool:
        return self.session(**options)["authenticated"]

    def put_place(self, place: str, name: str = "A place", **options: Any) -> Answer:
        return self.send_place(place, name, **options).answer()

    def send_place(self, place: str, name: str = "A place", **options: Any) -> Sent:
        return self.send("PUT", f"/api/places/{place}", json={"name": name}, **options)

    def delete_place(self, place: str, **options: Any) -> Answer:
        return self.request("DELETE", f"/api/places/{place}", **options)

    def places(self, **options: Any) -> list[Any]:
        answer = self.get("/api/places", **options)
        assert answer.status == 200, answer.text
        return answer.json["places"]

    def place_ids(self, **options: Any) -> list[str]:
        return [place["id"] for place in self.places(**options)]

    def _credentials(self, password: str) -> dict[str, str]:
        return {"email": self.email, "password": password}

    def _headers(self) -> dict[str, str]:
        headers = {"X-Forwarded-Proto": "https"} if self.https else {}
        cookies = self.jar.header(https=self.https)
        return headers | ({"Cookie": cookies} if cookies else {})


_dumps = json.dumps

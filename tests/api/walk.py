"""Sends each operation of the API in each situation."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from tests.api import document
from tests.api.document import Outcome
from tests.support.visitor import PASSWORD, Answer, Visitor, new_email

NEW_PASSWORD = "staple battery horse correct"
NO_SESSION = "0123456789abcdef"

# The body for each operation with one. Those that end or begin a session are last.
BODIES: dict[str, Any] = {
    "PUT /api/places/{id}": {"name": "Oslo"},
    "PATCH /api/admin/users/{id}": {"role": "user"},
    "POST /api/auth/confirm": {"password": PASSWORD},
    "POST /api/auth/login": {"email": "nobody@example.org", "password": PASSWORD},
    "POST /api/auth/register": {"email": "", "password": PASSWORD},
    "POST /api/auth/password": {"current_password": PASSWORD, "new_password": NEW_PASSWORD},
    "DELETE /api/account": {"password": PASSWORD},
}
LAST = (
    "POST /api/auth/register",
    "POST /api/auth/login",
    "DELETE /api/account",
    "POST /api/auth/password",
    "POST /api/auth/logout",
)
IDS = {
    "PUT /api/places/{id}": "oslo",
    "DELETE /api/places/{id}": "nowhere",
    "PATCH /api/admin/users/{id}": "999999999",
}
QUERIES = {"DELETE /api/account/sessions": "?others=true"}


def in_order(names: Iterable[str]) -> list[str]:
    """Return the operations, with those that end a session last."""
    return sorted(names, key=lambda name: (LAST.index(name) + 1) if name in LAST else 0)


class Walk:
    """Sends requests, checks each response against the document, and records the outcomes."""

    def __init__(self) -> None:
        self.seen: dict[str, set[Outcome]] = defaultdict(set)

    def ask(
        self, visitor: Visitor, name: str, *, query: str | None = None, **options: Any
    ) -> Answer:
        """Send the default request of an operation, changed by `options`."""
        method, template = name.split()
        path = template.replace("{id}", str(options.pop("id", IDS.get(name, NO_SESSION))))
        path += QUERIES.get(name, "") if query is None else query
        has_body = "requestBody" in document.described(name)
        assert has_body == (name in BODIES), f"BODIES in tests/api/walk.py must have {name}"
        if has_body and "body" not in options:
            options.setdefault("json", BODIES[name])
        answer = visitor.request(method, path, **options)
        self.seen[name].add(document.of(name, answer))
        return answer

    def everywhere(
        self, visitor: Visitor, outcome: Outcome, only: Iterable[str] | None = None, **options: Any
    ) -> None:
        """Send all operations (or `only` these), and check the outcome of those that list it."""
        for name in in_order(document.operations() if only is None else only):
            answer = self.ask(visitor, name, **options)
            if outcome in document.listed(name):
                assert document.of(name, answer) == outcome, f"{name}: {answer.text}"
            if answer.status == 201 and name == "POST /api/auth/register":
                raise AssertionError("the walk has registered")


def registered(url: str, **options: Any) -> Visitor:
    """Return a visitor with a new account."""
    visitor = Visitor(url)
    assert visitor.register(**options).status == 201
    return visitor


def credentials(**changed: Any) -> dict[str, Any]:
    return {"email": new_email(), "password": PASSWORD} | changed

"""The site's SQL for one user, which runs in the load of each session."""

import re
from collections.abc import Mapping
from typing import Any

import orjson

from nestmap.sessions.options import LoadUser
from nestmap.sessions.records import Lapsed

USER_ID = re.compile(r"(?<!:):user_id\b")


class UserQueryError(Exception):
    """The site's user_query returned two rows for one user id."""


class UserQuery:
    """Inserts the site's query into the statement that loads sessions, and makes users from its rows.

    Without a query, the user is the user id.
    """

    def __init__(self, query: str | None, load_user: LoadUser | None) -> None:
        self._query = query.strip().rstrip(";") if query else None
        self._load_user = load_user

    def put_into(self, statements: Mapping[str, str]) -> dict[str, str]:
        """Return the statements with the query instead of {user_row} and {user_join}."""
        row, join = "null::text", ""
        if self._query:
            # The site's query must not use this alias: :user_id becomes a column of the session.
            of_session = USER_ID.sub("nestmap_session.id", self._query.replace("%", "%%"))
            row = "row_to_json(found_user)::text"
            join = (
                "cross join lateral (select s.user_id as id) as nestmap_session\n"
                f"left join lateral (\n{of_session}\n) as found_user on s.user_id is not null"
            )
        return {
            name: sql.replace("{user_row}", row).replace("{user_join}", join)
            for name, sql in statements.items()
        }

    def explanation(self) -> str | None:
        """Return the EXPLAIN statement for the query, or None without a query."""
        if self._query is None:
            return None
        # EXPLAIN does not evaluate a subquery, so no valid user id is needed.
        query = USER_ID.sub("(select ''::text)", self._query)
        # As in the load, it is a subquery: a statement that changes rows can't be one.
        part = f"select * from (\n{query}\n) as found_user"  # noqa: S608 (the site's own query)
        return f"set local enable_seqscan = off; explain (format json) {part}"

    def user(self, user_id: str | None, version: str | None, row: str | None) -> Any:
        """Return the user of a session, None without a sign-in, Lapsed if the session is no longer valid.

        ``version`` is the version of the credentials at the sign-in, ``row`` the row of the query as JSON.
        """
        if user_id is None:
            return None
        if self._query is None:
            return user_id
        if row is None:
            return Lapsed("account")
        found: dict[str, Any] = orjson.loads(row)
        if "version" in found and _text_of(found["version"]) != version:
            return Lapsed("version")
        return self._load_user(found) if self._load_user else user_id

    def two_rows(self) -> UserQueryError:
        """Return the error for a query with two rows for one user id."""
        return UserQueryError("user_query must return at most one row for a user id")


def _text_of(version: object) -> str | None:
    return None if version is None else str(version)

"""The options of the session layer: one frozen value, checked when it is made.

A cookie also has HttpOnly and its Max-Age: nestmap/sessions/cookie.py.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from nestmap.sessions.values import LONGEST_SECONDS

IDENTIFIER = r"[A-Za-z_][A-Za-z0-9_]{0,39}"
TABLE = re.compile(rf"(?:({IDENTIFIER})\.)?({IDENTIFIER})")
FUNCTION = re.compile(rf"{IDENTIFIER}\.{IDENTIFIER}")
COOKIE_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
# PostgreSQL cuts names off after 63 bytes; the longest that is made of the table's has 17 more.
LONGEST_PREFIX = 46
SAME_SITE = ("Strict", "Lax", "None")

LoadUser = Callable[[dict[str, Any]], Any]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class SessionOptions:
    """The settings of a site for its sessions. Raises ValueError with each invalid option."""

    # Signs the cookie; it should have 32 random characters or more.
    secret: str
    # Earlier secrets: their cookies are accepted, nothing new is signed with them.
    previous_secrets: tuple[str, ...] = ()
    # The session table, as "table" (in the schema public) or "schema.table".
    table: str = "session"
    # The name of the cookie; one that begins with __Host- needs secure, and no domain.
    cookie_name: str = "session"
    # The Domain attribute of the cookie; None: only the host that set it gets it back.
    domain: str | None = None
    # The Path attribute of the cookie.
    path: str = "/"
    # The SameSite attribute of the cookie: "Strict", "Lax" or "None" (which needs secure).
    same_site: str = "Strict"
    # Send the cookie over https only; requests over plain http are refused with 403.
    secure: bool = False
    # A session ends after this many seconds without a request. sign_in() may give one session another
    # lifetime.
    idle: int = 43200
    # A session ends this many seconds after its user last gave the password (a sign-in or confirm()), or
    # else after its creation.
    absolute: int = 604800
    # A session in use is renewed at most once in this many seconds, or in half of its idle lifetime if
    # that is shorter; 0: by each request.
    touch: int = 60
    # Expired sessions are deleted every this many seconds, with some jitter; 0: never.
    prune: int = 900
    # The sessions are counted every this many seconds, for figures and their history; 120 at most, 0:
    # never.
    sample: int = 60
    # The most bytes of JSON that one session may hold.
    max_bytes: int = 65536
    # SQL that selects one user, with :user_id (text) in it; it runs with every load.
    user_query: str | None = None
    # Makes the user from a row of user_query, a dict of its columns with JSON values.
    load_user: LoadUser | None = None
    # The site's SQL function "schema.function" that is called in the transaction of a sign-in.
    on_sign_in: str | None = None
    # What storing into a session that is gone does: "begin" or "refuse".
    lapsed: str = "begin"
    # Record an event for each sign-in and each end of a session.
    events: bool = False
    # Days for which events are kept; 30 is the least.
    events_keep_days: int = 400
    # The most sessions of one user; a sign-in ends the least recently used one. None: any number.
    sessions_per_user: int | None = None
    # The name of this program's connections in pg_stat_activity, if the connection string has none.
    application_name: str = "nestmap"
    # The most connections of this process for sessions; NestMap passes its share of DATABASE_CONNECTIONS.
    connections: int = 18

    def __post_init__(self) -> None:
        mistakes = [text for wrong, text in _rules(self) if wrong]
        if mistakes:
            raise ValueError("; ".join(mistakes))

    @property
    def names(self) -> Mapping[str, str]:
        """The values of the placeholders in the layer's SQL."""
        match = TABLE.fullmatch(self.table)
        assert match is not None, "checked when it was made"
        schema, name = match[1] or "public", match[2]
        return {
            "schema": f'"{schema}"',
            "name": name,
            "table": f'"{schema}"."{name}"',
            "prefix": name if schema == "public" else f"{schema}.{name}",
        }


# A rule: True if it is violated, and the remedy.
Rule = tuple[bool, str]


def _rules(options: SessionOptions) -> list[Rule]:
    """Return the rules of all options."""
    return [*_cookie_rules(options), *_number_rules(options), *_text_rules(options)]


def _cookie_rules(options: SessionOptions) -> list[Rule]:
    name, same_site = options.cookie_name, options.same_site
    host_only = options.domain is None and options.path == "/"
    return [
        (
            not COOKIE_NAME.fullmatch(name),
            "cookie_name has characters that a cookie's name can't have",
        ),
        (
            name.startswith(("__Host-", "__Secure-")) and not options.secure,
            "cookie_name with __Host- or __Secure- needs secure=True",
        ),
        (
            name.startswith("__Host-") and not host_only,
            "cookie_name with __Host- needs path='/' and no domain",
        ),
        (same_site not in SAME_SITE, f"same_site must be one of {', '.join(SAME_SITE)}"),
        (same_site == "None" and not options.secure, "same_site='None' needs secure=True"),
        (
            any(c in f"{options.domain}{options.path}" for c in ";, \r\n"),
            "domain or path is malformed",
        ),
        (not options.path.startswith("/"), "path must begin with /"),
    ]


def _number_rules(options: SessionOptions) -> list[Rule]:
    per_user = options.sessions_per_user
    return [
        (
            not _are_seconds(1, options.idle, options.absolute),
            "idle and absolute must be whole numbers of seconds, 1 or more",
        ),
        (not _are_seconds(0, options.touch), "touch must be a whole number of seconds, 0 or more"),
        (min(options.prune, options.sample) < 0, "prune and sample must be 0 or more"),
        (options.sample > 120, "sample must be 120 at most; a sample covers two minutes"),
        (per_user is not None and per_user < 1, "sessions_per_user must be 1 or more"),
        (options.events_keep_days < 30, "events_keep_days must be 30 or more"),
        (options.max_bytes < 1, "max_bytes must be 1 or more"),
        (options.connections < 4, "connections must be 4 or more"),
    ]


def _are_seconds(least: int, *numbers: object) -> bool:
    """Return True if PostgreSQL can store all as integers, from ``least`` on."""
    return all(type(number) is int and least <= number <= LONGEST_SECONDS for number in numbers)


def _text_rules(options: SessionOptions) -> list[Rule]:
    query, hook = options.user_query, options.on_sign_in
    return [
        (not options.secret, "secret must not be empty"),
        (not options.application_name, "application_name must not be empty"),
        (not TABLE.fullmatch(options.table), "table must be a name, or schema.table"),
        (
            len(options.table.removeprefix("public.")) > LONGEST_PREFIX,
            f"table with its schema must have {LONGEST_PREFIX} characters or less",
        ),
        (options.lapsed not in ("begin", "refuse"), "lapsed must be 'begin' or 'refuse'"),
        (query is not None and ":user_id" not in query, "user_query must have :user_id in it"),
        (
            options.load_user is not None and query is None,
            "load_user needs user_query, whose row it gets",
        ),
        (
            hook is not None and not FUNCTION.fullmatch(hook),
            "on_sign_in must be schema.function",
        ),
    ]

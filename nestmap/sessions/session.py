"""The session as a value: a mapping with verbs, and no I/O."""

from collections.abc import Iterator, MutableMapping
from typing import Any

from nestmap.sessions.records import Lapsed, Record
from nestmap.sessions.sid import new_sid
from nestmap.sessions.tracked import TrackedData
from nestmap.sessions.writes import Owner, Written


class Session(MutableMapping[str, Any]):
    """What a handler reads and changes as ``self.session``.

    Values are JSON: None, bool, int, float, str, list and dict with string keys. Changing a list or
    dict in place counts; assigning an equal value does not. The key "cookie" is reserved.

    ``stored`` is the row as it was loaded, or None. ``lapsed`` says why and when the session that the
    cookie names ended. ``user`` is who is signed in: what ``load_user`` made, else the user id.
    The other attributes are what this request wants; only the layer reads them.
    """

    def __init__(
        self,
        max_bytes: int,
        record: Record | None = None,
        *,
        lapsed: Lapsed | None = None,
        may_begin: bool = True,
        named: tuple[str, ...] = (),
    ) -> None:
        self.stored = record
        self.lapsed = lapsed
        self.user: Any = record.user if record else None
        self.named = named  # public ids of live sessions that the cookies name as well
        self.may_begin = may_begin or lapsed is None
        self.data = TrackedData(max_bytes, record.data if record else None)
        self.new_sid: str | None = None
        self.owner: Owner | None = None
        self.confirmed = False
        self.end_reason: str | None = None
        self._max_bytes = max_bytes

    @property
    def id(self) -> str | None:
        """The public id, None for a session that is not stored. A rotation does not change it."""
        return self.stored.id if self.stored else None

    @property
    def user_id(self) -> str | None:
        """The id of the user who is signed in, as text, or None."""
        if self.owner:
            return self.owner.user_id
        return self.stored.user_id if self.stored and not self.ended else None

    @property
    def authenticated_at(self) -> float | None:
        """When the user last proved who they are (seconds since the epoch), as this request began."""
        return self.stored.authenticated_at if self.stored else None

    @property
    def ended(self) -> bool:
        """True if this request ended the session."""
        return self.end_reason is not None

    def sign_in(
        self,
        user_id: object,
        version: object = None,
        user: Any = None,
        *,
        idle: int | None = None,
        absolute: int | None = None,
    ) -> None:
        """Make this the session of a user, under a new sid.

        A sid that was known before a sign-in must not be signed in after it (fixation). What a visitor
        stored stays; the data of another account goes. ``version`` is that of the user's credentials,
        if ``user_query`` returns one; ``user`` (default: the user id) counts for the rest of the
        request. ``idle`` and ``absolute`` are lifetimes of this session's own (seconds).
        """
        text = str(user_id)
        if self.user_id not in {None, text}:
            self.data = TrackedData(self._max_bytes, replaces=True)
        self.owner = Owner(text, None if version is None else str(version), idle, absolute)
        self.user = text if user is None else user
        self.rotate()

    def confirm(self) -> None:
        """Note that the user gave the password again: a new ``authenticated_at``, and a new sid."""
        self.confirmed = True
        self.rotate()

    def sign_out(self) -> None:
        """End the session: nothing of it is left after a sign-out."""
        self.end("signed out")

    def rotate(self) -> None:
        """Put the session under a new sid, because what the old one may do is about to change."""
        self.new_sid = new_sid()

    def begin(self) -> None:
        """Let a lapsed session begin anew: what is stored from now on goes into a new one."""
        self.may_begin = True

    def end(self, reason: str = "ended by its user") -> None:
        """Delete the session with everything in it, and clear its cookie."""
        self.data = TrackedData(self._max_bytes)
        self.user = self.owner = self.new_sid = None
        self.end_reason = reason
        self.may_begin = True  # what is stored after this begins a new session

    def saved(self, written: Written) -> None:
        """Note that the session was committed in the middle of its request, and goes on from there."""
        data = self.data.committed()
        Session.__init__(self, self._max_bytes, written.record(self.user_id, self.user))
        self.data = data
        self.data.forget(written.taken)

    def __getitem__(self, key: str) -> Any:
        return self.data[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self.data[key] = value

    def __delitem__(self, key: str) -> None:
        del self.data[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self.data)

    def __len__(self) -> int:
        return len(self.data)

    def __contains__(self, key: object) -> bool:
        return key in self.data

    def __repr__(self) -> str:
        return f"<Session {self.id or 'not stored'}>"

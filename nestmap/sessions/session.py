"""The session as a value: a mapping with verbs and states, and no I/O."""

from collections.abc import Iterator, MutableMapping
from enum import Enum, auto
from typing import Any

from nestmap.sessions.records import Changes, Lapsed, Record
from nestmap.sessions.sid import new_sid
from nestmap.sessions.tracked import TrackedData
from nestmap.sessions.writes import Owner, Written


class State(Enum):
    """What a session is to the request that holds it. Each state has one commit and one cookie."""

    FRESH = auto()  # no valid cookie, nothing to store: no commit, no cookie
    LAPSED = auto()  # the cookie verifies, the session is gone: no commit, no cookie
    REFUSED = auto()  # lapsed, and something was stored: SessionEnded
    NEW = auto()  # nothing is stored yet, and something is to be: insert, cookie
    CLEAN = auto()  # loaded, unchanged: no commit, no cookie
    DUE = auto()  # loaded, unchanged, to be renewed: expiry only, cookie
    CHANGED = auto()  # loaded, some keys differ: update, cookie if it was renewed
    ROTATED = auto()  # loaded, then put under a new sid: update with the new sid, cookie
    ENDED = auto()  # loaded, then ended: delete, cookie cleared


class Session(MutableMapping[str, Any]):
    """What a handler reads and changes as ``self.session``.

    Values are JSON: None, bool, int, float, str, list and dict with string keys. Changing a list or
    dict in place counts; assigning an equal value does not. The key "cookie" is reserved.
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
        self.named = named
        self._may_begin = may_begin or lapsed is None
        self._max_bytes = max_bytes
        self._data = TrackedData(max_bytes, record.data if record else None)
        self._user = record.user if record else None
        self._new_sid: str | None = None
        self._owner: Owner | None = None
        self._confirmed = False
        self._end_reason: str | None = None

    # What it is

    @property
    def id(self) -> str | None:
        """The public id, None for a session that is not stored. A rotation does not change it."""
        return self.stored.id if self.stored else None

    @property
    def user(self) -> Any:
        """Who is signed in (what ``load_user`` made, else the user id), or None."""
        return self._user

    @property
    def user_id(self) -> str | None:
        """The id of the user who is signed in, as text, or None."""
        if self._owner:
            return self._owner.user_id
        return self.stored.user_id if self.stored and not self.ended else None

    @property
    def authenticated_at(self) -> float | None:
        """When the user last proved who they are (seconds since the epoch), as this request began."""
        return self.stored.authenticated_at if self.stored else None

    @property
    def ended(self) -> bool:
        """True if this request ended the session."""
        return self._end_reason is not None

    @property
    def end_reason(self) -> str:
        """Why this request ended it."""
        return self._end_reason or "signed out"

    @property
    def owner(self) -> Owner | None:
        """The user to whom this request gives the session, if it signs someone in."""
        return self._owner

    @property
    def confirmed(self) -> bool:
        """True if the password was given again in this request."""
        return self._confirmed

    @property
    def new_sid(self) -> str | None:
        """The sid under which this request puts the session, or None."""
        return self._new_sid

    @property
    def data(self) -> TrackedData:
        """The data and what differs in it."""
        return self._data

    @property
    def state(self) -> State:
        """The state; raises as ``pending_changes()`` does."""
        return self.pending_changes()[0]

    def pending_changes(self) -> tuple[State, Changes]:
        """Return the state, and what differs from the record.

        Raises SessionValueError or SessionTooLarge if a value was changed so that it can't be stored.
        """
        changes = self._data.changes()
        return self._state_with(changes), changes

    def _state_with(self, changes: Changes) -> State:
        if self.stored is None or self.ended:
            if self._owner or (self._data and self._may_begin):
                return State.NEW
            if self.ended:
                return State.ENDED if self.stored or self.named else State.FRESH
            if self.lapsed:
                return State.REFUSED if self._data else State.LAPSED
            return State.FRESH
        if self._new_sid:
            return State.ROTATED
        if changes:
            return State.CHANGED
        return State.DUE if self.stored.is_due else State.CLEAN

    # The verbs

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

        The sid changes because one that was known before a sign-in must not be signed in after it
        (fixation). What an anonymous visitor stored stays; the data of another account goes.
        ``version`` is that of the user's credentials, if ``user_query`` returns one; ``user`` is who
        is signed in for the rest of the request (default: the user id). ``idle`` and ``absolute`` are
        lifetimes of this session's own, in seconds.
        """
        text = str(user_id)
        previous = self.user_id
        if previous is not None and previous != text:
            self._data = TrackedData(self._max_bytes, replaces=True)
        self._owner = Owner(text, None if version is None else str(version), idle, absolute)
        self._user = text if user is None else user
        self.rotate()

    def confirm(self) -> None:
        """Note that the user gave the password again: a new ``authenticated_at``, and a new sid."""
        self._confirmed = True
        self.rotate()

    def sign_out(self) -> None:
        """End the session: nothing of it is left after a sign-out."""
        self.end("signed out")

    def rotate(self) -> None:
        """Put the session under a new sid, because what the old one may do is about to change."""
        self._new_sid = new_sid()

    def begin(self) -> None:
        """Let a lapsed session begin anew: what is stored from now on goes into a new one."""
        self._may_begin = True

    def end(self, reason: str = "ended by its user") -> None:
        """Delete the session with everything in it, and clear its cookie."""
        self._data = TrackedData(self._max_bytes)
        self._user = self._owner = self._new_sid = None
        self._end_reason = reason
        # What is stored after this begins a new session.
        self._may_begin = True

    # What the layer does with it

    def ids_to_end(self) -> list[str]:
        """Return the public ids of the live sessions that must not outlive this request."""
        ids = [self.stored.id] if self.stored and self.ended else []
        return [*ids, *self.named]

    def saved(self, written: Written) -> None:
        """Note that the session was committed in the middle of its request, and goes on from there."""
        before = self.stored
        data = self._data.committed()
        self.stored = Record(
            sid=written.sid,
            id=written.id,
            data={},
            created_at=written.created_at,
            authenticated_at=written.authenticated_at,
            expires_at=written.expires_at,
            absolute_expires_at=before.absolute_expires_at if before else written.expires_at,
            user_id=self.user_id,
            user=self._user,
        )
        self._data = data
        self._data.forget(written.taken)
        self.lapsed, self.named = None, ()
        self._new_sid = self._owner = self._end_reason = None
        self._confirmed = False

    # The mapping

    def __getitem__(self, key: str) -> Any:
        return self._data[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self._data[key] = value

    def __delitem__(self, key: str) -> None:
        del self._data[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._data)

    def __len__(self) -> int:
        return len(self._data)

    def __contains__(self, key: object) -> bool:
        return key in self._data

    def __repr__(self) -> str:
        return f"<Session {self.id or 'not stored'}>"

"""The session as a value: a mapping with verbs and states, and no I/O."""

from collections.abc import Iterator, MutableMapping
from enum import Enum, auto
from typing import Any

from nestmap.sessions import values
from nestmap.sessions.records import UNCHANGED, Changes, Record, User, new_sid, public_id


class State(Enum):
    """What a session is to the request that holds it; each has one commit and one cookie."""

    FRESH = auto()  # no valid cookie, nothing stored: no commit, no cookie
    NEW = auto()  # fresh, then something was stored or someone signed in: upsert, cookie
    CLEAN = auto()  # loaded, unchanged: no commit, no cookie
    DUE = auto()  # loaded, unchanged, not renewed for a while: expiry only, cookie
    CHANGED = auto()  # loaded, some keys differ: update, cookie
    ROTATED = auto()  # loaded, then signed in or rotated: update with a new sid, cookie
    ENDED = auto()  # loaded, then ended: delete, cookie cleared


class Session(MutableMapping[str, Any]):
    """What a handler reads and changes as ``self.session``.

    Values are JSON: None, bool, int, float, str, list and dict with string keys. Changing a list
    or dict in place counts; assigning an equal value does not. The key "cookie" is reserved.
    """

    def __init__(self, max_bytes: int, record: Record | None = None) -> None:
        self._record = record
        self._data = record.data if record else {}
        # The JSON text that each key had before this request, for the keys that may differ now.
        self._before: dict[str, bytes | None] = {}
        self._max_bytes = max_bytes
        self._size: int | None = None
        self._user = record.user if record else None
        self._new_sid: str | None = None
        self._reowned = False
        self._cleared = False
        self._ended = False

    # What it is

    @property
    def stored(self) -> Record | None:
        """The record that this request loaded, or None for a session that is not stored."""
        return self._record

    @property
    def user(self) -> User | None:
        """Who is signed in, or None."""
        return self._user

    @property
    def ended(self) -> bool:
        """Whether this request ended it."""
        return self._ended

    @property
    def needs_cookie(self) -> bool:
        """Whether the client must learn of a sid that it does not have."""
        return self.state in (State.NEW, State.ROTATED)

    @property
    def reowned(self) -> bool:
        """Whether this request decides to whom the session belongs."""
        return self._reowned

    @property
    def cleared(self) -> bool:
        """Whether nothing of what is stored may survive, not even what another request adds."""
        return self._cleared

    @property
    def sid(self) -> str | None:
        """The sid that the next request has to name; None for a session that is not stored."""
        return self._new_sid or (self._record.sid if self._record else None)

    @property
    def public_id(self) -> str | None:
        """The name under which it may be shown; None for a session that is not stored."""
        return public_id(self.sid) if self.sid else None

    @property
    def state(self) -> State:
        """One of the seven states; raises as changes() does."""
        return self.settle()[0]

    def settle(self) -> tuple[State, Changes]:
        """The state, and what differs from the record, by comparing what would be stored.

        Raises SessionValueError or SessionTooLarge when a value was made unfit in place.
        """
        changes = self._changes() if self._before else UNCHANGED
        if self._ended:
            return (State.ENDED if self._record else State.FRESH), changes
        if self._record is None:
            return (State.NEW if self._data or self._user else State.FRESH), changes
        if self._new_sid:
            return State.ROTATED, changes
        if changes:
            return State.CHANGED, changes
        return (State.DUE if self._record.due else State.CLEAN), changes

    def document(self) -> dict[str, bytes]:
        """All that it holds, as JSON text by key."""
        return {key: values.encode(key, value) for key, value in self._data.items()}

    # The verbs

    def sign_in(self, user: User) -> None:
        """Make this the session of ``user``, under a new sid.

        A sid that was known before the sign-in must not be signed in after it (fixation), so the
        sid changes with it. What an anonymous visitor stored stays; another account's data goes.
        """
        owner = self._record.owner_id if self._record else None
        if owner is not None and owner != user.id:
            self._begin_empty()
        self._user = user
        self._reowned = True
        self._ended = False
        self.rotate()

    def sign_out(self) -> None:
        """End the session: signing out leaves nothing of it behind."""
        self.end()

    def rotate(self) -> None:
        """Go on under a new sid, because what the old one may do is about to change."""
        self._new_sid = new_sid()

    def end(self) -> None:
        """Delete the session with all that it holds, and clear its cookie."""
        self._begin_empty()
        self._user = None
        self._reowned = True
        self._new_sid = None
        self._ended = True

    def saved(self, sid: str, created_at: float, expires_at: float) -> None:
        """The session was committed in the middle of its request, and goes on from there."""
        user = self._user
        owner_id = user.id if user else None
        if self._record and not self._reowned:
            owner_id = self._record.owner_id
        record = Record(sid, self._data, created_at, expires_at, owner_id, user, due=False)
        seen = [key for key in self._before if key in self._data]
        Session.__init__(self, self._max_bytes, record)
        for key in seen:
            # The handler may still hold this list or dict, and change it in place.
            self._remember(key)

    # The mapping

    def __getitem__(self, key: str) -> Any:
        value = self._data[key]
        if isinstance(value, (dict, list)):
            self._remember(key)
        return value

    def __setitem__(self, key: str, value: Any) -> None:
        if type(key) is not str or key == "cookie":
            raise SessionKeyError(f"session[{key!r}]: not a key that a session can have")
        values.encode(key, key)
        text = values.encode(key, value)
        self._remember(key)
        self._grow(values.size(key, text) - self._size_of(key))
        self._data[key] = value
        if self._ended:
            # Something new begins; the sid that was to end must end all the same.
            self._ended = False
            self.rotate()

    def __delitem__(self, key: str) -> None:
        self._remember(key)
        size = self._size_of(key)
        del self._data[key]
        self._grow(-size)

    def __iter__(self) -> Iterator[str]:
        return iter(list(self._data))

    def __len__(self) -> int:
        return len(self._data)

    def __contains__(self, key: object) -> bool:
        return key in self._data

    def __repr__(self) -> str:
        return f"<Session {self.public_id or 'not stored'}>"

    # Keeping account

    def _changes(self) -> Changes:
        changed: dict[str, bytes] = {}
        removed: list[str] = []
        grown = 0
        for key, before in self._before.items():
            if key in self._data:
                value = self._data[key]
                text = values.text_of(value)
                if text is None or text != before:
                    grown += values.size(key, text) - values.size(key, before)
                    changed[key] = values.encode(key, value)
            elif before is not None:
                grown -= values.size(key, before)
                removed.append(key)
        # One that is too large already (two requests were merged) may still be made smaller.
        if grown > 0 and self._whole_size() > self._max_bytes:
            raise values.SessionTooLarge(f"the session has more than {self._max_bytes} bytes")
        return Changes(changed, removed)

    def _begin_empty(self) -> None:
        self._data = {}
        self._before = {}
        self._size = None
        self._cleared = True

    def _remember(self, key: str) -> None:
        if key not in self._before:
            stored = self._record is not None and not self._cleared and key in self._data
            self._before[key] = values.text_of(self._data[key]) if stored else None

    def _size_of(self, key: str) -> int:
        return values.size(key, values.text_of(self._data[key])) if key in self._data else 0

    def _grow(self, by: int) -> None:
        size = (self._whole_size() if self._size is None else self._size) + by
        if by > 0 and size > self._max_bytes:
            raise values.SessionTooLarge(
                f"the session would have more than {self._max_bytes} bytes"
            )
        self._size = size

    def _whole_size(self) -> int:
        return sum(self._size_of(key) for key in self._data)


class SessionKeyError(values.SessionValueError):
    """A key that is no string, or that is reserved."""

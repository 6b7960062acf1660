"""The session as a value: a mapping with methods that do no I/O."""

from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any

from nestmap.sessions import values
from nestmap.sessions.asked import Asked, Sent
from nestmap.sessions.records import Lapsed, Record
from nestmap.sessions.tracked import TrackedData
from nestmap.sessions.writes import Owner, Written


class Session(MutableMapping[str, Any]):
    """The session that a handler reads and changes as ``self.session``.

    Values are JSON: None, bool, int, float, str, list and dict with string keys. Changing a list or
    dict in place is a change; assigning an equal value is not. The key "cookie" is reserved.

    ``stored`` is the row as it was loaded, or None. ``lapsed`` has the reason and the time of the end if
    the session of the cookie is gone. ``user`` is the signed-in user: the result of ``load_user``, else
    the user id. The other attributes are the changes of this request, for the layer only.
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
        self.named = named  # public ids of other live sessions that the cookies name
        # If data may go into a new session; without a lapsed one, nothing stands against it.
        self.may_begin = may_begin or lapsed is None
        self.data = TrackedData(max_bytes, record.data if record else None)
        self.asked = Asked()
        self._sent: Sent | None = None  # while a commit is running
        self._max_bytes = max_bytes

    @property
    def id(self) -> str | None:
        """The public id, or None if the session is not stored or was ended by this request.

        A rotation keeps it. The sign-in of another user changes it: it is None until that is committed. If
        the outcome is unknown, it is another one until that is settled.
        """
        if self.stored is None or self.ended:
            return None
        return self.stored.id if self.stored.user_id in {None, self.user_id} else None

    @property
    def user_id(self) -> str | None:
        """The id of the signed-in user as text, or None."""
        if self.asked.owner:
            return self.asked.owner.user_id
        known = self._sent or self.stored
        return known.user_id if known and not self.ended else None

    @property
    def authenticated_at(self) -> float | None:
        """When the user last gave the password, in seconds since the epoch, as loaded; or None."""
        return self.stored.authenticated_at if self.stored else None

    @property
    def ended(self) -> bool:
        """True if this request ended the session."""
        return self.asked.end_reason is not None

    def sign_in(
        self,
        user_id: object,
        version: object = None,
        user: Any = None,
        *,
        idle: int | None = None,
        absolute: int | None = None,
    ) -> None:
        """Sign in a user and change the sid.

        The sid changes so that one known before the sign-in is never signed in (session fixation). The
        data of an anonymous visitor is kept; that of another account is removed, and its session ends.
        ``version`` is the version of the user's credentials, if ``user_query`` returns one. ``user``
        (default: the user id) is used for the rest of the request. ``idle`` and ``absolute`` are
        lifetimes for this session only, in seconds. Raises ValueError for what can't be stored.
        """
        owner = _owner(user_id, version, idle, absolute)
        if self.user_id not in {None, owner.user_id}:
            self.data = TrackedData(self._max_bytes, replaces=True)
        self.asked.owner = owner
        self.user = owner.user_id if user is None else user
        self.rotate()

    def confirm(self) -> None:
        """Record that the user gave the password again: sets ``authenticated_at`` and changes the sid."""
        self.asked.confirmed = True
        self.rotate()

    def sign_out(self) -> None:
        """Delete the session with its data, and clear its cookie."""
        self.end("signed out")

    def rotate(self) -> None:
        """Change the sid, because the rights of the session are about to change."""
        self.asked.rotates = True

    def begin(self) -> None:
        """Begin a new session after this one has lapsed; data stored from now on goes into it."""
        self.may_begin = True

    def end(self, reason: str = "ended by its user") -> None:
        """Delete the session as sign_out() does, with another reason on record."""
        reason = values.check_text("reason", reason)
        self.data = TrackedData(self._max_bytes)
        self.user = None
        self.asked = Asked(end_reason=reason)
        self.may_begin = True  # data stored after this goes into a new session

    @contextmanager
    def saving(self) -> Iterator[Sent]:
        """Give a block that awaits a commit; what is asked and stored meanwhile is for the next commit."""
        later = self.data.committed()
        sent = Sent(self.asked, self.data, later, self.stored, self.user_id, self.user)
        if self.ended:
            self.stored = None
        self.asked, self.data, self._sent = Asked(), later, sent
        try:
            yield sent
        except BaseException:
            self._not_saved(sent)
            raise
        finally:
            self._sent = None

    def saved(self, written: Written, sent: Sent) -> None:
        """Record that the session was committed in the middle of its request."""
        self._continue_with(written.record(sent.user_id, sent.user))
        self.data.forget(written.taken)

    def end_saved(self) -> None:
        """Record that the end was committed in the middle of the request: the session is fresh."""
        self._continue_with(None)

    def _continue_with(self, stored: Record | None) -> None:
        self.stored, self.lapsed, self.named, self.may_begin = stored, None, (), True

    def _not_saved(self, sent: Sent) -> None:
        """Ask and store again what was sent, unless the session was ended meanwhile."""
        self.stored = sent.stored
        if self.ended:
            return
        self.asked = sent.asked.followed_by(self.asked)
        # Other data is that of another user, who signed in meanwhile.
        if self.data is sent.later:
            self.data = sent.data.resumed(self.data)

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


def _owner(user_id: object, version: object, idle: int | None, absolute: int | None) -> Owner:
    if user_id is None or user_id == "":
        raise ValueError("sign_in() needs a user_id")
    for name, seconds in (("idle", idle), ("absolute", absolute)):
        if seconds is not None:
            values.check_seconds(name, seconds)
    text = values.check_text("user_id", str(user_id))
    of_user = None if version is None else values.check_text("version", str(version))
    return Owner(text, of_user, idle, absolute)

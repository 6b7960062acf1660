"""A model of sessions made of dictionaries, with which the session layer is compared."""

import itertools
import json
from dataclasses import dataclass, field, replace
from typing import Any

Data = dict[str, Any]

_ids = itertools.count()


@dataclass
class Row:
    """A committed session; `id` stays when its sid changes, except at a sign-in of another user."""

    data: Data
    user: str | None
    version: int | None = None  # version of the user's credentials at the sign-in
    proved_at: float | None = None  # when the password was last given, by the database's clock
    expired: bool = False
    id: int = field(default_factory=lambda: next(_ids))


@dataclass
class Request:
    """A session in one request: as it was loaded, and as it will be committed.

    `sid` is None where nothing was loaded; `lapsed` says that there were cookies all the same, and
    `named` are the ids of live sessions that they name (two, so that neither is used). `reasons` are
    those of which one is reported.
    """

    sid: str | None
    row: Row | None
    lapsed: bool = False
    reasons: set[str | None] = field(default_factory=set)
    named: list[int] = field(default_factory=list)
    data: Data = field(default_factory=dict)
    loaded: Data = field(default_factory=dict)
    user: str | None = None
    replaces: bool = False
    rotated: bool = False
    ended: bool = False
    signs_in: bool = False
    version: int | None = None
    confirmed: bool = False

    def __post_init__(self) -> None:
        if self.row is not None:
            self.loaded, self.user = dict(self.row.data), self.row.user
            self.data = dict(self.loaded)

    def put(self, key: str, value: Any) -> None:
        self.data[key] = value

    def remove(self, key: str) -> None:
        del self.data[key]

    def rotate(self) -> None:
        self.rotated = True

    def confirm(self) -> None:
        self.confirmed = self.rotated = True

    def sign_in(self, user: str, version: int) -> None:
        if self.user not in {None, user}:
            self.data, self.replaces = {}, True
        self.user, self.version, self.signs_in = user, version, True

    def end(self) -> None:
        self.data, self.user, self.version, self.ended = {}, None, None, True
        self.rotated = self.signs_in = False

    @property
    def begins(self) -> bool:
        """True if a new session will be stored."""
        if self.row is not None and not self.ended:
            return False
        return self.signs_in or bool(self.data and (self.ended or not self.lapsed))

    @property
    def refused(self) -> bool:
        """True if something was stored into a session that is gone."""
        return self.lapsed and bool(self.data) and not (self.signs_in or self.ended)

    @property
    def proves(self) -> bool:
        """True if the password was given in this request."""
        return self.signs_in or (self.confirmed and not self.begins)

    @property
    def changed(self) -> Data:
        base = {} if self.replaces or self.row is None or self.ended else self.loaded
        return {k: v for k, v in self.data.items() if k not in base or _text(base[k]) != _text(v)}

    @property
    def removed(self) -> set[str]:
        return set() if self.replaces else set(self.loaded) - set(self.data)

    @property
    def changes_something(self) -> bool:
        if self.begins:
            return True
        if self.ended:
            return self.row is not None or bool(self.named)
        if self.row is None:
            return False
        return self.signs_in or self.rotated or bool(self.changed or self.removed)


class Sessions:
    """All committed sessions by sid, and the version of each user's credentials."""

    def __init__(self, *users: str) -> None:
        self.rows: dict[str, Row] = {}
        self.versions = dict.fromkeys(users, 1)
        # Every sid that was valid once and must never be valid again, with its reason if one is kept.
        self.gone: dict[str, str | None] = {}

    def live(self, sid: str | None) -> Row | None:
        """Return the row that a statement finds; the version of its user is not compared."""
        row = self.rows.get(sid or "")
        return None if row is None or row.expired else row

    def loads(self, sid: str) -> bool:
        row = self.live(sid)
        return row is not None and not self._is_of_before(row)

    def load(self, sids: list[str]) -> Request:
        good = [sid for sid in dict.fromkeys(sids) if self.loads(sid)]
        if len(good) == 1:
            return Request(good[0], self.live(good[0]))
        reasons = {"two sessions"} if good else {self._reason(sid) for sid in sids}
        named = good or [sid for sid in dict.fromkeys(sids) if self.live(sid) is not None]
        return Request(None, None, bool(sids), reasons, [self.rows[sid].id for sid in named])

    def commit(self, request: Request, new_sid: str | None, proved_at: float | None) -> bool:
        """Commit the changes of a request; return False if its session was ended meanwhile."""
        if request.begins or request.ended:
            reason = "signed out" if request.ended else "replaced"
            own = [request.row.id] if request.row else []
            self._end_ids([*request.named, *own], reason)
            if request.begins:
                self._begin(request, new_sid, request.data, proved_at)
            return True
        assert request.sid is not None
        row = self.live(request.sid)
        if row is None:
            # A request that gave the password gets a session all the same, without the old data.
            if request.signs_in:
                self._begin(request, new_sid, request.changed, proved_at)
            return request.signs_in
        kept = {} if request.replaces else row.data
        kept = {key: value for key, value in kept.items() if key not in request.removed}
        if request.signs_in:
            row = _signed_in(row, request)
        if request.proves:
            assert proved_at is not None
            assert row.proved_at is None or proved_at > row.proved_at
            row.proved_at = proved_at
        row.data = kept | request.changed
        if request.signs_in or request.rotated:
            self._end(request.sid, "rotated")
            self._store(new_sid, row)
        return True

    def change_credentials(self, user: str) -> None:
        self.versions[user] += 1

    def expire(self, sid: str) -> None:
        self.rows[sid].expired = True
        self.gone[sid] = "expired"

    def prune(self) -> int:
        expired = [sid for sid, row in self.rows.items() if row.expired]
        for sid in expired:
            self._end(sid, None)
        return len(expired)

    def _is_of_before(self, row: Row) -> bool:
        return row.user is not None and row.version != self.versions[row.user]

    def _reason(self, sid: str) -> str | None:
        row = self.live(sid)
        return self.gone.get(sid) if row is None else "version"

    def _begin(
        self, request: Request, sid: str | None, data: Data, proved_at: float | None
    ) -> None:
        assert (proved_at is not None) == request.signs_in
        self._store(sid, Row(dict(data), request.user, request.version, proved_at))

    def _store(self, sid: str | None, row: Row) -> None:
        assert sid is not None
        self.rows[sid] = row

    def _end(self, sid: str, reason: str | None) -> None:
        del self.rows[sid]
        self.gone[sid] = reason

    def _end_ids(self, ids: list[int], reason: str) -> None:
        for sid, row in list(self.rows.items()):
            if row.id in ids:
                self._end(sid, reason)


def _signed_in(row: Row, request: Request) -> Row:
    # Requests that loaded the session of the first user know its id only, and can't end the new one.
    same = row.user in {None, request.user}
    kept = row.id if same else next(_ids)
    return replace(row, id=kept, user=request.user, version=request.version)


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True)  # the order of keys does not count

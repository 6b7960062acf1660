"""What sessions are, told by dictionaries: what the session layer is held against."""

import itertools
import json
from dataclasses import dataclass, field
from typing import Any

Data = dict[str, Any]

_ids = itertools.count()


@dataclass
class Row:
    """A committed session; `id` stays when its sid changes."""

    data: Data
    user: str | None
    expired: bool = False
    id: int = field(default_factory=lambda: next(_ids))


@dataclass
class Request:
    """One request's view of a session: as it was loaded, and as it is to be.

    `sid` is None where nothing was loaded; `lapsed` says that there were cookies all the same, and
    `named` are the ids of live sessions that they name (two, so that neither is used).
    """

    sid: str | None
    row: Row | None
    lapsed: bool = False
    named: list[int] = field(default_factory=list)
    data: Data = field(default_factory=dict)
    loaded: Data = field(default_factory=dict)
    user: str | None = None
    replaces: bool = False
    rotated: bool = False
    ended: bool = False
    signs_in: bool = False

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

    def sign_in(self, user: str) -> None:
        if self.user not in {None, user}:
            self.data, self.replaces = {}, True
        self.user, self.signs_in = user, True

    def end(self) -> None:
        self.data, self.user, self.ended = {}, None, True
        self.rotated = self.signs_in = False

    @property
    def begins(self) -> bool:
        """A session is to be stored that is not stored yet."""
        if self.row is not None and not self.ended:
            return False
        return self.signs_in or bool(self.data and (self.ended or not self.lapsed))

    @property
    def refused(self) -> bool:
        """Something was stored into a session that is gone."""
        return self.lapsed and bool(self.data) and not (self.signs_in or self.ended)

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
    """Every committed session by its sid."""

    def __init__(self) -> None:
        self.rows: dict[str, Row] = {}
        self.gone: set[str] = set()  # every sid that was good once and must never be again

    def live(self, sid: str | None) -> Row | None:
        row = self.rows.get(sid or "")
        return None if row is None or row.expired else row

    def load(self, sids: list[str]) -> Request:
        live = [sid for sid in dict.fromkeys(sids) if self.live(sid)]
        if len(live) == 1:
            return Request(live[0], self.live(live[0]))
        return Request(None, None, bool(sids), [self.rows[sid].id for sid in live])

    def commit(self, request: Request, new_sid: str | None) -> bool:
        """Carry out what the request wants; False when its session was ended meanwhile."""
        if request.begins or request.ended:
            self._end_ids([*request.named, *([request.row.id] if request.row else [])])
            if request.begins:
                self._store(new_sid, Row(dict(request.data), request.user))
            return True
        assert request.sid is not None
        row = self.live(request.sid)
        if row is None:
            # Who gave the password gets a session all the same, without the data of the one gone.
            if request.signs_in:
                self._store(new_sid, Row(request.changed, request.user))
            return request.signs_in
        kept = {} if request.replaces else row.data
        kept = {key: value for key, value in kept.items() if key not in request.removed}
        user = request.user if request.signs_in else row.user
        self._end(request.sid)
        if not (request.signs_in or request.rotated):
            self.gone.discard(request.sid)
        self._store(new_sid, Row(kept | request.changed, user, id=row.id))
        return True

    def expire(self, sid: str) -> None:
        self.rows[sid].expired = True
        self.gone.add(sid)

    def prune(self) -> int:
        expired = [sid for sid, row in self.rows.items() if row.expired]
        for sid in expired:
            del self.rows[sid]
        return len(expired)

    def _store(self, sid: str | None, row: Row) -> None:
        assert sid is not None
        self.rows[sid] = row

    def _end(self, sid: str) -> None:
        self.rows.pop(sid, None)
        self.gone.add(sid)

    def _end_ids(self, ids: list[int]) -> None:
        for sid, row in list(self.rows.items()):
            if row.id in ids:
                self._end(sid)


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True)  # order is no difference

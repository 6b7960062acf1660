"""What sessions are, told by dictionaries: what the session layer is held against."""

import json
from dataclasses import dataclass, field
from typing import Any

Data = dict[str, Any]


@dataclass
class Row:
    """A committed session."""

    data: Data
    user: int | None
    expired: bool = False


@dataclass
class Request:
    """One request's view of a session: as it was loaded, and as it is to be."""

    sid: str | None  # None: a fresh session, that is not stored
    loaded: Data
    owner: int | None
    data: Data = field(default_factory=dict)
    user: int | None = None
    cleared: bool = False
    rotated: bool = False
    ended: bool = False
    signs_in: bool = False

    def __post_init__(self) -> None:
        self.data, self.user = dict(self.loaded), self.owner

    def put(self, key: str, value: Any) -> None:
        self.data[key] = value
        self.rotated, self.ended = self.rotated or self.ended, False

    def remove(self, key: str) -> None:
        del self.data[key]

    def rotate(self) -> None:
        self.rotated = True

    def sign_in(self, user: int) -> None:
        if self.owner not in {None, user}:
            self.data, self.cleared = {}, True
        self.user, self.rotated, self.ended, self.signs_in = user, True, False, True

    def end(self) -> None:
        self.data, self.user, self.cleared = {}, None, True
        self.rotated, self.ended, self.signs_in = False, True, False

    @property
    def changed(self) -> Data:
        base = {} if self.cleared else self.loaded
        return {k: v for k, v in self.data.items() if k not in base or _text(base[k]) != _text(v)}

    @property
    def removed(self) -> set[str]:
        return set() if self.cleared else set(self.loaded) - set(self.data)

    @property
    def changes_something(self) -> bool:
        if self.sid is None:
            return not self.ended and bool(self.data or self.user)
        return self.ended or self.rotated or bool(self.changed or self.removed)


class Sessions:
    """Every committed session by its sid."""

    def __init__(self) -> None:
        self.rows: dict[str, Row] = {}
        self.gone: set[str] = set()  # every sid that was good once and must never be again

    def live(self, sid: str | None) -> Row | None:
        row = self.rows.get(sid or "")
        return None if row is None or row.expired else row

    def commit(self, request: Request, new_sid: str | None) -> bool:
        """Carry out what the request wants; False when its session was ended meanwhile."""
        if request.sid is None:
            self._store(new_sid, request)
        elif request.ended:
            self._end(request.sid)
        elif (row := self.live(request.sid)) is None:
            # Whoever came as a stranger and gave the password gets a session all the same.
            if not (request.signs_in and request.owner is None):
                return False
            self._store(new_sid, request)
        else:
            kept = {} if request.cleared else row.data
            kept = {key: value for key, value in kept.items() if key not in request.removed}
            user = request.user if request.signs_in or request.cleared else row.user
            if request.rotated:
                self._end(request.sid)
            assert new_sid is not None
            self.rows[new_sid] = Row(kept | request.changed, user)
        return True

    def expire(self, sid: str) -> None:
        self.rows[sid].expired = True
        self.gone.add(sid)

    def prune(self) -> int:
        expired = [sid for sid, row in self.rows.items() if row.expired]
        for sid in expired:
            del self.rows[sid]
        return len(expired)

    def _store(self, sid: str | None, request: Request) -> None:
        assert sid is not None
        self.rows[sid] = Row(request.data, request.user)

    def _end(self, sid: str) -> None:
        self.rows.pop(sid, None)
        self.gone.add(sid)


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True)  # order is no difference

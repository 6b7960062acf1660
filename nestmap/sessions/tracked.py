"""A mapping of JSON values that tracks its changes and its size."""

from collections.abc import Iterable, Iterator, MutableMapping
from typing import Any

from nestmap.sessions import values
from nestmap.sessions.records import UNCHANGED, Changes


class TrackedData(MutableMapping[str, Any]):
    """The data of a session.

    Changing a list or dict in place is a change; assigning an equal value is not.

    ``stored`` is the data in the row. With ``replaces``, the changes replace all data in the row, also
    keys that a concurrent request adds.
    """

    def __init__(
        self, max_bytes: int, stored: dict[str, Any] | None = None, *, replaces: bool = False
    ) -> None:
        self.replaces = replaces
        self._max_bytes = max_bytes
        self._data = stored if stored is not None else {}
        self._is_stored = stored is not None
        # The JSON text of each key before this request, for keys that may have changed.
        self.before: dict[str, bytes | None] = {}
        self._size: int | None = None

    def changes(self) -> Changes:
        """Return the changes, found by comparing the JSON texts.

        Raises SessionValueError or SessionTooLarge if a value was changed in place to an invalid one.
        """
        if not self.before:
            return UNCHANGED
        changed: dict[str, bytes] = {}
        removed: list[str] = []
        growth = 0
        for key, before in self.before.items():
            after = values.text_of(self._data[key]) if key in self._data else None
            if key in self._data and (after is None or after != before):
                growth += values.size(key, after) - values.size(key, before)
                changed[key] = values.encode(key, self._data[key])
            elif key not in self._data and before is not None:
                growth -= values.size(key, before)
                removed.append(key)
        # Data that was too large already (after merging two requests) may be made smaller.
        if growth > 0 and self._whole_size() > self._max_bytes:
            raise values.SessionTooLarge(f"the session has more than {self._max_bytes} bytes")
        return Changes(changed, removed)

    def document(self) -> dict[str, bytes]:
        """Return all data as JSON text by key."""
        return {key: values.encode(key, value) for key, value in self._data.items()}

    def committed(self) -> "TrackedData":
        """Return new tracked data, for which the present values are stored: they are being committed."""
        saved = TrackedData(self._max_bytes, self._data)
        for key in self.before:
            if key in self._data:
                # The handler may still have this list or dict, and change it in place.
                saved._remember(key)
        return saved

    def resumed(self, later: "TrackedData") -> "TrackedData":
        """Return this data again after its commit has failed, with the changes that ``later`` tracked."""
        self.before = later.before | self.before
        self._size = None
        return self

    def forget(self, keys: Iterable[str]) -> None:
        """Remove keys that were removed in the database, except those that have changed since."""
        for key in keys:
            if self._has_changed(key):
                self.before[key] = None
            else:
                self._data.pop(key, None)
                self.before.pop(key, None)
        self._size = None

    def __getitem__(self, key: str) -> Any:
        value = self._data[key]
        if isinstance(value, (dict, list)):
            self._remember(key)
        return value

    def __setitem__(self, key: str, value: Any) -> None:
        values.check_key(key)
        text = values.encode(key, value)
        self._remember(key)
        self._grow(values.size(key, text) - self._size_of(key))
        self._data[key] = value

    def __delitem__(self, key: str) -> None:
        self._remember(key)
        # Before the value is gone: the first call counts all data.
        self._grow(-self._size_of(key))
        del self._data[key]

    def __iter__(self) -> Iterator[str]:
        return iter(list(self._data))

    def __len__(self) -> int:
        return len(self._data)

    def __contains__(self, key: object) -> bool:
        return key in self._data

    def _remember(self, key: str) -> None:
        if key not in self.before:
            known = self._is_stored and key in self._data
            self.before[key] = values.text_of(self._data[key]) if known else None

    def _has_changed(self, key: str) -> bool:
        if key not in self.before or key not in self._data:
            return False
        return values.text_of(self._data[key]) != self.before[key]

    def _size_of(self, key: str) -> int:
        return values.size(key, values.text_of(self._data[key])) if key in self._data else 0

    def _grow(self, by: int) -> None:
        size = (self._whole_size() if self._size is None else self._size) + by
        if by > 0 and size > self._max_bytes:
            # A change in place may have made it smaller since it was counted.
            size = self._whole_size() + by
        if by > 0 and size > self._max_bytes:
            raise values.SessionTooLarge(
                f"the session would have more than {self._max_bytes} bytes"
            )
        self._size = size

    def _whole_size(self) -> int:
        return sum(self._size_of(key) for key in self._data)

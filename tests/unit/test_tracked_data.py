"""Tracked data beside a plain dict: the same content, exact changes and an exact size limit."""

import copy

import orjson
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from nestmap.sessions import SessionTooLarge
from nestmap.sessions.tracked import TrackedData

MOST = 24
KEYS = st.sampled_from("abcd")
TEXTS = st.integers(0, 14).map("x".__mul__)
VALUES = TEXTS | st.lists(TEXTS, max_size=3)


def size(data) -> int:
    """Return the length of the document without its braces, with a comma for each entry."""
    return sum(len(orjson.dumps({key: value})) - 1 for key, value in data.items())


class Beside(RuleBasedStateMachine):
    @initialize(stored=st.dictionaries(KEYS, VALUES), is_new=st.booleans())
    def begin(self, stored, is_new) -> None:
        self.stored = {} if is_new else stored
        self.model = copy.deepcopy(self.stored)
        self.data = TrackedData(MOST, None if is_new else copy.deepcopy(stored))
        # The size is exact until a value is changed in place; the commit notices that.
        self.exact = True

    @rule(key=KEYS, value=VALUES)
    def store(self, key, value) -> None:
        after = self.model | {key: value}
        fits = size(after) <= MOST or size(after) <= size(self.model)
        try:
            self.data[key] = copy.deepcopy(value)
        except SessionTooLarge:
            assert not fits
        else:
            assert fits or not self.exact
            self.model = copy.deepcopy(after)

    @rule(key=KEYS)
    def remove(self, key) -> None:
        self.data.pop(key, None)
        self.model.pop(key, None)

    @rule(key=KEYS, longer=st.booleans())
    def change_in_place(self, key, longer) -> None:
        if isinstance(self.model.get(key), list):
            self.exact = False
            for value in (self.data[key], self.model[key]):
                value.append("zzz") if longer else value.clear()

    @rule()
    def commit(self) -> None:
        grows_too_far = size(self.model) > MOST and size(self.model) > size(self.stored)
        try:
            changes = self.data.changes()
        except SessionTooLarge:
            assert grows_too_far
            return
        assert not grows_too_far
        written = {key: orjson.loads(text) for key, text in changes.changed.items()}
        kept = {key: value for key, value in self.stored.items() if key not in changes.removed}
        assert kept | written == self.model
        for key, value in written.items():
            assert key not in self.stored or self.stored[key] != value
        self.stored = copy.deepcopy(self.model)
        self.data = self.data.committed()
        self.exact = True

    @invariant()
    def same_content(self) -> None:
        assert dict(self.data) == self.model


def test_tracked_data_is_like_a_dict_with_a_size_limit():
    run_state_machine_as_test(Beside, settings=settings(max_examples=300, stateful_step_count=12))

"""Checks that an order of all operations on one key explains the responses of all clients.

The key is a register: a write gives it a value (None: removed), a read returns one. An operation takes
effect at one moment between its begin and its end. A write with an unknown outcome takes effect before
its end or never; its end is the latest time that we promise.
"""

from collections.abc import Sequence
from dataclasses import dataclass

Value = str | None


@dataclass(frozen=True)
class Operation:
    """A request of one client and its result. Times are seconds of one clock."""

    kind: str  # "read" or "write"
    value: Value
    began: float
    ended: float
    unknown: bool = False


# A state: the value, and the running operations that took effect.
State = tuple[Value, frozenset[int]]


def impossible(operations: Sequence[Operation]) -> Operation | None:
    """Return the first operation that no order explains, or None.

    It goes through all begins and ends in order of time, and keeps the set of possible states.
    """
    operations = _of_consequence(operations)
    events = [(one.began, 0, number) for number, one in enumerate(operations)]
    events += [(one.ended, 1, number) for number, one in enumerate(operations)]
    pending: set[int] = set()
    states: set[State] = {(None, frozenset())}
    for _, is_end, number in sorted(events):
        if not is_end:
            pending.add(number)
            continue
        reached = _closure(states, pending, operations)
        if not operations[number].unknown:
            reached = {state for state in reached if number in state[1]}
        states = {(value, done - {number}) for value, done in reached}
        if not states:
            return operations[number]
        pending.discard(number)
    return None


def _closure(states: set[State], pending: set[int], operations: Sequence[Operation]) -> set[State]:
    """Return the states after any of the pending operations take effect in any order."""
    found, left = set(states), list(states)
    while left:
        value, done = left.pop()
        for number in pending - done:
            one = operations[number]
            if one.kind == "read" and one.value != value:
                continue
            state = (one.value, done | {number})
            if state not in found:
                found.add(state)
                left.append(state)
    return found


def _of_consequence(operations: Sequence[Operation]) -> list[Operation]:
    """Leave out writes with an unknown outcome whose value was never read."""
    read = {one.value for one in operations if one.kind == "read"}
    return [one for one in operations if not one.unknown or one.value in read]

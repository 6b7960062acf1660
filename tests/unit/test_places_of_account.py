"""A change of places that PostgreSQL refuses because it came too late."""

import asyncio

import pytest

from nestmap.database import TimedOut
from nestmap.places import AccountPlaces, Place
from nestmap.sessions import DatabaseClock


class Late:
    """Stands in for a database that answers each change with the row of one that came too late."""

    def __init__(self, row: tuple[object, ...]) -> None:
        self.row = row

    async def one(self, *_: object) -> tuple[object, ...]:
        return self.row


async def refusal(row: tuple[object, ...], change: str, *arguments: object) -> TimedOut:
    clock = DatabaseClock()
    clock.note(0.0, 0.0, 0.0)
    places = AccountPlaces(Late(row), clock, "1", "0123456789abcdef", "sid")
    with pytest.raises(TimedOut) as refused:
        await getattr(places, change)(*arguments)
    return refused.value


@pytest.mark.parametrize(
    ("row", "change", "argument"),
    [
        (("late",), "put", Place("home", "Home", "")),
        ((None, None, None, None, None, None, False), "remove", "home"),
    ],
)
def test_each_late_change_raises_an_error_of_its_own(row, change, argument):
    first = asyncio.run(refusal(row, change, argument))
    second = asyncio.run(refusal(row, change, argument))
    assert first is not second

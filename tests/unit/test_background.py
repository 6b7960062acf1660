"""Background: tasks end, also one that loses a cancellation."""

import asyncio

from nestmap.background import Background


async def lose_cancellations(count: int) -> None:
    """Go on after `count` cancellations, as a statement does whose answer comes at that moment."""
    while True:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            count -= 1
            if count < 0:
                raise


def test_a_daemon_that_loses_a_cancellation_is_cancelled_again():
    async def story() -> bool:
        background = Background()
        background.start(lose_cancellations(2), "loses two", daemon=True)
        await asyncio.sleep(0)
        return await background.drain(5)

    assert asyncio.run(asyncio.wait_for(story(), 10))


def test_a_task_that_outlives_its_time_is_cancelled_and_reported():
    async def story() -> bool:
        background = Background()
        background.start(lose_cancellations(1), "loses one")
        await asyncio.sleep(0)
        return await background.drain(0.01)

    assert not asyncio.run(asyncio.wait_for(story(), 10))


def test_a_task_that_never_ends_does_not_hold_up_a_stop(caplog, monkeypatch):
    monkeypatch.setattr("nestmap.background.CANCELLATIONS", 3)

    async def story() -> None:
        background = Background()
        background.start(lose_cancellations(3), "never ends", daemon=True)
        await asyncio.sleep(0)
        await background.drain(5)
        assert "never ends did not end" in caplog.text

    asyncio.run(asyncio.wait_for(story(), 10))


def test_a_stop_waits_for_tasks_that_running_tasks_start():
    ended: list[str] = []

    async def story() -> bool:
        background = Background()

        async def first() -> None:
            await asyncio.sleep(0)
            background.start(second(), "second")

        async def second() -> None:
            await asyncio.sleep(0)
            ended.append("second")

        background.start(first(), "first")
        return await background.drain(5)

    assert asyncio.run(asyncio.wait_for(story(), 10))
    assert ended == ["second"]


def test_no_task_that_a_cancelled_one_starts_outlives_the_stop():
    ended: list[int] = []

    async def story() -> None:
        background = Background()

        async def chain(number: int) -> None:
            try:
                await asyncio.sleep(60)
            finally:
                ended.append(number)
                if number < 3:
                    background.start(chain(number + 1), "the next one")

        before = asyncio.all_tasks()
        background.start(chain(1), "the first one")
        await background.drain(0)
        assert ended == [1, 2, 3]
        assert asyncio.all_tasks() == before

    asyncio.run(asyncio.wait_for(story(), 10))

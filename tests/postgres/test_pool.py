"""The pool: bounded, first come first served, and without connections that must not be used."""

import asyncio
import dataclasses
from collections.abc import Awaitable, Callable

import pytest

from nestmap.database import Hosts, Overloaded, Unavailable
from nestmap.database.connection import Connection
from nestmap.database.pool import Pool
from nestmap.timeouts import TIMEOUTS

Work = Callable[[Pool], Awaitable[None]]


@pytest.fixture
def with_pool(database) -> Callable[..., None]:
    """Return `with_pool(work, size=2, waiting=3)`, which runs `work` on a pool of this size."""

    def with_pool(work: Work, *, size: int = 2, waiting: int = 3) -> None:
        async def run() -> None:
            pool = Pool(Hosts(database.url), size, waiting)
            try:
                await work(pool)
            finally:
                pool.close()

        asyncio.run(run())

    return with_pool


async def process_of(connection: Connection) -> int:
    return int((await connection.run("select pg_backend_pid()", None, 5)).rows[0][0])


async def begun(*waiting: Awaitable[Connection]) -> list[asyncio.Future[Connection]]:
    """Start the waiting calls, in this order."""
    futures = [asyncio.ensure_future(one) for one in waiting]
    await asyncio.sleep(0)
    return futures


def test_a_connection_is_used_again(with_pool):
    async def work(pool: Pool) -> None:
        first = await pool.acquire()
        pool.release(first)
        assert await pool.acquire() is first
        pool.release(first)

    with_pool(work)


def test_callers_are_served_in_the_order_in_which_they_came(with_pool):
    async def work(pool: Pool) -> None:
        taken = [await pool.acquire() for _ in range(2)]
        first, second, third = await begun(*(pool.acquire() for _ in range(3)))
        pool.release(taken[0])
        assert await first is taken[0]
        assert not second.done()
        pool.release(taken[1])
        assert await second is taken[1]
        pool.release(taken[0])
        assert await third is taken[0]
        for connection in taken:
            pool.release(connection)

    with_pool(work)


def test_a_caller_above_the_waiting_limit_is_refused_at_once(with_pool):
    async def work(pool: Pool) -> None:
        taken = [await pool.acquire() for _ in range(2)]
        waiting = await begun(*(pool.acquire() for _ in range(3)))
        with pytest.raises(Overloaded):
            await pool.acquire()
        for one in waiting:
            pool.release(taken[0])
            assert await one is taken[0]
        for connection in taken:
            pool.release(connection)

    with_pool(work)


def test_no_more_connections_are_made_than_the_pool_may_have(with_pool, database):
    async def work(pool: Pool) -> None:
        async def use() -> None:
            connection = await pool.acquire()
            await connection.run("select pg_sleep(0.01)", None, 5)
            pool.release(connection)

        await asyncio.gather(*(use() for _ in range(20)))
        count = "select count(*) from pg_stat_activity where application_name = 'nestmap'"
        assert database.value(count) <= 2

    with_pool(work, waiting=20)


def test_a_caller_that_gives_up_leaves_the_queue(with_pool):
    async def work(pool: Pool) -> None:
        taken = [await pool.acquire() for _ in range(2)]
        given_up, waiting = await begun(pool.acquire(), pool.acquire())
        given_up.cancel()
        pool.release(taken[0])
        assert await waiting is taken[0]
        late, *_ = await begun(pool.acquire())
        # It gets a connection and gives up before it runs again.
        pool.release(taken[0])
        late.cancel()
        await asyncio.gather(late, return_exceptions=True)
        assert await pool.acquire() is taken[0]
        for connection in taken:
            pool.release(connection)

    with_pool(work)


def test_an_old_connection_is_replaced(with_pool):
    async def work(pool: Pool) -> None:
        old = await pool.acquire()
        process = await process_of(old)
        old.opened -= TIMEOUTS.connection_age
        pool.release(old)
        new = await pool.acquire()
        assert await process_of(new) != process
        pool.release(new)

    with_pool(work)


async def answer(connection: Connection, statement: str = "select") -> None:
    await connection.run(statement, None, 5)


SLOW = f"select pg_sleep({TIMEOUTS.slow + 0.2})"


def test_while_a_statement_is_slow_others_use_one_connection_again(with_pool):
    async def work(pool: Pool) -> None:
        slow = await pool.acquire()
        waiting = asyncio.ensure_future(answer(slow, SLOW))
        while not waiting.done():
            connection = await pool.acquire()
            await answer(connection)
            pool.release(connection)
        assert pool.figures.connects == 2
        pool.release(slow)

    with_pool(work)


def test_a_slow_statement_closes_connections_that_were_idle_before_it(with_pool):
    async def work(pool: Pool) -> None:
        for connection in [await pool.acquire() for _ in range(2)]:
            pool.release(connection)
        slow = await pool.acquire()
        await answer(slow, SLOW)
        pool.release(await pool.acquire())
        assert pool.figures.connects == 3
        pool.release(slow)

    with_pool(work)


def test_an_unused_connection_is_closed_without_any_traffic(with_pool, monkeypatch):
    soon = dataclasses.replace(TIMEOUTS, unused_connection=0.05)
    monkeypatch.setattr("nestmap.database.idle.TIMEOUTS", soon)

    async def work(pool: Pool) -> None:
        taken = [await pool.acquire() for _ in range(2)]
        for connection in taken:
            pool.release(connection)
        for _ in range(3000):
            if pool.figures.idle:
                await asyncio.sleep(0.01)
        assert all(connection.closed for connection in taken)

    with_pool(work)


def test_a_discarded_server_is_used_by_no_pool_of_the_same_hosts(database):
    async def work() -> None:
        hosts = Hosts(database.url)
        pools = [Pool(hosts, 2, 2) for _ in range(2)]
        taken = [await pool.acquire() for pool in pools]
        idle = await pools[1].acquire()
        pools[1].release(idle)
        pools[0].discard_server()
        assert idle.closed
        for pool, connection in zip(pools, taken, strict=True):
            pool.release(connection)
            assert connection.closed
            pool.close()

    asyncio.run(work())


def test_closing_a_pool_raises_an_error_in_waiting_callers(with_pool):
    async def work(pool: Pool) -> None:
        taken = [await pool.acquire() for _ in range(2)]
        (waiting,) = await begun(pool.acquire())
        pool.close()
        with pytest.raises(Unavailable, match="stopping"):
            await waiting
        for connection in taken:
            pool.release(connection)
            assert connection.closed

    with_pool(work)


def test_a_closed_pool_refuses_callers_at_once(with_pool):
    async def work(pool: Pool) -> None:
        pool.close()
        with pytest.raises(Unavailable, match="stopping"):
            await pool.acquire()

    with_pool(work)

"""Prepared statements: planned once per connection, and sent unprepared if that is impossible."""

import pytest

from nestmap.database import Database, Hosts, Locked, Prepared, Refused
from nestmap.timeouts import TIMEOUTS
from tests.support.asking import ask

ADD = Prepared("add", "select %(a)s::int + %(b)s::int + %(a)s::int, 5 %% 3;")
KEPT = "select name, generic_plans, custom_plans from pg_prepared_statements"


async def add(db: Database) -> None:
    assert await db.one(ADD, {"a": 1, "b": 2}) == (4, 2)


def test_a_statement_is_planned_once_for_all_calls_on_a_connection(database):
    async def work(db: Database) -> None:
        for _ in range(7):
            await add(db)
        assert await db.all(KEPT) == [(ADD.name, 7, 0)]

    ask(database.url, work)


def test_a_call_that_fails_leaves_it_usable(database):
    divide = Prepared("divide", "select 6 / %(a)s::int")

    async def work(db: Database) -> None:
        with pytest.raises(Refused, match="22012"):
            await db.one(divide, {"a": 0})
        assert await db.one(divide, {"a": 2}) == (3,)

    ask(database.url, work)


def test_a_lock_that_prevents_its_preparation_only_delays_it(database):
    database.execute("create table locked (x int)")
    find = Prepared("find", "select x from locked where x = %(x)s::int")

    async def work(db: Database) -> None:
        await add(db)
        other = Database(Hosts(database.url))
        async with other.transaction() as transaction:
            await transaction.execute("lock table locked in access exclusive mode")
            with pytest.raises(Locked):
                await db.all(find, {"x": 1})
        await other.close()
        for _ in range(2):
            assert await db.all(find, {"x": 1}) == []
            await add(db)
        assert sorted(name for name, *_ in await db.all(KEPT)) == sorted([ADD.name, find.name])

    ask(database.url, work, connections=1, lock=TIMEOUTS.lock)


def test_it_is_sent_unprepared_after_it_was_deallocated(database):
    async def work(db: Database) -> None:
        await add(db)
        await db.execute("deallocate all")
        await add(db)
        await add(db)
        assert await db.all(KEPT) == []

    ask(database.url, work)


def test_it_is_sent_unprepared_if_another_statement_has_its_name(database):
    async def work(db: Database) -> None:
        await db.execute(f"prepare {ADD.name} as select 'of another'")
        await add(db)
        await add(db)

    ask(database.url, work)


def test_a_statement_without_parameters_works(database):
    async def work(db: Database) -> None:
        assert await db.one(Prepared("one", "select 1")) == (1,)

    ask(database.url, work)


def test_the_plan_uses_an_index_though_the_table_was_empty_when_it_was_made(database):
    database.execute("create table kept (x int primary key)")
    find = Prepared("find", "select x from kept where x = any(%(wanted)s::int[])")

    async def work(db: Database) -> None:
        assert await db.all(find, {"wanted": [7]}) == []
        await db.execute("insert into kept select generate_series(1, 20000)")
        for _ in range(8):
            assert await db.all(find, {"wanted": [7]}) == [(7,)]
        await db.one("select pg_stat_force_next_flush()")
        read = "select seq_tup_read from pg_stat_user_tables where relname = 'kept'"
        assert await db.one(read) == (0,)

    ask(database.url, work)

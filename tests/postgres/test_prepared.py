"""Prepared statements: planned once for a connection, and sent plainly where that can't be."""

import pytest

from nestmap.database import Database, Prepared, Refused
from tests.support.asking import ask

ADD = Prepared("add", "select %(a)s::int + %(b)s::int + %(a)s::int, 5 %% 3;")
KEPT = "select name, generic_plans, custom_plans from pg_prepared_statements"


async def add(asked: Database) -> None:
    assert await asked.one(ADD, {"a": 1, "b": 2}) == (4, 2)


def test_it_is_planned_once_for_all_calls_on_a_connection(database):
    async def work(asked: Database) -> None:
        for _ in range(7):
            await add(asked)
        assert await asked.all(KEPT) == [(ADD.name, 7, 0)]

    ask(database.url, work)


def test_a_call_that_fails_leaves_it_usable(database):
    divide = Prepared("divide", "select 6 / %(a)s::int")

    async def work(asked: Database) -> None:
        with pytest.raises(Refused, match="22012"):
            await asked.one(divide, {"a": 0})
        assert await asked.one(divide, {"a": 2}) == (3,)

    ask(database.url, work)


def test_it_is_sent_plainly_once_it_is_found_gone(database):
    async def work(asked: Database) -> None:
        await add(asked)
        await asked.execute("deallocate all")
        await add(asked)
        await add(asked)
        assert await asked.all(KEPT) == []

    ask(database.url, work)


def test_it_is_sent_plainly_if_another_has_its_name(database):
    async def work(asked: Database) -> None:
        await asked.execute(f"prepare {ADD.name} as select 'of another'")
        await add(asked)
        await add(asked)

    ask(database.url, work)


def test_without_parameters(database):
    async def work(asked: Database) -> None:
        assert await asked.one(Prepared("one", "select 1")) == (1,)

    ask(database.url, work)


def test_the_plan_uses_an_index_though_the_table_was_empty_when_it_was_made(database):
    database.execute("create table kept (x int primary key)")
    find = Prepared("find", "select x from kept where x = any(%(wanted)s::int[])")

    async def work(asked: Database) -> None:
        assert await asked.all(find, {"wanted": [7]}) == []
        await asked.execute("insert into kept select generate_series(1, 20000)")
        for _ in range(8):
            assert await asked.all(find, {"wanted": [7]}) == [(7,)]
        await asked.one("select pg_stat_force_next_flush()")
        read = "select seq_tup_read from pg_stat_user_tables where relname = 'kept'"
        assert await asked.one(read) == (0,)

    ask(database.url, work)

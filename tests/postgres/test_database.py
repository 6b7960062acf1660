"""nestmap.database gives the same results for all settings of server, role and environment."""

import asyncio
import os
import resource
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from nestmap.database import (
    Database,
    DatabaseError,
    Hosts,
    Limits,
    Refused,
    TimedOut,
    Unavailable,
    lift_limit,
    limit_statements,
)
from tests.support.asking import ask

WORDS = "São Paulo 東京 🗺"


def test_rows_come_as_tuples_or_by_column_name(database):
    async def work(db: Database) -> None:
        sql = "select 1 as one, 'x' as two"
        assert await db.all(sql) == [(1, "x")]
        assert await db.one(sql) == (1, "x")
        assert await db.rows(sql) == [{"one": 1, "two": "x"}]
        assert await db.rows("create table new (x int)") == []
        assert await db.execute("insert into new values (1), (2)") == 2

    ask(database.url, work)


LIMITS = "select current_setting('statement_timeout'), current_setting('lock_timeout')"
SENT = "select query from pg_stat_activity where pid = pg_backend_pid()"


def test_a_direct_connection_keeps_its_limits_so_a_statement_is_sent_alone(database):
    async def work(db: Database) -> None:
        await db.one("select 1")
        assert await db.one(SENT) == (SENT,)

    ask(database.url, work, connections=1, lock=1)


def test_limits_hold_after_an_error_and_after_a_shorter_limit(database):
    async def work(db: Database) -> None:
        with pytest.raises(Refused, match="22012"):
            await db.one("select 1 / 0")
        assert await db.one(LIMITS) == ("2s", "1s")
        limit_statements(1.0)
        shorter = await db.one(LIMITS)
        assert shorter is not None
        assert shorter[0].endswith("ms")
        lift_limit()
        assert await db.one(LIMITS) == ("2s", "1s")

    ask(database.url, work, connections=1, statement=2, lock=1)


def test_limits_hold_after_a_result_that_can_not_be_read(database):
    """Its settings were committed, although the caller gets an error."""

    async def work(db: Database) -> None:
        assert await db.one(LIMITS) == ("2s", "1s")
        limit_statements(1.0)
        with pytest.raises(DatabaseError):
            await db.one("select '10000-01-01'::date")
        lift_limit()
        assert await db.one(LIMITS) == ("2s", "1s")

    ask(database.url, work, connections=1, statement=2, lock=1)


def test_only_limits_of_the_server_apply_outside_of_a_transaction(database):
    async def work(db: Database) -> None:
        assert await db.one(LIMITS) == ("2s", "1s")
        async with db.connection() as connection:
            assert await connection.one(LIMITS) == ("0", "0")

    ask(database.url, work, connections=1, statement=2, lock=1)


@contextmanager
def stopped(processes: list[int]) -> Iterator[None]:
    """Stop processes for the time of a block."""
    for process in processes:
        os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        for process in processes:
            os.kill(process, signal.SIGCONT)


def test_a_statement_whose_connection_was_ended_is_not_repeated_on_one_that_ends_too(database):
    """As when all are ended at once, and notice it one after the other."""

    async def work(db: Database) -> None:
        slowly = "select pg_backend_pid() from pg_sleep(0.1)"
        backends = {
            (await one)[0] for one in [asyncio.ensure_future(db.one(slowly)) for _ in "123"]
        }
        assert len(backends) == 3
        (used_next,) = await db.one("select pg_backend_pid()")
        with stopped([*backends - {used_next}]):
            with stopped([used_next]):
                database.all("select pg_terminate_backend(unnest(%s))", [*backends])
                asked = asyncio.ensure_future(db.one("select 1", idempotent=True))
                await asyncio.sleep(0)
                assert db.figures.in_use
            await asyncio.wait([asked], timeout=1)
        assert await asked == (1,)

    ask(database.url, work, connections=3)


def test_an_error_is_raised_also_on_a_descriptor_above_1024(database):
    async def work(db: Database) -> None:
        with pytest.raises(Refused, match="22012"):
            await db.one("select 1 / 0")
        assert await db.one("select 1") == (1,)

    with descriptors_in_use(1100):
        ask(database.url, work)


class descriptors_in_use:  # noqa: N801 (reads as a verb)
    """Opens `count` descriptors, as a process with many clients has."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._limits = resource.getrlimit(resource.RLIMIT_NOFILE)

    def __enter__(self) -> None:
        most = max(self._limits[0], 4096)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, self._limits[1]))
        self._files = [os.open(os.devnull, os.O_RDONLY) for _ in range(self._count)]

    def __exit__(self, *_: object) -> None:
        for file in self._files:
            os.close(file)
        resource.setrlimit(resource.RLIMIT_NOFILE, self._limits)


def test_a_closed_database_leaves_no_attempt_to_connect():
    """The server accepts connections and never answers."""

    async def work(silent: socket.socket) -> None:
        port = silent.getsockname()[1]
        db = Database(Hosts(f"postgresql://app@127.0.0.1:{port}/x?sslmode=disable"), Limits())
        asking = asyncio.ensure_future(db.one("select 1"))
        client, _ = await asyncio.to_thread(silent.accept)
        with client:
            await db.close()
            with pytest.raises(Unavailable):
                await asking
            assert asyncio.all_tasks() == {asyncio.current_task()}

    with socket.create_server(("127.0.0.1", 0)) as silent:
        asyncio.run(work(silent))


class TestEncodings:
    @pytest.fixture
    def in_encoding(self, cluster, empty_database) -> Iterator[object]:
        """Return `in_encoding("LATIN1")`, which makes a database with this encoding."""
        made = []

        def make(encoding: str):
            made.append(cluster.database(f"in_{encoding.lower()}"))
            empty_database.execute(
                f"create database {made[-1].name} template template0"
                f" encoding '{encoding}' locale 'C'"
            )
            return made[-1]

        yield make
        for database in made:
            cluster.drop(database)

    async def keep(self, db: Database, words: str) -> str:
        """Store `words` as text and as JSON, and read them back."""
        await db.execute("create table if not exists kept (x text, y jsonb)")
        stored = await db.one(
            "insert into kept values (%(x)s, jsonb_build_object('x', %(x)s)) returning x, y::text",
            {"x": words},
        )
        assert stored is not None
        assert stored[1] == f'{{"x": "{words}"}}'
        return str(stored[0])

    @pytest.mark.parametrize("encoding", ["SQL_ASCII", "UTF8"])
    def test_every_character_is_kept(self, in_encoding, encoding):
        database = in_encoding(encoding)
        assert ask(database.url, lambda db: self.keep(db, WORDS)) == WORDS

    def test_latin1_keeps_its_own_characters_and_the_error_for_others_names_the_encoding(
        self, in_encoding
    ):
        database = in_encoding("LATIN1")
        assert ask(database.url, lambda db: self.keep(db, "São Paulo")) == "São Paulo"
        with pytest.raises(Refused, match=r"22P05 .*LATIN1"):
            ask(database.url, lambda db: self.keep(db, WORDS))

    def test_the_client_encoding_of_the_environment_is_ignored(self, empty_database, monkeypatch):
        monkeypatch.setenv("PGCLIENTENCODING", "LATIN1")
        assert ask(empty_database.url, lambda db: self.keep(db, WORDS)) == WORDS

    def test_the_client_encoding_of_the_database_is_ignored(self, empty_database):
        name = empty_database.name
        empty_database.execute(f"alter database {name} set client_encoding = 'LATIN1'")
        assert ask(empty_database.url, lambda db: self.keep(db, WORDS)) == WORDS


@pytest.mark.parametrize("level", ["serializable", "repeatable read"])
def test_statements_run_in_read_committed_also_if_the_role_has_another_default(
    empty_database, level
):
    name = empty_database.name
    empty_database.execute(f"alter database {name} set default_transaction_isolation = '{level}'")
    empty_database.close()
    empty_database.execute("create table counter as select 0 as n")

    async def work(db: Database) -> None:
        await asyncio.gather(
            *(db.execute("update counter set n = n + 1") for _ in range(40)),
        )
        async with db.transaction() as transaction:
            assert await transaction.one("show transaction_isolation") == ("read committed",)

    ask(empty_database.url, work)
    assert empty_database.value("select n from counter") == 40


class TestConnections:
    """A process works with fewer connections than its limit."""

    @pytest.fixture
    def url(self, empty_database):
        empty_database.execute("create role single login connection limit 1")
        yield empty_database.url.replace("//postgres:", "//single:")
        empty_database.execute("drop role single")

    def test_a_role_with_one_connection_serves_all_requests(self, url):
        async def work(db: Database) -> list[object]:
            statement = "select pg_backend_pid() from pg_sleep(0.02)"
            return await asyncio.gather(*(db.one(statement) for _ in range(20)))

        assert len(set(ask(url, work, connections=4))) == 1

    def test_a_caller_that_gives_up_loses_no_connection(self, database):
        async def work(db: Database) -> None:
            for _ in range(10):
                callers = [asyncio.ensure_future(db.one("select 1")) for _ in range(10)]
                await asyncio.sleep(0)
                for caller in callers[::2]:
                    caller.cancel()
                await asyncio.gather(*callers, return_exceptions=True)
            assert await db.one("select 1") == (1,)

        ask(database.url, work, connections=2)


class TestTimeLimits:
    def test_all_statements_of_a_request_share_one(self, database):
        """Each statement alone may take longer."""

        async def work(db: Database) -> int:
            await db.one("select 1")  # connects, which counts too
            limit_statements(1.0)
            for done in range(20):
                try:
                    await db.one("select pg_sleep(0.2)")
                except TimedOut:
                    return done
            return 20

        assert 1 <= ask(database.url, work) < 5

    def test_the_server_cancels_a_statement_before_the_client_gives_up(self, database):
        """When a client gives up, its statement continues on the server."""

        async def work(db: Database) -> None:
            limit_statements(1.0)
            with pytest.raises(TimedOut):
                await db.one("select pg_sleep(60)")

        ask(database.url, work)
        running = "select count(*) from pg_stat_activity where state = 'active' and query ~ %s and pid <> pg_backend_pid()"
        assert database.value(running, "sleep.60") == 0

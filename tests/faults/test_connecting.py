"""Connecting: each cause of a failure is logged once, completely and without a secret."""

import asyncio
import socket
import tempfile
from pathlib import Path

import pytest

from nestmap.database import Database, DatabaseError, TimedOut, Unavailable
from tests.support.asking import ask
from tests.support.pgbouncer import PgBouncer
from tests.support.ports import free_port
from tests.support.relay import Relay
from tests.support.strict_cluster import QUOTED, StrictCluster, tls_and_password


@pytest.fixture(scope="module")
def strict():
    strict = StrictCluster()
    yield strict
    strict.remove()


async def one(db: Database) -> object:
    return await db.one("select 1")


def cause(url: str) -> str:
    with pytest.raises(Unavailable) as refused:
        ask(url, one)
    assert "p@ss" not in str(refused.value)
    assert "p%40ss" not in str(refused.value)
    return str(refused.value)


@pytest.fixture(scope="module")
def relay(cluster):
    relay = Relay(cluster.port)
    yield relay
    relay.close()


class TestSixCauses:
    def url(self, strict, user="app", host="127.0.0.1", database="postgres", **parameters) -> str:
        query = "&".join(f"{name}={value}" for name, value in parameters.items())
        return f"postgresql://{user}:{QUOTED}@{host}:{strict.port}/{database}?{query}"

    def test_the_right_password_connects(self, strict):
        assert ask(self.url(strict), one) == (1,)

    @pytest.mark.parametrize("mode", ["disable", "prefer", "allow"])
    def test_a_wrong_password(self, strict, mode):
        url = self.url(strict, sslmode=mode).replace("rd%25", "rd%26")
        assert cause(url) == (
            f"host 127.0.0.1, port {strict.port}, database postgres, user app:"
            ' password authentication failed for user "app"'
        )

    def test_a_database_that_does_not_exist(self, strict):
        url = self.url(strict, database="nowhere")
        assert 'database "nowhere" does not exist' in cause(url)

    def test_a_host_that_does_not_exist(self, strict):
        said = cause(self.url(strict, host="nowhere.invalid"))
        assert said.startswith(f"host nowhere.invalid, port {strict.port}, database postgres")
        assert "ame" in said  # Name or service not known, Temporary failure in name resolution

    def test_no_tls(self, cluster):
        said = cause(cluster.database("postgres").url + "?sslmode=require")
        assert "server does not support SSL" in said

    def test_nothing_listens(self, strict):
        port = free_port()
        said = cause(self.url(strict).replace(f":{strict.port}/", f":{port}/"))
        assert said.startswith(f"host 127.0.0.1, port {port}, ")
        assert "Connection refused" in said

    def test_a_rule_of_the_server(self, strict):
        said = cause(self.url(strict, user="outsider", sslmode="disable"))
        assert 'no pg_hba.conf entry for host "127.0.0.1", user "outsider"' in said


@pytest.fixture
def folder():
    """Make a folder that the user of PostgreSQL may read."""
    with tempfile.TemporaryDirectory(prefix="nestmap-tests-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.mark.long
def test_a_round_trip_of_250_ms_with_tls_and_a_password_is_usable(cluster, database, folder):
    database.execute("create role app login")
    pgbouncer = PgBouncer(cluster.port, cluster.system_user, tls_and_password(folder))
    far = Relay(pgbouncer.port)
    far.delay(0.25)
    try:
        url = f"postgresql://app:{QUOTED}@127.0.0.1:{far.port}/{database.name}"
        assert ask(f"{url}?sslmode=require", one) == (1,)
    finally:
        far.close()
        pgbouncer.remove()
        database.execute("drop role app")


@pytest.fixture
def deaf():
    """Return the port of a host that accepts connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def test_the_timeout_of_the_url_limits_the_wait_for_a_silent_host(deaf):
    said = cause(f"postgresql://127.0.0.1:{deaf}/x?sslmode=disable&connect_timeout=1")
    assert said == f"host 127.0.0.1, port {deaf}, database x: no answer within 1 s"


def test_a_silent_host_does_not_delay_the_next_host(deaf, database, cluster):
    url = database.url.replace(
        f"127.0.0.1:{cluster.port}", f"127.0.0.1:{deaf},127.0.0.1:{cluster.port}"
    )
    assert ask(url + "?connect_timeout=60", one, total=10) == (1,)


def test_an_attempt_to_connect_goes_on_when_its_caller_gives_up(database, relay):
    """If each request began a new attempt, a slow network would never be connected."""

    async def work(db: Database) -> None:
        relay.freeze()
        for _ in range(3):
            with pytest.raises(TimedOut):
                await db.one("select 1")
        assert relay.accepted == 1
        relay.thaw()
        assert await db.one("select 1") == (1,)
        assert relay.accepted == 1

    url = database.url_at(relay.port) + "?sslmode=disable&connect_timeout=60"
    ask(url, work, total=0.3, connections=1)


class TestAnOutage:
    """A host that is reachable and refuses every connection."""

    @staticmethod
    async def refuse(db: Database, relay: Relay, requests: int) -> int:
        """Send requests while the host refuses; return the number of attempts to connect."""
        began = relay.accepted
        relay.refuse()
        for _ in range(requests):
            with pytest.raises(DatabaseError):
                await db.one("select 1", idempotent=True)
        relay.accept()
        return relay.accepted - began

    @staticmethod
    async def until_back(db: Database) -> None:
        while True:
            try:
                await db.one("select 1")
            except (TimedOut, Unavailable):
                await asyncio.sleep(0.01)
            else:
                return

    @pytest.fixture
    def url(self, database, relay):
        return database.url_at(relay.port) + "?sslmode=disable"

    def test_is_logged_once_when_it_begins_and_once_when_it_ends(self, url, relay, caplog):
        async def work(db: Database) -> None:
            assert await db.one("select 1") == (1,)
            await self.refuse(db, relay, 200)
            await self.until_back(db)

        ask(url, work)
        away, back = (line.getMessage() for line in caplog.records if "nestmap" in line.name)
        assert away.startswith("can't connect to the database: host 127.0.0.1, port ")
        assert back.startswith("connected to the database again after ")

    def test_does_not_cause_an_attempt_to_connect_for_each_request(self, url, relay):
        async def work(db: Database) -> int:
            return await self.refuse(db, relay, 500)

        assert ask(url, work) < 50

    def test_is_logged_again_when_its_cause_changes(self, url, relay, caplog, database):
        async def work(db: Database) -> None:
            await self.refuse(db, relay, 1)
            database.execute("alter role app nologin")
            while not any("not permitted" in line for line in caplog.messages):
                with pytest.raises(Unavailable):
                    await db.one("select 1")
                await asyncio.sleep(0.01)

        database.execute("create role app login")
        ask(url.replace("//postgres:", "//app:"), work)
        database.execute("drop role app")


def test_an_attempt_that_gets_no_answer_does_not_delay_the_next_one(database, relay):
    """Its packets are lost, so it would wait for a minute."""

    async def work(db: Database) -> None:
        relay.refuse()
        with pytest.raises(Unavailable):
            await db.one("select 1")
        relay.accept()
        relay.swallow(new_too=True)
        taken = relay.accepted
        while relay.accepted == taken:
            with pytest.raises(DatabaseError):
                await db.one("select 1")
        relay.swallow_no_more()
        await TestAnOutage.until_back(db)

    url = database.url_at(relay.port) + "?sslmode=disable&connect_timeout=60"
    ask(url, work, total=0.3, connections=2)

"""The words that every test may use. What a story needs beyond them stands beside its tests."""

import asyncio
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.cluster import Cluster
from tests.support.commands import migrated_database
from tests.support.database import Database
from tests.support.instance import Instance, Starter, instances
from tests.support.relay import Relay
from tests.support.visitor import Visitor


def pytest_configure() -> None:
    """End as after a Ctrl-C when told to stop, so that no server is left behind."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


@pytest.fixture(scope="session", autouse=True)
def _default_loop() -> Iterator[None]:
    """The loop that asyncio makes when pytest-tornado first asks for one, which nobody would close."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    yield
    asyncio.set_event_loop(None)
    loop.close()


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    cluster = Cluster()
    yield cluster
    cluster.remove()


@pytest.fixture(scope="session")
def template(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Database:
    """A database with the schema of the site and nothing in it."""
    template = migrated_database(cluster, tmp_path_factory.mktemp("migrate"))
    cluster.grant_serving(template)
    return template


@pytest.fixture
def empty_database(cluster: Cluster) -> Iterator[Database]:
    """A database without a schema."""
    database = cluster.create()
    yield database
    cluster.drop(database)


@pytest.fixture
def database(cluster: Cluster, template: Database) -> Iterator[Database]:
    """A database of this test's own."""
    database = cluster.create(template.name)
    yield database
    cluster.drop(database)


@pytest.fixture(scope="module")
def shared_database(cluster: Cluster, template: Database) -> Iterator[Database]:
    """A database that the tests of one file share."""
    database = cluster.create(template.name)
    yield database
    cluster.drop(database)


@pytest.fixture
def start_instance(tmp_path: Path) -> Iterator[Starter]:
    """`start_instance(database.url, SESSION_TTL_SECONDS=60)`: a ready instance."""
    with instances(tmp_path) as starter:
        yield starter


@pytest.fixture(scope="module")
def start_shared_instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Starter]:
    with instances(tmp_path_factory.mktemp("instances")) as starter:
        yield starter


@pytest.fixture(scope="module")
def site(shared_database: Database, start_shared_instance: Starter) -> Instance:
    """The instance that the tests of one file share, on `shared_database`.

    Its role has the rights of sql/roles.sql and no others.
    """
    return start_shared_instance(shared_database.serving_url)


@pytest.fixture
def visitor(site: Instance) -> Visitor:
    """A new visitor of `site`."""
    return Visitor(site.url)


@pytest.fixture
def new_visitor(site: Instance) -> Callable[[], Visitor]:
    return lambda: Visitor(site.url)


@pytest.fixture(scope="module")
def relay(cluster: Cluster) -> Iterator[Relay]:
    """The wire between the instances of this file and PostgreSQL."""
    relay = Relay(cluster.port)
    yield relay
    relay.close()


@pytest.fixture(autouse=True)
def _good_wire(request: pytest.FixtureRequest) -> Iterator[None]:
    """Whatever a test did to the wire, the next one finds it good."""
    yield
    if "relay" in request.fixturenames:
        request.getfixturevalue("relay").heal()


@pytest.fixture(scope="module")
def pair(shared_database: Database, relay: Relay, start_shared_instance: Starter) -> list[Instance]:
    """Two instances on one database: the first behind `relay`, the second directly."""
    urls = (shared_database.url_at(relay.port), shared_database.url)
    started = [start_shared_instance.begin(url) for url in urls]
    for instance in started:
        instance.wait_until_ready()
    return started


@pytest.fixture
def tourist(pair: list[Instance]) -> Visitor:
    """A visitor whom the load balancer sends to either of the pair (`at=0`, `at=1`)."""
    return Visitor(*(instance.url for instance in pair))

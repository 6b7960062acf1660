"""Fixtures for all tests. Fixtures that only some tests need are in the files of those tests."""

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
    """Treat SIGTERM like Ctrl-C, so that fixtures stop the servers that they started."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    # A shell that runs the tests in the background has Ctrl-C ignored, here and in what is started here.
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session", autouse=True)
def _default_loop() -> Iterator[None]:
    """Close the event loop that asyncio makes when pytest-tornado first asks for one."""
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
    """Make a database with the schema of the site and no rows."""
    template = migrated_database(cluster, tmp_path_factory.mktemp("migrate"))
    cluster.grant_serving(template)
    return template


@pytest.fixture
def empty_database(cluster: Cluster) -> Iterator[Database]:
    """Make a database without a schema."""
    database = cluster.create()
    yield database
    cluster.drop(database)


@pytest.fixture
def database(cluster: Cluster, template: Database) -> Iterator[Database]:
    """Make a database for one test."""
    database = cluster.create(template.name)
    yield database
    cluster.drop(database)


@pytest.fixture(scope="module")
def shared_database(cluster: Cluster, template: Database) -> Iterator[Database]:
    """Make a database that the tests of one file share."""
    database = cluster.create(template.name)
    yield database
    cluster.drop(database)


@pytest.fixture
def start_instance(tmp_path: Path) -> Iterator[Starter]:
    """Return `start_instance(database.url, SESSION_TTL_SECONDS=60)`, which gives a ready instance."""
    with instances(tmp_path) as starter:
        yield starter


@pytest.fixture(scope="module")
def start_shared_instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Starter]:
    with instances(tmp_path_factory.mktemp("instances")) as starter:
        yield starter


@pytest.fixture(scope="module")
def site(shared_database: Database, start_shared_instance: Starter) -> Instance:
    """Start the instance that the tests of one file share, on `shared_database`.

    Its database role has only the rights that sql/roles.sql grants.
    """
    return start_shared_instance(shared_database.serving_url)


@pytest.fixture
def visitor(site: Instance) -> Visitor:
    """Return a new visitor of `site`."""
    return Visitor(site.url)


@pytest.fixture
def new_visitor(site: Instance) -> Callable[[], Visitor]:
    return lambda: Visitor(site.url)


@pytest.fixture(scope="module")
def relay(cluster: Cluster) -> Iterator[Relay]:
    """Start the relay between the instances of this file and PostgreSQL."""
    relay = Relay(cluster.port)
    yield relay
    relay.close()


@pytest.fixture(autouse=True)
def _good_wire(request: pytest.FixtureRequest) -> Iterator[None]:
    """Repair the relay after each test that broke it."""
    yield
    if "relay" in request.fixturenames:
        request.getfixturevalue("relay").heal()


@pytest.fixture(scope="module")
def pair(shared_database: Database, relay: Relay, start_shared_instance: Starter) -> list[Instance]:
    """Start two instances on one database: the first behind `relay`, the second connected directly."""
    urls = (shared_database.url_at(relay.port), shared_database.url)
    started = [start_shared_instance.begin(url) for url in urls]
    for instance in started:
        instance.wait_until_ready()
    return started


@pytest.fixture
def tourist(pair: list[Instance]) -> Visitor:
    """Return a visitor whose requests go to either instance of the pair (`at=0`, `at=1`)."""
    return Visitor(*(instance.url for instance in pair))

"""Fixtures for tests with real faults: they have a PostgreSQL of their own to break."""

import pytest

from tests.support.cluster import Cluster
from tests.support.commands import migrated_database
from tests.support.crowd import Crowd
from tests.support.fast_clock import fast_clock as make_fast_clock
from tests.support.outages import Outage
from tests.support.relay import Relay


@pytest.fixture(scope="session")
def fragile():
    """Start the cluster that the tests of this folder break and repair."""
    fragile = Cluster()
    yield fragile
    fragile.remove()


@pytest.fixture(scope="session")
def fragile_template(fragile, tmp_path_factory):
    return migrated_database(fragile, tmp_path_factory.mktemp("migrate"))


@pytest.fixture(scope="module")
def shared_database(fragile, fragile_template):
    database = fragile.create(fragile_template.name)
    yield database
    fragile.drop(database)


@pytest.fixture(scope="module")
def relay(fragile):
    """Start the relay between the site and the database."""
    relay = Relay(fragile.port)
    yield relay
    relay.close()


@pytest.fixture(scope="module")
def site(shared_database, relay, start_shared_instance):
    """Start the instance that the tests of one file share, behind `relay`."""
    return start_shared_instance(
        shared_database.url_at(relay.port), SESSION_PRUNE_SECONDS=1, REGISTRATIONS_PER_HOUR=1000
    )


@pytest.fixture
def crowd(site):
    return Crowd(site.url)


@pytest.fixture
def outage(fragile, shared_database, relay):
    return Outage(fragile, shared_database, relay)


@pytest.fixture
def fast_clock(tmp_path):
    return make_fast_clock(tmp_path)

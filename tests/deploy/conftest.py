"""The samples in deploy/, run as an operator would run them."""

import pytest

from tests.deploy.front import Front, front_of


@pytest.fixture(scope="module")
def two(shared_database, start_shared_instance):
    """Start two production instances on one database."""
    settings = {"NESTMAP_ENV": "production", "SESSION_COOKIE_NAME": "__Host-nestmap.sid"}
    started = [start_shared_instance.begin(shared_database.url, **settings) for _ in range(2)]
    for instance in started:
        instance.wait_until_ready()
    return started


@pytest.fixture(scope="module")
def front(two, tmp_path_factory) -> Front:
    """Run nginx with deploy/nginx/nestmap.conf in front of both instances."""
    with front_of([one.port for one in two], tmp_path_factory.mktemp("nginx")) as front:
        yield front

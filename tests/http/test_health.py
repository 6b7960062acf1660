"""The health checks of a load balancer."""

import pytest

from tests.support.visitor import Visitor
from tests.support.waiting import wait_until


def test_a_running_site_is_alive_and_ready(visitor):
    assert visitor.get("/livez").status == 200
    assert visitor.get("/readyz").status == 200


def test_health_checks_use_no_session_and_set_no_cookie(visitor, shared_database):
    before = shared_database.value("select count(*) from session")
    for path in ("/livez", "/readyz"):
        assert visitor.get(path).cookies == []
    assert shared_database.value("select count(*) from session") == before


@pytest.mark.long
def test_a_site_with_an_old_schema_is_not_ready(database, start_instance):
    instance = start_instance(database.url)
    database.execute("delete from nestmap.migrations where name = '0014-touch'")
    wait_until(lambda: instance.readiness() == 503, "the next look at the database")
    assert Visitor(instance.url).get("/readyz").headers["Retry-After"]

"""A Prometheus with the alerts in deploy/ sees what happens to a site."""

import pytest

from tests.deploy.test_prometheus import expressions
from tests.support.cluster import Cluster
from tests.support.commands import migrated_database
from tests.support.ports import free_port
from tests.support.prometheus import prometheus_of
from tests.support.visitor import Visitor
from tests.support.waiting import wait_until

pytestmark = pytest.mark.long


@pytest.fixture
def own_cluster():
    """Start a PostgreSQL for this test to kill."""
    cluster = Cluster()
    yield cluster
    cluster.remove()


def test_a_crashed_database_and_a_stopped_instance_raise_alerts(
    own_cluster, start_instance, tmp_path
):
    database = migrated_database(own_cluster, tmp_path)
    port = free_port()
    site = start_instance(database.url, METRICS_PORT=port, PROCESSES=2)
    visitor = Visitor(site.url)
    visitor.register()
    with prometheus_of([port], tmp_path) as prometheus:
        up = 'up{job="nestmap"} == 1'
        wait_until(lambda: prometheus.query(up), "a scrape", seconds=30)
        visitor.put_place("lisbon")
        for expression in expressions():
            if not expression.startswith("label_values"):
                wait_until(lambda: answers(prometheus, expression), expression, seconds=30)  # noqa: B023
        assert prometheus.firing() == set()

        own_cluster.crash()
        database.close()
        assert visitor.put_place("oslo").status == 503
        prometheus.wait_for_alert("NestMapDatabaseUnreachable")
        assert "NestMapInstanceDown" not in prometheus.firing()

        own_cluster.start()
        wait_until(lambda: visitor.put_place("oslo").status == 201, "the database", seconds=30)
        wait_until(lambda: not prometheus.firing(), "the alerts to be over", seconds=60)

        assert site.stop() == 0
        prometheus.wait_for_alert("NestMapInstanceDown")


def answers(prometheus, expression: str) -> bool:
    """Return True if the expression of a panel has data."""
    expression = expression.replace("$__rate_interval", "10s").replace("$instance", ".*")
    return bool(prometheus.query(expression))

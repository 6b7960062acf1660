"""A server starts and runs without its database, and becomes ready when the database is there."""

import signal

import psutil
import pytest

from tests.support.cluster import Cluster
from tests.support.commands import migrated_database, nestmap
from tests.support.ports import free_port
from tests.support.visitor import Visitor
from tests.support.waiting import connectable, wait_until

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def cluster():
    cluster = Cluster()
    yield cluster
    cluster.remove()


@pytest.fixture(scope="module")
def database(cluster, tmp_path_factory):
    database = migrated_database(cluster, tmp_path_factory.mktemp("migrate"))
    yield database
    database.close()


@pytest.fixture
def away(cluster, database):
    """Take the database away until `away()` is called or the test ends."""
    database.close()
    cluster.stop()
    here = []

    def come() -> None:
        if not here:
            here.append(True)
            cluster.start()

    yield come
    come()


def wait_until_listening(instance) -> None:
    wait_until(lambda: connectable(instance.port), f"a listener\n{instance.output}")


def workers_of(instance) -> list[psutil.Process]:
    """Wait until the instance has two workers and return them."""

    def two() -> list[psutil.Process]:
        found = psutil.Process(instance.process.pid).children()
        return found if len(found) == 2 else []

    return wait_until(two, "two workers")


class TestWithoutADatabase:
    def test_a_server_answers_at_once_and_is_ready_when_the_database_is_there(
        self, away, database, start_instance
    ):
        instance = start_instance.begin(database.url)
        wait_until_listening(instance)
        visitor = Visitor(instance.url)
        assert visitor.get("/livez").status == 200
        assert visitor.get("/static/site.css").status == 200
        for path in ("/readyz", "/", "/login", "/api/places"):
            answer = visitor.get(path)
            assert answer.status == 503, path
            assert int(answer.headers["Retry-After"]) > 0
            assert answer.cookies == []
        assert "the log says why" in visitor.get("/readyz").json["error"]["message"]
        away()
        instance.wait_until_ready()
        assert visitor.put_place("lisbon").status == 201

    def test_the_log_has_one_line_for_the_cause_and_one_for_its_end(
        self, away, database, start_instance, cluster
    ):
        instance = start_instance.begin(database.url)
        wait_until(lambda: "Connection refused" in instance.output, "the reason")
        visitor = Visitor(instance.url)
        for _ in range(50):
            assert visitor.get("/").status == 503
        (line,) = [line for line in instance.output.splitlines() if "can't connect" in line]
        where = f"host 127.0.0.1, port {cluster.port}, database {database.name}, user postgres"
        assert f"can't connect to the database: {where}: Connection refused" in line
        away()
        instance.wait_until_ready()
        assert instance.output.count("connected to the database again after") == 1

    def test_a_worker_that_is_started_again_finds_the_database_without_its_parent(
        self, away, database, start_instance
    ):
        instance = start_instance.begin(database.url, PROCESSES=2)
        wait_until_listening(instance)
        first, _ = workers_of(instance)
        first.send_signal(signal.SIGKILL)
        wait_until(lambda: first not in workers_of(instance), "a new worker")
        assert Visitor(instance.url).get("/livez").status == 200
        away()
        instance.wait_until_ready()

    def test_a_server_with_wait_exits_when_the_time_is_over(self, away, database, start_instance):
        instance = start_instance.begin(database.url, arguments=("--wait", "1"))
        assert instance.wait() == 2
        assert "nestmap: the database can't be used: host 127.0.0.1" in instance.output

    def test_a_server_with_wait_starts_when_the_database_is_there(
        self, away, database, start_instance
    ):
        instance = start_instance.begin(database.url, arguments=("--wait", "60"))
        wait_until(lambda: "the site is not started" in instance.output, "a line that says so")
        assert not connectable(instance.port)
        away()
        instance.wait_until_ready()

    def test_a_command_exits_at_once_and_prints_the_cause(self, away, database, tmp_path):
        done = nestmap("prune", database_url=database.url, directory=tmp_path)
        assert done.returncode == 1
        (line,) = done.stderr.splitlines()
        assert line.startswith("the database: host 127.0.0.1, port ")

    def test_a_server_can_be_stopped(self, away, database, start_instance):
        instance = start_instance.begin(database.url)
        wait_until(lambda: instance.readiness() == 503, "an answer")
        assert instance.stop() == 0


def test_a_server_whose_schema_cannot_be_used_is_ready_when_the_schema_is_repaired(
    database, start_instance
):
    checksum = database.value(
        "select checksum from nestmap.migrations where folder = 'site' limit 1"
    )
    database.execute("update nestmap.migrations set checksum = 'x' where checksum = %s", checksum)
    instance = start_instance.begin(database.url)
    wait_until(lambda: "was edited after it was applied" in instance.output, "the reason")
    assert instance.readiness() == 503
    database.execute("update nestmap.migrations set checksum = %s where checksum = 'x'", checksum)
    instance.wait_until_ready()


def test_a_database_url_that_libpq_does_not_understand_is_refused_with_one_line(start_instance):
    url = f"postgresql://app:secret@127.0.0.1:{free_port()}/nestmap?schema=public"
    instance = start_instance.begin(url)
    assert instance.wait() == 2
    reason = "a connection string with a parameter that PostgreSQL does not know: schema"
    assert instance.output.splitlines() == [f"nestmap: DATABASE_URL is {reason}"]

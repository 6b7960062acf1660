"""The metrics at METRICS_PORT, of one process and of two."""

import re
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator

import psutil
import pytest

from handlers.routes import ROUTE_NAMES
from nestmap.metrics.requests import METHODS
from tests.support.database import Database
from tests.support.instance import Instance
from tests.support.metrics import Metrics
from tests.support.ports import free_port
from tests.support.raw import RawClient, request
from tests.support.sabotage import refused_commits
from tests.support.sids import sid_of
from tests.support.visitor import Visitor
from tests.support.waiting import wait_until

pytestmark = pytest.mark.long

REQUESTS = "nestmap_http_requests_total"


@pytest.fixture(scope="module", params=[1, 2], ids=["one process", "two processes"])
def processes(request) -> int:
    return request.param


@pytest.fixture(scope="module")
def shared_database(cluster, template, processes) -> Iterator[Database]:
    """Make a database for each number of processes, so that they do not prune for each other."""
    database = cluster.create(template.name)
    yield database
    cluster.drop(database)


@pytest.fixture(scope="module")
def measured(processes, shared_database, start_shared_instance) -> Instance:
    """Start an instance with metrics."""
    return start_shared_instance(
        shared_database.serving_url,
        METRICS_PORT=free_port(),
        PROCESSES=processes,
        SESSION_PRUNE_SECONDS=1,
        SIGN_IN_ACCOUNT_FAILURES=1,
    )


@pytest.fixture
def site(measured) -> Instance:
    return measured


@pytest.fixture
def metrics(measured) -> Metrics:
    said = re.search(r"Metrics: http://127\.0\.0\.1:(\d+)/metrics", measured.output)
    return Metrics(int(said[1]))


def test_requests_are_counted_by_route_method_and_status(visitor, metrics):
    route = {"route": "/api/places/*", "method": "PUT"}
    before = metrics.scrape()
    for place in ("lisbon", "oslo", "rome"):
        assert visitor.put_place(place).status == 201
    assert visitor.put_place("lisbon").status == 200
    made = before.value(REQUESTS, **route, status="201")
    replaced = before.value(REQUESTS, **route, status="200")
    metrics.wait_for(REQUESTS, made + 3, **route, status="201")
    metrics.wait_for(REQUESTS, replaced + 1, **route, status="200")
    of_time = "nestmap_http_request_duration_seconds"
    after = metrics.scrape()
    assert after.value(f"{of_time}_count", **route) == after.value(REQUESTS, **route)
    assert after.value(f"{of_time}_bucket", **route, le="+Inf") == after.value(REQUESTS, **route)
    assert after.value(f"{of_time}_sum", **route) > before.value(f"{of_time}_sum", **route)


def test_loads_and_commits_are_counted_with_their_batches(visitor, metrics):
    before = metrics.scrape()
    visitor.put_place("lisbon")
    visitor.put_place("oslo")
    assert visitor.place_ids() == ["lisbon", "oslo"]
    for statement, count in (("insert_sessions", 1), ("update_sessions", 1), ("load_sessions", 2)):
        for family in ("batch_size", "batch_wait_seconds", "batch_duration_seconds"):
            name = f"nestmap_session_{family}_count"
            was = before.value(name, statement=statement)
            metrics.wait_for(name, was + count, statement=statement)
        size = "nestmap_session_batch_size_sum"
        was = before.value(size, statement=statement)
        metrics.wait_for(size, was + count, statement=statement)
    held = "nestmap_session_held_responses_total"
    metrics.wait_for(held, before.value(held) + 2)


def test_a_session_that_has_ended_and_a_commit_that_fails_are_counted(
    visitor, metrics, shared_database
):
    errors, failures = "nestmap_session_error_responses_total", "nestmap_session_failures_total"
    before = metrics.scrape()
    visitor.put_place("lisbon")
    shared_database.execute("delete from session where sid = %s", sid_of(visitor, shared_database))
    assert visitor.put_place("oslo").status == 401
    with refused_commits(shared_database):
        assert Visitor(*visitor.urls).put_place("oslo").status == 503
    for code in ("session_ended", "unavailable"):
        metrics.wait_for(errors, before.value(errors, code=code) + 1, code=code)
    labels = {"statement": "insert_sessions", "kind": "refused"}
    metrics.wait_for(failures, before.value(failures, **labels) + 1, **labels)


def test_sign_ins_are_counted_by_their_result(visitor, metrics):
    name = "nestmap_sign_in_attempts_total"
    before = metrics.scrape()
    visitor.register()
    stranger = Visitor(*visitor.urls)
    stranger.email = "nobody-has-this@example.org"
    assert stranger.sign_in(password="a wrong password").status == 401
    assert stranger.sign_in(password="a wrong password").status == 429
    assert visitor.sign_in().status == 200
    for result in ("succeeded", "failed", "throttled"):
        metrics.wait_for(name, before.value(name, result=result) + 1, result=result)


def test_pruned_sessions_are_counted_with_the_time_of_the_last_pruning(metrics, shared_database):
    removed, last = "nestmap_sessions_pruned_total", "nestmap_sessions_last_prune_timestamp_seconds"
    before = metrics.scrape()
    shared_database.execute(
        "insert into session (sid, sess, expire) select 'old-' || n, '{}',"
        " (now() at time zone 'utc') - interval '1 minute' from generate_series(1, 7) as n"
    )
    wait_until(lambda: metrics.scrape().value(removed) == before.value(removed) + 7, "the pruner")
    assert metrics.scrape().value(last) > before.value(last)
    assert metrics.scrape().value("nestmap_sessions_prune_interval_seconds") == 1


def test_sessions_by_state_and_the_size_of_their_table_are_those_of_the_last_sample(
    metrics, shared_database
):
    newest = "select max(at) from nestmap.session_samples where seconds = 60"
    wait_until(lambda: shared_database.value(newest), "the first sample")
    shared_database.execute(
        "update nestmap.session_samples set total = 70, active = 50, authenticated = 20, users = 9,"
        " table_bytes = 12345, at = now()"
        f" where at = ({newest})"
    )
    size = "nestmap_sessions_table_bytes"
    wait_until(lambda: metrics.scrape().value(size) == 12345, "the sample to be read")
    found = metrics.scrape()
    states = {
        state: found.value("nestmap_sessions", state=state) for state in found.labels("state")
    }
    assert states.items() >= {"authenticated": 20, "anonymous": 30, "expired": 20}.items()
    assert found.value("nestmap_sessions_users") == 9


def test_database_connections_and_the_chain_of_events_are_measured(visitor, metrics):
    visitor.put_place("lisbon")
    connects = "nestmap_database_connects_total"
    wait_until(lambda: metrics.scrape().value(connects, pool="writes") > 0, "a connection")
    found = metrics.scrape()
    assert found.value("nestmap_database_up") == 1
    pools = {"reads", "writes", "reports", "background", "site", "readiness"}
    assert found.labels("pool") == pools
    assert found.value("nestmap_database_connections", pool="writes") > 0
    assert found.value("nestmap_events_chain_faults") == 0
    sealed = "nestmap_events_sealed_timestamp_seconds"
    wait_until(lambda: metrics.scrape().value(sealed) > found.value(sealed), "a seal")


def test_the_event_loop_is_measured_and_the_build_is_named(metrics):
    lag = "nestmap_event_loop_lag_seconds_count"
    before = metrics.scrape()
    wait_until(lambda: metrics.scrape().value(lag) > before.value(lag), "a look at the loop")
    (build,) = [dict(has) for name, has in before.samples if name == "nestmap_build_info"]
    assert set(build) == {"version", "python"}


def test_no_request_can_make_a_label(visitor, site, metrics):
    """The labels are those of the routes, also for unknown paths, methods and hosts."""
    for number in range(40):
        visitor.get(f"/nothing/{number}?q={number}")
        visitor.get(f"/api/places/{number}")
        visitor.get("/admin", headers={"Host": f"{number}.example.org"})
        visitor.request("POST", f"/static/{number}.js")
    for method in ("PROPFIND", "BREW", "X" * 200, "get", "GET\u00e9", "OPTIONS", "TRACE"):
        with RawClient(site.port) as client:
            client.send(request(method, "/api/places").decode().encode("latin-1"))
            client.answer_or_end()
    wait_until(lambda: metrics.scrape().value(REQUESTS, route="missing") >= 40, "the requests")
    found = metrics.scrape()
    assert found.labels("method") <= {*METHODS, "other"}
    assert found.labels("route") <= ROUTE_NAMES.known
    assert all(re.fullmatch(r"[1-5]\d\d", status) for status in found.labels("status"))


def test_it_contains_no_secret_address_or_account(visitor, metrics, shared_database):
    visitor.register()
    visitor.put_place("lisbon")
    session = visitor.session()
    text = metrics.scrape().text
    secrets = (visitor.cookie, sid_of(visitor, shared_database), visitor.email, "127.0.0.1")
    for secret in (*secrets, session["session"]["id"]):
        assert secret not in text


def test_it_is_not_a_page_of_the_site(visitor, site, metrics):
    assert visitor.get("/metrics").status == 404
    assert metrics.ask("GET", "/")[0] == 404
    assert metrics.ask("POST", "/metrics")[0] == 405


def test_it_listens_on_this_machine_only(site, metrics):
    listening = [
        connection.laddr
        for process in [
            psutil.Process(site.process.pid),
            *psutil.Process(site.process.pid).children(),
        ]
        for connection in process.net_connections("tcp")
        if connection.status == psutil.CONN_LISTEN and connection.laddr.port == metrics.port
    ]
    assert {address.ip for address in listening} == {"127.0.0.1"}


def test_promtool_finds_no_fault(visitor, metrics):
    visitor.put_place("lisbon")
    status, kind, text = metrics.ask("GET", "/metrics")
    assert status == 200
    assert kind == "text/plain; version=0.0.4; charset=utf-8"
    promtool = shutil.which("promtool")
    assert promtool, "promtool is missing: make tools"
    checked = subprocess.run(
        [promtool, "check", "metrics"], input=text, text=True, capture_output=True, check=False
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert checked.stdout + checked.stderr == ""


def test_a_worker_serves_the_metrics_of_another_that_is_stopped(database, start_instance):
    """Only one of them runs at a time, so its metrics are not from the others directly."""
    port = free_port()
    site = start_instance(database.url, METRICS_PORT=port, PROCESSES=2)
    metrics, visitor = Metrics(port), Visitor(site.url)
    parent = psutil.Process(site.process.pid)
    first, second = wait_until(
        lambda: len(workers := parent.children()) == 2 and workers, "two workers"
    )

    def told() -> bool:
        first.suspend()
        second.resume()
        try:
            return metrics.scrape().value(REQUESTS, route="/livez") == 20
        finally:
            second.suspend()
            first.resume()

    second.suspend()
    for _ in range(20):
        assert visitor.get("/livez").status == 200
    wait_until(told, "the requests of the first worker")
    second.resume()


def test_the_counts_of_a_killed_worker_are_kept(database, start_instance, tmp_path):
    """The listener answers all the time, with the counts of the killed worker.

    After a stop, the files of the workers are removed.
    """
    folder = tmp_path / "temporary"
    folder.mkdir()
    port = free_port()
    site = start_instance(database.url, METRICS_PORT=port, PROCESSES=2, TMPDIR=folder)
    metrics, visitor = Metrics(port), Visitor(site.url)
    for _ in range(30):
        visitor.get("/livez")
    labels = {"route": "/livez", "status": "200"}
    metrics.wait_for(REQUESTS, 30, **labels)
    fds = metrics.scrape().value("process_open_fds")
    parent = psutil.Process(site.process.pid)
    workers = parent.children()
    for worker in workers:
        worker.send_signal(signal.SIGKILL)
        wait_until(lambda: not worker.is_running(), "the worker to be gone")  # noqa: B023
        assert metrics.scrape().value(REQUESTS, **labels) == 30
        wait_until(lambda: metrics.scrape().value("process_open_fds") < 0.75 * fds, "one process")
        wait_until(lambda: len(parent.children()) == 2, "another worker")
    visitor.get("/livez")
    metrics.wait_for(REQUESTS, 31, **labels)
    wait_until(lambda: metrics.scrape().value("process_open_fds") < 1.5 * fds, "two processes")
    assert len(list(folder.glob("nestmap-metrics-*"))) == 1
    assert site.stop() == 0
    assert list(folder.iterdir()) == []


def test_without_the_setting_nothing_else_listens(database, start_instance):
    site = start_instance(database.url)
    listening = [
        connection.laddr.port
        for connection in psutil.Process(site.process.pid).net_connections("tcp")
        if connection.status == psutil.CONN_LISTEN
    ]
    assert listening == [site.port]
    assert "Metrics" not in site.output


def test_a_port_in_use_is_named_with_the_remedy(database, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        instance = Instance(tmp_path, DATABASE_URL=database.url, METRICS_PORT=port)
        try:
            assert instance.wait() == 2
            (line,) = instance.output.splitlines()
            assert re.search(rf"127\.0\.0\.1:{port} is in use.*METRICS_PORT={port + 1}", line)
        finally:
            instance.kill()


@pytest.mark.parametrize("port", ["0", "70000", "http", "the same"])
def test_an_invalid_port_is_refused(tmp_path, port):
    given = free_port()
    instance = Instance(tmp_path, PORT=given, METRICS_PORT=given if port == "the same" else port)
    try:
        assert instance.wait() == 2
        assert "METRICS_PORT" in instance.output
    finally:
        instance.kill()

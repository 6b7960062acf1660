"""Metrics of the site: requests, sign-ins and database connections. Those of sessions: of_sessions.py."""

from collections.abc import Iterator

from prometheus_client.metrics_core import Metric

from nestmap.metrics.builders import counter, gauge, histogram, level, total
from nestmap.metrics.requests import RequestFigures
from nestmap.services import Services


def of_requests(services: Services, requests: RequestFigures) -> Iterator[Metric]:
    """Yield the metrics of requests by route, method and status."""
    routes = dict(requests.routes)
    yield counter(
        "nestmap_http_requests",
        "Requests that were answered.",
        ("route", "method", "status"),
        {
            (*of_route, str(status)): count
            for of_route, figures in routes.items()
            for status, count in figures.statuses.items()
        },
    )
    yield histogram(
        "nestmap_http_request_duration_seconds",
        "Time from the head of a request until its response was sent, commit included.",
        ("route", "method"),
        {of_route: figures.seconds for of_route, figures in routes.items()},
    )
    yield level(
        "nestmap_http_requests_in_progress",
        "Requests that are being answered.",
        services.requests.number,
    )


def of_database(services: Services) -> Iterator[Metric]:
    """Yield the metrics of the connections to PostgreSQL."""
    pools = services.pools.items()
    yield level(
        "nestmap_database_up",
        "1 if the database can be reached, as far as this process knows.",
        0.0 if services.database_is_away else 1.0,
    )
    yield gauge(
        "nestmap_database_connections",
        "Connections to PostgreSQL, by pool and state.",
        ("pool", "state"),
        {
            (pool, state): value
            for pool, figures in pools
            for state, value in (
                ("in_use", figures.in_use),
                ("idle", figures.idle),
                ("connecting", figures.connecting),
            )
        },
    )
    yield gauge(
        "nestmap_database_waiting",
        "Statements that wait for a connection.",
        ("pool",),
        {(pool,): figures.waiting for pool, figures in pools},
    )
    yield counter(
        "nestmap_database_connects",
        "Connections that were made.",
        ("pool",),
        {(pool,): figures.connects for pool, figures in pools},
    )
    yield counter(
        "nestmap_database_connect_failures",
        "Attempts to connect that failed.",
        ("pool",),
        {(pool,): figures.failures for pool, figures in pools},
    )


def of_sign_ins(services: Services) -> Iterator[Metric]:
    """Yield the metrics of password attempts."""
    accounts, queue = services.accounts, services.passwords.queue
    results = ("succeeded", "failed", "throttled")
    yield counter(
        "nestmap_sign_in_attempts",
        "Attempts on a password: sign-ins and confirmations.",
        ("result",),
        {(result,): accounts.attempts[result] for result in results},
    )
    yield level(
        "nestmap_password_queue_waiting", "Passwords that wait to be hashed.", queue.waiting
    )
    yield level("nestmap_password_queue_running", "Passwords that are being hashed.", queue.running)
    yield total(
        "nestmap_password_queue_refused",
        "Passwords that were not hashed, because too many waited.",
        queue.refused,
    )

"""The time limits between a request and a socket, in one value.

Those of a statement and a request are nested: each is longer than those that it contains, so that
the part nearest to the fault gives up first and can report the cause. The others have an order.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """Time limits in seconds. ValueError if one is not longer than those it contains."""

    # To connect to one address until it accepts statements: up to eight round trips with TLS.
    # "connect_timeout" of the URL replaces it.
    connect: float = 3.0
    # After this, the next address is tried in addition to one that has not answered.
    next_address: float = 0.6
    # While the database is unreachable: between two attempts, at first and at most; and after an
    # attempt without an answer.
    first_retry: float = 0.1
    last_retry: float = 0.4
    silent_retry: float = 0.5

    # How long a session write waits for a row that is locked (lock_timeout).
    lock: float = 0.3
    # A statement that takes longer may be lost, and no longer delays others.
    slow: float = 0.4
    # How long PostgreSQL may run a statement (statement_timeout), at most: one of a request with less
    # time left gets less (nestmap/database/deadline.py, limits.py). database.py sends it.
    statement: float = 2.5
    # How much longer to wait for its answer. The server must give up first: if the client gives up,
    # the statement continues.
    grace: float = 1.0
    # One statement, including waiting for a free connection and connecting.
    total: float = 3.9
    # A statement for administration: a page is promised within a second.
    administration: float = 0.9
    # One that no request waits for: taking a sample of a large table, pruning.
    background: float = 120.0
    # A load or a commit with its wait for a batch; all statements of one request together.
    request: float = 4.4

    # The promise to clients: a response within this time, possibly a 503. Nothing measures it; it is
    # here for the order of the others.
    answer: float = 5.0

    # How long a commit may wait for a synchronous standby: longer than anyone listens for it.
    commit: float = 5.5

    # An unused connection to PostgreSQL, and the age of a used one: a server that was demoted still
    # answers reads.
    unused_connection: float = 60.0
    connection_age: float = 60.0

    # The HTTP server: the body of a request, reading a response, a connection without a request (the
    # default of KEEPALIVE_SECONDS).
    body: float = 15.0
    write: float = 30.0
    idle: float = 75.0
    # A stop: time for requests, from their first byte to the last one of the response, and for commits; then
    # the process exits by force, or the supervisor kills it.
    drain: float = 10.0
    kill: float = 13.0

    def __post_init__(self) -> None:
        nested = (
            ("first_retry", "last_retry"),
            ("last_retry", "silent_retry"),
            ("silent_retry", "connect"),
            ("next_address", "connect"),
            ("connect", "total"),
            ("lock", "slow"),
            ("slow", "statement"),
            ("slow", "administration"),
            ("administration", "statement"),
            ("statement", "background"),
            ("statement", "total"),
            ("total", "request"),
            ("request", "answer"),
            ("answer", "commit"),
            ("answer", "drain"),
            ("drain", "kill"),
            ("answer", "body"),
            ("answer", "write"),
        )
        for shorter, longer in nested:
            if not 0 < getattr(self, shorter) < getattr(self, longer):
                raise ValueError(f"the timeout {shorter} must be shorter than {longer}")
        if self.statement + self.grace >= self.total:
            raise ValueError("the timeouts statement and grace together must be shorter than total")


TIMEOUTS = Timeouts()

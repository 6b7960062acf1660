"""Every time limit between a request and a socket, in one value.

The limits are nested: each is longer than those that it contains, so that the part that is nearest
to the fault gives up first and can say what happened.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """Time limits in seconds. ValueError if one is not longer than what it contains."""

    # To connect to one address, until it takes statements: up to eight round trips with TLS.
    # "connect_timeout" of the URL takes its place.
    connect: float = 3.0
    # An address that has not answered after this is not waited for alone: the next is tried too.
    next_address: float = 0.6
    # While the database is away: between two attempts, at first and at most; and after an attempt
    # that has got no answer yet.
    first_retry: float = 0.1
    last_retry: float = 0.4
    silent_retry: float = 0.5

    # How long a session write waits for a row that someone else has locked (lock_timeout).
    lock: float = 0.3
    # A statement that takes longer may have been lost, and holds up no other one any more.
    slow: float = 0.4
    # How long PostgreSQL may work on a statement (statement_timeout).
    statement: float = 2.5
    # How much longer its answer is waited for. The server must be the first to give up: a client
    # that gives up leaves the statement running.
    grace: float = 1.0
    # One statement with all that it needs: a free connection, connecting, running.
    total: float = 3.9
    # A statement for administration: a page is promised within a second.
    administration: float = 0.9
    # One that no request waits for: taking a sample of a large table, pruning.
    background: float = 120.0
    # A load or a commit with its place in a batch; all statements of one request together.
    request: float = 4.4

    # What is promised to whoever sends a request: an answer, if only a 503.
    answer: float = 5.0

    # A connection to PostgreSQL that nothing uses, and the age of one that is used: a server that
    # was demoted goes on answering reads.
    unused_connection: float = 60.0
    connection_age: float = 60.0

    # The HTTP server: the body of a request, taking in a response, a connection without a request.
    body: float = 15.0
    write: float = 30.0
    idle: float = 75.0
    # A stop: for running requests and commits; then the supervisor kills the process.
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

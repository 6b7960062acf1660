"""aiopg 1.4.0 on psycopg2, with fixes for its bugs. It has had no release since 2022 and is pinned."""

import asyncio
from contextlib import suppress
from typing import Any

import aiopg
import psycopg2
import psycopg2.extensions


class RawConnection(aiopg.Connection):  # type: ignore[misc]  # untyped
    """Replaces the way in which aiopg watches the descriptor, which has two bugs.

    When libpq reports an error, aiopg calls select() on the descriptor. That raises ValueError for
    descriptors from 1,024 on, and the caller waits for the statement indefinitely.

    When a connect fails while aiopg watches the socket for writing, aiopg suppresses the error of
    the closed descriptor and keeps its number. Later it removes the reader of another connection
    that has this number by then: a client of the site, whose response is lost.
    """

    _fileno: int | None
    _writing: bool

    @staticmethod
    def _ready(weak_self: Any) -> None:
        raw = weak_self()
        if raw is None:
            return
        waiter = raw._waiter
        state, failure = None, None
        try:
            state = raw.raw.poll()
        except (psycopg2.Warning, psycopg2.Error) as error:
            failure = error
        if not raw._watch(writing=state == psycopg2.extensions.POLL_WRITE) and failure is None:
            failure = psycopg2.OperationalError("the connection was closed")
        if waiter is None or waiter.done():
            return
        if failure is not None:
            waiter.set_exception(failure)
        elif state == psycopg2.extensions.POLL_OK:
            waiter.set_result(None)

    def _watch(self, *, writing: bool) -> bool:
        """Watch for reading, and for writing if needed. Return False if the socket is closed."""
        loop, descriptor = self._loop, self._fileno
        if descriptor is None:
            return False
        if descriptor != _descriptor(self.raw):
            for forget in (loop.remove_reader, loop.remove_writer):
                with suppress(OSError):
                    forget(descriptor)
            self._fileno, self._writing = None, False
            return False
        if writing and not self._writing:
            loop.add_writer(descriptor, self._ready, self._weakref)
        elif self._writing and not writing:
            loop.remove_writer(descriptor)
        self._writing = writing
        return True


def ignore_cancelled_statements(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Handle exceptions of the loop, but ignore those that aiopg reports for cancelled statements.

    The caller of the statement gets TimedOut; a traceback in the log would add nothing.
    """
    if not isinstance(context.get("exception"), psycopg2.extensions.QueryCanceledError):
        loop.default_exception_handler(context)


def _descriptor(connection: Any) -> int:
    try:
        return int(connection.fileno())
    except psycopg2.Error:
        return -1

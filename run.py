"""Start NestMap: settings, routes, serve. The one file that sees everything."""

import asyncio
import dataclasses
import os
import signal
import socket
import sys
from contextlib import ExitStack

from handlers.routes import APPLICATION_SETTINGS, ROUTES
from nestmap.database import DatabaseError, Hosts, SchemaError, ignore_cancelled_statements
from nestmap.embedded import embedded_postgres
from nestmap.logs import configure_logs
from nestmap.processes import in_processes
from nestmap.secret import development_secret
from nestmap.serve import listen, make_app, serve, stop_on_signals, unless
from nestmap.services import ADMINISTRATOR, Services
from nestmap.settings import Settings, SettingsError, read_settings


def main() -> int:
    """Serve until told to stop, and give the status to exit with."""
    # Until there is a loop that hears it, a SIGTERM ends the program as a Ctrl-C does.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with ExitStack() as stack:
        try:
            settings = read_settings()
            configure_logs(settings.log_level, settings.log_format)
            settings = settings if settings.secret else with_development_secret(settings)
            sockets = listen(settings)
            url = settings.database_url or stack.enter_context(embedded_postgres(settings.data_dir))
            hosts = Hosts(url)
        except SettingsError as error:
            return refuse(*error.reasons)
        except ValueError as error:
            return refuse(f"DATABASE_URL is {error}")
        except OSError as error:
            return refuse(f"HOST, PORT or DATA_DIR can't be used: {error.strerror or error}")
        if settings.processes == 1:
            return one_process(settings, hosts, sockets)
        parent = os.getpid()
        return in_processes(
            settings.processes,
            lambda number: one_process(settings, hosts, sockets, number, parent),
            sockets,
        )


def one_process(
    settings: Settings,
    hosts: Hosts,
    sockets: list[socket.socket],
    number: int = 0,
    parent: int | None = None,
) -> int:
    """Serve from this process, number so and so of those that ``parent`` started."""
    try:
        return asyncio.run(serving(settings, hosts, sockets, number, parent))
    except (DatabaseError, SchemaError) as error:
        return refuse(f"the database can't be used: {error}")


async def serving(
    settings: Settings,
    hosts: Hosts,
    sockets: list[socket.socket],
    number: int,
    parent: int | None,
) -> int:
    """Open the site, serve it, close it; 0 when every request and commit ended in time."""
    stop = asyncio.Event()
    stop_on_signals(stop, signal.SIGTERM, *([signal.SIGINT] if parent is None else []))
    asyncio.get_running_loop().set_exception_handler(ignore_cancelled_statements)
    services = Services(settings, hosts)
    if not await unless(stop, services.open()):
        return 0
    password = None if settings.production else await services.make_administrator()
    if number == 0:
        announce(settings, hosts, sockets)
    if password:
        print(f"Administrator: {ADMINISTRATOR}, password {password} (shown this once)", flush=True)
    if parent is not None:
        watch = stop_without(parent, stop)
        services.background.start(watch, "watch for the parent", daemon=True)
    drained = await serve(
        services, make_app(services, ROUTES, **APPLICATION_SETTINGS), sockets, stop
    )
    return 0 if drained else 1


async def stop_without(parent: int, stop: asyncio.Event) -> None:
    """Stop when the process that started this one is gone, for then nobody minds it."""
    while os.getppid() == parent:
        await asyncio.sleep(1)
    stop.set()


def with_development_secret(settings: Settings) -> Settings:
    """The settings with the secret that development keeps in DATA_DIR."""
    return dataclasses.replace(settings, secret=development_secret(settings.data_dir))


def announce(settings: Settings, hosts: Hosts, sockets: list[socket.socket]) -> None:
    """Say where the site and its data are."""
    host, port = sockets[0].getsockname()[:2]
    where = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    embedded = f"embedded PostgreSQL in {settings.data_dir}"
    print(f"NestMap is at http://{where}", flush=True)
    print(f"Database: {hosts.description if settings.database_url else embedded}", flush=True)


def refuse(*reasons: str) -> int:
    """Say why the program does not start, a line for each reason."""
    for reason in reasons:
        print(f"nestmap: {reason}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)

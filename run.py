"""Start NestMap: settings, routes, serve. The one file that sees everything."""

import sys

try:
    import argparse
    import asyncio
    import dataclasses
    import logging
    import os
    import signal
    from collections.abc import Callable
    from contextlib import ExitStack
    from functools import partial

    from handlers.application import make_app
    from handlers.metrics import MetricsListener
    from handlers.routes import APPLICATION_SETTINGS, ROUTES
    from nestmap import __version__
    from nestmap.database import (
        Database,
        DatabaseError,
        Hosts,
        ignore_cancelled_statements,
        keep_trying,
    )
    from nestmap.embedded import EmbeddedError, EmbeddedPostgres
    from nestmap.env_file import home
    from nestmap.logs import configure_logs
    from nestmap.metrics import forget_worker, share_folder
    from nestmap.opening import Opening
    from nestmap.output import STDERR, reserve_descriptors, say
    from nestmap.processes import (
        Chores,
        Heartbeat,
        ListenError,
        Reloader,
        Sockets,
        addresses,
        beat_for,
        listen,
        run_workers,
        serve,
        start_again,
        stop_on_signals,
        tend_alone,
        watch,
    )
    from nestmap.secret import development_secret
    from nestmap.server import run
    from nestmap.services import ADMINISTRATOR, Services
    from nestmap.settings import Settings, SettingsError, hosts_of, read_settings
except ImportError as error:
    if (error.name or "").split(".")[0] in {"handlers", "nestmap"}:
        raise
    # An old Python lacks names of the standard library; a new Python may lack the requirements.
    sys.exit(
        f"nestmap: {error}. `make run` installs what is needed and starts the site. By hand, with"
        " Python 3.11 or newer:\n  python3 -m venv .venv\n"
        "  .venv/bin/pip install -r requirements.txt\n  .venv/bin/python run.py"
    )

DESCRIPTION = (
    "Start the site. Settings come from the environment and .env. The site answers at once and is"
    " ready when its database is."
)


def main(arguments: list[str]) -> int:
    """Serve until a stop signal, and return the exit status."""
    reserve_descriptors()
    options = parse(arguments)
    # Until the event loop handles them, these signals end the program as Ctrl-C does.
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler)
    with ExitStack() as stack:
        try:
            return start(read_settings(), stack, options)
        except SettingsError as error:
            return refuse(*error.reasons)
        except DatabaseError as error:
            return refuse(f"the database can't be used: {error}")
        except (EmbeddedError, ListenError) as error:
            return refuse(str(error))


def parse(arguments: list[str]) -> argparse.Namespace:
    """Return the options ``wait`` (seconds) and ``reload``.

    It ends the program for --version and --help.
    """
    parser = argparse.ArgumentParser(prog="python run.py", description=DESCRIPTION)
    parser.add_argument(
        "--wait",
        type=int,
        default=0,
        metavar="SECONDS",
        help="first wait for the database, and end if it does not come in time",
    )
    parser.add_argument(
        "--reload",
        action="store_true",
        help="in development, start again when the code or a template has changed",
    )
    parser.add_argument("--version", action="version", version=f"NestMap {__version__}")
    return parser.parse_args(arguments)


def start(settings: Settings, stack: ExitStack, options: argparse.Namespace) -> int:
    """Listen, start the embedded PostgreSQL without a DATABASE_URL, and serve.

    With ``options.wait`` it first waits for the database and raises DatabaseError if that can't be
    used by then; without it the site is served in any case.
    """
    configure_logs(settings.log_level, settings.log_format)
    if not settings.secret:
        settings = dataclasses.replace(settings, secret=development_secret(settings.data_dir))
    if options.wait and settings.database_url:
        asyncio.run(wait_for_database(hosts_of(settings.database_url), options.wait))
    sockets = listen_as(settings)
    url, tend = settings.database_url, list[Callable[[], None]]()
    if not url:
        embedded = EmbeddedPostgres(settings.data_dir)
        stack.callback(embedded.stop)
        embedded.start()
        url = embedded.url
        tend.append(embedded.tend)
    reloader = Reloader(home())
    if options.reload and not settings.production:
        tend.append(reloader.look)
    hosts = hosts_of(url)
    announce(settings, hosts, sockets)
    status = serve_all(settings, hosts, sockets, stack, partial(call_each, tend))
    if reloader.wanted:
        start_again()
    return status


def call_each(functions: list[Callable[[], None]]) -> None:
    """Call one after the other."""
    for function in functions:
        function()


def serve_all(
    settings: Settings,
    hosts: Hosts,
    sockets: Sockets,
    stack: ExitStack,
    tend: Callable[[], None],
) -> int:
    """Serve from as many processes as PROCESSES says; ``tend`` is called every second."""
    if settings.processes == 1:
        return one_process(settings, hosts, sockets, partial(tend_alone, tend))
    parent = os.getpid()
    chores = Chores(tend)
    if sockets.metrics:
        folder, remove = share_folder()
        stack.callback(remove)
        chores = Chores(tend, partial(forget_worker, folder))

    def work(beat: Heartbeat) -> int:
        well = partial(beat_for, parent, beat)
        return one_process(settings, hosts, sockets, well, beat.worker)

    return run_workers(settings.processes, work, [*sockets.site, *sockets.metrics], chores)


def listen_as(settings: Settings) -> Sockets:
    """Return the listening sockets of HOST and PORT, and of METRICS_HOST and METRICS_PORT."""
    site = listen(settings.host, settings.port)
    if not settings.metrics_port:
        return Sockets(site, [])
    return Sockets(site, listen(settings.metrics_host, settings.metrics_port, "METRICS_"))


def one_process(
    settings: Settings,
    hosts: Hosts,
    sockets: Sockets,
    well: Callable[[], bool],
    worker: int | None = None,
) -> int:
    """Serve from this process until a stop signal, or until ``well()`` returns False.

    ``worker`` is the number of this process among several, else None.
    """
    work = serving(settings, hosts, sockets, well, worker)
    return run(work, settings.event_loop)


async def serving(
    settings: Settings,
    hosts: Hosts,
    sockets: Sockets,
    well: Callable[[], bool],
    worker: int | None = None,
) -> int:
    """Open the site, serve it and close it; return 0 if all requests and commits ended in time."""
    stop = asyncio.Event()
    stop_on_signals(stop, supervised=worker is not None)
    asyncio.get_running_loop().set_exception_handler(ignore_cancelled_statements)
    services = Services(settings, hosts)
    services.background.start(watch(stop, well), "look after the process", daemon=True)
    opening = Opening(services)
    services.background.start(open_site(opening), "open the site", daemon=True)
    metrics = MetricsListener(services, sockets.metrics, worker)
    await opening.wait()
    application = make_app(services, ROUTES, requests=metrics.requests, **APPLICATION_SETTINGS)
    drained = await serve(services, application, sockets.site, stop)
    await metrics.close()
    return 0 if drained else 1


async def open_site(opening: Opening) -> None:
    """Open the site when its database can be used, and print the administrator's password if one was made."""
    if password := await opening.run():
        say(
            f"Administrator: {ADMINISTRATOR}, password {password}"
            " (shown this once; to set another: python -m nestmap set-password)"
        )


async def wait_for_database(hosts: Hosts, seconds: float) -> None:
    """Wait up to ``seconds`` for the database. Raises DatabaseError after that."""
    database = Database(hosts)
    try:
        await keep_trying("the site is not started", database.check, seconds)
    finally:
        await database.close()


def announce(settings: Settings, hosts: Hosts, sockets: Sockets) -> None:
    """Print what runs, and where the site and its data are."""
    where = " and ".join(addresses(sockets.site))
    mode = "production" if settings.production else "development"
    count = f"{settings.processes} processes" if settings.processes > 1 else "1 process"
    embedded = f"embedded PostgreSQL in {settings.data_dir}"
    say(f"NestMap {__version__} is at {where} ({mode}, {count})")
    say(f"Database: {hosts.description if settings.database_url else embedded}")
    if sockets.metrics:
        say(f"Metrics: {addresses(sockets.metrics)[0]}/metrics")
    if settings.production and not settings.cookie_name.startswith("__Host-"):
        logging.getLogger("nestmap").warning(
            "SESSION_COOKIE_NAME has no prefix, so a sibling subdomain can plant such a cookie; set"
            " SESSION_COOKIE_NAME=__Host-nestmap.sid"
        )


def refuse(*reasons: str) -> int:
    """Print why the program does not start, a line for each reason, and return the exit status 2."""
    for reason in reasons:
        say(f"nestmap: {reason}", STDERR)
    return 2


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)

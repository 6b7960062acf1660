"""The commands of an operator: python -m nestmap migrate | create-user | prune | stats."""

import argparse
import asyncio
import io
import json
import logging
import os
import sys
from contextlib import ExitStack

from nestmap import __version__
from nestmap.accounts import AccountError
from nestmap.commands import accounts, events
from nestmap.commands.command import Command, CommandRefused
from nestmap.console import run_console
from nestmap.database import DatabaseError, Hosts, SchemaError, keep_trying
from nestmap.embedded import EmbeddedError, EmbeddedPostgres
from nestmap.logs import configure_logs
from nestmap.output import STDOUT, reserve_descriptors
from nestmap.services import Services
from nestmap.settings import Settings, SettingsError, hosts_of, read_settings

# How long a command waits for other migrating processes and for locks (seconds).
PATIENCE = 300.0


async def migrate_command(_: argparse.Namespace, services: Services) -> int:
    """Apply the pending migrations."""
    count = await services.migrate(PATIENCE)
    print(f"{count} migrations applied" if count else "nothing to apply")
    return 0


async def prune_command(_: argparse.Namespace, services: Services) -> int:
    """Delete expired sessions."""
    print(f"{await services.sessions.pruner.prune()} expired sessions removed")
    return 0


async def stats_command(_: argparse.Namespace, services: Services) -> int:
    """Print the JSON of GET /api/admin/session-stats."""
    print(json.dumps(await services.stats(patient=True), indent=2))
    return 0


async def psql_command(_: argparse.Namespace, __: Services) -> int:
    """Open psql on the database of the site; further arguments are for psql: psql -c 'select 1'."""
    raise AssertionError("main() runs this one without an event loop")


def parse(words: list[str]) -> argparse.Namespace:
    """Return the arguments of the command line; ``command`` is the function to call."""
    parser = argparse.ArgumentParser(prog="python -m nestmap", description=__doc__)
    waiting = argparse.ArgumentParser(add_help=False)
    waiting.add_argument(
        "--wait", type=int, default=0, metavar="SECONDS", help="wait for the database that long"
    )
    commands = parser.add_subparsers(required=True, metavar="command")

    def add(name: str, command: Command) -> argparse.ArgumentParser:
        parents = [] if command is psql_command else [waiting]
        one = commands.add_parser(
            name, help=command.__doc__, description=command.__doc__, parents=parents
        )
        one.set_defaults(command=command)
        return one

    add("migrate", migrate_command)
    accounts.add_commands(add)
    events.add_commands(add)
    add("prune", prune_command)
    add("stats", stats_command)
    add("psql", psql_command)
    parser.add_argument("--version", action="version", version=f"NestMap {__version__}")
    if words[:1] == ["psql"] and words[1:] not in (["-h"], ["--help"]):
        return argparse.Namespace(command=psql_command, arguments=words[1:], wait=0)
    try:
        "".join(words).encode()
    except UnicodeEncodeError:
        parser.error("an argument is not UTF-8 text")
    return parser.parse_args(words)


def main() -> int:
    """Run one command and return the exit status."""
    prepare_output()
    arguments = parse(sys.argv[1:])
    with ExitStack() as stack:
        try:
            status = run(arguments, stack)
            # Here, or Python would do it after main() and exit with a traceback if the disk is full.
            print(end="", flush=True)
            return status
        except (SettingsError, EmbeddedError) as error:
            print(error, file=sys.stderr)
        except (DatabaseError, SchemaError) as error:
            print(f"the database: {error}", file=sys.stderr)
            return 1
        except (CommandRefused, AccountError) as error:
            print(error, file=sys.stderr)
            return 1
        except OSError as error:
            # An error of a file has its name; standard output has none.
            if error.filename is not None:
                raise
            return give_up_output(error)
    return 2


def prepare_output() -> None:
    """Make standard output and the log able to take what a command writes."""
    reserve_descriptors()
    configure_logs("warning", "text")
    if isinstance(sys.stdout, io.TextIOWrapper):
        # An address may have characters that the locale lacks.
        sys.stdout.reconfigure(errors="backslashreplace")


def give_up_output(error: OSError) -> int:
    """Print why the output could not be written, and return the exit status 1."""
    # Python would try to flush the output again when it exits.
    os.dup2(os.open(os.devnull, os.O_WRONLY), STDOUT)
    # In `events | head` the reader has closed the pipe, which is no mistake.
    if not isinstance(error, BrokenPipeError):
        print(f"the output can't be written: {error.strerror}", file=sys.stderr)
    return 1


def run(arguments: argparse.Namespace, stack: ExitStack) -> int:
    """Run a command on the database of the settings, or on the embedded one."""
    # No command signs a cookie.
    settings = read_settings(signs=False)
    url = settings.database_url
    if not url:
        embedded = EmbeddedPostgres(settings.data_dir)
        stack.callback(embedded.stop)
        embedded.start()
        url = embedded.url
    hosts = hosts_of(url)
    if arguments.command is psql_command:
        return run_console(url, arguments.arguments)
    return asyncio.run(_run(arguments, settings, hosts))


async def _run(arguments: argparse.Namespace, settings: Settings, hosts: Hosts) -> int:
    if not arguments.wait:
        # The command prints the reason in one line, so the log is not needed.
        logging.getLogger("nestmap.database").setLevel("ERROR")
    services = Services(settings, hosts)
    try:
        await keep_trying("the command", services.database.check, arguments.wait)
        if arguments.command is not migrate_command:
            await services.migrate(PATIENCE)
        status: int = await arguments.command(arguments, services)
        return status
    finally:
        await services.close(0)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)

"""The command for events: list and export them, verify that they were not changed."""

import argparse
import dataclasses
import json
import sys

from nestmap.commands.command import AddCommand
from nestmap.services import Services


async def events(arguments: argparse.Namespace, services: Services) -> int:
    """Print the security events as JSON lines, the newest first; or verify their seals."""
    if arguments.verify or arguments.head is not None:
        return await verify(services, arguments.head)
    async for event in services.sessions.events.export():
        print(json.dumps(dataclasses.asdict(event)))
    return 0


async def verify(services: Services, head: str | None) -> int:
    """Print what was changed in the record, or the newest seal if nothing was."""
    faults = await services.sessions.seals.verify(head)
    for fault in faults:
        event = f" event {fault.event_id}" if fault.event_id is not None else ""
        seal = f" (seal {fault.number})" if fault.number is not None else ""
        print(f"{fault.kind}:{event}{seal}", file=sys.stderr)
    if faults:
        return 1
    print(f"nothing was changed; the newest seal is {await services.sessions.seals.head()}")
    return 0


def add_commands(add: AddCommand) -> None:
    """Add the command of this subject."""
    one = add("events", events)
    one.add_argument("--verify", action="store_true", help="look for changed or missing events")
    one.add_argument(
        "--head", metavar="HASH", help="verify, and that this seal (from the log) is still there"
    )

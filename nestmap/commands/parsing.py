"""How every command is added to the command line."""

import argparse


def add(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
    function: object,
    name: str = "",
) -> argparse.ArgumentParser:
    """Add one command, named and described as its function."""
    name = name or function.__name__.replace("_", "-")  # type: ignore[attr-defined]
    one = commands.add_parser(name, help=function.__doc__, description=function.__doc__)
    one.set_defaults(command=function)
    one.add_argument(
        "--wait", type=int, default=0, metavar="SECONDS", help="wait for the database that long"
    )
    return one

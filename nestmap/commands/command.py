"""The type of a command: a function of its arguments and of the site's services."""

import argparse
from collections.abc import Awaitable, Callable

from nestmap.services import Services


class CommandRefused(Exception):
    """The command did nothing; the message is the reason."""


# Returns the exit status; its docstring is the description of the command. The messages of
# CommandRefused and of AccountError are printed.
Command = Callable[[argparse.Namespace, Services], Awaitable[int]]

# Adds a command by name and returns the parser of its arguments.
AddCommand = Callable[[str, Command], argparse.ArgumentParser]

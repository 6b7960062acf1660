"""Reads variables by type and collects mistakes, with name and remedy and without the value."""

import os
import re
import stat
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path

# "NESTMAP_ENVV" and "DATABSE_URL" are as near as this to the names that were meant, "HOSTNAME" is not.
ALIKE = 0.85


class Variables:
    """The variables of a program. A variable with a mistake has its default."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self.variables = variables
        self.mistakes: list[str] = []
        self.names: set[str] = set()  # the variables that were read

    def mistake(self, reason: str) -> None:
        """Add a mistake to the list; all are reported together."""
        self.mistakes.append(reason)

    def text(self, name: str, default: str) -> str:
        """Return a value without surrounding blanks; an empty one counts as missing."""
        self.names.add(name)
        return self.variables.get(name, "").strip() or default

    def check_names(self, names: Iterable[str]) -> None:
        """Add a mistake for each of these names in .env that is not read, but resembles one that is."""
        for name in names:
            if name in self.names:
                continue
            for meant in get_close_matches(name.upper(), self.names, 1, ALIKE):
                self.mistake(f"{name} in .env is no setting; is {meant} meant?")

    def secret(self, name: str) -> str:
        """Return a value that may be in a file, which NAME_FILE names."""
        path = self.text(f"{name}_FILE", "")
        if not path:
            return self.text(name, "")
        if self.text(name, ""):
            self.mistake(f"{name} and {name}_FILE are both set; keep one")
        try:
            with Path(path).open(encoding="utf-8-sig") as file:
                # A secret in a world-writable file could be set by any user.
                if os.fstat(file.fileno()).st_mode & stat.S_IWOTH:
                    self.mistake(f"{name}_FILE may be written by everyone; chmod o-w the file")
                return file.read().strip()
        except (OSError, UnicodeDecodeError):
            self.mistake(f"{name}_FILE can't be read; name a readable text file")
            return ""

    def number(self, name: str, default: int, least: int, most: int = 10**9) -> int:
        """Return a whole number from ``least`` to ``most``."""
        text = self.text(name, str(default))
        if re.fullmatch(r"\d{1,10}", text, re.ASCII) and least <= int(text) <= most:
            return int(text)
        self.mistake(f"{name} must be a whole number from {least} to {most}")
        return default

    def flag(self, name: str, *, default: bool) -> bool:
        """Return True for "on", False for "off", and for their usual synonyms."""
        words = {"1": True, "true": True, "on": True, "yes": True}
        words |= {"0": False, "false": False, "off": False, "no": False}
        text = self.text(name, "on" if default else "off").lower()
        if text not in words:
            self.mistake(f"{name} must be on or off")
        return words.get(text, default)

    def choice(self, name: str, default: str, *choices: str) -> str:
        """Return one of the choices, in lower case."""
        text = self.text(name, default).lower()
        if text not in choices:
            self.mistake(f"{name} must be one of {', '.join(choices)}")
        return text

    def matching(self, name: str, default: str, pattern: re.Pattern[str]) -> str:
        """Return a value that matches the pattern."""
        text = self.text(name, default)
        if not pattern.fullmatch(text):
            self.mistake(f"{name} has characters that it can't have")
        return text

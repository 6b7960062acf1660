"""Numbered folders of .sql files, read and checked.

A file is named ``0002-session.sql``. Comment lines at its beginning may set how it is run:

``-- run: transaction``
    The default: the whole file and its record in one transaction.
``-- run: concurrently``
    Each statement outside a transaction, for example ``create index concurrently``. A statement ends
    with a line that ends in ``;``, and must be safe to repeat.
``-- run: repeat``
    One statement, repeated in separate transactions until it changes no row, to fill a large table in
    batches. It must not skip locked rows, which would be left unchanged.
``-- lock: {table}``
    First take a lock on the table that does not conflict with readers and writers. A running autovacuum
    of the table is cancelled by it, which would not happen within the usual lock timeout.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from importlib.resources.abc import Traversable

FILE_NAME = re.compile(r"(\d{4})-[a-z0-9-]+\.sql")
MARKER = re.compile(r"-- (run|lock): (.+)")


class SchemaError(Exception):
    """The migrations can't be applied, now or later; the message names the file and the remedy."""


class MissingRights(SchemaError):
    """Migrations are pending, and the role may not apply them."""


class Run(Enum):
    """How the statements of a file are run."""

    TRANSACTION = "transaction"
    CONCURRENTLY = "concurrently"
    REPEAT = "repeat"


@dataclass(frozen=True, slots=True)
class Migration:
    """One file, with its placeholders replaced. ``locked_table`` is the table that is locked first."""

    folder: str
    number: int
    name: str
    checksum: str
    sql: str
    run: Run
    locked_table: str | None

    def __str__(self) -> str:
        return f"{self.folder} {self.name}"

    @property
    def statements(self) -> list[str]:
        """Each statement of the file; a line that ends in ``;`` ends a statement."""
        parts = re.split(r";[ \t]*(?:\n|\Z)", self.sql)
        return [part.strip() for part in parts if re.sub(r"--.*", "", part).strip()]


@dataclass(frozen=True, slots=True)
class Migrations:
    """A folder of migrations, recorded under the name ``folder``.

    ``names`` replaces each ``{placeholder}`` in the files. Checksums are made before that, so one folder
    may be applied to several tables, each recorded separately.
    """

    folder: str
    path: Traversable
    names: Mapping[str, str] = field(default_factory=dict)

    def files(self) -> list[Migration]:
        """Return every migration in order. SchemaError if a name or a number is wrong."""
        paths = sorted(
            (path for path in self.path.iterdir() if path.name.endswith(".sql")),
            key=lambda path: path.name,
        )
        return [self._read(path, number) for number, path in enumerate(paths, start=1)]

    def _read(self, path: Traversable, number: int) -> Migration:
        match = FILE_NAME.fullmatch(path.name)
        if match is None or int(match[1]) != number:
            raise SchemaError(
                f"{self.folder}: {path.name} should be number {number:04d}:"
                " migrations are named 0001-like-this.sql, without gaps"
            )
        text = path.read_text(encoding="utf-8").replace("\r\n", "\n")
        sql = re.sub(r"\{(\w+)\}", lambda found: self.names.get(found[1], found[0]), text)
        markers = dict(_markers(sql))
        try:
            run = Run(markers.get("run", "transaction"))
        except ValueError:
            raise SchemaError(f"{self.folder}: {path.name} has an unknown '-- run:'") from None
        return Migration(
            folder=self.folder,
            number=number,
            name=path.name.removesuffix(".sql"),
            checksum=hashlib.sha256(text.encode()).hexdigest(),
            sql=sql,
            run=run,
            locked_table=markers.get("lock"),
        )


def _markers(sql: str) -> list[tuple[str, str]]:
    """Return the markers in the comment lines at the beginning of a file."""
    found = []
    for line in sql.splitlines():
        if not line.startswith("--"):
            break
        if match := MARKER.fullmatch(line.rstrip()):
            found.append((match[1], match[2]))
    return found

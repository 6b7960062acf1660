"""The SQL of the program: files in sql/, each statement under its name."""

from functools import cache
from pathlib import Path

import aiosql

SQL = Path(__file__).resolve().parent.parent / "sql"


@cache
def queries(subject: str) -> dict[str, str]:
    """The statements of ``sql/<subject>.sql`` by name, with %(name)s where parameters go.

    aiosql is the loader only; the statements run through nestmap.database.
    """
    loaded = aiosql.from_path(SQL / f"{subject}.sql", "psycopg2")
    return {name: getattr(loaded, name).sql for name in loaded.available_queries}

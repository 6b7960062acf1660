"""The SQL of the program: files in sql/, each statement under its name."""

from collections.abc import Mapping
from pathlib import Path

import aiosql

# In a checkout this is a link to the folder sql at the top.
SQL = Path(__file__).resolve().parent / "sql"


def queries(subject: str, names: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the statements of ``sql/<subject>.sql`` by name, with %(name)s where parameters go.

    ``names`` says what takes the place of each ``{placeholder}``. aiosql is the loader only; the
    statements run through nestmap.database.
    """
    text = (SQL / f"{subject}.sql").read_text(encoding="utf-8")
    for name, value in (names or {}).items():
        text = text.replace(f"{{{name}}}", value)
    loaded = aiosql.from_str(text, "psycopg2")
    names_of_statements = [n for n in loaded.available_queries if not n.endswith("_cursor")]
    return {name: getattr(loaded, name).sql for name in names_of_statements}

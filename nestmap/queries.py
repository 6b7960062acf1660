"""Loads the SQL statements in sql/ by name."""

from collections.abc import Mapping
from pathlib import Path

import aiosql

# In a checkout this is a link to the top-level folder sql.
SQL = Path(__file__).resolve().parent / "sql"


def queries(subject: str, names: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the statements of ``sql/<subject>.sql`` by name, with %(name)s for parameters.

    ``names`` replaces each ``{placeholder}``. aiosql only loads; the statements run through
    nestmap.database.
    """
    text = (SQL / f"{subject}.sql").read_text(encoding="utf-8")
    for name, value in (names or {}).items():
        text = text.replace(f"{{{name}}}", value)
    loaded = aiosql.from_str(text, "psycopg2")
    names_of_statements = [n for n in loaded.available_queries if not n.endswith("_cursor")]
    return {name: getattr(loaded, name).sql for name in names_of_statements}

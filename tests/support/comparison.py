"""A description of a schema, to compare two of them."""

from typing import Any

from tests.support.database import Database

COLUMNS = """
select table_name, column_name, data_type, is_nullable, column_default
from information_schema.columns where table_schema in ('public', 'nestmap') order by 1, 2
"""
INDEXES = "select indexname, indexdef from pg_indexes where schemaname in ('public', 'nestmap') order by 1"
CONSTRAINTS = """
select conname, pg_get_constraintdef(oid) from pg_constraint
where connamespace::regnamespace::text in ('public', 'nestmap') order by 1
"""


def schema_of(database: Database) -> list[Any]:
    return [database.all(sql) for sql in (COLUMNS, INDEXES, CONSTRAINTS)]

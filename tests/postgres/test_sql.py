"""The named statements in sql/: each can be prepared against the schema, and each is used."""

import re
from pathlib import Path

import psycopg2
import pytest

import nestmap
from nestmap.queries import SQL, queries
from nestmap.sessions import SessionOptions
from nestmap.sessions.user_query import UserQuery

FILES = sorted(
    path.relative_to(SQL).with_suffix("").as_posix()
    for path in SQL.rglob("*.sql")
    if "-- name: " in path.read_text()
)
OPTIONS = SessionOptions(secret="x" * 32)
USER_QUERY = (SQL / "site" / "user-of-session.sql").read_text()
STATEMENTS = [
    (file, name, sql)
    for file in FILES
    for name, sql in UserQuery(USER_QUERY, None).put_into(queries(file, OPTIONS.names)).items()
]
# PostgreSQL prepares no statement that defines something.
DEFINITIONS = {"create_schema", "create_bookkeeping"}
SOURCES = [path.read_text() for path in Path(nestmap.__file__).parent.rglob("*.py")]


def by_name(statements):
    return {"argvalues": statements, "ids": [f"{file}:{name}" for file, name, _ in statements]}


def prepared(sql):
    """Return the statement in the form for PREPARE, and the number of its parameters."""
    numbers = {}

    def number(match):
        return f"${numbers.setdefault(match[1], len(numbers) + 1)}"

    text = re.sub(r"%\((\w+)\)s", number, sql).replace("%%", "%").rstrip().rstrip(";")
    return f"prepare tried as {text}", numbers


@pytest.fixture(scope="module")
def connection(shared_database):
    connection = psycopg2.connect(shared_database.url)
    yield connection
    connection.close()


def test_files_with_statements_are_found():
    assert {"migrations", "sessions/sessions", "site/users"} <= set(FILES)
    assert len(STATEMENTS) > 50


@pytest.mark.parametrize(
    ("file", "name", "sql"), **by_name([s for s in STATEMENTS if s[1] not in DEFINITIONS])
)
def test_it_can_be_prepared(connection, file, name, sql):
    assert "{" not in sql
    text, parameters = prepared(sql)
    with connection.cursor() as cursor:
        try:
            cursor.execute(text)
            cursor.execute("select parameter_types::text[] from pg_prepared_statements")
            assert len(cursor.fetchone()[0]) == len(parameters)
        finally:
            connection.rollback()
            cursor.execute("deallocate all")


@pytest.mark.parametrize(("file", "name", "sql"), **by_name(STATEMENTS))
def test_it_is_used_by_a_module_that_loads_its_file(file, name, sql):
    users = [source for source in SOURCES if f'queries("{file}"' in source]
    assert any(f'"{name}"' in source for source in users)


@pytest.mark.parametrize("file", FILES)
def test_its_heading_lists_its_parameters(file):
    """Compare `-- name: load_sessions(sids, idle)` with the parameters in the text."""
    statements = queries(file, OPTIONS.names)
    text = (SQL / f"{file}.sql").read_text()
    headings = dict(re.findall(r"^-- name: (\w+)\((.*)\)", text, re.MULTILINE))
    assert headings.keys() == statements.keys()
    for name, listed in headings.items():
        taken = set(re.findall(r"%\((\w+)\)s", statements[name]))
        assert taken == set(filter(None, listed.split(", ")))


def test_the_check_of_the_session_table_knows_each_function():
    folder = SQL / "sessions"
    made = {
        name
        for path in (folder / "migrations").glob("*.sql")
        for name in re.findall(r'create function nestmap\."{prefix}_(\w+)"', path.read_text())
    }
    called = (
        (folder / "check.sql").read_text().partition("called (name) as (")[2].partition("\n)")[0]
    )
    assert set(re.findall(r"'(\w+)'", called)) == made

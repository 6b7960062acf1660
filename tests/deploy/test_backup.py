"""A backup by pg_dump, restored into an empty database, as docs/operations.md describes it."""

import os
import subprocess

from nestmap.embedded.programs import program
from tests.support.commands import nestmap
from tests.support.visitor import Visitor


def run(name: str, *arguments: str, stdin: bytes = b"") -> bytes:
    """Run a program of PostgreSQL and return its output."""
    done = subprocess.run(
        [program(name), *arguments],
        input=stdin,
        env={"PATH": os.environ["PATH"], "PGSSLMODE": "disable"},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def test_a_restored_backup_has_accounts_places_and_sessions(
    site, shared_database, empty_database, start_instance, tmp_path
):
    visitor = Visitor(site.url)
    visitor.register()
    assert visitor.put_place("oslo", "Oslo").status == 201
    dump = run("pg_dump", "--no-owner", shared_database.url)
    assert visitor.sign_out().status == 204

    run("psql", "-q", "-X", "-v", "ON_ERROR_STOP=1", empty_database.url, stdin=dump)
    restored = start_instance(empty_database.url)
    again = Visitor(restored.url)
    again.email = visitor.email
    assert again.sign_in().status == 200
    assert again.place_ids() == ["oslo"]
    assert empty_database.value("select count(*) from public.session") == 2

    # The backup brought back the session that was signed out after it; this command ends it.
    ended = nestmap("end-sessions", "--all", database_url=empty_database.url, directory=tmp_path)
    assert ended.returncode == 0, ended.stderr
    assert not again.signed_in()
    verified = nestmap("events", "--verify", database_url=empty_database.url, directory=tmp_path)
    assert verified.returncode == 0, verified.stdout + verified.stderr

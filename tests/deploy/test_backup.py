"""A backup by pg_dump, restored into an empty database by the commands of docs/operations.md."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from nestmap.embedded.programs import program
from tests.bare.documents import blocks
from tests.support.instance import environment
from tests.support.visitor import COOKIE, Visitor

pytestmark = pytest.mark.long

PROGRAMS = (program("psql").parent, Path(sys.executable).parent)


def run(command: str, directory: Path, **urls: str) -> None:
    """Run a command of the document as an operator does."""
    path = os.pathsep.join([*map(str, PROGRAMS), os.environ["PATH"]])
    settings = urls | {"PATH": path, "PGSSLMODE": "disable", "DATA_DIR": directory / "data"}
    done = subprocess.run(
        ["sh", "-c", command],
        cwd=directory,
        env=environment(settings),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_restored_backup_has_accounts_places_and_sessions(
    site, shared_database, empty_database, start_instance, tmp_path
):
    visitor = Visitor(site.url)
    visitor.register()
    assert visitor.put_place("oslo", "Oslo").status == 201
    (document,) = blocks("docs/operations.md", "Backup and restore")
    back_up, restore, end_sessions, verify = document.splitlines()
    urls = {"DATABASE_URL": shared_database.url, "NEW_DATABASE_URL": empty_database.url}

    run(back_up, tmp_path, **urls)
    cookie = visitor.jar.get(COOKIE)
    assert visitor.sign_out().status == 204
    run(restore, tmp_path, **urls)
    restored = start_instance(empty_database.url)
    again = Visitor(restored.url)
    again.email = visitor.email
    again.jar.put(COOKIE, cookie)
    # The backup brought back the session that was signed out after it; the next command ends it.
    assert again.signed_in()
    run(end_sessions, tmp_path, **urls)
    assert not again.signed_in()
    run(verify, tmp_path, **urls)

    assert again.sign_in().status == 200
    assert again.place_ids() == ["oslo"]

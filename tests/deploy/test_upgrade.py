"""An upgrade as docs/operations.md tells it: old and new side by side, over a migration of each kind."""

from pathlib import Path

import pytest

from tests.support.checkout import copy_checkout
from tests.support.instance import Instance
from tests.support.visitor import Visitor

pytestmark = pytest.mark.long

SITE = "alter table nestmap.places add column visited_on date;\n"
SESSIONS = "alter table {table} add column shade text;\n"


@pytest.fixture
def newer(tmp_path, database):
    """`newer()`: an instance of a newer version, which brings a migration of each folder."""
    checkout = copy_checkout(tmp_path / "newer")
    add_migration(checkout / "sql/site/migrations", SITE)
    add_migration(checkout / "sql/sessions/migrations", SESSIONS)
    started = []

    def newer():
        program = checkout / "run.py"
        started.append(
            Instance(tmp_path, program=program, DATABASE_URL=database.url, PYTHONPATH="")
        )
        started[-1].wait_until_ready()
        return started[-1]

    yield newer
    for instance in started:
        instance.kill()


def add_migration(folder: Path, text: str) -> None:
    last = max(path.name for path in folder.glob("*.sql"))
    (folder / f"{int(last[:4]) + 1:04}-newer.sql").write_text(text)


def columns(database) -> set[str]:
    named = "select column_name from information_schema.columns where column_name in %s"
    return {name for (name,) in database.all(named, ("visited_on", "shade"))}


def test_old_and_new_serve_the_same_visitors_during_an_upgrade(database, start_instance, newer):
    old = start_instance(database.url)
    ada = Visitor(old.url)
    ada.register()
    ada.put_place("oslo", "Oslo")

    new = newer()
    assert columns(database) == {"visited_on", "shade"}
    assert old.readiness() == new.readiness() == 200
    both = Visitor(old.url, new.url)
    both.email = ada.email
    assert both.sign_in(at=0).status == 200
    for turn in range(4):
        assert both.put_place(f"p{turn}", at=turn % 2).status == 201
        pinned = ["oslo", *(f"p{number}" for number in range(turn + 1))]
        assert both.place_ids(at=(turn + 1) % 2) == pinned
    assert both.sign_out(at=1).status == 204
    assert not both.signed_in(at=0)


def test_the_old_version_can_be_started_again_after_the_migration(database, start_instance, newer):
    """The way back, for a new version that turns out to be bad."""
    newer()
    old = start_instance(database.url)
    visitor = Visitor(old.url)
    assert visitor.register().status == 201
    assert visitor.put_place("oslo", "Oslo").status == 201

"""The embedded PostgreSQL works on any path and for any user, and changes no other folder."""

import os
import shutil
import stat
import tempfile
from contextlib import contextmanager
from pathlib import Path

import psycopg2
import pytest

from nestmap.embedded import EmbeddedError, EmbeddedPostgres
from nestmap.embedded.account import NAME, Account, account_for
from nestmap.embedded.postmaster import find_postmaster
from tests.support.commands import nestmap
from tests.support.visitor import Visitor

pytestmark = pytest.mark.long

NOBODY = 65534


@contextmanager
def running(data_dir: Path, account: Account | None = None):
    server = EmbeddedPostgres(data_dir, account)
    try:
        server.start()
        yield server
    finally:
        server.stop()


def ask(server: EmbeddedPostgres, sql: str) -> str:
    connection = psycopg2.connect(server.url)
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(sql)
            return str(cursor.fetchone()[0])
    finally:
        connection.close()


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def rights(path: Path) -> list[tuple[int, int, int]]:
    """Return mode, owner and group of every folder above."""
    found = [parent.stat() for parent in path.resolve().parents]
    return [(each.st_mode, each.st_uid, each.st_gid) for each in found]


@pytest.fixture
def open_folder():
    """Make a folder that every user may enter; tmp_path is open to one user only."""
    folder = Path(tempfile.mkdtemp(prefix="nestmap-tests-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


@pytest.mark.parametrize(
    "name",
    ["my projects/q'uo\"te $HOME ;&`,%d/Ünïcode 🗺", "x" * 200],
    ids=["strange", "long"],
)
@pytest.mark.parametrize("above", ["open_folder", "tmp_path"], ids=["open", "closed"])
def test_it_works_on_any_path(request, above, name):
    data_dir = request.getfixturevalue(above) / name
    with running(data_dir) as server:
        assert find_postmaster(data_dir / "postgres")
        ask(server, "create table kept as select 1; select 1")
    with running(data_dir) as server:
        assert ask(server, "select count(*) from kept") == "1"


def test_it_works_with_an_unknown_locale_and_without_a_home(tmp_path, start_instance):
    surroundings = {"LC_ALL": "xx_XX.UTF-8", "LANG": "yy_YY", "HOME": ""}
    site = start_instance(None, DATA_DIR=tmp_path / "a b", SESSION_SECRET=None, **surroundings)
    visitor = Visitor(site.url)
    assert visitor.put_place("saopaulo", name="São Paulo 東京 🗺").status == 201
    assert visitor.place_ids() == ["saopaulo"]


@pytest.mark.parametrize("name", ["data", "x" * 200], ids=["here", "long"])
def test_only_its_user_may_enter_the_folder_of_the_socket(tmp_path, name):
    with running(tmp_path / name) as server:
        folder = find_postmaster(tmp_path / name / "postgres").sockets
        assert list(folder.glob(".s.PGSQL.*"))
        assert mode(folder) == 0o700
        assert ask(server, "show listen_addresses") == ""
    assert not list(folder.glob(".s.PGSQL.*"))
    assert folder.exists() == folder.is_relative_to(tmp_path)


@pytest.mark.parametrize("closed", [False, True], ids=["open", "closed"])
def test_no_rights_of_the_folders_above_are_changed(open_folder, closed):
    """Also as root, for a folder that others may enter and for one that they may not."""
    home = open_folder / "home"
    home.mkdir(mode=0o700 if closed else 0o755)
    before = rights(home / "data")
    with running(home / "data") as server:
        assert ask(server, "select 1") == "1"
        assert rights(home / "data") == before
    assert rights(home / "data") == before


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_started_by_root_it_runs_as_the_owner_of_its_folder(open_folder):
    """PostgreSQL refuses to run as root."""
    data_dir = open_folder / "data"
    with running(data_dir) as server:
        owner = (data_dir / "postgres").owner()
        assert owner == NAME
    other = next(name for name in ("daemon", "nobody", "www-data") if name != owner)
    for path in [data_dir, *data_dir.rglob("*")]:
        shutil.chown(path, other)
    with running(data_dir) as server:
        assert ask(server, "select 1") == "1"
    assert {path.owner() for path in [data_dir, *data_dir.rglob("*")]} == {other}


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_started_by_root_it_works_in_a_closed_home_without_changing_its_mode(open_folder):
    """Its account cannot reach the programs there, so it runs in a user namespace."""
    home = open_folder / "home"
    home.mkdir(mode=0o700)
    with running(home / "data", Account(in_namespace=True)) as server:
        assert ask(server, "select 1") == "1"
        assert (home / "data" / "postgres").owner() == "root"
    with running(home / "data") as server:
        assert ask(server, "select 1") == "1"
    assert mode(home) == 0o700


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to be two users")
def test_the_folder_of_another_user_is_refused_with_one_line(open_folder):
    data = open_folder / "postgres"
    data.mkdir()
    os.seteuid(NOBODY)
    try:
        with pytest.raises(EmbeddedError, match=r"belongs to the user root; run the site as that"):
            account_for(data)
    finally:
        os.seteuid(0)


def test_psql_opens_a_console_on_the_embedded_database(tmp_path):
    asked = nestmap("psql", "-At", "-c", "select 6 * 7", database_url=None, directory=tmp_path)
    assert (asked.stdout, asked.returncode) == ("42\n", 0)


def test_psql_opens_a_console_on_another_database(database, tmp_path):
    show = ("psql", "-At", "-c", "select current_database()")
    asked = nestmap(*show, database_url=database.url, directory=tmp_path)
    assert asked.stdout.strip() == database.name

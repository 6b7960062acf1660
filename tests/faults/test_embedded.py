"""The embedded PostgreSQL when it, its folder or its disk fails."""

import os
import shutil
import signal
import subprocess
from pathlib import Path

import psutil
import psycopg2
import pytest

from nestmap.embedded import EmbeddedError, EmbeddedPostgres, postmaster
from nestmap.embedded.postmaster import find_postmaster
from tests.support.visitor import Visitor
from tests.support.waiting import wait_until

pytestmark = pytest.mark.long

ROOM = "4m"  # too small for a new database, which needs ten times as much


def refusal(data_dir: Path) -> str:
    """Start on this folder, expect an error message of one line, and return it."""
    server = EmbeddedPostgres(data_dir)
    try:
        with pytest.raises(EmbeddedError) as refused:
            server.start()
    finally:
        server.stop()
    assert "\n" not in str(refused.value)
    return str(refused.value)


def starts_and_stops(data_dir: Path) -> None:
    server = EmbeddedPostgres(data_dir)
    try:
        server.start()
        assert find_postmaster(data_dir / "postgres").ready
    finally:
        server.stop()
    assert find_postmaster(data_dir / "postgres") is None


def postgres_processes(data_dir: Path) -> list[psutil.Process]:
    """Return the processes of PostgreSQL that use this folder."""
    return [
        process
        for process in psutil.process_iter(["name", "cwd"])
        if process.info["name"] in {"postgres", "initdb"}
        and Path(process.info["cwd"] or "/").is_relative_to(data_dir)
    ]


@pytest.fixture
def data(tmp_path) -> Path:
    """Make a data folder whose server has been stopped."""
    starts_and_stops(tmp_path / "data")
    return tmp_path / "data" / "postgres"


def refuse(data: Path) -> list[str]:
    """Fail as for a folder that another user owns; root may read everything."""
    raise EmbeddedError(f"DATA_DIR: {data} can't be read (Permission denied)")


ASIDE = "postgres-unfinished-*"


@pytest.mark.parametrize(
    ("moment", "end"),
    [
        (ASIDE, signal.SIGKILL),
        (ASIDE, signal.SIGTERM),
        (f"{ASIDE}/PG_VERSION", signal.SIGKILL),
        (f"{ASIDE}/global/pg_control", signal.SIGTERM),
        ("postgres/PG_VERSION", signal.SIGKILL),
        ("postgres/postmaster.pid", signal.SIGTERM),
    ],
)
def test_a_start_repairs_what_an_interrupted_first_start_left(
    tmp_path, start_instance, moment, end
):
    instance = start_instance.begin(None)
    data_dir = tmp_path / "data"
    wait_until(lambda: list(data_dir.glob(moment)), moment)
    if end == signal.SIGKILL:
        instance.kill()
    else:
        instance.stop()
        wait_until(lambda: postgres_processes(data_dir) == [], "what it started to end")
    starts_and_stops(data_dir)
    assert not list(data_dir.glob("postgres-unfinished-*"))


@pytest.mark.parametrize("content", ["{pid}\n{data}\n1\n5432\n{data}\n\n\nready\n", "{pid}\n", ""])
def test_another_program_with_the_pid_in_postmaster_pid_is_not_killed(data, content):
    """After a power cut, the PID in postmaster.pid may belong to another program."""
    with subprocess.Popen(["sleep", "60"]) as other:
        (data / "postmaster.pid").write_text(content.format(pid=other.pid, data=data))
        starts_and_stops(data.parent)
        assert other.poll() is None
        other.kill()


@pytest.mark.parametrize("processes", [1, 2])
def test_it_is_started_again_when_it_dies_while_the_site_runs(tmp_path, start_instance, processes):
    site = start_instance(None, PROCESSES=processes)
    visitor = Visitor(site.url)
    visitor.put_place("lisbon")
    server = find_postmaster(tmp_path / "data" / "postgres")
    server.process.kill()
    wait_until(lambda: visitor.put_place("porto").status in {200, 201}, "the server to be back")
    # Each worker finds out separately that the server is back.
    wait_until(
        lambda: {visitor.get("/api/places").status for _ in range(8)} == {200}, "all to notice"
    )
    assert visitor.place_ids() == ["lisbon", "porto"]
    assert site.stop() == 0
    assert find_postmaster(tmp_path / "data" / "postgres") is None


def test_its_environment_has_no_secret_of_the_site(tmp_path, start_instance):
    start_instance(None, SESSION_SECRET="a-secret-that-PostgreSQL-must-not-know")
    server = find_postmaster(tmp_path / "data" / "postgres")
    assert not [name for name in server.process.environ() if name.startswith(("SESSION", "DATA"))]


def test_two_sites_share_one_and_the_last_one_stops_it(tmp_path, start_instance):
    first, second = start_instance(None), start_instance(None)
    Visitor(first.url).register()
    assert first.stop() == 0
    assert Visitor(second.url).put_place("lisbon").status == 201
    assert second.stop() == 0
    assert find_postmaster(tmp_path / "data" / "postgres") is None


def test_a_site_that_was_killed_leaves_a_server_that_the_next_one_uses(tmp_path, start_instance):
    first = start_instance(None)
    before = find_postmaster(tmp_path / "data" / "postgres").process
    first.kill()
    second = start_instance(None)
    assert find_postmaster(tmp_path / "data" / "postgres").process == before
    assert second.stop() == 0
    assert not psutil.pid_exists(before.pid) or before.status() == psutil.STATUS_ZOMBIE


def test_a_server_that_waits_for_its_clients_to_stop_is_replaced(tmp_path):
    first, second = EmbeddedPostgres(tmp_path), EmbeddedPostgres(tmp_path)
    try:
        first.start()
        client = psycopg2.connect(first.url)
        server = find_postmaster(tmp_path / "postgres")
        server.process.terminate()
        wait_until(lambda: find_postmaster(tmp_path / "postgres").stopping, "it to be stopping")
        second.start()
        assert find_postmaster(tmp_path / "postgres").process != server.process
        psycopg2.connect(second.url).close()
        client.close()
    finally:
        first.stop()
        second.stop()


def test_the_folder_of_the_data_may_be_a_link(data, tmp_path):
    elsewhere = data.rename(tmp_path / "elsewhere")
    data.symlink_to(elsewhere)
    server = EmbeddedPostgres(data.parent)
    try:
        server.start()
        assert find_postmaster(elsewhere).ready
    finally:
        server.stop()
    assert find_postmaster(elsewhere) is None


def test_a_stop_after_a_failed_start_repeats_no_reason(tmp_path, caplog, monkeypatch):
    monkeypatch.setattr(postmaster, "_lock_file", refuse)
    assert "can't be read" in refusal(tmp_path / "data")
    assert caplog.text == ""


def test_data_of_another_version_is_refused_with_one_line(data):
    (data / "PG_VERSION").write_text("15\n")
    assert "is of PostgreSQL 15, this program brings 18" in refusal(data.parent)


@pytest.mark.parametrize("name", ["\udcff", "two\nlines"])
def test_a_path_that_no_connection_string_can_have_is_refused_with_one_line(tmp_path, name):
    assert refusal(tmp_path / name).startswith("DATA_DIR must be UTF-8 text without a line break")


def test_a_folder_that_is_no_data_folder_is_refused_with_one_line_and_kept(tmp_path):
    precious = tmp_path / "postgres" / "precious"
    precious.parent.mkdir()
    precious.touch()
    assert "is not a whole data folder" in refusal(tmp_path)
    assert precious.exists()


def test_a_broken_configuration_is_reported_in_one_line(data):
    with (data / "postgresql.conf").open("a") as file:
        file.write("shared_buffers = 'many'\n")
    assert "did not start" in refusal(data.parent)


def test_a_full_disk_is_reported_in_one_line_and_the_next_start_repairs_it(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    if shutil.which("mount") is None or os.geteuid() != 0:
        pytest.skip("needs root, to make a small disk")
    mount = ["mount", "-t", "tmpfs", "-o", f"size={ROOM}", "none", disk]
    mounted = subprocess.run(mount, check=False)
    if mounted.returncode:
        pytest.skip("needs the right to mount a small disk")
    try:
        assert "no room on the disk" in refusal(disk / "data")
        subprocess.run(["mount", "-o", "remount,size=200m", disk], check=True)
        starts_and_stops(disk / "data")
    finally:
        subprocess.run(["umount", disk], check=True)

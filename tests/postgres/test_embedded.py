"""`python run.py` without a database of one's own: the embedded PostgreSQL."""

import re
from pathlib import Path

import psutil
import pytest

from tests.support.visitor import Visitor


@pytest.mark.long
def test_all_data_is_kept_over_a_restart_with_the_embedded_database(start_instance):
    first = start_instance(None, SESSION_SECRET=None)
    assert first.url in first.output
    visitor = Visitor(first.url)
    visitor.register()
    visitor.put_place("lisbon")
    before = postgres_processes(first)
    assert before
    assert first.stop() == 0
    assert not [process for process in before if is_alive(process)]
    second = start_instance(None, SESSION_SECRET=None)
    visitor.urls = (second.url,)
    assert visitor.signed_in()
    assert visitor.place_ids() == ["lisbon"]


@pytest.mark.long
def test_the_first_start_makes_an_administrator_and_prints_the_password_once(start_instance):
    first = start_instance(None)
    (password,) = re.findall(r"password:?\s+(\S+)", first.output)
    admin = Visitor(first.url)
    admin.email = "admin@localhost"
    assert admin.sign_in(password=password).json["user"]["role"] == "admin"
    assert first.stop() == 0
    second = start_instance(None)
    assert password not in second.output
    assert not re.findall(r"password:?\s+(\S+)", second.output)


def test_production_makes_no_administrator(database, start_instance):
    instance = start_instance(database.url, NESTMAP_ENV="production")
    assert "password" not in instance.output
    assert database.value("select count(*) from nestmap.users") == 0


def is_alive(process: psutil.Process) -> bool:
    """Return True if it runs. A container without an init keeps ended processes as zombies."""
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE


def postgres_processes(instance) -> list[psutil.Process]:
    """Return the servers whose data is in the directory of this instance."""
    home = instance.directory / "data"
    return [
        process
        for process in psutil.process_iter(["name", "cwd"])
        if process.info["name"] == "postgres"
        and Path(process.info["cwd"] or "/").is_relative_to(home)
    ]

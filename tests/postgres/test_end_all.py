"""All sessions of everybody can be ended at any size: in batches, and on from where a run was cut."""

import asyncio

import pytest

from nestmap.accounts import administration
from nestmap.database import Hosts
from nestmap.services import Services
from nestmap.sessions import Source
from nestmap.settings import settings_from
from tests.support.instance import SECRET


@pytest.fixture
def run(database):
    """Return a function that calls ``work(end_all)`` with the part of an open site."""
    database.execute(
        "insert into nestmap.users (email, password_hash)"
        " select n || '@example.org', 'x' from generate_series(1, 10) as n"
    )

    def run(work):
        async def with_services():
            services = Services(settings_from({"SESSION_SECRET": SECRET}), Hosts(database.url))
            try:
                return await work(services.end_all)
            finally:
                await services.close(10)

        return asyncio.run(with_services())

    return run


class Cut(Exception):
    pass


def cut(count: int) -> None:
    if count >= 6:
        raise Cut


def nothing(_: int) -> None:
    pass


def versions(database) -> list[int]:
    return [row.version for row in database.all("select version from nestmap.users order by id")]


def test_a_repetition_changes_first_the_accounts_that_a_cut_run_did_not(database, run, monkeypatch):
    monkeypatch.setattr(administration, "BATCH", 3)
    with pytest.raises(Cut):
        run(lambda end_all: end_all.run(Source(), cut, nothing))
    assert versions(database) == [2] * 6 + [1] * 4
    with pytest.raises(Cut):
        run(lambda end_all: end_all.run(Source(), cut, nothing))
    assert versions(database) == [3] * 3 + [2] * 7
    run(lambda end_all: end_all.run(Source(), nothing, nothing))
    assert min(versions(database)) == 3, "a whole round"


def test_the_events_tell_that_it_has_begun_and_with_which_numbers_it_is_done(database, run):
    run(lambda end_all: end_all.begin(Source()))
    run(lambda end_all: end_all.run(Source(), nothing, nothing))
    rows = database.all("select details from nestmap.events order by id")
    done = {"state": "done", "accounts": 10, "sessions": 0}
    assert [row.details for row in rows] == [{"state": "begun"}, done]
    assert versions(database) == [2] * 10

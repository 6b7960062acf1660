"""Closing the layer and the site: they wait for all commits and tasks, for as long as was asked."""

import asyncio
import time

import pytest

from nestmap.database import Hosts
from nestmap.services import Services
from nestmap.sessions import Client
from nestmap.sessions.batcher import BatchLimits
from nestmap.sessions.sid import new_id, new_sid
from nestmap.sessions.writes import Insert
from nestmap.settings import settings_from
from tests.support.instance import SECRET
from tests.support.layer import open_layer


@pytest.mark.parametrize("batches", [1, 2, 3])
def test_commits_that_wait_are_made_before_the_layer_closes(database, batches):
    count = (batches - 1) * BatchLimits().items + 1

    async def commit_and_close(sessions):
        made = [sessions.commit(Insert(new_sid(), new_id(), {}, Client())) for _ in range(count)]
        closed = await sessions.close(30)
        return closed, sum(one.done() and one.exception() is None for one in made)

    with open_layer(database.url) as layer:
        assert layer.run(commit_and_close(layer.sessions)) == (True, count)
    assert database.value("select count(*) from session") == count


@pytest.fixture
def services(database):
    """Return a function that calls ``work(services)`` with an open site, which ``work`` closes."""

    def run(work):
        async def with_services():
            services = Services(settings_from({"SESSION_SECRET": SECRET}), Hosts(database.url))
            await services.open()
            return await work(services)

        return asyncio.run(with_services())

    return run


def test_a_task_of_the_site_may_use_the_layer_until_it_ends(services, caplog):
    """An administrator who ends all sessions starts one, for example."""

    async def close_during_a_task(services):
        closing = asyncio.Event()

        async def end_all():
            await closing.wait()
            await asyncio.sleep(0.1)
            await services.sessions.admin.end_all("ended by an administrator")

        services.background.start(end_all(), "end all sessions")
        asyncio.get_running_loop().call_soon(closing.set)
        return await services.close(30)

    assert services(close_during_a_task)
    assert "end all sessions failed" not in caplog.text


@pytest.mark.long
def test_the_time_to_close_is_that_of_the_site_and_the_layer_together(services):
    seconds = 2

    async def close_during_endless_tasks(services):
        for background in (services.background, services.sessions.background):
            background.start(asyncio.sleep(3600), "sleep")
        began = time.monotonic()
        return await services.close(seconds), time.monotonic() - began

    closed, lasted = services(close_during_endless_tasks)
    assert not closed
    assert seconds <= lasted < 1.8 * seconds

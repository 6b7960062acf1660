"""Closing the layer: it waits for all commits, also for those whose batch has not started."""

import pytest

from nestmap.sessions import Client
from nestmap.sessions.batcher import BatchLimits
from nestmap.sessions.sid import new_id, new_sid
from nestmap.sessions.writes import Insert
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

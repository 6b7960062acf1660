"""A process opens no more connections than the setting allows, and works with few."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support.visitor import Visitor

FEW = 6
VISITORS = 24


@pytest.fixture(scope="module")
def site(shared_database, start_shared_instance):
    return start_shared_instance(
        shared_database.url,
        DATABASE_CONNECTIONS=FEW,
        SESSION_PRUNE_SECONDS=1,
    )


class Watch:
    """Records the highest number of connections of the site while the block runs."""

    def __init__(self, database) -> None:
        self.most = 0
        self._database = database
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        sql = (
            "select count(*) from pg_stat_activity"
            " where datname = current_database() and application_name = 'nestmap'"
        )
        while not self._over.wait(0.002):
            self.most = max(self.most, self._database.value(sql))
        self._database.close()


def live(visitor: Visitor) -> list[str]:
    for number in range(5):
        assert visitor.put_place(f"p{number}").status == 201
    assert visitor.get("/").status == 200
    return visitor.place_ids()


def test_many_visitors_at_once_share_a_few_connections(site, shared_database):
    visitors = [Visitor(site.url) for _ in range(VISITORS)]
    with Watch(shared_database) as watch, ThreadPoolExecutor(VISITORS) as pool:
        lives = list(pool.map(live, visitors))
    assert lives == [[f"p{number}" for number in range(5)]] * VISITORS
    assert 1 < watch.most <= FEW


def test_a_number_that_is_too_small_is_refused_with_the_reason(start_instance, shared_database):
    instance = start_instance.begin(shared_database.url, DATABASE_CONNECTIONS=5)
    assert instance.wait() == 2
    assert "DATABASE_CONNECTIONS must be a whole number from 6" in instance.output

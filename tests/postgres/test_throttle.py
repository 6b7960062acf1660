"""Simultaneous attempts are counted one after the other."""

import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import psycopg2

from tests.support.database import Database

ONE_IS_FREE = {"key": "ab" * 16, "free": 1, "forget": 0, "capacity": 1e9, "refill": 1e6}
RESERVE = "select nestmap.reserve_attempt(%s)"


def test_an_attempt_waits_until_the_previous_one_is_counted(database):
    bucket = json.dumps([ONE_IS_FREE])
    with (
        closing(psycopg2.connect(database.url)) as first,
        closing(Database(database.url)) as second,
        ThreadPoolExecutor(1) as pool,
    ):
        cursor = first.cursor()
        cursor.execute(RESERVE, (bucket,))
        assert cursor.fetchone() == (0,)
        waiting = pool.submit(second.value, RESERVE, bucket)
        database.wait_for_blocked(1)
        first.commit()
        assert waiting.result() > 0

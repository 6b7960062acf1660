"""Two instances behind nginx are restarted, one after the other, while people use the site."""

import pytest

from tests.deploy.client import Load
from tests.support.waiting import wait_until

pytestmark = pytest.mark.long


def test_a_rolling_restart_under_load_drops_nothing(front, two, shared_database, start_instance):
    settings = {"NESTMAP_ENV": "production", "SESSION_COOKIE_NAME": "__Host-nestmap.sid"}
    with Load(front, 6) as load:
        for instance in two:
            wait_until(lambda more=load.count + 12: load.count > more, "both to be used")
            assert instance.stop() == 0, instance.output
            wait_until(lambda more=load.count + 12: load.count > more, "one to be used")
            start_instance(shared_database.url, PORT=instance.port, **settings)
    assert load.bad == [], front.errors
    for client, places in load.pinned.items():
        stored = {place["id"] for place in client.ask("GET", "/api/places").json["places"]}
        assert set(places) <= stored

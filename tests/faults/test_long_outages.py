"""Outages that only time can tell: each with a site and a database of its own, all at once."""

import re
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest

from tests.support.background_work import assert_background_goes_on
from tests.support.crowd import Crowd
from tests.support.database import Database
from tests.support.instance import Instance
from tests.support.machine import MACHINE
from tests.support.outages import Outage
from tests.support.relay import LOAD, Relay

pytestmark = pytest.mark.long

AWAY = 5.2  # longer than anyone may be kept waiting
LOCK = "lock table session in access exclusive mode"


@dataclass
class Stage:
    """Where one story takes place."""

    site: Instance
    database: Database
    outage: Outage
    crowd: Crowd


@pytest.fixture
def new_stage(fragile, fragile_template, start_instance):
    stages = []

    def new_stage(accounts):
        database, relay = fragile.create(fragile_template.name), Relay(fragile.port)
        site = start_instance(database.url_at(relay.port), SESSION_PRUNE_SECONDS=1)
        stages.append(
            Stage(
                site, database, Outage(fragile, database, relay), Crowd(site.url, accounts=accounts)
            )
        )
        return stages[-1]

    yield new_stage
    for stage in stages:
        stage.outage.relay.close()
        fragile.drop(stage.database)


def frozen(stage):
    bear(stage, stage.outage.wire_frozen())


def swallowing(stage):
    bear(stage, stage.outage.wire_swallowing())


def swallowing_accounts(stage):
    """A change of an account has a statement of its own, which is not repeated: its own limit."""
    bear(stage, stage.outage.wire_swallowing(), within=5)


def bear(stage, fault, within=1.0):
    stage.crowd.live_through(fault, AWAY)
    stage.outage.assert_borne(stage.crowd, within)
    stage.outage.assert_seen_by_the_balancer(stage.crowd)


def gone_dead(stage):
    """Whoever connects anew is served, so it takes one bound to find out, and no more."""
    with stage.crowd as crowd:
        crowd.go_on(0.3)
        with stage.outage.wire_swallowing_once():
            crowd.go_on(AWAY + 1.3)
    stage.outage.assert_borne(crowd, within=5)


def locked(stage):
    stage.crowd.live_through(stage.outage.while_held(stage.database.transaction(LOCK)), 5.0)
    stage.outage.assert_borne(stage.crowd)
    assert_background_goes_on(stage.site, stage.database)


def waits_twice(stage):
    """For its load and then for the place itself; the bound is the request's."""
    member, relay = stage.crowd.members[0], stage.outage.relay
    relay.hold_answer(LOAD)
    MACHINE.watch()
    began = time.monotonic()
    sent = member.send_place("lisbon")
    relay.wait_for_held()
    stage.crowd.go_on(2.2)
    relay.hold(re.compile(rb"."))  # whatever it is
    relay.release_answer()
    answer = sent.answer()
    assert (answer.status, answer.cookies) == (503, [])
    assert MACHINE.in_time(began, time.monotonic(), 5)
    relay.heal()
    stage.crowd.assert_all_as_before()


STORIES = {
    frozen: True,
    swallowing: False,
    swallowing_accounts: True,
    gone_dead: True,
    locked: False,
    waits_twice: True,
}


def test_who_needs_the_database_is_told_in_time_and_all_is_well_when_it_is_back(new_stage):
    stages = {story: new_stage(accounts) for story, accounts in STORIES.items()}
    with ThreadPoolExecutor() as pool:
        told = {story: pool.submit(story, stage) for story, stage in stages.items()}
    failed = {story.__name__: str(error) for story in STORIES if (error := told[story].exception())}
    assert failed == {}

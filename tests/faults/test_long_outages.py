"""Outages that take long: each has a site and a database of its own, and all run at once."""

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

AWAY = 5.2  # longer than a client may be kept waiting
LOCK = "lock table session in access exclusive mode"


@dataclass
class Stage:
    """The database, the site and the clients of one outage."""

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
    survive(stage, stage.outage.wire_frozen())


def swallowing(stage):
    survive(stage, stage.outage.wire_swallowing())


def swallowing_accounts(stage):
    """A change of an account has a statement of its own, which is not repeated: another limit."""
    survive(stage, stage.outage.wire_swallowing(), within=5)


def survive(stage, fault, within=1.0):
    stage.crowd.run_through(fault, AWAY)
    stage.outage.assert_promises_kept(stage.crowd, within)
    stage.outage.assert_readiness_followed(stage.crowd)


def gone_dead(stage):
    """New connections work, so the outage ends after one statement timeout."""
    with stage.crowd as crowd:
        crowd.go_on(0.3)
        with stage.outage.wire_swallowing_once():
            crowd.go_on(AWAY + 1.3)
    stage.outage.assert_promises_kept(crowd, within=5)


def locked(stage):
    stage.crowd.run_through(stage.outage.while_held(stage.database.transaction(LOCK)), 5.0)
    stage.outage.assert_promises_kept(stage.crowd)
    assert_background_goes_on(stage.site, stage.database)


def waits_twice(stage):
    """It waits to load the session and then to store the place; the limit of the request counts."""
    member, relay = stage.crowd.members[0], stage.outage.relay
    relay.hold_answer(LOAD)
    MACHINE.watch()
    began = time.monotonic()
    sent = member.send_place("lisbon")
    relay.wait_for_held()
    stage.crowd.go_on(2.2)
    relay.hold(re.compile(rb"."))  # every statement
    relay.release_answer()
    answer = sent.answer()
    assert (answer.status, answer.cookies) == (503, [])
    assert MACHINE.in_time(began, time.monotonic(), 5)
    relay.heal()
    stage.crowd.assert_nothing_lost()


STORIES = {
    frozen: True,
    swallowing: False,
    swallowing_accounts: True,
    gone_dead: True,
    locked: False,
    waits_twice: True,
}


def test_requests_during_an_outage_are_503_in_time_and_succeed_after_it(new_stage):
    stages = {story: new_stage(accounts) for story, accounts in STORIES.items()}
    with ThreadPoolExecutor() as pool:
        told = {story: pool.submit(story, stage) for story, stage in stages.items()}
    failed = {story.__name__: str(error) for story in STORIES if (error := told[story].exception())}
    assert failed == {}

"""A synchronous standby is lost: no commit is acknowledged, and reads continue."""

import pytest

from tests.support.cluster import Cluster
from tests.support.commands import migrated_database
from tests.support.pgbouncer import PgBouncer
from tests.support.sids import count_sessions
from tests.support.standby import Standby
from tests.support.visitor import PASSWORD, Visitor
from tests.support.waiting import wait_until

pytestmark = pytest.mark.long

CONNECTIONS = 40
WRITERS = 24
WAITING = "select count(*) from pg_stat_activity where wait_event = 'SyncRep'"
BE_DUE = "update session set renewed_at = renewed_at - interval '10 minutes'"


@pytest.fixture(scope="module")
def primary():
    primary = Cluster(max_connections=CONNECTIONS)
    yield primary
    primary.remove()


@pytest.fixture(scope="module")
def standby(primary, shared_database):
    standby = Standby(primary)
    yield standby
    standby.remove()


@pytest.fixture(scope="module")
def shared_database(primary, tmp_path_factory):
    return migrated_database(primary, tmp_path_factory.mktemp("migrate"))


@pytest.fixture(scope="module", params=["direct", "pgbouncer"])
def site(request, primary, standby, shared_database, start_shared_instance):
    pooler = PgBouncer(primary.port, primary.system_user) if request.param == "pgbouncer" else None
    port = pooler.port if pooler else primary.port
    yield start_shared_instance(shared_database.url_at(port), SIGN_IN_ACCOUNT_FAILURES=20)
    if pooler:
        pooler.remove()


def test_writes_are_503_reads_succeed_and_no_commit_is_left_waiting(
    site, primary, standby, shared_database
):
    member, writers = Visitor(site.url), [Visitor(site.url) for _ in range(WRITERS)]
    visitor = Visitor(site.url)
    assert member.register().status == 201
    visitor.email = member.email
    for one in [visitor, member, *writers]:
        assert one.put_place("lisbon").status == 201
    before = count_sessions(shared_database)
    standby.stop("immediate")
    try:
        for round_ in range(2):
            sent = [writer.send_place(f"oslo-{round_}") for writer in writers]
            sent.append(
                visitor.send(
                    "POST",
                    "/api/auth/login",
                    json={"email": visitor.email, "password": PASSWORD},
                )
            )
            assert member.place_ids() == ["lisbon"]
            assert member.signed_in()
            for one in sent:
                answer = one.answer()
                assert answer.status == 503
                assert answer.cookies == []
        wait_until(lambda: shared_database.value(WAITING) == 0, "no commit to wait", seconds=30)
        # A read that is due for a renewal is answered without a cookie.
        shared_database.execute(f"set synchronous_commit = local; {BE_DUE}")
        for one in (member, visitor):
            assert one.place_ids() == ["lisbon"]
        assert not visitor.signed_in()
    finally:
        standby.start()
    wait_until(lambda: visitor.put_place("kyoto").status == 201, "writes to be taken again")
    wait_until(
        lambda: count_sessions(shared_database) == before, "orphans to be removed", seconds=20
    )
    assert visitor.sign_in().status == 200
    assert visitor.place_ids() == ["kyoto", "lisbon"]

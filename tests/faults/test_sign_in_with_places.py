"""After any fault in a sign-in, each place is either in the account, once, or still in the session."""

import threading
import time

import pytest

from tests.support.visitor import PASSWORD, Visitor
from tests.support.waiting import wait_until

pytestmark = pytest.mark.long

TRIP = [f"place-{number}" for number in range(12)]
TRIP_SORTED = sorted(TRIP)
MOMENTS = 20


def visitor_with_places(*urls: str, email: str = "") -> Visitor:
    visitor = Visitor(*urls)
    visitor.email = email or visitor.email
    for place in TRIP:
        assert visitor.put_place(place, place).status == 201
    return visitor


def nothing_runs(database) -> bool:
    """Return True if no statement of a site is running, nor one of a site that was killed."""
    return not database.value(
        "select count(*) from pg_stat_activity where datname = current_database()"
        " and state <> 'idle' and pid <> pg_backend_pid()"
    )


def sign_in_takes(visitor: Visitor) -> float:
    """Return how many seconds a sign-in with places takes on this machine."""
    since = time.perf_counter()
    assert visitor.sign_in().status == 200
    return time.perf_counter() - since


def test_a_site_killed_at_any_moment_of_a_sign_in_loses_and_doubles_no_place(
    start_instance, shared_database
):
    """It is killed twenty times, at moments spread over the duration of a sign-in."""
    instance = start_instance(shared_database.url)
    owner = Visitor(instance.url)
    owner.register()
    takes = sign_in_takes(visitor_with_places(instance.url, email=owner.email))
    for number in range(MOMENTS):
        # Start the next instance meanwhile: most of the time of this test goes into starts.
        following = start_instance.begin(shared_database.url)
        account = Visitor(instance.url)
        account.register()
        visitor = visitor_with_places(instance.url, email=account.email)
        sent = visitor.send(
            "POST",
            "/api/auth/login",
            json={"email": visitor.email, "password": PASSWORD},
        )
        threading.Event().wait(1.2 * takes * number / MOMENTS)
        instance.kill()
        try:
            answered = sent.answer().status == 200
        except OSError:
            answered = False
        following.wait_until_ready()
        wait_until(lambda: nothing_runs(shared_database), "PostgreSQL to end what it had begun")
        instance = following
        visitor.urls = account.urls = (instance.url,)
        moved, here = account.place_ids(), visitor.place_ids()
        assert moved in ([], TRIP_SORTED), f"moment {number}: {moved}"
        if answered:
            assert moved == here == TRIP_SORTED
        elif not moved:
            assert here == TRIP_SORTED, f"moment {number}"
            assert visitor.sign_in().status == 200
            assert visitor.place_ids() == TRIP_SORTED


@pytest.fixture
def two_instances(shared_database, start_instance):
    """Start two instances with limits that allow twelve sign-ins to one account at once."""
    url, most = shared_database.url, 20
    started = [start_instance.begin(url, SIGN_IN_ACCOUNT_FAILURES=most) for _ in range(2)]
    for instance in started:
        instance.wait_until_ready()
    return [instance.url for instance in started]


def test_twelve_simultaneous_sign_ins_move_each_place_once_while_another_tab_pins(two_instances):
    """Each place that was acknowledged to the other tab is in the account, no refused one is."""
    account = Visitor(*two_instances)
    account.register()
    visitor = visitor_with_places(*account.urls, email=account.email)
    clicks = [visitor.twin() for _ in range(12)]
    tab = visitor.twin()
    pinned: list[str] = []
    stop = threading.Event()

    def pin() -> None:
        number = 0
        while not stop.is_set():
            place = f"tab-{number}"
            if tab.put_place(place, place, at=number % 2).status == 201:
                pinned.append(place)
            number += 1

    pinning = threading.Thread(target=pin)
    pinning.start()
    try:
        sent = [
            click.send(
                "POST",
                "/api/auth/login",
                json={"email": visitor.email, "password": PASSWORD},
                at=number % 2,
            )
            for number, click in enumerate(clicks)
        ]
        statuses = [each.answer().status for each in sent]
    finally:
        stop.set()
        pinning.join()
    assert statuses.count(200) >= 1
    assert set(statuses) <= {200, 503}
    account.jar.clear()
    account.sign_in()
    assert account.place_ids() == sorted([*TRIP, *pinned])
    for click, status in zip(clicks, statuses, strict=True):
        if status == 200:
            assert click.place_ids() == sorted([*TRIP, *pinned])

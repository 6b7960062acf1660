"""kill -9 between the steps of a change: responses are right, and no old sid is signed in."""

import pytest

from tests.support.relay import COPY, ROTATE, UPDATE
from tests.support.sids import sid_of, stored
from tests.support.visitor import PASSWORD, Visitor

pytestmark = pytest.mark.long


@pytest.fixture
def killed(start_instance, shared_database, relay):
    """Return `killed(hold, send)`: a visitor and a thief with the same cookie, after a kill during `hold`."""
    instance = start_instance(shared_database.url_at(relay.port))

    def killed(hold, pattern, send):
        following = start_instance.begin(shared_database.url)
        account = Visitor(instance.url)
        assert account.register().status == 201
        visitor = Visitor(instance.url)
        visitor.email = account.email
        assert visitor.put_place("lisbon").status == 201
        old = sid_of(visitor, shared_database)
        hold(relay, pattern)
        sent = send(visitor)
        relay.wait_for_held()
        instance.kill()
        with pytest.raises(OSError):
            sent.answer()
        relay.release()
        following.wait_until_ready()
        visitor.urls = (following.url,)
        return visitor, old

    return killed


def sign_in(visitor):
    credentials = {"email": visitor.email, "password": PASSWORD}
    return visitor.send("POST", "/api/auth/login", json=credentials)


def on_the_way(relay, pattern):
    relay.hold(pattern)


def on_the_way_back(relay, pattern):
    relay.hold_answer(pattern)


@pytest.mark.parametrize(
    ("hold", "pattern"),
    [(on_the_way, COPY), (on_the_way_back, COPY), (on_the_way, ROTATE), (on_the_way_back, ROTATE)],
)
def test_a_sign_in(killed, shared_database, hold, pattern):
    visitor, old = killed(hold, pattern, sign_in)
    thief = visitor.twin()
    assert not thief.signed_in()
    if stored(shared_database, old):
        assert visitor.place_ids() == ["lisbon"]
    assert visitor.sign_in().status == 200
    assert visitor.place_ids() == ["lisbon"]
    assert not thief.signed_in()
    assert not stored(shared_database, old)


@pytest.mark.parametrize("hold", [on_the_way, on_the_way_back])
def test_a_change(killed, hold):
    visitor, _ = killed(hold, UPDATE, lambda one: one.send_place("kyoto"))
    assert visitor.place_ids() in (["lisbon"], ["kyoto", "lisbon"])
    assert visitor.put_place("kyoto", "second").status in {200, 201}
    names = {place["id"]: place["name"] for place in visitor.places()}
    assert names == {"lisbon": "A place", "kyoto": "second"}

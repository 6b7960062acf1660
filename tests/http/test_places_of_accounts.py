"""G16: places of a registered user belong to the account; those of a visitor move there."""

import json

import pytest

from tests.support.accounts import fill_account
from tests.support.follow import follow
from tests.support.sids import sid_of
from tests.support.visitor import Visitor

LISBON = {"name": "Lisbon", "note": "the tram", "latitude": 38.72, "longitude": -9.14}
TRIP = ["lisbon", "kyoto", "oslo"]


@pytest.fixture
def traveller(visitor):
    """Return a visitor who pinned three places and then registered."""
    for place in TRIP:
        visitor.put_place(place, place.title())
    assert visitor.register().status == 201
    return visitor


@pytest.fixture
def elsewhere(traveller):
    """Return another browser of the same user, signed in."""
    browser = traveller.twin()
    browser.jar.clear()
    assert browser.sign_in().status == 200
    return browser


def account_ids(database, visitor: Visitor) -> list[str]:
    """Return the ids of the places in the table of the account."""
    rows = database.all(
        "select p.id from nestmap.places as p join nestmap.users as u on u.id = p.user_id"
        " where u.email = %s order by p.id",
        visitor.email,
    )
    return [row.id for row in rows]


def session_data(database, visitor: Visitor) -> dict:
    return database.value("select sess from session where sid = %s", sid_of(visitor, database))


def test_places_move_to_the_account_with_the_registration(traveller, shared_database):
    assert traveller.place_ids() == sorted(TRIP)
    assert account_ids(shared_database, traveller) == sorted(TRIP)
    assert not [key for key in session_data(shared_database, traveller) if "place" in key]


def test_a_place_moves_with_all_its_fields(visitor, shared_database):
    visitor.request("PUT", "/api/places/lisbon", json=LISBON)
    visitor.register()
    assert visitor.places() == [{"id": "lisbon"} | LISBON]


def test_signing_out_removes_no_place(traveller):
    traveller.sign_out()
    assert traveller.places() == []
    traveller.sign_in()
    assert traveller.place_ids() == sorted(TRIP)


def test_another_browser_shows_the_same_places_and_changes_them(traveller, elsewhere):
    assert elsewhere.place_ids() == sorted(TRIP)
    elsewhere.put_place("porto", "Porto")
    elsewhere.delete_place("oslo")
    assert traveller.place_ids() == ["kyoto", "lisbon", "porto"]


def test_ending_all_other_sessions_removes_no_place(traveller, elsewhere):
    assert elsewhere.request("DELETE", "/api/account/sessions?others=true").status == 204
    assert not traveller.signed_in()
    assert elsewhere.place_ids() == sorted(TRIP)
    traveller.jar.clear()
    traveller.sign_in()
    assert traveller.place_ids() == sorted(TRIP)


@pytest.mark.parametrize("away", ["13 hours", "8 days"])
def test_a_user_who_comes_back_later_finds_every_place(traveller, shared_database, away):
    shared_database.execute(
        "update session set expire = expire - %s::interval, created_at = created_at - %s::interval,"
        " renewed_at = renewed_at - %s::interval,"
        " authenticated_at = authenticated_at - %s::interval where sid = %s",
        *[away] * 4,
        sid_of(traveller, shared_database),
    )
    assert not traveller.signed_in()
    traveller.sign_in()
    assert traveller.place_ids() == sorted(TRIP)


def test_a_place_whose_id_the_account_has_gets_another_id(traveller, new_visitor):
    again = new_visitor()
    again.email = traveller.email
    again.put_place("lisbon", "Lisbon, Ohio")
    again.put_place("porto", "Porto")
    again.sign_in()
    names = {place["name"]: place["id"] for place in again.places()}
    assert set(names) == {"Lisbon", "Kyoto", "Oslo", "Porto", "Lisbon, Ohio"}
    assert names["Lisbon"] == "lisbon"
    assert names["Lisbon, Ohio"].startswith("lisbon-")


def test_a_place_that_the_account_has_already_is_not_kept_twice(traveller, new_visitor):
    again = new_visitor()
    again.email = traveller.email
    again.put_place("lisbon", "Lisbon")
    again.sign_in()
    assert again.place_ids() == sorted(TRIP)


def test_a_failed_sign_in_moves_nothing(visitor, shared_database):
    visitor.register()
    visitor.jar.clear()
    visitor.put_place("oslo")
    assert visitor.sign_in(password="not the right one").status == 401
    assert account_ids(shared_database, visitor) == []
    assert visitor.place_ids() == ["oslo"]


def test_an_account_has_at_most_1000_places_and_the_rest_stays_in_the_session(
    visitor, new_visitor, shared_database
):
    visitor.register()
    shared_database.execute(
        "insert into nestmap.places (user_id, id, name)"
        " select u.id, 'p' || n, 'n' from nestmap.users as u, generate_series(1, 999) as n"
        " where u.email = %s",
        visitor.email,
    )
    again = new_visitor()
    again.email = visitor.email
    again.put_place("x", "X")
    again.put_place("y", "Y")
    again.sign_in()
    assert len(again.places()) == 1000
    assert "place:y" in session_data(shared_database, again)
    assert "One place" in again.get("/").text
    refused = again.put_place("z", "Z")
    assert (refused.status, refused.error) == (409, "map_full")
    for kind in ("geojson", "csv"):
        assert "Y" in again.get(f"/account/places?format={kind}").text
    assert "its 1,001 places" in again.get("/account/delete").text
    assert again.put_place("p1", "replaced").status == 200
    again.delete_place("p2")
    assert "y" in again.place_ids()
    assert "place:y" not in session_data(shared_database, again)


def test_a_sign_out_says_that_it_deletes_places_that_did_not_fit_into_the_account(
    visitor, new_visitor, shared_database
):
    visitor.register()
    fill_account(shared_database, visitor.email)
    for number, said in ((0, "in your account."), (1, "except for one"), (2, "except for 2")):
        again = new_visitor()
        again.email = visitor.email
        for place in range(number):
            again.put_place(f"x{place}", "X")
        again.sign_in()
        assert ("signing out deletes" in again.get("/").text) == (number > 0)
        assert said in follow(again, again.post("/logout")).text


def test_places_in_the_row_of_a_signed_in_session_move_to_its_account(traveller, shared_database):
    """An Express server may have written such a row."""
    more = {"place:porto": {"name": "Porto"}, "place:odd": "something else"}
    shared_database.execute(
        "update session set sess = (sess::jsonb || %s)::json where sid = %s",
        json.dumps(more),
        sid_of(traveller, shared_database),
    )
    assert traveller.place_ids() == sorted([*TRIP, "porto"])
    assert "porto" in account_ids(shared_database, traveller)
    left = session_data(shared_database, traveller)
    assert "place:porto" not in left
    assert left["place:odd"] == "something else"


def test_an_impossible_time_in_a_place_of_another_program_is_unknown(visitor, shared_database):
    visitor.register()
    fill_account(shared_database, visitor.email)
    shared_database.execute(
        "update session set sess = (sess::jsonb || %s)::json where sid = %s",
        json.dumps({"place:late": {"name": "Late", "created_at": 1e300}}),
        sid_of(visitor, shared_database),
    )
    features = json.loads(visitor.get("/account/places").body)["features"]
    assert features[-1]["properties"] == {"name": "Late", "note": "", "created_at": None}


@pytest.mark.parametrize("change", ["put", "delete"])
def test_a_slow_change_does_not_happen_after_the_end_of_its_session(
    traveller, elsewhere, shared_database, change
):
    """The session is ended while the change waits for the lock on its row."""
    sid = sid_of(traveller, shared_database)
    with shared_database.transaction("select from session where sid = %s for update", sid):
        if change == "put":
            slow = traveller.send_place("porto", "Porto")
        else:
            slow = traveller.send("DELETE", "/api/places/lisbon")
        shared_database.wait_for_blocked()
        ending = elsewhere.send("DELETE", "/api/account/sessions?others=true")
        shared_database.wait_for_blocked(2)
    assert ending.answer().status == 204
    answer = slow.answer()
    # PostgreSQL decides which was first; a change with a good response must be stored.
    assert answer.status in {201, 204, 401}
    changed = sorted([*TRIP, "porto"]) if change == "put" else ["kyoto", "oslo"]
    assert elsewhere.place_ids() == (sorted(TRIP) if answer.status == 401 else changed)


def test_a_change_needs_a_live_session_of_its_account_in_the_same_statement(
    traveller, shared_database
):
    """The session is ended after it was loaded and before the change is made."""
    sid = sid_of(traveller, shared_database)
    with shared_database.transaction(
        "select pg_advisory_xact_lock(hashtextextended('nestmap.places', u.id))"
        " from nestmap.users as u where u.email = %s",
        traveller.email,
    ):
        slow = traveller.send_place("porto", "Porto")
        shared_database.wait_for_blocked()
        # The change has locked the row of its session, so deleting the row must wait.
        with pytest.raises(Exception, match="lock timeout"):
            shared_database.all(
                "set lock_timeout = '200ms'; delete from session where sid = %s", sid
            )
        shared_database.execute("reset lock_timeout")
    assert slow.answer().status == 201


def test_a_session_from_before_a_password_change_cannot_change_places(traveller, shared_database):
    shared_database.execute(
        "update nestmap.users set version = version + 1 where email = %s", traveller.email
    )
    assert traveller.put_place("porto").error == "session_ended"
    assert account_ids(shared_database, traveller) == sorted(TRIP)

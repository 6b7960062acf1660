"""Undoing a removal: which place comes back, and when it can't."""

import itertools

import pytest

from tests.support.accounts import fill_account
from tests.support.follow import follow
from tests.support.page import Page, submit
from tests.support.visitor import Visitor

NOTE = "n" * 500


@pytest.fixture(params=["visitor", "account"])
def owner(request, visitor: Visitor) -> Visitor:
    """Return a visitor with the places a and b, in the session and in an account."""
    for place in ("a", "b"):
        visitor.put_place(place, place.upper())
    if request.param == "account":
        visitor.register()
    return visitor


def remove(visitor: Visitor, name: str, at: str = "/"):
    """Remove a place on the home page; return the page that follows."""
    page = visitor.get(at)
    return follow(visitor, submit(visitor, page, Page(page).form(button=f"Remove {name}"), at))


def undo(visitor: Visitor, page):
    """Press the button "Undo" of a page; return the page that follows."""
    return follow(visitor, submit(visitor, page, Page(page).form(button="Undo"), "/"))


def put(visitor: Visitor, place: str, note: str) -> bool:
    """Put a place; return False if it does not fit."""
    fields = {"name": f"Full {place}", "note": note}
    answer = visitor.request("PUT", f"/api/places/{place}", json=fields)
    assert answer.status in {200, 201, 413}, answer.text
    return answer.status != 413


def fill(visitor: Visitor) -> None:
    """Put places until not one more byte fits."""
    for note in (NOTE, ""):
        for number in itertools.count():
            if not put(visitor, f"f{len(note)}-{number}", note):
                break
    for length in itertools.count(1):
        if not put(visitor, "f0-0", "n" * length):
            break


def test_the_button_of_an_older_removal_restores_no_other_place(owner):
    older = remove(owner, "A")
    newer = remove(owner, "B")
    late = undo(owner, older)
    assert "can't be undone any more" in Page(late).text
    assert owner.place_ids() == []
    assert "B is back." in undo(owner, newer).text
    assert owner.place_ids() == ["b"]


def test_a_removal_in_a_full_map_of_a_visitor_can_be_undone(visitor):
    place = {"name": "Long", "note": NOTE, "latitude": 35.0116, "longitude": 135.7681}
    visitor.request("PUT", "/api/places/long", json=place)
    fill(visitor)
    before = visitor.places()
    gone = remove(visitor, "Long", at="/?page=2")
    assert "long" not in visitor.place_ids()
    assert "Long is back." in undo(visitor, gone).text
    assert visitor.places() == before


def pin_by_form(visitor: Visitor, name: str, note: str) -> int:
    return visitor.post("/places", form={"name": name, "note": note}).status


def pin_by_api(visitor: Visitor, name: str, note: str) -> int:
    fields = {"name": name, "note": note}
    return visitor.request("PUT", f"/api/places/{name.lower()}", json=fields).status


@pytest.mark.parametrize(("pin", "done"), [(pin_by_form, 303), (pin_by_api, 201)])
def test_a_removal_makes_room_for_a_new_place(visitor, pin, done):
    visitor.request("PUT", "/api/places/long", json={"name": "Long", "note": NOTE})
    fill(visitor)
    gone = remove(visitor, "Long", at="/?page=2")
    assert pin(visitor, "Larger", "é" * 500) == 413
    assert pin(visitor, "New", NOTE[:400]) == done
    assert "There is nothing to undo any more." in Page(undo(visitor, gone)).text


def test_an_undo_that_does_not_fit_can_be_tried_again(visitor, shared_database):
    visitor.put_place("a", "A")
    visitor.register()
    gone = remove(visitor, "A")
    fill_account(shared_database, visitor.email)
    full = undo(visitor, gone)
    assert "Your map is full" in full.text
    visitor.delete_place("p1")
    assert "A is back." in undo(visitor, full).text
    assert "a" in visitor.place_ids()


@pytest.mark.long
def test_a_removal_whose_session_is_not_stored_removes_nothing(owner, shared_database):
    before = owner.places()
    page = owner.get("/")
    form = Page(page).form(button="Remove A")
    with shared_database.transaction("select * from session for share"):
        failed = submit(owner, page, form, "/")
    assert failed.status == 503
    assert owner.places() == before
    gone = follow(owner, submit(owner, page, form, "/"))
    assert "A is back." in undo(owner, gone).text
    assert owner.places() == before


def test_a_removal_that_is_sent_twice_can_be_undone(owner):
    before = owner.places()
    page = owner.get("/")
    form = Page(page).form(button="Remove A")
    follow(owner, submit(owner, page, form, "/"))
    again = follow(owner, submit(owner, page, form, "/"))
    assert "Removed A." in Page(again).text
    undo(owner, again)
    assert owner.places() == before


def test_removing_a_place_that_is_gone_says_so(owner):
    page = owner.get("/")
    owner.delete_place("a")
    gone = follow(owner, submit(owner, page, Page(page).form(button="Remove A"), "/"))
    assert "The place was removed already." in Page(gone).text

"""The API for the places of a visitor."""

import json

import pytest

from tests.support.visitor import Visitor


def test_a_new_visitor_has_no_places(visitor):
    assert visitor.places() == []


def test_a_new_place_is_201_and_a_replaced_one_is_200(visitor):
    assert visitor.put_place("lisbon", "Lisbon").status == 201
    assert visitor.put_place("lisbon", "Lisboa").status == 200
    assert [place["name"] for place in visitor.places()] == ["Lisboa"]


def test_a_place_has_an_id_a_name_and_a_note(visitor):
    visitor.request("PUT", "/api/places/oslo", json={"name": "Oslo", "note": "in June"})
    nowhere = {"latitude": None, "longitude": None}
    assert visitor.places() == [{"id": "oslo", "name": "Oslo", "note": "in June", **nowhere}]


def test_a_place_without_a_note_is_listed_with_all_its_keys(visitor):
    visitor.put_place("oslo", "Oslo")
    (place,) = visitor.places()
    assert set(place) == {"id", "name", "note", "latitude", "longitude"}
    assert not place["note"]


def test_places_are_listed_in_order_of_id(visitor):
    for place in ("m", "a", "z", "10", "9"):
        visitor.put_place(place)
    assert visitor.place_ids() == ["10", "9", "a", "m", "z"]


def test_a_deleted_place_is_gone_and_deleting_it_again_is_404(visitor):
    visitor.put_place("lisbon")
    assert visitor.delete_place("lisbon").status == 204
    assert visitor.places() == []
    again = visitor.delete_place("lisbon")
    assert (again.status, again.error) == (404, "not_found")


def test_deleting_a_place_as_a_new_visitor_is_404_and_gives_no_cookie(visitor):
    answer = visitor.delete_place("lisbon")
    assert (answer.status, answer.cookies) == (404, [])


def test_visitors_do_not_see_each_others_places(visitor, new_visitor):
    visitor.put_place("lisbon")
    assert new_visitor().places() == []


@pytest.mark.parametrize("place", ["a", "7", "-", "a-b-c", "x" * 64])
def test_an_id_of_lower_case_letters_digits_and_hyphens_is_accepted(visitor, place):
    assert visitor.put_place(place).status == 201
    assert visitor.place_ids() == [place]


@pytest.mark.parametrize(
    "place", ["A", "a_b", "a.b", "x" * 65, "a%20b", "%C3%A4", "a%2Fb", "a%0A", "%00", "%ED%A0%80"]
)
def test_any_other_id_is_refused(visitor, place):
    answer = visitor.put_place(place)
    assert answer.status in {400, 404}
    assert answer.error
    assert visitor.places() == []


@pytest.mark.parametrize(
    "value",
    [
        pytest.param({"name": "n" * 120}, id="the longest name"),
        pytest.param({"name": "🏔" * 120}, id="characters, not bytes, count"),
        pytest.param({"name": "n", "note": "n" * 500}, id="the longest note"),
        pytest.param({"name": "<b>&amp;'\"%s\\"}, id="nothing is special"),
    ],
)
def test_text_up_to_the_length_limit_is_stored_unchanged(visitor, value):
    assert visitor.request("PUT", "/api/places/a", json=value).status == 201
    (place,) = visitor.places()
    assert place["name"] == value["name"]
    assert (place["note"] or "") == value.get("note", "")


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("", id="nothing"),
        pytest.param("{", id="half a document"),
        pytest.param(b"\xff\xfe", id="no UTF-8"),
        pytest.param("null", id="null"),
        pytest.param("[]", id="a list"),
        pytest.param('"name"', id="a string"),
        pytest.param("{}", id="no name"),
        pytest.param('{"name": ""}', id="an empty name"),
        pytest.param('{"name": "   "}', id="a blank name"),
        pytest.param('{"name": 7}', id="a number for a name"),
        pytest.param('{"name": null}', id="null for a name"),
        pytest.param('{"name": ["a"]}', id="a list for a name"),
        pytest.param(json.dumps({"name": "n" * 121}), id="a name too long"),
        pytest.param(json.dumps({"name": "n", "note": "n" * 501}), id="a note too long"),
        pytest.param('{"name": "n", "note": 7}', id="a number for a note"),
        pytest.param('{"name": "n", "note": NaN}', id="a NaN"),
        pytest.param('{"name": "a\\u0000b"}', id="a NUL"),
        pytest.param('{"name": "\\ud800"}', id="a lone surrogate"),
        pytest.param('{"name": "n", "note": "\\udfff"}', id="a lone surrogate in the note"),
        pytest.param("[" * 20000 + "]" * 20000, id="deeper than any reader goes"),
        pytest.param('{"name": ' + "9" * 5000 + "}", id="a number longer than Python reads"),
    ],
)
def test_a_bad_body_is_400_and_changes_nothing(visitor: Visitor, body):
    answer = visitor.request(
        "PUT", "/api/places/a", body=body, headers={"Content-Type": "application/json"}
    )
    assert answer.status == 400, answer.text
    assert answer.error
    assert answer.cookies == []
    assert visitor.places() == []


def test_a_change_that_makes_the_session_too_large_is_refused_and_changes_nothing(
    start_instance, shared_database
):
    small = start_instance(shared_database.url, SESSION_MAX_BYTES=2000)
    visitor = Visitor(small.url)
    note = {"name": "a place", "note": "n" * 400}
    statuses = []
    while not statuses or statuses[-1] == 201:
        assert len(statuses) < 10, "no limit found"
        answer = visitor.request("PUT", f"/api/places/p{len(statuses)}", json=note)
        statuses.append(answer.status)
    assert 400 <= statuses[-1] < 500
    assert answer.error
    assert len(visitor.places()) == len(statuses) - 1 >= 2


def test_a_session_above_the_size_limit_can_be_made_smaller(site, start_instance, shared_database):
    """Such a session exists after the limit was lowered."""
    small = start_instance(shared_database.url, SESSION_MAX_BYTES=1024)
    visitor = Visitor(site.url, small.url)
    for place in "abcd":
        visitor.request("PUT", f"/api/places/{place}", json={"name": "n", "note": "n" * 450})

    def put(length: int) -> int:
        value = {"name": "n", "note": "n" * length}
        return visitor.request("PUT", "/api/places/a", json=value, at=1).status

    assert [put(length) for length in (400, 401, 399, 400, 0)] == [200, 413, 200, 413, 200]
    assert visitor.put_place("e", at=1).error == "session_too_large"
    assert [visitor.delete_place(place, at=1).status for place in "bcd"] == [204] * 3
    assert visitor.put_place("e", at=1).status == 201
    assert visitor.place_ids(at=1) == ["a", "e"]

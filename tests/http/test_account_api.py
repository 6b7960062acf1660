"""The API of the account: sessions, password, download of places, deletion."""

import csv
import io
import json

import pytest

from tests.support.sids import sid_of
from tests.support.visitor import PASSWORD
from tests.support.waiting import wait_until

NEW = "another battery, another staple"


def sessions(visitor):
    answer = visitor.get("/api/account/sessions")
    assert answer.status == 200, answer.text
    return answer.json["sessions"]


def change_password(visitor, current=PASSWORD, new=NEW):
    fields = {"current_password": current, "new_password": new}
    return visitor.post("/api/auth/password", json=fields)


def test_sessions_are_listed_the_current_one_first(ada, phone):
    for browser in (ada, phone):
        listed = sessions(browser)
        assert [session["current"] for session in listed] == [True, False]
        assert listed[0]["id"] == browser.session()["session"]["id"]
        assert set(listed[0]) == {
            "id",
            "current",
            "signed_in_at",
            "last_seen_at",
            "expires_at",
            "ip",
            "user_agent",
        }


def test_a_session_is_ended_by_its_id(ada, phone):
    session_id = phone.session()["session"]["id"]
    assert ada.request("DELETE", f"/api/account/sessions/{session_id}").status == 204
    assert not phone.signed_in()
    assert ada.request("DELETE", f"/api/account/sessions/{session_id}").status == 404


def test_ending_the_current_session_is_signing_out(ada):
    session_id = ada.session()["session"]["id"]
    answer = ada.request("DELETE", f"/api/account/sessions/{session_id}")
    assert answer.status == 204
    assert [cookie.clears for cookie in answer.cookies] == [True]
    assert not ada.signed_in()


def test_all_other_sessions_are_ended_only_with_others_true(ada, phone):
    assert ada.request("DELETE", "/api/account/sessions").status == 400
    assert phone.signed_in()
    assert ada.request("DELETE", "/api/account/sessions?others=true").status == 204
    assert not phone.signed_in()
    assert ada.signed_in()


def test_the_session_of_another_user_cannot_be_ended(ada, new_visitor):
    eve = new_visitor()
    eve.register()
    session_id = ada.session()["session"]["id"]
    assert eve.request("DELETE", f"/api/account/sessions/{session_id}").status == 404
    assert ada.signed_in()


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/account/sessions"),
        ("DELETE", "/api/account/sessions?others=true"),
        ("DELETE", "/api/account/sessions/0123456789abcdef"),
        ("GET", "/api/account/places"),
        ("POST", "/api/auth/password"),
        ("DELETE", "/api/account"),
    ],
)
def test_the_account_needs_a_sign_in(visitor, method, path):
    answer = visitor.request(method, path)
    assert (answer.status, answer.error) == (401, "not_signed_in")


def test_a_changed_password_ends_the_other_sessions_and_not_this_one(ada, phone):
    before = ada.cookie
    assert change_password(ada).status == 204
    assert ada.signed_in()
    assert ada.cookie != before
    assert not phone.signed_in()
    assert ada.place_ids() == ["lisbon"]
    phone.jar.clear()
    assert phone.sign_in().status == 401
    assert phone.sign_in(password=NEW).status == 200


def locked(database, visitor):
    """Keep the row of a session locked."""
    return database.transaction(
        "select from session where sid = %s for update", sid_of(visitor, database)
    )


def ended_sessions(database, user_id: int) -> list:
    return database.all(
        "select * from nestmap.events where kind = 'session_ended' and user_id = %s", str(user_id)
    )


@pytest.mark.long
def test_a_changed_password_is_told_as_changed_although_a_session_is_locked(
    ada, phone, shared_database
):
    number = ada.session()["user"]["id"]
    with locked(shared_database, phone):
        assert change_password(ada).status == 204
        assert ada.signed_in()
        assert not phone.signed_in()
    wait_until(lambda: ended_sessions(shared_database, number), "the row to be deleted")


def test_a_deleted_account_is_told_as_deleted_although_a_session_is_locked(
    ada, phone, shared_database
):
    with locked(shared_database, phone):
        answer = ada.request("DELETE", "/api/account", json={"password": PASSWORD})
        assert answer.status == 204
        assert not phone.signed_in()


def test_the_events_of_sessions_that_end_with_a_change_have_address_and_browser(
    ada, phone, shared_database
):
    number, browser = ada.session()["user"]["id"], {"User-Agent": "Tester/1"}
    fields = {"current_password": PASSWORD, "new_password": NEW}
    assert ada.post("/api/auth/password", json=fields, headers=browser).status == 204
    phone.sign_in(password=NEW)
    body = {"password": NEW}
    assert ada.request("DELETE", "/api/account", json=body, headers=browser).status == 204
    rows = [
        row for row in ended_sessions(shared_database, number) if row.details["why"] != "rotated"
    ]
    assert {row.details["why"] for row in rows} == {"password change", "account deleted"}
    assert {(row.user_agent, row.ip is None) for row in rows} == {("Tester/1", False)}


def test_a_password_is_changed_only_with_the_current_one(ada, phone):
    refused = change_password(ada, current="not the right one")
    assert (refused.status, refused.error) == (401, "invalid_credentials")
    assert phone.signed_in()


def test_an_unacceptable_password_is_refused(ada):
    for new in ("short", "", PASSWORD):
        refused = change_password(ada, new=new)
        assert (refused.status, refused.error) == (400, "invalid_password")
    assert ada.post("/api/auth/password", json={"current_password": PASSWORD}).status == 400
    assert ada.twin().sign_in().status == 200


def test_deleting_an_account_deletes_its_places_and_sessions(ada, phone, shared_database):
    sids = [sid_of(browser, shared_database) for browser in (ada, phone)]
    answer = ada.request("DELETE", "/api/account", json={"password": PASSWORD})
    assert answer.status == 204
    assert not ada.signed_in()
    assert not phone.signed_in()
    assert phone.sign_in().status == 401
    left = "select count(*) from session where sid = any(%s)"
    assert shared_database.value(left, sids) == 0
    assert (
        shared_database.value(
            "select count(*) from nestmap.places as p"
            " left join nestmap.users as u on u.id = p.user_id where u.id is null"
        )
        == 0
    )


def test_an_account_is_deleted_only_with_its_password(ada):
    for body in ({"password": "not the right one"}, {"password": ""}):
        refused = ada.request("DELETE", "/api/account", json=body)
        assert (refused.status, refused.error) == (401, "invalid_credentials")
    assert ada.request("DELETE", "/api/account", json={}).status == 400
    assert ada.signed_in()


def test_places_are_downloaded_as_geojson_and_csv(ada):
    ada.request(
        "PUT", "/api/places/kyoto", json={"name": "Kyoto", "latitude": 35.02, "longitude": 135.75}
    )
    answer = ada.get("/api/account/places?format=geojson")
    assert answer.headers.get_content_type() == "application/geo+json"
    assert "attachment" in answer.headers["Content-Disposition"]
    features = json.loads(answer.body)["features"]
    assert [feature["id"] for feature in features] == ["kyoto", "lisbon"]
    assert features[0]["geometry"]["coordinates"] == [135.75, 35.02]
    table = ada.get("/api/account/places?format=csv").body.decode("utf-8-sig")
    assert [row["name"] for row in csv.DictReader(io.StringIO(table))] == ["Kyoto", "Lisbon"]
    assert ada.get("/api/account/places?format=xml").error == "invalid_format"

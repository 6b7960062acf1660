"""Sessions live longer for users who stay signed in on a device."""

import time
from datetime import datetime, timedelta

import pytest
from tornado.web import create_signed_value

from nestmap.sessions.cookie import key_version
from tests.support.instance import SECRET
from tests.support.page import Page, submit
from tests.support.sids import sid_of
from tests.support.visitor import COOKIE, PASSWORD, Visitor


@pytest.fixture
def ada(visitor):
    visitor.register()
    visitor.jar.clear()
    return visitor


def sign_in(visitor, **fields) -> None:
    page = visitor.get("/login")
    form = Page(page).form(having="password")
    fields = {"email": visitor.email, "password": PASSWORD} | fields
    assert submit(visitor, page, form, "/login", **fields).status == 303


def lifetimes(visitor) -> list[timedelta]:
    """Return the idle and the absolute lifetime of the session."""
    session = visitor.session()["session"]
    begun, *ends = (
        datetime.fromisoformat(session[key])
        for key in ("created_at", "expires_at", "absolute_expires_at")
    )
    return [end - begun for end in ends]


def test_a_sign_in_lasts_for_12_hours_and_7_days(ada):
    sign_in(ada)
    assert [round(each / timedelta(hours=1)) for each in lifetimes(ada)] == [12, 168]


def test_stay_signed_in_is_never_shorter_than_the_usual_lifetimes(start_instance, shared_database):
    """With the settings for AAL2 it is as long."""
    settings = {"SESSION_TTL_SECONDS": 3600, "SESSION_ABSOLUTE_TTL_SECONDS": 86400}
    site = start_instance(shared_database.url, REMEMBER_SECONDS=3600, **settings)
    visitor = Visitor(site.url)
    visitor.register()
    visitor.jar.clear()
    sign_in(visitor, remember="1")
    assert [round(each / timedelta(hours=1)) for each in lifetimes(visitor)] == [1, 24]


def test_stay_signed_in_lasts_for_30_days_without_a_request(ada, shared_database):
    sign_in(ada, remember="1")
    assert [round(each / timedelta(days=1)) for each in lifetimes(ada)] == [30, 90]
    assert "Stays signed in." in Page(ada.get("/account")).text
    cookie = ada.jar._cookies["nestmap.sid"]  # noqa: SLF001
    assert int(cookie.attributes["max-age"]) == 30 * 86400
    sid = sid_of(ada, shared_database)
    shared_database.execute(
        "update session set expire = expire - interval '29 days',"
        " renewed_at = renewed_at - interval '29 days' where sid = %s",
        sid,
    )
    signed = create_signed_value(
        {key_version(SECRET): SECRET},
        COOKIE,
        sid,
        clock=lambda: time.time() - 29 * 86400,
        key_version=key_version(SECRET),
    )
    aged = ada.get("/api/auth/session", headers={"Cookie": f'{COOKIE}="{signed.decode()}"'})
    assert aged.json["authenticated"]
    assert [cookie.name for cookie in aged.cookies] == [COOKIE]
    assert ada.signed_in()
    assert round(lifetimes(ada)[0] / timedelta(days=1)) == 30


def test_a_password_change_keeps_the_longer_lifetimes(ada):
    sign_in(ada, remember="1")
    fields = {"current_password": PASSWORD, "new_password": "another battery, another staple"}
    assert ada.post("/api/auth/password", json=fields).status == 204
    assert round(lifetimes(ada)[0] / timedelta(days=1)) == 30


def test_the_account_page_has_this_session_also_among_many_newer_ones(ada, shared_database):
    sign_in(ada, remember="1")
    shared_database.execute(
        "insert into session"
        " (sid, sess, expire, id, user_id, user_version, created_at, authenticated_at, renewed_at)"
        " select 'many-' || n, '{}', s.expire, lpad(to_hex(n), 16, '0'), s.user_id, s.user_version,"
        " now(), now() + interval '1 s', now()"
        " from session as s, generate_series(1, 250) as n where s.sid = %s",
        sid_of(ada, shared_database),
    )
    page = ada.get("/account")
    assert page.text.count("this device") == 1
    form = Page(ada.get("/account/password")).form(having="new_password")
    fields = {"current_password": PASSWORD, "new_password": "another battery, another staple"}
    assert submit(ada, page, form, "/account/password", **fields).status == 303
    assert round(lifetimes(ada)[0] / timedelta(days=1)) == 30

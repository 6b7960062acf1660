"""Administrators find sessions by person, address and id, page by page, and end them."""

from urllib.parse import quote

import pytest

from tests.support.page import Page, submit
from tests.support.visitor import Visitor

SESSIONS = "/api/admin/sessions"
CROWD = """
insert into session (sid, sess, expire, id, user_id, authenticated_at, user_version, ip)
select
    'crowd-' || n, '{"cookie": {}}', (now() at time zone 'utc') + interval '1 hour',
    lpad(to_hex(n), 16, '0'), %s, now() - n * interval '1 min', '1', inet '192.0.2.0' + n / 10
from generate_series(1, %s) as n
"""


@pytest.fixture(scope="module")
def admin(new_admin) -> Visitor:
    return new_admin()


@pytest.fixture
def member(site, shared_database):
    """Return someone with an account, after the sessions of the last crowd were removed."""
    shared_database.execute("delete from session where sid like 'crowd-%'")
    member = Visitor(site.url)
    member.register()
    return member


def user_id(visitor) -> str:
    return str(visitor.session()["user"]["id"])


def session_id(visitor) -> str:
    return visitor.session()["session"]["id"]


def found(admin, **query) -> list[str]:
    """Return the ids of all sessions that a search finds, in order, over all its pages."""
    ids, path = [], SESSIONS + "?" + "&".join(f"{k}={quote(str(v))}" for k, v in query.items())
    answer = admin.get(path)
    while True:
        assert answer.status == 200, answer.text
        assert len(answer.json["sessions"]) <= 25
        ids += [one["id"] for one in answer.json["sessions"]]
        assert len(ids) == len(set(ids)), "a page repeats sessions of the one before"
        if answer.json["next"] is None:
            return ids
        answer = admin.get(f"{path}&cursor={quote(answer.json['next'])}")


def test_a_person_is_found_by_the_beginning_of_the_address_and_by_the_domain(admin, member):
    beginning = member.email.partition("@")[0]
    for text in (member.email, beginning + "@", beginning.upper() + "@EXAMPLE"):
        assert found(admin, q=text) == [session_id(member)]
    assert session_id(member) in found(admin, q="@example.org")
    assert found(admin, q="@example.com") == []
    assert found(admin, q="%") == [], "a % is a % and no pattern"


def test_all_sessions_of_a_user_are_found_page_by_page_the_newest_first(
    admin, member, shared_database
):
    shared_database.execute(CROWD, user_id(member), 60)
    ids = found(admin, user=user_id(member))
    assert ids == [session_id(member), *(f"{n:016x}" for n in range(1, 61))]
    assert found(admin, q=member.email) == ids


def test_all_signed_in_sessions_are_listed_page_by_page_the_newest_sign_in_first(
    admin, member, shared_database
):
    shared_database.execute(CROWD, user_id(member), 60)
    in_order = "select id from session where user_id is not null order by authenticated_at desc"
    ids = found(admin)
    assert ids == [row.id for row in shared_database.all(in_order)]
    assert len(ids) > 60


def test_the_next_page_of_the_sessions_of_a_user_is_one_of_this_user(
    admin, member, shared_database
):
    number = user_id(member)
    shared_database.execute(CROWD, number, 60)
    page = admin.get(f"/admin?user={number}").text
    assert f"/admin?q=&amp;user={number}&amp;cursor=" in page


def test_sessions_that_began_at_the_same_moment_are_each_on_one_page(
    admin, member, shared_database
):
    shared_database.execute(CROWD, user_id(member), 60)
    shared_database.execute(
        "update session set authenticated_at = now() - interval '1 h' where sid like 'crowd-%'"
    )
    ids = found(admin, user=user_id(member))
    assert len(ids) == len(set(ids)) == 61


def test_a_session_is_found_by_its_address_also_one_of_a_visitor(admin, member, shared_database):
    shared_database.execute(CROWD, None, 60)
    assert found(admin, q="192.0.2.1") == [f"{n:016x}" for n in range(19, 9, -1)]
    assert len(found(admin, q="192.0.2.0/29")) == 60
    assert found(admin, q="192.0.3.0/24") == []
    assert found(admin, q="2001:db8::/32") == []
    (visitors,) = admin.get(f"{SESSIONS}?q={15:016x}").json["sessions"]
    assert (visitors["user"], visitors["ip"]) == (None, "192.0.2.1")


def test_a_session_is_found_by_its_id(admin, member):
    assert found(admin, q=session_id(member)) == [session_id(member)]
    assert found(admin, q="0" * 16) == []
    (one,) = admin.get(f"{SESSIONS}?q={session_id(member)}").json["sessions"]
    assert one["user"]["email"] == member.email
    assert one.keys() == {
        *("id", "user_id", "user", "created_at", "signed_in_at", "last_seen_at", "expires_at"),
        *("ip", "user_agent"),
    }


def test_no_list_shows_an_expired_session_and_none_a_sid(admin, member, shared_database):
    shared_database.execute(CROWD, user_id(member), 40)
    shared_database.execute(
        "update session set expire = (now() at time zone 'utc') - interval '1 s'"
        " where sid like 'crowd-%' and right(id, 1) > '3'"
    )
    ids = found(admin, user=user_id(member))
    assert len(ids) == 12
    assert len(found(admin, q="192.0.2.0/24")) == 11
    assert "crowd-" not in admin.get("/admin").text + admin.get(SESSIONS).text


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("cursor=x", "invalid_cursor"),
        ("cursor=1_2_x", "invalid_cursor"),
        ("cursor=99999999999999999999_a", "invalid_cursor"),
        ("q=192.0.2.1&cursor=1764064800000000_0123456789abcdef", "invalid_cursor"),
        ("user=ada", "invalid_user"),
        ("user=-1", "invalid_user"),
    ],
)
def test_what_can_not_be_looked_for_is_400(admin, query, code):
    answer = admin.get(f"{SESSIONS}?{query}")
    assert (answer.status, answer.error) == (400, code)
    assert admin.get(f"/admin?{query}").status == 400


@pytest.mark.parametrize("text", ["%00", "%ff", "'", "\\", "10.0.0.0/99", "☃", "x" * 3000])
def test_each_search_text_gets_a_page(admin, text):
    for path in (SESSIONS, "/admin", "/api/admin/users"):
        assert admin.get(f"{path}?q={quote(text, safe='%')}").status in {200, 400}


def test_a_session_is_ended_by_its_id_once(admin, member, shared_database):
    ended = session_id(member)
    assert admin.request("DELETE", f"{SESSIONS}/{ended}").status == 204
    assert not member.signed_in()
    again = admin.request("DELETE", f"{SESSIONS}/{ended}")
    assert (again.status, again.error) == (404, "not_found")
    wrong = admin.request("DELETE", f"{SESSIONS}/{ended}x")
    assert (wrong.status, wrong.error) == (400, "invalid_id")
    row = shared_database.one(
        "select * from nestmap.events where session_id = %s and kind = 'session_ended'", ended
    )
    assert row.actor_id == user_id(admin)


def test_ending_needs_the_password_of_the_last_15_minutes(site, new_admin, member, shared_database):
    admin = new_admin()
    shared_database.execute(
        "update session set authenticated_at = now() - interval '16 min' where id = %s",
        session_id(admin),
    )
    refused = admin.request("DELETE", f"{SESSIONS}/{session_id(member)}")
    assert (refused.status, refused.error) == (403, "confirmation_required")
    assert member.signed_in()


def test_only_administrators_may(site, member):
    stranger = Visitor(site.url)
    for path in (SESSIONS, "/api/admin/history", "/admin/store", f"/admin/users/{user_id(member)}"):
        assert member.get(path).status == 403
        assert stranger.get(path).status in {401, 302}
    assert member.request("DELETE", f"{SESSIONS}/{session_id(member)}").status == 403
    assert member.signed_in()


def test_the_page_of_a_user_shows_their_sessions_and_ends_all(admin, member, shared_database):
    number = user_id(member)
    shared_database.execute(CROWD, number, 30)
    path = f"/admin/users/{number}"
    answer = admin.get(path)
    page = Page(answer)
    assert page.headings(1) == [member.email]
    assert len([form for form in page.forms if form.action.endswith("/end")]) == 25
    (following,) = [a["href"] for tag, a in page.elements if a.get("rel") == "next"]
    assert len([form for form in Page(admin.get(following)).forms if "/end" in form.action]) == 7
    form = page.form(button="End all sessions")
    assert submit(admin, answer, form, path).status == 303
    assert not member.signed_in()
    assert found(admin, user=number) == []
    assert "not signed in anywhere" in Page(admin.get(path)).text
    assert admin.get("/admin/users/999999999").status == 404


def test_the_admin_page_searches_and_says_if_nothing_is_found(admin, member):
    page = Page(admin.get(f"/admin?q={member.email}"))
    assert member.email in page.text
    assert page.headings(2)[-1] == "Found"
    nothing = Page(admin.get("/admin?q=nobody-at-all"))
    assert "Nothing is found for “nobody-at-all”" in nothing.text


def test_reading_a_list_leaves_an_event_once_a_minute(admin, shared_database):
    admin.get(SESSIONS)
    admin.get(SESSIONS)
    count = (
        "select count(*) from nestmap.events where kind = 'admin_read' and details->>'what' = %s"
    )
    assert shared_database.value(count, "sessions") == 1


def test_strangers_cannot_keep_a_reading_out_of_the_events(new_admin, site, shared_database):
    reader, stranger = new_admin(), Visitor(site.url)
    for number in range(61):
        headers = {"Origin": f"https://x{number}.example"}
        assert stranger.post("/api/auth/login", json={}, headers=headers).status == 403
    reader.get(SESSIONS)
    count = "select count(*) from nestmap.events where kind = 'admin_read' and actor_id = %s"
    assert shared_database.value(count, user_id(reader)) == 1


def test_the_facts_about_store_and_cookie_have_a_page(admin):
    text = Page(admin.get("/admin/store")).text
    for words in ("postgresql", "12 hours", "7 days", "nestmap.sid", "SameSite"):
        assert words in text

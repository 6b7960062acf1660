"""Administrators change accounts; important actions ask for the password; one administrator stays."""

import re
from urllib.parse import urlencode

import pytest

from tests.support.commands import nestmap
from tests.support.instance import ROOT
from tests.support.visitor import PASSWORD, Visitor, new_email
from tests.support.waiting import wait_until

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture(scope="module")
def admin(new_admin, shared_database) -> Visitor:
    """Return the only administrator."""
    shared_database.execute("delete from nestmap.users where role = 'admin'")
    return new_admin()


@pytest.fixture
def member(site) -> Visitor:
    member = Visitor(site.url)
    member.register()
    return member


def user_id(visitor: Visitor) -> int:
    return visitor.session()["user"]["id"]


def patch(admin: Visitor, user: int, **change):
    return admin.request("PATCH", f"/api/admin/users/{user}", json=change)


def let_time_pass(database, visitor: Visitor, minutes: int) -> None:
    """Move the last confirmation of the password in this session into the past."""
    database.execute(
        "update session set authenticated_at = now() - make_interval(mins => %s) where id = %s",
        minutes,
        visitor.session()["session"]["id"],
    )


def test_disabling_an_account_ends_its_sessions_and_enabling_revives_none(
    admin, member, shared_database
):
    number = user_id(member)
    elsewhere = member.twin()
    version = "select version from nestmap.users where id = %s"
    before = shared_database.value(version, number)
    assert patch(admin, number, disabled=True).status == 200
    assert shared_database.value(version, number) == before + 1
    assert not member.signed_in()
    assert member.sign_in().error == "invalid_credentials"
    assert patch(admin, number, disabled=False).status == 200
    assert shared_database.value(version, number) == before + 2
    assert not member.signed_in()
    assert not elsewhere.signed_in()
    assert member.sign_in().status == 200


def test_a_session_whose_row_remains_after_the_disabling_is_ended_too(
    admin, member, shared_database
):
    """Its sid was changing at that moment: the version of its user shows that it is ended."""
    number = user_id(member)
    kept = shared_database.one(
        "select s::text as row from session as s where user_id = %s", str(number)
    ).row
    patch(admin, number, disabled=True)
    shared_database.execute("insert into session select (%s::session).*", kept)
    assert not member.signed_in()
    patch(admin, number, disabled=False)
    assert not member.signed_in()


def test_a_role_counts_from_the_next_request_and_leaves_an_event(admin, member, shared_database):
    number = user_id(member)
    answer = patch(admin, number, role="admin")
    assert (answer.status, answer.json["user"]["role"]) == (200, "admin")
    assert member.get("/api/admin/session-stats").status == 200
    assert patch(admin, number, role="user").status == 200
    assert member.get("/api/admin/session-stats").status == 403
    rows = shared_database.all(
        "select * from nestmap.events where kind = 'role_changed' and user_id = %s order by id",
        str(number),
    )
    assert [row.details["role"] for row in rows] == ["admin", "user"]
    assert {row.actor_id for row in rows} == {str(user_id(admin))}


@pytest.mark.parametrize("change", [{"role": "user"}, {"disabled": True}])
def test_the_last_administrator_cannot_be_disabled_or_demoted(admin, shared_database, change):
    answer = patch(admin, user_id(admin), **change)
    assert (answer.status, answer.error) == (409, "last_administrator")
    assert admin.get("/api/admin/session-stats").status == 200


def test_of_two_administrators_who_demote_each_other_at_once_one_stays(
    admin, new_admin, shared_database
):
    other = new_admin()
    numbers = [user_id(admin), user_id(other)]
    with shared_database.transaction(
        "select from nestmap.users where id = any(%s) for update", numbers
    ):
        sent = [
            a.send("PATCH", f"/api/admin/users/{number}", json={"role": "user"})
            for a, number in zip((admin, other), reversed(numbers), strict=True)
        ]
        shared_database.wait_for_blocked(2)
    statuses = sorted(one.answer().status for one in sent)
    assert statuses == [200, 409]
    shared_database.execute("update nestmap.users set role = 'admin' where id = %s", user_id(admin))
    shared_database.execute("update nestmap.users set role = 'user' where id = %s", user_id(other))


@pytest.mark.parametrize(
    "body", [{"role": "king"}, {"role": 1}, {"disabled": "yes"}, {"disabled": 1}, []]
)
def test_an_invalid_change_is_refused(admin, member, body):
    answer = admin.request("PATCH", f"/api/admin/users/{user_id(member)}", json=body)
    assert answer.status == 400
    assert answer.error


def test_an_unknown_account_is_404(admin):
    assert patch(admin, 999999999, disabled=True).status == 404
    assert patch(admin, 999999999, role="admin").status == 404


def test_who_gives_up_the_own_role_gets_a_page_that_is_still_allowed(
    admin, member, shared_database
):
    number = user_id(member)
    assert patch(admin, number, role="admin").status == 200
    headers = {"Referer": f"{member.urls[0]}/admin/users/{number}"}
    path = f"/admin/users/{number}/role"
    answer = member.post(path, form={"role": "user"}, headers=headers)
    assert (answer.status, answer.location) == (303, "/account")
    assert "The account has another role." in member.get("/account").text


def test_administration_needs_the_role_of_administrator(member, site):
    assert patch(member, user_id(member), role="admin").status == 403
    assert patch(Visitor(site.url), user_id(member), role="admin").status == 401
    for path in ("/api/admin/users", "/api/admin/events", "/admin/events"):
        assert member.get(path).status == 403


def test_an_important_action_needs_the_password_within_15_minutes(admin, member, shared_database):
    number = user_id(member)
    let_time_pass(shared_database, admin, 16)
    refused = patch(admin, number, disabled=True)
    assert (refused.status, refused.error) == (403, "confirmation_required")
    assert member.signed_in()
    assert admin.get("/api/admin/users").status == 200, "reading goes on"
    before = admin.cookie
    assert admin.post("/api/auth/confirm", json={"password": "not the right one"}).status == 401
    wrong = admin.post("/confirm", form={"password": "not the right one", "next": "/admin"})
    assert (wrong.status, 'aria-describedby="password_error"' in wrong.text) == (401, True)
    assert patch(admin, number, disabled=True).error == "confirmation_required"
    assert admin.post("/api/auth/confirm", json={"password": PASSWORD}).status == 204
    assert admin.cookie != before, "the sid changes with what it may do"
    assert patch(admin, number, disabled=True).status == 200


def test_an_important_form_leads_to_the_password_page_and_back(admin, member, shared_database):
    path = f"/admin/users/{user_id(member)}/end-sessions"
    let_time_pass(shared_database, admin, 16)
    headers = {"Referer": f"{admin.urls[0]}/admin/events"}
    answer = admin.post(path, form={}, headers=headers)
    assert (answer.status, answer.location) == (303, "/confirm?next=%2Fadmin%2Fevents")
    assert member.signed_in()
    page = admin.get(answer.location)
    assert page.status == 200
    form = {"password": PASSWORD, "next": "/admin/events"}
    confirmed = admin.post("/confirm", form=form)
    assert (confirmed.status, confirmed.location) == (303, "/admin/events")
    assert "please do it again now" in admin.get("/admin/events").text
    assert admin.post(path, form={}, headers=headers).status == 303
    assert not member.signed_in()


def test_a_form_without_the_token_of_its_session_changes_nothing(admin, member):
    path = f"/admin/users/{user_id(member)}/disable"
    for value in ("", "0" * 32, member.form_fields()["_form"]):
        fields = {"_session": admin.form_fields()["_session"], "_form": value}
        headers = {"Referer": f"{admin.urls[0]}/admin/events"}
        answer = admin.post(path, form=fields, headers=headers)
        assert (answer.status, answer.location) == (303, "/admin/events")
    assert member.signed_in()


def test_the_log_says_why_a_form_is_shown_again(admin, member, site):
    path = f"/admin/users/{user_id(member)}/disable"
    of_session = {"_session": admin.form_fields()["_session"]}
    of_another = of_session | {"_form": member.form_fields()["_form"]}
    for fields, reason in [
        (
            of_session,
            "the form has no field _form: its template needs {% raw session_form_html() %}",
        ),
        (of_another, "the token of the form is that of another session"),
    ]:
        answer = admin.post(path, body=urlencode(fields), headers=FORM)
        assert (answer.status, answer.location) == (303, "/")
        line = f"{answer.headers['X-Request-Id']} {path}: {reason}"
        wait_until(lambda line=line: line in site.output, line)


def test_the_token_of_a_form_is_invalid_after_the_sid_changed(admin, member):
    stale = admin.form_fields()
    assert admin.post("/api/auth/confirm", json={"password": PASSWORD}).status == 204
    fresh = admin.form_fields()
    assert fresh["_session"] == stale["_session"]
    assert fresh["_form"] != stale["_form"]
    answer = admin.post(f"/admin/users/{user_id(member)}/disable", form=stale)
    assert "Nothing was changed: the form was opened before" in admin.get(answer.location).text
    assert member.signed_in()


def test_ending_ones_other_sessions_needs_the_password_within_15_minutes(member, shared_database):
    elsewhere = Visitor(*member.urls)
    elsewhere.email = member.email
    elsewhere.sign_in()
    let_time_pass(shared_database, member, 16)
    refused = member.request("DELETE", "/api/account/sessions?others=true")
    assert (refused.status, refused.error) == (403, "confirmation_required")
    page = member.post("/account/sessions/end-others", form={})
    assert page.location.startswith("/confirm")
    assert elsewhere.signed_in()
    assert member.post("/api/auth/confirm", json={"password": PASSWORD}).status == 204
    assert member.request("DELETE", "/api/account/sessions?others=true").status == 204
    assert not elsewhere.signed_in()


def test_a_refused_action_leaves_an_event(member, shared_database):
    number = user_id(member)
    member.get("/admin")
    wait_until(
        lambda: shared_database.all(
            "select from nestmap.events where kind = 'refused' and user_id = %s", str(number)
        ),
        "the event",
    )


def test_accounts_are_listed_searched_and_paged(admin, member, shared_database):
    found = admin.get(f"/api/admin/users?q={member.email}").json
    assert [user["email"] for user in found["users"]] == [member.email]
    assert found["users"][0]["signed_in_at"], "a registration signs in"
    assert found["next"] is None
    assert admin.get("/api/admin/users?q=%25").json["users"] == [], "a % is a % and no pattern"
    assert admin.get("/api/admin/users?cursor=x").status == 400
    kinds = shared_database.all("select kind from nestmap.events where kind = 'admin_read'")
    assert kinds


def crowd(database, count: int) -> str:
    """Make accounts whose addresses begin and end with the same text, which no other has."""
    text = new_email().replace("@", ".")
    database.execute(
        "insert into nestmap.users (email, password_hash)"
        " select %s || n || '@' || %s, 'x' from generate_series(1, %s) as n",
        *(text, text, count),
    )
    return text


def test_a_search_goes_on_although_the_last_account_of_a_page_was_deleted(admin, shared_database):
    for sign in ("", "@"):
        text = crowd(shared_database, 51)
        path = f"/api/admin/users?{urlencode({'q': sign + text})}"
        first = admin.get(path).json
        emails = [user["email"] for user in first["users"]]
        shared_database.execute("delete from nestmap.users where email = %s", emails[-1])
        second = admin.get(f"{path}&{urlencode({'cursor': first['next']})}").json
        emails += [user["email"] for user in second["users"]]
        assert (len(emails), len(set(emails)), second["next"]) == (51, 51, None)
        assert admin.get(f"{path}&cursor=1").status == 400


def test_a_page_that_is_exactly_full_has_no_next_page(admin, member, shared_database):
    found = admin.get(f"/api/admin/users?q={crowd(shared_database, 50)}").json
    assert (len(found["users"]), found["next"]) == (50, None)
    number = user_id(member)
    for _ in range(50):
        shared_database.execute(
            "select nestmap.add_event(jsonb_build_object('kind', 'enabled', 'user_id', %s))",
            str(number),
        )
    events = f"/admin/events?kind=enabled&user={number}"
    assert admin.get(f"/api{events}").json["next"] is None
    assert "Older events" not in admin.get(events).text


def test_administrators_see_all_events_and_users_their_own(admin, member):
    number = user_id(member)
    page = admin.get(f"/admin/events?user={number}")
    assert page.status == 200
    assert member.email in page.text
    found = admin.get(f"/api/admin/events?user={number}&kind=registered").json
    assert [event["user_id"] for event in found["events"]] == [str(number)]
    own = member.get("/api/account/events").json["events"]
    assert {event["kind"] for event in own} == {"registered", "signed_in"}
    assert {event["by"] for event in own} == {"you"}
    assert "An account was made." in member.get("/account/events").text
    assert admin.get("/api/admin/events?before=x").status == 400


def test_the_page_of_events_tells_each_detail_in_words(admin):
    admin.get("/admin?q=somebody")
    text = admin.get("/admin/events?kind=admin_read").text
    assert "<small>what: sessions</small>" in text
    assert "<small>searched: yes</small>" in text


@pytest.mark.parametrize(
    ("path", "marked"),
    [
        ("/", {"/": "page"}),
        ("/account", {"/account": "page"}),
        ("/account/events", {"/account": "true"}),
        ("/admin", {"/admin": "page"}),
        ("/admin/events", {"/admin": "true"}),
        ("/admin/store", {"/admin": "true"}),
        ("/confirm", {}),
    ],
)
def test_the_navigation_marks_the_page_or_the_part_of_the_site(admin, path, marked):
    navigation = admin.get(path).text.partition('<nav aria-label="Main">')[2].partition("</nav>")[0]
    assert dict(re.findall(r'href="([^"]+)" aria-current="(\w+)"', navigation)) == marked


def test_what_others_did_to_ones_account_is_not_told_as_ones_own_doing(
    admin, member, command, site
):
    attacker = Visitor(site.url)
    attacker.register()
    attacker.email = member.email
    attacker.sign_in(password="a wrong guess of it")
    patch(admin, user_id(member), role="admin")
    command("set-role", member.email, "user")
    events = member.get("/api/account/events").json["events"]
    told = [(event["kind"], event["by"], event["ip"]) for event in events[:3]]
    assert told == [
        ("role_changed", "an operator", None),
        ("role_changed", "an administrator", None),
        ("sign_in_failed", "someone", "127.0.0.1"),
    ]
    assert events[0]["session"] is events[1]["session"] is None


@pytest.fixture
def command(shared_database, tmp_path):
    return lambda *words, stdin="": nestmap(
        *words, database_url=shared_database.url, directory=tmp_path, stdin=stdin
    )


def test_a_password_that_was_set_by_command_must_be_changed_at_the_sign_in(command, member, site):
    elsewhere = member.twin()
    said = command("set-password", member.email, stdin="a password from the operator\n")
    assert said.returncode == 0, said.stderr
    assert not elsewhere.signed_in()
    assert member.sign_in().status == 401
    assert member.sign_in(password="a password from the operator").status == 200
    refused = member.put_place("lisbon")
    assert (refused.status, refused.error) == (403, "password_change_required")
    page = member.get("/account")
    assert (page.status, page.location) == (303, "/account/password")
    assert member.sign_out().status == 204


def test_an_administrator_makes_a_password_for_someone_who_forgot_theirs(
    admin, member, shared_database
):
    number, elsewhere = user_id(member), member.twin()
    assert f"/admin/users/{number}/password" in admin.get(f"/admin/users/{number}").text
    page = admin.post(f"/admin/users/{number}/password", form={})
    assert (page.status, page.headers["Cache-Control"]) == (200, "no-store")
    made = re.search(r'<code id="new_password">([\w-]{22})</code>', page.text)[1]
    assert not elsewhere.signed_in()
    assert member.sign_in().status == 401
    assert member.sign_in(password=made).status == 200
    assert member.put_place("lisbon").error == "password_change_required"
    event = shared_database.one(
        "select * from nestmap.events where kind = 'password_changed' and user_id = %s", str(number)
    )
    assert event.actor_id == str(user_id(admin))


def test_sign_ins_to_a_disabled_account_are_recorded_with_the_account(
    admin, member, shared_database
):
    number = user_id(member)
    assert patch(admin, number, disabled=True).status == 200
    assert member.sign_in().error == "invalid_credentials"
    assert member.sign_in(password="a wrong guess of it").error == "invalid_credentials"
    rows = shared_database.all(
        "select details from nestmap.events where kind = 'sign_in_failed' and user_id = %s",
        str(number),
    )
    assert [row.details for row in rows] == [{"account": "disabled"}] * 2


@pytest.mark.long
def test_the_made_password_is_shown_although_a_session_of_the_account_is_locked(
    admin, member, shared_database
):
    number = user_id(member)
    with shared_database.transaction(
        "select from session where user_id = %s for update", str(number)
    ):
        page = admin.post(f"/admin/users/{number}/password", form={})
        assert (page.status, "new_password" in page.text) == (200, True)
        path = f"/admin/users/{number}/end-sessions"
        assert admin.post(path, form={}).status == 303
        assert patch(admin, number, disabled=True).status == 200


def test_administrators_change_their_own_password_only_with_the_current_one(admin):
    page = admin.post(f"/admin/users/{user_id(admin)}/password", form={})
    assert page.status == 409
    assert admin.signed_in()


def test_the_password_of_others_and_the_end_of_all_need_a_confirmation(
    admin, member, shared_database
):
    let_time_pass(shared_database, admin, 16)
    for path in (f"/admin/users/{user_id(member)}/password", "/admin/end-all-sessions"):
        assert admin.post(path, form={}).location.startswith("/confirm")
        assert member.post(path, form={}).status == 403
    assert member.signed_in()
    admin.post("/api/auth/confirm", json={"password": PASSWORD})
    assert admin.post("/admin/users/999999999/password", form={}).status == 404


def test_an_administrator_ends_all_sessions_at_once(admin, member, site, shared_database):
    visitor = Visitor(site.url)
    visitor.put_place("lisbon")
    assert "/admin/end-all-sessions" in admin.get("/admin/store").text
    assert admin.post("/admin/end-all-sessions", form={}).location == "/login"
    assert not admin.signed_in()
    wait_for_the_end_of_all(shared_database)
    assert not member.signed_in()
    assert visitor.session()["session"] is None
    assert admin.sign_in().status == 200


def test_the_end_of_all_sessions_may_take_longer_than_a_request(admin, member, shared_database):
    with shared_database.transaction(
        "select from nestmap.users where id = %s for update", user_id(member)
    ):
        assert admin.post("/admin/end-all-sessions", form={}).location == "/login"
        shared_database.wait_for_blocked()
        assert not admin.signed_in()
    wait_for_the_end_of_all(shared_database)
    assert not member.signed_in()
    assert admin.sign_in().status == 200


def wait_for_the_end_of_all(database) -> None:
    """Wait until the newest event tells that all sessions have ended."""
    states = (
        "select details ->> 'state' from nestmap.events"
        " where kind = 'all_sessions_ended' and actor_id is not null order by id desc limit 1"
    )
    wait_until(lambda: database.value(states) == "done", "all sessions to end")


def test_a_user_made_by_command_changes_the_password_and_continues(command, site):
    visitor = Visitor(site.url)
    made = command("create-user", visitor.email, stdin=PASSWORD + "\n")
    assert made.returncode == 0, made.stderr
    signed_in = visitor.post("/login", form={"email": visitor.email, "password": PASSWORD})
    assert signed_in.status in {200, 303}
    assert visitor.get("/").location == "/account/password"
    page = visitor.get("/account/password")
    assert (page.status, "Someone else chose your present password" in page.text) == (200, True)
    hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="(\w+)"', page.text))
    fields = {"current_password": PASSWORD, "new_password": "a password of their own choice"}
    changed = visitor.post("/account/password", form=hidden | fields)
    assert changed.status == 303, changed.text
    assert visitor.get("/").status == 200
    assert visitor.put_place("lisbon").status == 201


@pytest.mark.long
def test_commands_change_accounts_and_print_what_they_did(command, member, admin):
    elsewhere = member.twin()
    assert command("end-sessions", member.email).returncode == 0
    assert not elsewhere.signed_in()
    member.sign_in()
    assert "disabled" in command("disable-user", member.email).stdout
    assert not member.signed_in()
    assert member.sign_in().status == 401
    assert command("enable-user", member.email).returncode == 0
    assert member.sign_in().status == 200
    assert command("set-role", member.email, "admin").returncode == 0
    assert member.session()["user"]["role"] == "admin"
    assert command("set-role", member.email, "user").returncode == 0
    assert member.email in command("users").stdout


def test_a_command_for_an_unknown_user_or_the_last_administrator_is_refused(command, admin):
    for words in (("disable-user", new_email()), ("set-role", new_email(), "user")):
        said = command(*words)
        assert (said.returncode, "no account" in said.stderr) == (1, True)
    said = command("disable-user", admin.email)
    assert (said.returncode, "last administrator" in said.stderr) == (1, True)
    assert admin.signed_in()


def test_all_sessions_can_be_ended_at_once(command, member, admin, shared_database):
    kept = shared_database.all(
        "select s::text as row from session as s where user_id = %s", str(user_id(member))
    )
    assert command("end-sessions", "--all").returncode == 0
    assert not member.signed_in()
    shared_database.execute("insert into session select (%s::session).*", kept[0].row)
    assert not member.signed_in(), "the backup brought the row back, and not the right"
    assert admin.sign_in().status == 200


def test_a_sign_in_under_way_fails_when_the_account_is_disabled(admin, member, shared_database):
    number = user_id(member)
    other = member.twin()
    body = {"email": member.email, "password": PASSWORD}
    with shared_database.transaction("lock table session in exclusive mode"):
        sent = other.send("POST", "/api/auth/login", json=body)
        shared_database.wait_for_blocked(1)
        shared_database.execute(
            "update nestmap.users set disabled_at = now(), version = version + 1 where id = %s",
            number,
        )
        shared_database.execute("update nestmap.users set disabled_at = null where id = %s", number)
    sent.answer()
    assert not other.signed_in()


CLOCK_THAT_IS_SLOW = """
import time

_time = time.time
time.time = lambda: _time() - 1800
"""


def test_the_clock_of_the_database_decides_how_old_a_confirmation_is(
    shared_database, start_instance, tmp_path
):
    (tmp_path / "sitecustomize.py").write_text(CLOCK_THAT_IS_SLOW)
    site = start_instance(shared_database.url, PYTHONPATH=f"{tmp_path}:{ROOT}")
    member = Visitor(site.url)
    member.register()
    others = "/api/account/sessions?others=true"
    assert member.request("DELETE", others).status == 204
    let_time_pass(shared_database, member, 16)
    assert member.request("DELETE", others).error == "confirmation_required"

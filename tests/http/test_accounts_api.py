"""The API to register, sign in, sign out and read one's session."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.support.visitor import COOKIE, PASSWORD, Visitor


def moment(text: str) -> datetime:
    when = datetime.fromisoformat(text)
    assert when.tzinfo is not None
    return when.astimezone(UTC)


def about(expected: datetime) -> object:
    return pytest.approx(expected.timestamp(), abs=60)


def test_registering_answers_201_with_the_user_and_signs_in(visitor):
    answer = visitor.register()
    assert answer.status == 201
    assert set(answer.json) == {"user"}
    assert set(answer.json["user"]) == {"id", "email", "role"}
    assert (answer.json["user"]["email"], answer.json["user"]["role"]) == (visitor.email, "user")
    assert visitor.session()["user"] == answer.json["user"]


def test_a_registration_cannot_choose_the_role(visitor):
    body = {"email": visitor.email, "password": PASSWORD, "role": "admin"}
    visitor.post("/api/auth/register", json=body)
    assert visitor.get("/api/admin/session-stats").status in {401, 403}


@pytest.mark.parametrize(
    "password",
    [
        pytest.param("öäüßéèñçøåæþ", id="the shortest"),
        pytest.param(("öäüßéèñçøåæþ" * 22)[:256], id="the longest"),
        pytest.param("  with spaces around  ", id="spaces around it"),
        pytest.param("a\tb\nc\x7fd 🏔 %s ' \\ e", id="all kinds of characters"),
    ],
)
def test_a_password_of_an_accepted_length_works(visitor, password):
    assert visitor.register(password=password).status == 201
    visitor.sign_out()
    assert visitor.sign_in(password=password).status == 200


def test_a_password_with_a_nul_is_refused_or_works(visitor):
    if visitor.register(password="a nul \0 in the middle").status == 201:
        visitor.sign_out()
        assert visitor.sign_in(password="a nul \0 in the middle").status == 200


@pytest.mark.parametrize(
    "password", ["", "eleven-long", "x" * 257, None, 123456789012, "\ud800" * 12]
)
def test_a_password_of_another_length_or_type_is_refused(visitor, password):
    body = {"email": visitor.email, "password": password}
    answer = visitor.post("/api/auth/register", json=body)
    assert answer.status == 400, answer.text
    assert answer.error
    assert answer.cookies == []


@pytest.mark.parametrize(
    "email",
    [
        *(
            "",
            "nobody",
            "@example.org",
            "a@",
            "a b@example.org",
            "a@b@c",
            "a\0@example.org",
            None,
            7,
        ),
        *("x" * 400 + "@example.org", "a@example.org\nBcc: b@example.org", "\ud800@example.org"),
        *("a\u200b@example.org", "\u202eadmin@example.org"),
    ],
)
def test_an_invalid_email_address_is_refused(visitor, email):
    answer = visitor.post("/api/auth/register", json={"email": email, "password": PASSWORD})
    assert answer.status == 400, answer.text
    assert answer.error
    assert answer.cookies == []


def test_an_address_that_differs_in_case_only_is_taken(visitor, new_visitor):
    visitor.register()
    late = new_visitor()
    late.email = visitor.email.upper()
    answer = late.register(password="another long password")
    assert answer.status == 409
    assert answer.error
    assert not late.signed_in()
    assert visitor.twin().sign_in().status == 200, "the first one's password was changed"


def test_two_simultaneous_registrations_of_one_address_make_one_account(new_visitor):
    first, second = new_visitor(), new_visitor()
    second.email = first.email
    body = {"email": first.email, "password": PASSWORD}
    on_their_way = [v.send("POST", "/api/auth/register", json=body) for v in (first, second)]
    assert sorted(sent.answer().status for sent in on_their_way) == [201, 409]


def test_signing_in_answers_200_with_the_user(visitor, new_visitor):
    user = visitor.register().json["user"]
    elsewhere = new_visitor()
    elsewhere.email = visitor.email.title()
    answer = elsewhere.sign_in()
    assert (answer.status, answer.json) == (200, {"user": user})
    assert elsewhere.signed_in()


def test_a_wrong_password_and_an_unknown_address_get_the_same_answer(visitor, new_visitor):
    visitor.register()
    visitor.sign_out()
    wrong = visitor.sign_in(password="not the right one")
    unknown = new_visitor().sign_in()
    assert (wrong.status, wrong.error) == (401, "invalid_credentials")
    assert (unknown.status, unknown.json) == (wrong.status, wrong.json)
    assert wrong.cookies == unknown.cookies == []


@pytest.mark.parametrize(
    "body",
    [{}, [], None, {"email": "a@example.org"}, {"email": 1, "password": 2}, {"password": PASSWORD}],
)
def test_a_sign_in_without_all_fields_is_refused(visitor, body):
    answer = visitor.request(
        "POST", "/api/auth/login", json=body, headers={"Content-Type": "application/json"}
    )
    assert answer.status in {400, 401}
    assert answer.error
    assert answer.cookies == []


def test_a_sign_in_with_a_password_above_the_length_limit_is_401(visitor):
    visitor.register()
    assert visitor.twin().sign_in(password="x" * 5000).status in {400, 401}


def test_a_sign_in_to_an_account_with_a_broken_hash_fails(visitor, shared_database):
    visitor.register()
    visitor.sign_out()
    shared_database.execute(
        "update nestmap.users set password_hash = 'broken' where email = %s", visitor.email
    )
    assert visitor.sign_in().error == "invalid_credentials"


def test_signing_out_is_204_with_and_without_a_sign_in(visitor):
    assert visitor.sign_out().status == 204
    visitor.register()
    assert visitor.sign_out().status == 204
    assert not visitor.signed_in()
    assert visitor.sign_out().status == 204


def test_a_new_visitor_has_no_session(visitor):
    assert visitor.session() == {"authenticated": False, "user": None, "session": None}


def test_an_anonymous_session_says_how_long_it_lasts(visitor):
    visitor.put_place("lisbon")
    state = visitor.session()
    assert (state["authenticated"], state["user"]) == (False, None)
    session = state["session"]
    assert set(session) == {"id", "created_at", "expires_at", "absolute_expires_at"}
    created = moment(session["created_at"])
    assert created.timestamp() == about(datetime.now(UTC))
    assert moment(session["expires_at"]).timestamp() == about(created + timedelta(hours=12))
    assert moment(session["absolute_expires_at"]).timestamp() == about(created + timedelta(days=7))


def test_the_id_of_a_session_is_its_public_id_and_not_its_sid(visitor, shared_database):
    visitor.put_place("lisbon")
    public_id = visitor.session()["session"]["id"]
    rows = shared_database.all("select sid from session where id = %s", public_id)
    assert len(rows) == 1
    assert public_id not in rows[0].sid
    assert len(public_id) == 16


def test_places_pinned_before_signing_in_are_kept(visitor):
    visitor.put_place("lisbon")
    visitor.register()
    visitor.put_place("oslo")
    assert visitor.place_ids() == ["lisbon", "oslo"]


def test_signing_in_from_the_session_of_another_account_drops_its_places(visitor, new_visitor):
    other = new_visitor()
    other.register()
    visitor.register()
    visitor.put_place("secret-hideout")
    visitor.email = other.email
    assert visitor.sign_in().status == 200
    assert visitor.session()["user"]["email"] == other.email
    assert visitor.places() == []


def test_signing_in_again_to_the_same_account_keeps_the_places(visitor):
    visitor.register()
    visitor.put_place("lisbon")
    assert visitor.sign_in().status == 200
    assert visitor.place_ids() == ["lisbon"]


def test_scripts_and_other_sites_cannot_use_the_session_cookie(visitor):
    (cookie,) = visitor.put_place("lisbon").cookies
    assert cookie.name == COOKIE
    assert "httponly" in cookie.attributes
    assert cookie.attributes["samesite"].lower() in {"lax", "strict"}
    assert cookie.attributes["path"] == "/"
    assert "domain" not in cookie.attributes
    assert not cookie.secure, "development is plain http"


def test_a_session_in_use_is_renewed_at_most_once_per_touch_interval(visitor, shared_database):
    visitor.put_place("lisbon")
    public_id = visitor.session()["session"]["id"]
    assert visitor.get("/api/places").cookies == []
    shared_database.execute(
        "update session set renewed_at = renewed_at - interval '2 minutes' where id = %s",
        public_id,
    )
    (renewed,) = visitor.get("/api/places").cookies
    assert renewed.name == COOKIE
    expires = moment(visitor.session()["session"]["expires_at"])
    assert expires.timestamp() == about(datetime.now(UTC) + timedelta(hours=12))


def test_an_idle_session_ends(visitor, shared_database):
    visitor.register()
    expire(shared_database, visitor, "expire = (now() at time zone 'utc') - interval '1 second'")
    assert visitor.session() == {"authenticated": False, "user": None, "session": None}


def test_a_busy_session_ends_after_its_absolute_lifetime(visitor, shared_database):
    visitor.register()
    expire(shared_database, visitor, "authenticated_at = now() - interval '7 days 1 second'")
    assert visitor.session() == {"authenticated": False, "user": None, "session": None}


def test_a_touch_never_reaches_past_the_absolute_lifetime(visitor, shared_database):
    visitor.register()
    long_ago = (
        "renewed_at = now() - interval '1 hour', authenticated_at = now() - interval '6 d 23 h'"
    )
    soon = "expire = (now() at time zone 'utc') + interval '30 minutes'"
    expire(shared_database, visitor, f"{soon}, {long_ago}")
    (renewed,) = visitor.get("/api/places").cookies
    assert int(renewed.attributes["max-age"]) <= 3600
    session = visitor.session()["session"]
    assert moment(session["expires_at"]) == moment(session["absolute_expires_at"])


def expire(database, visitor: Visitor, change: str) -> None:
    """Change the times in the row of the visitor's session."""
    changed = database.execute(
        f"update session set {change} where id = %s",
        visitor.session()["session"]["id"],
    )
    assert changed == 1

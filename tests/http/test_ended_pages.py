"""After a session has ended, pages say so, keep what was typed, and offer to go on."""

import pytest

from tests.support.follow import follow
from tests.support.page import Page, submit
from tests.support.visitor import PASSWORD, Visitor, new_email

TYPED = {
    "name": "Kyoto",
    "note": "cherry\nblossoms",
    "town": "",
    "latitude": "35",
    "longitude": "136",
}


def end_from_elsewhere(visitor) -> None:
    """End the visitor's session from another device of theirs."""
    phone = visitor.twin()
    phone.jar.clear()
    phone.sign_in()
    assert phone.request("DELETE", "/api/account/sessions?others=true").status == 204


@pytest.fixture
def too_late(ada):
    """Return the page after Ada's session ended and she sent a form that she had open."""
    home = ada.get("/")
    end_from_elsewhere(ada)
    answer = submit(ada, home, Page(home).form(action="/places"), "/", **TYPED)
    assert answer.status == 401
    return answer


def test_a_form_that_is_sent_after_the_end_keeps_what_was_typed(ada, too_late):
    page = Page(too_late)
    assert "Your session has ended" in page.text
    assert "you ended it from another device. What you sent was not saved." in page.text
    assert page.form(having="name").fields.items() >= TYPED.items()
    assert [cookie for cookie in too_late.cookies if cookie.name == "nestmap.sid"] == []


def test_a_sign_in_leads_back_to_what_was_typed(ada, too_late):
    form = Page(too_late).form(having="name")
    login = ada.post("/login/return?from=/places", form=form.fields)
    assert login.status == 200
    sign_in = Page(login).form(having="password")
    wrong = submit(ada, login, sign_in, "/login", email=ada.email, password="not the right one")
    again = Page(wrong).form(having="password")
    home = follow(ada, submit(ada, wrong, again, "/login", email=ada.email, password=PASSWORD))
    assert ada.place_ids() == ["lisbon"]
    kept = Page(home).form(action="/places")
    assert kept.fields.items() >= TYPED.items()
    follow(ada, submit(ada, home, kept, "/"))
    assert sorted(place["name"] for place in ada.places()) == ["Kyoto", "Lisbon"]
    assert Page(ada.get("/")).form(action="/places").fields["name"] == ""


@pytest.mark.parametrize(
    ("at", "action", "page"),
    [
        ("/", "/places", "/"),
        ("/places/lisbon", "/places/lisbon", "/places/lisbon"),
        ("/account/password", "/account/password", "/account/password"),
        ("/account", "/account/sessions/end-others", "/account"),
    ],
)
def test_a_sign_in_leads_back_to_the_page_of_the_form(ada, at, action, page):
    tablet = ada.twin()
    tablet.jar.clear()
    tablet.sign_in()
    shown = ada.get(at)
    form = Page(shown).form(action=action)
    end_from_elsewhere(ada)
    too_late = submit(ada, shown, form, at)
    assert too_late.status == 401
    assert 'type="password"' not in too_late.text
    (back,) = [a["formaction"] for _, a in Page(too_late).elements if a.get("formaction")]
    login = ada.post(back, form=Page(too_late).form(button="Sign in and go on").fields)
    sign_in = Page(login).form(having="password")
    answer = submit(ada, login, sign_in, "/login", email=ada.email, password=PASSWORD)
    assert (answer.status, answer.location) == (303, page)


def test_what_was_typed_survives_a_registration_too(ada, too_late):
    login = ada.post("/login/return?from=/places", form=Page(too_late).form(having="name").fields)
    fields = Page(login).form(button="Register").fields
    register = ada.post("/register", form=fields | {"email": "x", "other_form": "1"})
    assert (register.status, "Make it your nest" in register.text) == (200, True)
    to_login = Page(register).form(button="Sign in").fields | {"other_form": "1"}
    login = ada.post("/login", form=to_login)
    assert "Welcome back" in login.text
    register = ada.post("/register", form=Page(login).form(button="Register").fields)
    assert register.status == 400
    form = Page(register).form(having="password")
    answer = submit(ada, register, form, "/register", email=new_email(), password=PASSWORD)
    kept = Page(follow(ada, answer)).form(action="/places")
    assert kept.fields.items() >= TYPED.items()
    assert ada.place_ids() == []


@pytest.mark.parametrize(("max_bytes", "kept"), [(550, ""), (700, "Kyoto")])
def test_a_draft_may_take_the_room_of_the_places_that_move_to_the_account(
    start_instance, shared_database, max_bytes, kept
):
    ada = Visitor(start_instance(shared_database.url, SESSION_MAX_BYTES=max_bytes).url)
    ada.register()
    ada.sign_out()
    ada.request("PUT", "/api/places/oslo", json={"name": "Oslo", "note": "n" * 400})
    login = ada.post("/login/return?from=/places", form=TYPED | {"note": "n" * 500})
    form = Page(login).form(having="password")
    answer = submit(ada, login, form, "/login", email=ada.email, password=PASSWORD)
    assert answer.status == 303
    assert ada.signed_in()
    assert ada.place_ids() == ["oslo"]
    assert Page(follow(ada, answer)).form(action="/places").fields["name"] == kept


def test_a_draft_for_a_place_that_is_gone_is_offered_as_a_new_one(ada):
    edit = ada.get("/places/lisbon")
    end_from_elsewhere(ada)
    ended = submit(ada, edit, Page(edit).form(having="name"), "/places/lisbon", **TYPED)
    (back,) = [a["formaction"] for _, a in Page(ended).elements if a.get("formaction")]
    login = ada.post(back, form=Page(ended).form(having="name").fields)
    sign_in = Page(login).form(having="password")
    answer = submit(ada, login, sign_in, "/login", email=ada.email, password=PASSWORD)
    ada.delete_place("lisbon")
    gone = ada.get(answer.location)
    assert gone.status == 404
    assert Page(gone).form(action="/places").fields.items() >= TYPED.items()


def test_a_new_map_can_be_begun_with_what_was_typed(ada, too_late):
    form = Page(too_late).form(having="name")
    answer = ada.post("/places", form=form.fields | {"begin": "1"})
    assert answer.status == 303
    assert not ada.signed_in()
    assert [place["name"] for place in ada.places()] == ["Kyoto"]


def test_the_home_page_says_that_the_session_has_ended_and_why(ada):
    end_from_elsewhere(ada)
    page = ada.get("/")
    text = Page(page).text
    assert "ended" in text
    assert "another device" in text or "elsewhere" in text
    answer = submit(ada, page, Page(page).form(action="/begin"), "/")
    home = follow(ada, answer)
    assert "has ended" not in home.text
    assert ada.put_place("oslo").status == 201


def test_a_page_that_needs_a_sign_in_redirects_to_it_and_it_says_why(ada):
    end_from_elsewhere(ada)
    login = follow(ada, ada.get("/account"))
    assert "ended" in Page(login).text
    answer = submit(
        *(ada, login, Page(login).form(having="password"), "/login"),
        email=ada.email,
        password=PASSWORD,
    )
    assert answer.location == "/account"


def test_a_form_without_the_expired_cookie_says_that_the_session_has_ended(ada, shared_database):
    home = ada.get("/")
    ada.jar.clear()
    answer = submit(ada, home, Page(home).form(action="/places"), "/", **TYPED)
    assert answer.status == 401
    assert Page(answer).form(having="name").fields["name"] == "Kyoto"


def test_a_form_of_another_session_is_not_stored(ada, new_visitor):
    """The user signed in to another account in a second tab."""
    home = ada.get("/")
    bob = new_visitor()
    bob.register()
    ada.jar._cookies = dict(bob.jar._cookies)  # noqa: SLF001 - the browser has Bob's cookie now
    answer = submit(ada, home, Page(home).form(action="/places"), "/", **TYPED)
    assert answer.status == 401
    assert "This page belongs to another session" in Page(answer).text
    assert bob.places() == []
    assert bob.signed_in()


def test_removing_and_undoing_in_an_ended_session_change_nothing(ada):
    page = ada.get("/")
    end_from_elsewhere(ada)
    answer = submit(ada, page, Page(page).form(button="Remove Lisbon"), "/")
    assert answer.status == 401
    assert ada.post("/undo", form={}).status == 401
    ada.jar.clear()
    ada.sign_in()
    assert ada.place_ids() == ["lisbon"]


def test_a_visitor_is_told_after_the_table_was_emptied(visitor, shared_database):
    visitor.put_place("lisbon")
    home = visitor.get("/")
    shared_database.execute("delete from session")
    answer = submit(visitor, home, Page(home).form(action="/places"), "/", **TYPED)
    assert answer.status == 401
    assert "ended" in Page(answer).text


def test_the_api_answers_401_session_ended(ada):
    end_from_elsewhere(ada)
    assert ada.put_place("oslo").error == "session_ended"
    assert ada.sign_out().status == 204
    assert ada.put_place("oslo").status == 201

"""The pages of the account: end sessions, change the password, delete the account."""

import pytest

from tests.support.follow import follow
from tests.support.page import Page, submit
from tests.support.visitor import PASSWORD

NEW = "another battery, another staple"


def fill(visitor, path: str, **fields: str):
    """Open the page at `path`, fill in its form and send it."""
    page = visitor.get(path)
    return submit(visitor, page, Page(page).form(action=path), path, **fields)


def test_the_page_after_a_sign_in_or_sign_out_says_so(ada):
    page = ada.get("/")
    home = follow(ada, submit(ada, page, Page(page).form(action="/logout"), "/"))
    assert "You are signed out. Your places stay in your account." in Page(home).text
    home = follow(ada, fill(ada, "/login", email=ada.email, password=PASSWORD))
    assert f"You are signed in as {ada.email}." in Page(home).text


def test_the_page_names_each_device_and_ends_the_others(ada, phone):
    page = ada.get("/account")
    text = Page(page).text
    assert "Unknown browser this device" in text
    assert "Signed in just now" in text
    assert "127.0.0.1" in text
    form = Page(page).form(action="/account/sessions/end-others")
    told = follow(ada, submit(ada, page, form, "/account"))
    assert "One other session is ended." in Page(told).text
    assert not phone.signed_in()
    assert ada.place_ids() == ["lisbon"]


def test_the_password_is_changed_with_the_form(ada, phone):
    answer = fill(ada, "/account/password", current_password=PASSWORD, new_password=NEW)
    assert "Your password is changed." in Page(follow(ada, answer)).text
    assert not phone.signed_in()
    assert phone.sign_in(password=NEW).status == 200


def test_the_form_says_why_a_password_was_not_changed(ada):
    wrong = fill(ada, "/account/password", current_password="not this", new_password=NEW)
    assert (wrong.status, "current_password_error" in Page(wrong).ids) == (401, True)
    short = fill(ada, "/account/password", current_password=PASSWORD, new_password="short")
    assert (short.status, "new_password_error" in Page(short).ids) == (400, True)
    assert PASSWORD not in short.text
    assert ada.twin().sign_in().status == 200


def test_the_account_is_deleted_with_the_form(ada):
    assert "its place" in Page(ada.get("/account/delete")).text
    wrong = fill(ada, "/account/delete", password="not this")
    assert (wrong.status, "password_error" in Page(wrong).ids) == (401, True)
    answer = fill(ada, "/account/delete", password=PASSWORD)
    assert "Your account is deleted" in Page(follow(ada, answer)).text
    assert ada.sign_in().status == 401
    assert ada.places() == []


def test_the_last_administrator_cannot_delete_the_account(new_admin, shared_database):
    admin = new_admin()
    shared_database.execute(
        "update nestmap.users set role = 'user' where email <> %s and role = 'admin'", admin.email
    )
    answer = fill(admin, "/account/delete", password=PASSWORD)
    assert answer.status == 409
    assert "last administrator" in Page(answer).text
    assert admin.signed_in()


@pytest.mark.parametrize("letter", ["a", "京", "🗺"])
def test_the_longest_address_is_shown_whole_after_the_sign_in(visitor, letter):
    email = f"{letter * 126}@{letter * 127}"
    answer = fill(visitor, "/register", email=email, password=PASSWORD)
    assert len(answer.cookie("nestmap.flash").value) < 4000
    assert f"you are signed in as {email}." in Page(follow(visitor, answer)).text

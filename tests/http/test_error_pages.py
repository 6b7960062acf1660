"""Error pages: a plain message, what was typed, the next step, and the navigation."""

import pytest

from tests.support.page import Page, submit
from tests.support.visitor import PASSWORD, Visitor
from tests.support.waiting import wait_until


@pytest.fixture
def shaky(relay, shared_database, start_shared_instance):
    """Return a visitor of a site whose connection to the database can be cut."""
    return Visitor(start_shared_instance(shared_database.url_at(relay.port)).url)


def send_until_saved(visitor: Visitor, path: str, form: dict[str, str]) -> None:
    """Send the form again until the site has found its database again."""
    wait_until(lambda: visitor.post(path, form=form).status == 303, f"POST {path}")


def test_an_outage_keeps_what_was_typed_and_trying_again_pins_once(shaky, relay):
    shaky.put_place("lisbon", "Lisbon")
    home = shaky.get("/")
    form = Page(home).form(action="/places")
    relay.refuse()
    relay.reset()
    answer = submit(shaky, home, form, "/", name="Kyoto", note="cherry\nblossoms")
    assert (answer.status, answer.cookies) == (503, [])
    page = Page(answer)
    assert "records" in page.headings(1)[0]
    assert "not saved twice" in page.text
    again = page.form(button="Try again")
    assert again.fields.items() >= {"name": "Kyoto", "note": "cherry\nblossoms"}.items()
    assert again.action == "/places"
    relay.accept()
    for _ in range(2):
        send_until_saved(shaky, "/places", again.fields)
    assert sorted(place["name"] for place in shaky.places()) == ["Kyoto", "Lisbon"]


def test_an_outage_at_the_sign_in_keeps_the_address_and_not_the_password(shaky, relay):
    shaky.register()
    shaky.jar.clear()
    login = shaky.get("/login")
    form = Page(login).form(having="password")
    relay.refuse()
    relay.reset()
    answer = submit(shaky, login, form, "/login", email=shaky.email, password=PASSWORD)
    assert answer.status == 503
    assert PASSWORD not in answer.text
    again = Page(answer).form(button="Try again")
    assert again.fields["email"] == shaky.email
    relay.accept()
    send_until_saved(shaky, "/login", again.fields | {"password": PASSWORD})


def test_trying_again_after_an_outage_keeps_what_was_typed_until_the_sign_in(shaky, relay):
    shaky.put_place("lisbon")
    relay.refuse()
    relay.reset()
    typed = {"name": "Kyoto", "note": "cherry"}
    answer = shaky.post("/login/return?from=%2Fplaces&page=%2F%3Fpage%3D2", form=typed)
    relay.accept()
    assert answer.status == 503
    again = Page(answer).form(button="Try again")

    def signing_in():
        return shaky.post(again.action, form=again.fields)

    wait_until(lambda: signing_in().status == 200, "the site to recover")
    fields = Page(signing_in()).form(having="password").fields
    assert fields["next"] == "/?page=2"
    assert "Kyoto" in fields["draft"]


def test_a_page_that_cannot_be_loaded_says_that_nothing_is_lost(shaky, relay):
    shaky.put_place("lisbon")
    relay.refuse()
    relay.reset()
    answer = shaky.get("/")
    relay.accept()
    assert answer.status == 503
    assert "Nothing is lost" in Page(answer).text


@pytest.mark.parametrize(
    ("path", "title"),
    [
        ("/nothing", "Page not found"),
        ("/places/nothing", "Page not found"),
        ("/static/nothing.css", "Page not found"),
        ("/account/places?format=xml", "There is no such format"),
        ("/admin", "For administrators only"),
    ],
)
def test_an_error_page_has_a_heading_in_plain_words_and_the_navigation(visitor, path, title):
    visitor.register()
    page = Page(visitor.get(path))
    assert page.headings(1) == [title]
    assert "Your map" in page.text
    assert "Account" in page.text


def test_the_page_about_a_post_from_another_site_does_not_speak_of_administrators(visitor):
    page = Page(visitor.post("/places", form={}, headers={"Sec-Fetch-Site": "cross-site"}))
    assert (page.status, page.headings(1)) == (403, ["This is not allowed"])


def test_an_error_page_names_the_signed_in_user(visitor):
    visitor.register()
    assert visitor.email in Page(visitor.get("/admin")).text


def test_a_wrong_method_has_a_page_in_plain_words(visitor):
    visitor.put_place("a")
    answer = visitor.get("/places/a/delete")
    assert answer.status == 405
    assert Page(answer).headings(1) == ["This page can't do that"]

"""The forms, sent without JavaScript."""

from urllib.parse import quote

import pytest

from tests.support.follow import destination
from tests.support.page import Page, submit
from tests.support.visitor import PASSWORD, Answer, Visitor

ELSEWHERE = [
    "//[",  # not a valid address: parsing it fails
    "//evil.example",
    "///evil.example",
    "https://evil.example/",
    "http:evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/\t/evil.example",
    "/\r\n/evil.example",
    " //evil.example",
    "javascript:alert(1)",
    "evil.example",
    "/%0d%0aSet-Cookie:%20a=b",
    "\0//evil.example",
    "http://[",
    "//user@[::1",
    "//\uff0fevil.example",
]


def fill(visitor: Visitor, path: str, *, next_page: str | None = None, **fields: str) -> Answer:
    """Open the form at `path`, fill it in and send it."""
    at = path if next_page is None else f"{path}?next={quote(next_page, safe='')}"
    page = visitor.get(at)
    form = Page(page).form(having="password")
    return submit(visitor, page, form, at, **fields)


def register(visitor: Visitor, **options) -> Answer:
    return fill(visitor, "/register", email=visitor.email, password=PASSWORD, **options)


def sign_in(visitor: Visitor, **options) -> Answer:
    return fill(visitor, "/login", email=visitor.email, password=PASSWORD, **options)


def is_local(location: str) -> bool:
    clean = location.isprintable() and "\\" not in location and " " not in location
    return clean and location.startswith("/") and not location.startswith("//")


@pytest.mark.parametrize("referer", ["http://[", "//[", "http://a]b/", "\xff", "x" * 5000])
def test_a_referer_that_is_no_address_is_ignored(visitor, referer):
    visitor.register()
    headers = {"Referer": referer}
    of_another = {"name": "Oslo", "_session": "0" * 16}
    assert visitor.post("/places", form=of_another, headers=headers).status == 401
    headers["Content-Type"] = "application/x-www-form-urlencoded"
    answer = visitor.post("/account/password", body="", headers=headers)
    assert (answer.status, answer.location) == (303, "/")


def test_registering_leads_home_signed_in(visitor):
    answer = register(visitor)
    assert destination(visitor, answer) == "/"
    assert visitor.session()["user"]["email"] == visitor.email


def test_signing_in_leads_home_signed_in(visitor):
    register(visitor)
    visitor.jar.clear()
    answer = sign_in(visitor)
    assert destination(visitor, answer) == "/"
    assert visitor.signed_in()


def test_signing_in_leads_to_the_page_of_the_next_parameter(visitor):
    register(visitor)
    visitor.jar.clear()
    answer = sign_in(visitor, next_page="/account?tab=1")
    assert destination(visitor, answer) == "/account?tab=1"


@pytest.mark.parametrize("next_page", ELSEWHERE)
def test_signing_in_never_leads_to_another_site(visitor, next_page):
    visitor.register()
    visitor.jar.clear()
    answer = sign_in(visitor, next_page=next_page)
    assert is_local(answer.location), answer.location
    assert is_local(destination(visitor, answer))


@pytest.mark.parametrize("next_page", ELSEWHERE[:4])
def test_a_form_with_a_changed_next_field_never_leads_to_another_site(visitor, next_page):
    visitor.register()
    credentials = {"email": visitor.email, "password": PASSWORD, "next": next_page}
    assert is_local(destination(visitor, visitor.post("/login", form=credentials)))
    visitor.email = "x" + visitor.email
    credentials["email"] = visitor.email
    other = Visitor(*visitor.urls)
    assert is_local(destination(other, other.post("/register", form=credentials)))


def test_signing_out_leads_home_and_clears_the_cookie(visitor):
    register(visitor)
    visitor.put_place("lisbon")
    page = visitor.get("/")
    answer = submit(visitor, page, Page(page).form(action="/logout"), "/")
    assert (answer.status, answer.location) == (303, "/")
    assert visitor.cookie is None
    assert not visitor.signed_in()
    assert visitor.places() == []


def test_a_refused_registration_says_why_and_keeps_the_address_but_not_the_password(visitor):
    answer = fill(visitor, "/register", email=visitor.email, password="too short")
    assert answer.status == 400
    page = Page(answer)
    form = page.form(having="password")
    assert form.fields["email"] == visitor.email
    assert "too short" not in answer.text
    assert "12" in page.text
    assert answer.cookies == []


def test_the_page_says_that_an_address_is_taken(visitor, new_visitor):
    register(visitor)
    late = new_visitor()
    late.email = visitor.email
    answer = fill(late, "/register", email=late.email, password="another password of theirs")
    assert answer.status == 409
    assert Page(answer).form(having="password")


@pytest.mark.parametrize("path", ["/register", "/login"])
def test_a_second_click_on_the_button_signs_in_and_moves_each_place_once(visitor, path):
    if path == "/login":
        register(visitor)
        visitor.jar.clear()
    visitor.put_place("lisbon")
    twin = visitor.twin()
    form = {"email": visitor.email, "password": PASSWORD}
    clicks = [each.send("POST", path, form=form) for each in (visitor, twin)]
    assert [click.answer().status for click in clicks] == [303, 303]
    assert visitor.signed_in()
    assert twin.signed_in()
    assert visitor.place_ids() == twin.place_ids() == ["lisbon"]


def test_a_failed_sign_in_says_so_and_keeps_the_next_parameter(visitor):
    answer = sign_in(visitor, next_page="/account")
    assert answer.status == 401
    assert "/account" in answer.text
    register(visitor)
    visitor.jar.clear()
    form = Page(answer).form(having="password")
    second = submit(visitor, answer, form, "/login", email=visitor.email, password=PASSWORD)
    assert destination(visitor, second) == "/account"


def test_what_a_visitor_types_is_escaped(visitor):
    nasty = '"><script>alert(1)</script>@example.org'
    answer = fill(visitor, "/login", email=nasty, password=PASSWORD)
    assert "<script>alert(1)" not in answer.text
    visitor.put_place("a", "<script>alert(2)</script>")
    home = visitor.get("/")
    assert "<script>alert(2)" not in home.text
    assert "alert(2)" in Page(home).text


def test_a_form_with_missing_fields_is_refused_with_a_message(visitor):
    for path in ("/login", "/register"):
        answer = visitor.post(path, form={})
        assert answer.status in {400, 401}
        assert Page(answer).form(having="password")


def test_a_place_is_pinned_and_removed_without_javascript(visitor):
    home = visitor.get("/")
    form = Page(home).form(having="name")
    answer = submit(visitor, home, form, "/", name="Lisbon")
    (place,) = visitor.places()
    assert place["name"] == "Lisbon"
    assert destination(visitor, answer) == f"/#{place['id']}"
    home = visitor.get("/")
    assert "Lisbon" in Page(home).text
    answer = submit(visitor, home, Page(home).form(button="remove"), "/")
    assert answer.status == 303
    assert visitor.places() == []


def test_a_place_without_a_name_is_refused_on_the_page(visitor):
    home = visitor.get("/")
    answer = submit(visitor, home, Page(home).form(having="name"), "/", name="")
    assert answer.status == 400
    assert Page(answer)
    assert answer.cookies == []


def test_two_places_with_the_same_name_are_both_kept(visitor):
    for _ in range(2):
        home = visitor.get("/")
        submit(visitor, home, Page(home).form(having="name"), "/", name="Springfield")
    assert [place["name"] for place in visitor.places()] == ["Springfield", "Springfield"]


def test_four_places_with_the_same_name_pinned_at_once_are_all_kept(visitor):
    visitor.put_place("lisbon")
    notes = [f"note {number}" for number in range(4)]
    sent = [visitor.send("POST", "/places", form={"name": "Paris", "note": n}) for n in notes]
    assert [each.answer().status for each in sent] == [303] * 4
    assert sorted(place["note"] for place in visitor.places()) == ["", *notes]

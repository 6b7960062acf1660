"""Visitors use the site with the mouse and the keyboard."""

import pytest
from playwright.sync_api import expect

from tests.support.steps import pin, register, sign_in, sign_out
from tests.support.visitor import PASSWORD


@pytest.fixture(
    params=[True, pytest.param(False, marks=pytest.mark.long)], ids=["javascript", "no javascript"]
)
def page(request, open_browser):
    return open_browser(java_script_enabled=request.param)


def places(page):
    return page.get_by_role("main").get_by_role("heading", level=3)


def test_a_place_can_be_pinned_is_there_after_a_reload_and_can_be_removed(page):
    pin(page, "Lisbon", note="the yellow tram")
    expect(places(page)).to_have_text(["Lisbon"])
    expect(page.get_by_text("the yellow tram")).to_be_visible()
    page.reload()
    expect(places(page)).to_have_text(["Lisbon"])
    page.get_by_role("button", name="Remove Lisbon").click()
    expect(places(page)).to_have_count(0)


def test_registering_keeps_the_places_and_signing_out_hides_them(page, email):
    pin(page, "Lisbon")
    register(page, email)
    expect(places(page)).to_have_text(["Lisbon"])
    page.goto("/account")
    expect(page.get_by_role("main").get_by_text(email)).to_be_visible()
    sign_out(page)
    page.goto("/")
    expect(places(page)).to_have_count(0)


def test_the_back_button_shows_no_places_after_a_sign_out(page, email):
    register(page, email)
    page.goto("/account")
    sign_out(page)
    page.go_back()
    expect(page.get_by_text(email)).to_have_count(0)


def test_a_sign_in_leads_to_the_page_that_asked_for_it(page, email):
    register(page, email)
    sign_out(page)
    sign_in(page, email, at="/account")
    expect(page).to_have_url("/account")
    expect(page.get_by_role("main").get_by_text(email).first).to_be_visible()


def test_the_page_says_that_a_sign_in_failed(page, email):
    page.goto("/login")
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password").fill("not the right one")
    page.get_by_role("main").get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.get_by_label("Email")).to_have_value(email)
    expect(page.get_by_label("Password")).to_have_value("")


def test_places_that_two_tabs_pin_are_both_kept(page):
    pin(page, "Lisbon")
    other = page.context.new_page()
    other.goto("/")
    page.goto("/")
    for tab, name in ((page, "Oslo"), (other, "Porto")):
        tab.get_by_role("textbox", name="Place").fill(name)
        tab.get_by_role("button", name="Pin").click()
    expect(places(other)).to_have_text(["Porto", "Oslo", "Lisbon"])


def test_signing_out_in_one_tab_signs_out_the_other(page, email):
    register(page, email)
    other = page.context.new_page()
    other.goto("/account")
    sign_out(page)
    other.reload()
    expect(other).to_have_url("/login?next=%2Faccount")


def test_a_session_on_another_device_is_ended_from_the_account_page(page, open_browser, email):
    register(page, email)
    phone = open_browser()
    sign_in(phone, email)
    page.goto("/account")
    page.get_by_role("button", name="End all other sessions").click()
    expect(page.get_by_role("heading", name="Your account")).to_be_visible()
    phone.goto("/account")
    expect(phone).to_have_url("/login?next=%2Faccount")


def test_the_keyboard_alone_is_enough_to_use_the_site(page, email):
    page.goto("/register")
    page.get_by_label("Email").focus()
    page.keyboard.type(email)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    page.goto("/")
    page.keyboard.press("Tab")
    expect(page.locator(":focus")).to_have_text("Skip to the content")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_role("textbox", name="Place")).to_be_focused()
    page.keyboard.type("Lisbon")
    page.keyboard.press("Enter")
    expect(places(page)).to_have_text(["Lisbon"])


@pytest.mark.long
def test_users_stay_signed_in_when_the_server_restarts(
    open_browser, shared_database, start_instance, email
):
    first = start_instance(shared_database.url)
    page = open_browser(base_url=first.url)
    pin(page, "Lisbon")
    register(page, email)
    port = first.port
    assert first.stop() == 0
    start_instance(shared_database.url, PORT=port)
    page.goto("/account")
    expect(page.get_by_role("main").get_by_text(email)).to_be_visible()
    page.goto("/")
    expect(places(page)).to_have_text(["Lisbon"])


@pytest.mark.long
@pytest.mark.parametrize("address", ["jörg{}@exämple.org", "{}@bücher.example"])
def test_an_address_is_used_as_it_was_typed(page, address):
    """Chromium refuses some in a field of the type "email", and changes the domain of others."""
    email = address.format(id(page))
    register(page, email)
    page.goto("/account")
    expect(page.get_by_role("main").get_by_text(email)).to_be_visible()
    sign_out(page)
    sign_in(page, email)

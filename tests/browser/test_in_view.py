"""What a page says about the sent form is in view, also with many places."""

import pytest
from playwright.sync_api import expect

from tests.support.accounts import fill_account
from tests.support.steps import register
from tests.support.visitor import PASSWORD

pytestmark = pytest.mark.long

SCREENS = [(360, 740), (1280, 800)]


@pytest.fixture(params=SCREENS, ids=["phone", "desktop"])
def member(request, open_browser, email, shared_database):
    """Return the page of a member whose map is full."""
    width, height = request.param
    page = open_browser(viewport={"width": width, "height": height})
    register(page, email)
    fill_account(shared_database, email)
    page.goto("/")
    page.get_by_label("Place", exact=True).fill("Kyoto")
    return page


def test_why_a_place_was_refused(member):
    member.get_by_role("button", name="Pin it").click()
    alert = member.get_by_role("alert")
    expect(alert).to_contain_text("Your map is full")
    expect(alert).to_be_in_viewport()
    expect(alert).to_be_focused()


def test_on_a_phone_a_link_leads_from_the_top_to_the_form(member):
    member.goto("/")
    link = member.get_by_role("link", name="Pin a place")
    if member.viewport_size["width"] > 1000:
        # There the form is beside the places.
        expect(link).to_be_hidden()
        return
    expect(link).to_be_in_viewport()
    link.click()
    expect(member.get_by_label("Place", exact=True)).to_be_in_viewport()


def test_what_was_typed_before_a_sign_in(member, email):
    member.context.clear_cookies()
    member.get_by_role("button", name="Pin it").click()
    member.get_by_role("button", name="Sign in and go on").click()
    member.get_by_label("Email").fill(email)
    member.get_by_label("Password").fill(PASSWORD)
    member.get_by_role("main").get_by_role("button", name="Sign in").click()
    expect(member.get_by_text("This is what you typed")).to_be_in_viewport()
    expect(member.get_by_label("Place", exact=True)).to_have_value("Kyoto")

"""A form that is sent after the browser lost its cookie."""

from playwright.sync_api import expect


def test_the_typed_text_is_kept_and_sign_in_and_a_new_map_are_offered(page):
    page.goto("/")
    page.get_by_label("Place", exact=True).fill("Lisbon")
    page.get_by_role("button", name="Pin it").click()
    page.get_by_label("Place", exact=True).fill("Kyoto")
    page.context.clear_cookies()
    page.get_by_role("button", name="Pin it").click()
    expect(page.get_by_label("Place", exact=True)).to_have_value("Kyoto")
    expect(page.get_by_role("button", name="Sign in and go on")).to_be_visible()
    assert page.context.cookies() == []
    page.get_by_role("button", name="Pin it on the map").click()
    expect(page.get_by_role("status")).to_contain_text("Kyoto is pinned")
    expect(page.get_by_text("Lisbon")).to_have_count(0)

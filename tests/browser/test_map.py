"""The map in a real browser: pins, clicks, zoom, arrivals, with and without JavaScript."""

import http.server
import re
import threading

import pytest
from playwright.sync_api import expect

from tests.support.steps import pin, register, sign_in, sign_out

pytestmark = pytest.mark.long

DESKTOP = {"viewport": {"width": 1280, "height": 800}}
PHONE = {"viewport": {"width": 360, "height": 740}}


@pytest.fixture(params=[DESKTOP, PHONE], ids=["desktop", "phone"])
def screen(request):
    return request.param


@pytest.fixture
def page(open_browser):
    """Open a page on a desktop screen."""
    return open_browser(**DESKTOP)


@pytest.fixture
def phone(open_browser):
    """Open a page on a phone without JavaScript."""
    return open_browser(java_script_enabled=False, **PHONE)


@pytest.fixture(params=[True, False], ids=["javascript", "no javascript"])
def either(request, open_browser):
    return open_browser(java_script_enabled=request.param, **DESKTOP)


def pins(page):
    return page.locator(".world .pins a")


def drawn_at(page, name: str) -> tuple[float, float]:
    """Return where the tip of a pin is drawn, as fractions of the map's width and height."""
    box = page.locator(".world").bounding_box()
    found = page.locator(f".world .pins a[aria-label='{name}'] .pin").bounding_box()
    x = (found["x"] + found["width"] / 2 - box["x"]) / box["width"]
    y = (found["y"] + found["height"] - box["y"]) / box["height"]
    return x, y


def test_typing_the_name_of_a_town_puts_a_pin_in_its_country(phone):
    phone.goto("/")
    phone.get_by_role("textbox", name="Place").fill("The old capital")
    phone.get_by_label("Town").fill("Kyoto")
    phone.get_by_role("button", name="Pin it").click()
    expect(phone.get_by_role("status")).to_contain_text("is pinned")
    expect(pins(phone)).to_have_count(1)
    x, y = drawn_at(phone, "The old capital")
    assert (x, y) == (pytest.approx(0.877, abs=0.01), pytest.approx(0.432, abs=0.01))


def test_one_of_several_towns_with_the_same_name_is_chosen_by_a_click(phone):
    phone.goto("/")
    phone.get_by_role("textbox", name="Place").fill("Home")
    phone.get_by_label("Town").fill("Springfield")
    phone.get_by_role("button", name="Pin it").click()
    phone.get_by_role("button", name="Springfield, Illinois").click()
    expect(pins(phone)).to_have_count(1)


@pytest.mark.parametrize("at", ["a new place", "an edited place"])
def test_enter_after_several_towns_were_offered_sends_what_was_typed_then(phone, at):
    if at == "an edited place":
        pin(phone, "Home")
        phone.get_by_role("link", name="Edit Home").click()
    else:
        phone.goto("/")
        phone.get_by_role("textbox", name="Place").fill("Home")
    town = phone.get_by_role("combobox", name="Town")
    town.fill("Springfield")
    town.press("Enter")
    expect(phone.get_by_role("button", name="Springfield, Illinois")).to_be_visible()
    town.fill("Springfield, Illinois")
    town.press("Enter")
    expect(phone.get_by_role("heading", name="Home", exact=True)).to_be_visible()
    phone.get_by_role("link", name="Edit Home").click()
    expect(phone.get_by_label("Latitude")).to_have_value(re.compile(r"^39\.\d+$"))


def test_the_status_line_with_undo_is_in_view_after_every_action(phone):
    for name in ("Lisbon", "Oslo", "Porto", "Nara", "Bergen", "Hull"):
        pin(phone, name)
    expect(phone.get_by_role("status")).to_be_in_viewport()
    phone.get_by_role("button", name="Remove Lisbon").click()
    expect(phone.get_by_role("status")).to_be_in_viewport()
    phone.get_by_role("button", name="Undo").click()
    expect(phone.get_by_role("heading", name="Lisbon")).to_be_visible()
    expect(phone.get_by_role("status")).to_contain_text("Lisbon is back.")


def test_the_new_place_is_in_view_and_marked(phone):
    for name in ("Lisbon", "Oslo"):
        pin(phone, name)
    card = phone.locator(".place:target")
    expect(card).to_contain_text("Oslo")
    expect(card).to_be_in_viewport()


def test_zooming_in_moves_the_pins_apart(page):
    pin(page, "Lisbon")
    pin(page, "Porto")
    far = [drawn_at(page, name) for name in ("Lisbon", "Porto")]
    page.get_by_role("link", name="Zoom to the pins").click()
    near = [drawn_at(page, name) for name in ("Lisbon", "Porto")]
    assert abs(near[0][1] - near[1][1]) > 5 * abs(far[0][1] - far[1][1])
    page.get_by_role("link", name="Show the whole world").click()
    expect(page.get_by_role("link", name="Zoom to the pins")).to_be_visible()


def test_clicking_the_map_puts_the_pin_there(open_browser, screen):
    page = open_browser(**screen)
    page.goto("/")
    box = page.locator(".world").bounding_box()
    page.locator(".world").click(position={"x": 0.877 * box["width"], "y": 0.432 * box["height"]})
    assert float(page.get_by_label("Latitude").input_value()) == pytest.approx(35, abs=2)
    assert float(page.get_by_label("Longitude").input_value()) == pytest.approx(135.7, abs=2)
    page.get_by_role("textbox", name="Place").fill("Somewhere in Japan")
    page.get_by_role("button", name="Pin it").click()
    expect(pins(page)).to_have_count(1)
    assert drawn_at(page, "Somewhere in Japan")[0] == pytest.approx(0.877, abs=0.01)


def test_on_a_phone_the_list_of_places_comes_before_the_form(open_browser):
    page = open_browser(**PHONE)
    page.goto("/")
    form, board = page.locator(".pin-form"), page.locator(".board")
    assert form.bounding_box()["y"] < board.bounding_box()["y"]
    pin(page, "Lisbon")
    assert form.bounding_box()["y"] > board.bounding_box()["y"]


def test_the_navigation_shows_the_email_address_of_the_signed_in_user(phone, email):
    register(phone, email)
    expect(phone.get_by_role("navigation")).to_contain_text(email)


def test_a_second_device_shows_the_places_of_the_account(page, open_browser, email):
    pin(page, "Lisbon")
    register(page, email)
    sign_out(page)
    phone = open_browser()
    sign_in(phone, email)
    expect(phone.get_by_role("heading", name="Lisbon")).to_be_visible()
    expect(pins(phone)).to_have_count(1)


@pytest.fixture
def other_site(site):
    """Serve a page of another origin with links to the site."""
    links = "".join(f'<a href="{site.url}{path}">to {path}</a> ' for path in ("/", "/account"))

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(f"<title>elsewhere</title><p>{links}".encode())

        def log_message(self, *arguments: object) -> None:
            """Say nothing."""

    # Another host name is another site; ports do not count.
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://localhost:{server.server_address[1]}/"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("path", ["/", "/account"])
def test_a_link_on_another_site_leads_to_a_page_that_knows_the_user(
    either, other_site, email, path
):
    pin(either, "Lisbon")
    register(either, email)
    either.goto(other_site)
    either.get_by_role("link", name=f"to {path}", exact=True).click()
    expect(either).to_have_url(path)
    expect(either.get_by_role("button", name="Sign out").first).to_be_visible()
    shown = either.get_by_role("main").get_by_text(email)
    expect(
        shown if path == "/account" else either.get_by_role("heading", name="Lisbon")
    ).to_be_visible()


def test_the_typed_text_survives_the_sign_in_after_the_session_was_ended(page, open_browser, email):
    register(page, email)
    page.goto("/")
    page.get_by_role("textbox", name="Place").fill("Kyoto")
    page.get_by_label("Note").fill("cherry blossoms")
    phone = open_browser()
    sign_in(phone, email, at="/account")
    phone.get_by_role("button", name="End all other sessions").click()
    expect(phone.get_by_role("status")).to_contain_text("ended")
    page.get_by_role("button", name="Pin it").click()
    expect(page.get_by_role("heading", name="Your session has ended")).to_be_visible()
    page.get_by_role("button", name="Sign in and go on").click()
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password").fill("correct horse battery staple")
    page.get_by_role("main").get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("textbox", name="Place")).to_have_value("Kyoto")
    expect(page.get_by_label("Note")).to_have_value("cherry blossoms")
    page.get_by_role("button", name="Pin it").click()
    expect(page.get_by_role("heading", name="Kyoto")).to_be_visible()

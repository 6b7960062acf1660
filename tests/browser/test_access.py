"""Accessibility: axe finds nothing, and no page needs a wide screen."""

import pytest
from axe_core_python.base import AXE_SCRIPT

from tests.support.steps import pin, register
from tests.support.visitor import Visitor

pytestmark = pytest.mark.long

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]
PAGES = [
    "/",
    "/?view=pins",
    "/places/lisbon",
    "/login",
    "/register",
    "/account",
    "/account/password",
    "/account/delete",
    "/nothing",
    "/admin",
    "/admin?q=%40example.org",
    "/admin/users/1",
    "/admin/store",
]
LONG = "Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch" * 2


@pytest.fixture
def visit(open_browser, shared_database, email):
    """Open a browser and show the pages to a new visitor or to an administrator with places."""

    def visit_with(*, known: bool, **options):
        page = open_browser(**options)
        if known:
            pin(page, LONG, note="Nowhere " * 60)
            pin(page, "Lisbon")
            register(page, email)
            shared_database.execute(
                "update nestmap.users set role = 'admin' where email = %s", email
            )
        for path in PAGES:
            page.goto(path)
            yield path, page

    return visit_with


def violations(page) -> list[str]:
    page.evaluate(AXE_SCRIPT)
    found = page.evaluate("rules => axe.run({runOnly: rules})", RULES)
    return [
        f"{violation['id']}: {node['html']} {node['failureSummary']}"
        for violation in found["violations"]
        for node in violation["nodes"]
    ]


@pytest.mark.parametrize("known", [False, True], ids=["new visitor", "administrator"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_any_page(visit, scheme, known):
    # The test injects axe into the page, which the content security policy of the page forbids.
    for path, page in visit(known=known, color_scheme=scheme, bypass_csp=True):
        assert violations(page) == [], path


@pytest.mark.parametrize("name", ["/login", "/register", "/"])
def test_axe_finds_nothing_on_a_form_that_was_refused(open_browser, name):
    page = open_browser(bypass_csp=True)
    page.goto(name)
    form = page.get_by_role("main").locator("form").first
    form.evaluate("form => { form.noValidate = true }")
    form.get_by_role("button").click()
    page.wait_for_load_state()
    assert page.locator("[role=alert], .field-error").count() > 0
    assert violations(page) == []


@pytest.mark.parametrize("known", [False, True], ids=["new visitor", "administrator"])
@pytest.mark.parametrize("width", [320, 360, 768])
def test_no_page_scrolls_sideways_on_a_narrow_screen(visit, width, known):
    for path, page in visit(known=known, viewport={"width": width, "height": 740}):
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= width, path


def test_dark_mode_has_a_dark_background_and_light_mode_a_light_one(open_browser):
    def brightness(scheme: str) -> int:
        page = open_browser(color_scheme=scheme)
        page.goto("/")
        colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
        return sum(int(part) for part in colour.strip("rgba()").split(",")[:3])

    assert brightness("dark") < 300
    assert brightness("light") > 500


def test_buttons_and_links_are_large_enough_for_a_finger_on_a_phone(open_browser):
    page = open_browser(viewport={"width": 360, "height": 740})
    pin(page, "Lisbon")
    for target in page.locator("button:visible, nav a:visible").all():
        box = target.bounding_box()
        assert box
        assert min(box["width"], box["height"]) >= 24, target.inner_text()


def test_a_page_is_one_document_and_one_stylesheet(open_browser, site):
    """Nothing comes from elsewhere, and nothing is missing."""
    page = open_browser()
    seen = []
    page.on("response", lambda response: seen.append((response.url, response.status)))
    page.goto("/")
    page.wait_for_load_state("networkidle")
    assert all(url.startswith(site.url) for url, _ in seen)
    assert all(status < 400 for _, status in seen)
    assert Visitor(site.url).get("/robots.txt").status in {200, 404}

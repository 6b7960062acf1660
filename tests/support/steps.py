"""Steps of a user in a browser, by the visible texts."""

from playwright.sync_api import Page, expect

from tests.support.visitor import PASSWORD


def pin(page: Page, name: str, note: str = "") -> None:
    page.goto("/")
    page.get_by_role("textbox", name="Place").fill(name)
    if note:
        page.get_by_label("Note").fill(note)
    page.get_by_role("button", name="Pin").click()
    expect(page.get_by_role("heading", name=name, exact=True)).to_be_visible()


def register(page: Page, email: str) -> None:
    page.goto("/register")
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("main").get_by_role("button", name="Register").click()
    expect(page.get_by_role("button", name="Sign out").first).to_be_visible()


def sign_in(page: Page, email: str, at: str = "/login") -> None:
    page.goto(at)
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("main").get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("button", name="Sign out").first).to_be_visible()


def sign_out(page: Page) -> None:
    page.get_by_role("banner").get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("banner").get_by_role("link", name="Sign in")).to_be_visible()

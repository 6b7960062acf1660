"""Tests in a real browser: Debian's Chromium, driven by Playwright."""

import shutil
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.support.instance import Instance
from tests.support.visitor import new_email


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Start one Chromium for a file: while Playwright is open, no other event loop can run here."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    assert path, "the browser tests need Chromium: 'make tools' installs it"
    with sync_playwright() as playwright:
        # Root, as in a container, has no sandbox; Chromium refuses to start unless told so.
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def open_browser(browser: Browser, site: Instance) -> Iterator[Callable[..., Page]]:
    """`open_browser(color_scheme="dark")`: a page of a visitor with cookies of their own."""
    contexts: list[BrowserContext] = []
    trouble: list[str] = []

    def open_page(base_url: str = site.url, **options) -> Page:
        context = browser.new_context(base_url=base_url, **options)
        context.set_default_timeout(5000)
        contexts.append(context)
        context.on("console", lambda said: said.type == "error" and trouble.append(said.text))
        context.on("weberror", lambda error: trouble.append(str(error.error)))
        return context.new_page()

    yield open_page
    for context in contexts:
        context.close()
    # Chromium logs "Failed to load resource" for each page with an error status.
    assert [text for text in trouble if "status of 4" not in text] == []


@pytest.fixture
def page(open_browser) -> Page:
    return open_browser()


@pytest.fixture
def email() -> str:
    return new_email()

"""Make the pictures of the README in `docs/pictures/`, and `favicon.ico`: `make pictures`.

Starts a site of its own on an empty database, pins places as a visitor does, and takes pictures.
"""

import os
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
PICTURES = ROOT / "docs" / "pictures"
STATIC = ROOT / "handlers" / "static"
SIZE = ViewportSize(width=1000, height=900)
QUALITY = 60
PASSWORD = "correct horse battery staple"  # noqa: S105 - of an account that lives for a second

DESKTOP = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
PHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15"
    " (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1"
)

PLACES = [
    ("Reykjavík", "Hot water under a cold sky."),
    ("Cape Town", "The mountain, early."),
    ("Buenos Aires", "The bookshop in the theatre."),
    ("Istanbul", "The ferry, with tea."),
    ("Lisbon", "The yellow tram."),
    ("Kyoto", "Cherry blossoms in April, if the trains run."),
]


def main() -> None:
    """Make all pictures."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright, _site() as url:
        path = shutil.which("chromium") or shutil.which("chromium-browser")
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        _picture_icon(browser)
        for scheme in ("light", "dark"):
            email = f"ada-{scheme}@example.org"
            context = browser.new_context(
                base_url=url, viewport=SIZE, color_scheme=scheme, user_agent=DESKTOP
            )
            page = context.new_page()
            _travel(page, email)
            _sign_in_on_a_phone(browser, url, email)
            _picture(page, "/", f"home-{scheme}.jpg")
            _picture(page, "/account", f"account-{scheme}.jpg")
            context.close()
        browser.close()


def _travel(page: Page, email: str) -> None:
    page.goto("/")
    for name, note in PLACES:
        page.get_by_role("textbox", name="Place").fill(name)
        page.get_by_label("Note").fill(note)
        page.get_by_role("button", name="Pin it").click()
        page.get_by_role("heading", name=name).wait_for()
    page.goto("/register")
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("main").get_by_role("button", name="Register").click()
    page.get_by_role("button", name="Sign out").first.wait_for()


def _sign_in_on_a_phone(browser: Browser, url: str, email: str) -> None:
    page = browser.new_page(base_url=url, user_agent=PHONE)
    page.goto("/login")
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_label("Stay signed in").check()
    page.get_by_role("main").get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name="Sign out").first.wait_for()
    page.close()


def _picture(page: Page, path: str, name: str) -> None:
    page.goto(path)
    page.screenshot(path=PICTURES / name, type="jpeg", quality=QUALITY)


def _picture_icon(browser: Browser) -> None:
    """Make favicon.ico: one PNG of 32 pixels after a header of 22 bytes."""
    page = browser.new_page(viewport={"width": 32, "height": 32})
    page.set_content(
        f"<style>body{{margin:0}}svg{{width:32px;height:32px;display:block}}</style>"
        f"{(STATIC / 'favicon.svg').read_text()}"
    )
    png = page.screenshot(omit_background=True)
    header = struct.pack("<HHHBBBBHHII", 0, 1, 1, 32, 32, 0, 0, 1, 32, len(png), 22)
    (STATIC / "favicon.ico").write_bytes(header + png)
    page.close()


@contextmanager
def _site() -> Iterator[str]:
    """Run the site on a new database; give its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        settings = {"PORT": str(port), "DATA_DIR": folder, "NESTMAP_ENV": "development"}
        process = subprocess.Popen(  # noqa: S603
            [sys.executable, str(ROOT / "run.py")], env=os.environ | settings
        )
        try:
            _wait_for(f"http://127.0.0.1:{port}")
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(20)


def _wait_for(url: str) -> None:
    for _ in range(300):
        try:
            urllib.request.urlopen(f"{url}/readyz", timeout=5).close()  # noqa: S310
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise SystemExit("pictures: the site did not start within 30 s")


if __name__ == "__main__":
    main()

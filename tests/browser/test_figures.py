"""The figures of administration in a browser."""

import pytest
from playwright.sync_api import expect

from tests.support.steps import register
from tests.support.visitor import new_email

pytestmark = pytest.mark.long

LARGE = "update pg_class set reltuples = 1e7, relpages = 1 where oid = 'session'::regclass"
SAMPLE = """
insert into nestmap.session_samples
values (60, now() + interval '1 hour', 10000000, 8000000, 3000000, 1500000, 8192, 1, 2, 3, 4, '{}', 0)
"""
LINES = """
figures => figures.map(figure => {
    const range = document.createRange();
    range.selectNodeContents(figure);
    return [figure.textContent, range.getClientRects().length, figure.scrollWidth > figure.clientWidth];
})
"""


@pytest.mark.parametrize("width", [320, 360, 1280])
def test_millions_are_on_one_line(open_browser, database, start_instance, width):
    site = start_instance(database.url)
    email = new_email()
    page = open_browser(base_url=site.url, viewport={"width": width, "height": 800})
    register(page, email)
    database.execute("update nestmap.users set role = 'admin' where email = %s", email)
    database.execute("alter table session set (autovacuum_enabled = off)")
    database.execute(SAMPLE)
    database.execute(LARGE)
    page.goto("/admin")
    expect(page.get_by_text("10,000,000").first).to_be_visible()
    figures = page.locator(".figures strong").evaluate_all(LINES)
    assert len(figures) == 6
    assert [figure for figure in figures if figure[1:] != [1, False]] == []

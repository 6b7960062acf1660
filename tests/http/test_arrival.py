"""Arriving from a link on another site, without cookies, or with a slash at the end."""

import pytest

from tests.support.follow import follow
from tests.support.page import Page, submit
from tests.support.visitor import PASSWORD

BY_LINK = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
REFRESH = 'http-equiv="refresh"'


@pytest.mark.parametrize("path", ["/", "/account", "/login?next=/account", "/places/lisbon"])
def test_a_link_on_another_site_leads_to_a_page_that_reloads_itself(visitor, path):
    answer = visitor.get(path, headers=BY_LINK)
    assert answer.status == 200
    assert REFRESH in answer.text
    assert answer.cookies == []
    assert f'href="{path}"' in answer.text
    again = follow(visitor, visitor.get(path, headers={"Sec-Fetch-Site": "same-origin"}))
    assert REFRESH not in again.text


def test_a_visitor_with_the_cookie_gets_the_page_at_once(visitor):
    visitor.put_place("lisbon", "Lisbon")
    assert "Lisbon" in visitor.get("/", headers=BY_LINK).text


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate"},
        BY_LINK | {"Sec-Fetch-Mode": "cors"},
    ],
)
def test_every_other_arrival_gets_the_page_at_once(visitor, headers):
    assert REFRESH not in visitor.get("/", headers=headers).text


def test_the_api_and_static_files_answer_at_once(visitor):
    assert visitor.get("/api/places", headers=BY_LINK).json == {"places": []}
    assert REFRESH not in visitor.get("/robots.txt", headers=BY_LINK).text


def test_the_page_escapes_the_address_that_it_shows(visitor):
    answer = visitor.get("/?a=%22%3E%3Cscript%3E", headers=BY_LINK)
    assert "<script>" not in answer.text


@pytest.mark.parametrize("path", ["/places", "/register"])
def test_a_visitor_without_cookies_is_told_after_the_first_post(visitor, path):
    page = visitor.get("/" if path == "/places" else path)
    having = "name" if path == "/places" else "password"
    fields = (
        {"name": "Lisbon"} if path == "/places" else {"email": visitor.email, "password": PASSWORD}
    )
    answer = submit(visitor, page, Page(page).form(action=path, having=having), path, **fields)
    assert answer.status == 303
    visitor.jar.clear()
    told = visitor.get(answer.location)
    assert told.status == 400
    assert "cookies" in Page(told).text


def test_a_visitor_with_cookies_is_redirected_and_not_checked_again(visitor):
    page = visitor.get("/")
    answer = submit(visitor, page, Page(page).form(action="/places"), "/", name="Lisbon")
    home = follow(visitor, answer)
    assert home.status == 200
    second = submit(visitor, home, Page(home).form(action="/places"), "/", name="Oslo")
    assert second.location.startswith("/#oslo-")


@pytest.mark.parametrize("target", ["//evil.example", "https://evil.example/", "/\\evil.example"])
def test_the_check_redirects_only_to_pages_of_this_site(visitor, target):
    visitor.put_place("a")
    assert visitor.get(f"/cookies?next={target}").location == "/"


@pytest.mark.parametrize("path", ["/login/", "/register/", "/account/", "/login/?next=/account"])
def test_a_slash_at_the_end_is_removed(visitor, path):
    answer = visitor.get(path)
    assert answer.status in {301, 302, 308}
    assert answer.location == path.replace("/?", "?").rstrip("/")


@pytest.mark.parametrize("path", ["//evil.example/", "/\\evil.example/", "/nothing/"])
def test_an_unknown_path_with_a_slash_at_the_end_is_404(visitor, path):
    assert follow(visitor, visitor.get(path)).status == 404


def test_the_icon_and_robots_txt_are_served(visitor):
    icon = visitor.get("/favicon.ico")
    assert (icon.status, icon.body[:4]) == (200, b"\0\0\1\0")
    robots = visitor.get("/robots.txt")
    assert robots.status == 200
    assert "Disallow: /account" in robots.text

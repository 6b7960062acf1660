"""G8: ending a session clears the cookie."""

from tests.support.visitor import COOKIE, Visitor


def test_signing_out_makes_the_browser_forget_the_cookie(visitor):
    given = visitor.register().cookie(COOKIE)
    (cleared,) = visitor.sign_out().cookies
    assert cleared.name == COOKIE
    assert cleared.clears
    assert cleared.attributes["path"] == given.attributes["path"]
    assert cleared.attributes.get("domain") == given.attributes.get("domain")
    assert cleared.attributes.keys() - {"expires", "max-age"} == given.attributes.keys() - {
        "expires",
        "max-age",
    }
    assert visitor.cookie is None


def test_signing_out_ends_an_anonymous_session_too(visitor):
    visitor.put_place("lisbon")
    (cleared,) = visitor.sign_out().cookies
    assert cleared.clears
    assert visitor.places() == []


def test_a_host_cookie_is_cleared_with_the_attributes_that_browsers_require(
    shared_database, start_instance
):
    """Browsers ignore a Set-Cookie of a __Host- name unless it is Secure with Path=/."""
    production = start_instance(
        shared_database.url, NESTMAP_ENV="production", SESSION_COOKIE_NAME="__Host-sid"
    )
    visitor = Visitor(production.url, https=True)
    given = visitor.register().cookie("__Host-sid")
    (cleared,) = visitor.sign_out().cookies
    for cookie in (given, cleared):
        assert cookie.name == "__Host-sid"
        assert cookie.secure
        assert cookie.attributes["path"] == "/"
        assert "domain" not in cookie.attributes
    assert cleared.clears
    assert visitor.jar.get("__Host-sid") is None

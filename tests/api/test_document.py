"""docs/openapi.yaml is valid OpenAPI 3.1, and has exactly the paths and methods of the API."""

import re

import openapi_spec_validator
import pytest

from handlers.route_table import is_fixed
from handlers.routes import ROUTES
from nestmap import __version__
from tests.api.document import DOCUMENT, METHODS

PATHS = DOCUMENT["paths"]
API = [(route, handler) for route, handler in ROUTES if re.match(r"/(api/|livez|readyz)", route)]


def sample(path: str) -> str:
    """Return a path for a template."""
    return path.replace("{id}", "0123456789abcdef" if "/sessions/" in path else "7")


def route_of(path: str) -> str | None:
    """Return the route that the site uses for a template: a fixed path, else the first pattern that matches."""
    matching = [route for route, _ in ROUTES if re.fullmatch(route, sample(path))]
    return min(matching, key=lambda route: not is_fixed(route), default=None)


def test_it_is_valid():
    openapi_spec_validator.validate(DOCUMENT)
    assert DOCUMENT["openapi"].startswith("3.1.")
    assert DOCUMENT["info"]["version"] == __version__


@pytest.mark.parametrize(("route", "handler"), API, ids=str)
def test_each_route_of_the_api_is_in_it_with_its_methods(route, handler):
    found = [path for path in PATHS if route_of(path) == route]
    assert len(found) == 1, f"docs/openapi.yaml must have {route} once, and has {found}"
    (path,) = found
    implemented = {m for m in METHODS if getattr(handler, m) is not getattr(handler.__base__, m)}
    assert {method for method in METHODS if method in PATHS[path]} == implemented


def test_each_path_of_it_is_a_route():
    for path in PATHS:
        assert route_of(path) in dict(API), path


@pytest.mark.parametrize("path", PATHS)
def test_other_methods_are_405_with_the_allowed_ones(admin, path):
    allowed = {m.upper() for m in METHODS if m in PATHS[path]}
    for method in {m.upper() for m in METHODS} - allowed:
        answer = admin.request(method, sample(path))
        assert (answer.status, answer.error) == (405, "method_not_allowed")
        assert set(answer.headers["Allow"].split(", ")) - {"HEAD"} == allowed

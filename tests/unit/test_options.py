"""Each option of the session layer has an effect."""

import ast
import dataclasses

import pytest

from nestmap.sessions import SessionOptions, Sessions
from tests.support.cookies import SetCookie
from tests.support.instance import ROOT, SECRET

LAYER = ROOT / "nestmap" / "sessions"
VALUES = {"options", "self.options", "self._options"}


def read_by_the_layer():
    """Return the attributes of the options that the layer reads, apart from the checks in options.py."""
    files = [path for path in LAYER.glob("*.py") if path.name != "options.py"]
    nodes = [node for path in files for node in ast.walk(ast.parse(path.read_text()))]
    attributes = [node for node in nodes if isinstance(node, ast.Attribute)]
    return {node.attr for node in attributes if ast.unparse(node.value) in VALUES}


@pytest.mark.parametrize("name", [field.name for field in dataclasses.fields(SessionOptions)])
def test_the_layer_reads_each_option(name):
    # The table is read as the names in SQL that are made of it.
    assert {"table": "names"}.get(name, name) in read_by_the_layer()


def test_the_name_of_the_table_is_in_the_names_of_sql():
    names = SessionOptions(secret=SECRET, table="shop.visits").names
    assert (names["table"], names["prefix"]) == ('"shop"."visits"', "shop.visits")


def sessions(**options):
    return Sessions("postgresql://localhost/nowhere", **({"secret": SECRET} | options))


@pytest.mark.parametrize(
    ("options", "attribute", "value"),
    [
        ({"domain": "example.org"}, "domain", "example.org"),
        ({"path": "/shop"}, "path", "/shop"),
        ({"same_site": "Lax"}, "samesite", "Lax"),
        ({"secure": True}, "secure", ""),
    ],
)
def test_the_cookie_has_the_attributes_of_the_options(options, attribute, value):
    for cookie in (
        sessions(**options).cookie.set("a-sid", 3600),
        sessions(**options).cookie.clear(),
    ):
        assert SetCookie.parse(cookie).attributes[attribute] == value


def test_the_cookie_has_the_name_of_the_option():
    assert SetCookie.parse(sessions(cookie_name="shop").cookie.set("a-sid", 3600)).name == "shop"


def test_a_cookie_of_a_previous_secret_is_accepted():
    old = "the old secret that was used before today"
    cookie = sessions(secret=old).cookie.set("a-sid", 3600).partition(";")[0]
    assert sessions(previous_secrets=(old,)).cookie.sids([cookie]) == ["a-sid"]
    assert sessions().cookie.sids([cookie]) == []

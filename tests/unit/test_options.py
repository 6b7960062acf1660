"""Each option of the session layer has an effect."""

import ast
import asyncio
import dataclasses
import re
from datetime import timedelta

import pytest

from nestmap.sessions import SessionOptions, Sessions, SessionTooLarge, seals
from nestmap.sessions.options import LONGEST_PREFIX
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


def test_events_are_pruned_after_the_days_of_the_option(monkeypatch):
    monkeypatch.setattr(seals, "INTERVAL", 0.0)
    monkeypatch.setattr(seals, "HEAD_INTERVAL", 0.0)

    async def days():
        layer = sessions(events=True, events_keep_days=31, prune=0, sample=0)
        pruned = asyncio.get_running_loop().create_future()

        async def nothing(*_):
            return None

        async def prune(keep_days):
            if not pruned.done():
                pruned.set_result(keep_days)

        monkeypatch.setattr(layer.seals, "seal", nothing)
        monkeypatch.setattr(layer.seals, "_log_head", nothing)
        monkeypatch.setattr(layer.seals, "prune", prune)
        layer.start()
        try:
            return await asyncio.wait_for(pruned, 20)
        finally:
            await layer.close(0)

    assert asyncio.run(days()) == 31


def test_a_session_holds_no_more_bytes_than_the_option_says():
    session = asyncio.run(sessions(max_bytes=20).load([]))
    session["a"] = "x" * 10
    with pytest.raises(SessionTooLarge):
        session["b"] = "x" * 10


@pytest.mark.parametrize("name", ["idle", "absolute", "touch"])
@pytest.mark.parametrize("seconds", [-1, 1.5, 2**31, "60", timedelta(hours=1)])
def test_lifetimes_are_whole_numbers_of_seconds(name, seconds):
    """PostgreSQL would refuse others with each request."""
    with pytest.raises(ValueError, match=name):
        sessions(**{name: seconds})


def test_the_names_of_schema_and_table_leave_room_for_the_names_that_are_made_of_them():
    """PostgreSQL cuts them off after 63 bytes, so that two could become the same."""
    longest = "s" * 20 + "." + "t" * 25
    assert SessionOptions(secret=SECRET, table=longest).names["prefix"] == longest
    with pytest.raises(ValueError, match="table"):
        sessions(table=longest + "t")


def test_no_name_in_sql_is_too_long_with_the_longest_table():
    suffixes = {
        suffix
        for file in (ROOT / "sql" / "sessions").rglob("*.sql")
        for suffix in re.findall(r"\{prefix\}(\w*)", file.read_text())
    }
    assert LONGEST_PREFIX + max(map(len, suffixes)) <= 63

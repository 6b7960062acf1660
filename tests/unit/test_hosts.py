"""A connection string is translated into the connections to try."""

import asyncio

import pytest

from nestmap.database import Hosts


def addresses(url: str) -> list[dict[str, str]]:
    return asyncio.run(Hosts(url).addresses())


def modes(url: str) -> list[str]:
    return [one["sslmode"] for one in addresses(url)]


@pytest.mark.parametrize("scheme", ["postgres", "postgresql"])
def test_both_schemes_are_accepted(scheme):
    (one, _) = addresses(f"{scheme}://app:p%40ss@127.0.0.1:6543/site")
    assert (one["user"], one["password"], one["port"]) == ("app", "p@ss", "6543")


def test_each_host_is_tried_with_its_own_port():
    found = addresses("postgresql://127.0.0.1:1,127.0.0.2:2/site?sslmode=disable")
    assert [(one["hostaddr"], one["port"]) for one in found] == [
        ("127.0.0.1", "1"),
        ("127.0.0.2", "2"),
    ]
    assert {one["target_session_attrs"] for one in found} == {"read-write"}


def test_a_name_that_does_not_resolve_is_left_out():
    found = addresses("postgresql://nowhere.invalid,127.0.0.1/site?sslmode=disable")
    assert [one["hostaddr"] for one in found] == ["127.0.0.1"]


def test_ssl_modes_that_libpq_tries_in_turn_are_separate_attempts():
    assert modes("postgresql://127.0.0.1/site") == ["require", "disable"]
    assert modes("postgresql://127.0.0.1/site?sslmode=allow") == ["disable", "require"]
    assert modes("postgresql://127.0.0.1/site?sslmode=verify-full") == ["verify-full"]


def test_the_ssl_mode_of_the_environment_is_used_if_the_url_has_none(monkeypatch):
    monkeypatch.setenv("PGSSLMODE", "require")
    assert modes("postgresql://127.0.0.1/site") == ["require"]
    assert modes("postgresql://127.0.0.1/site?sslmode=disable") == ["disable"]


def test_the_host_of_the_environment_is_used_if_the_url_has_none(monkeypatch):
    monkeypatch.setenv("PGHOST", "127.0.0.3")
    monkeypatch.setenv("PGPORT", "7777")
    (one, _) = addresses("postgresql:///site")
    assert (one["hostaddr"], one["port"]) == ("127.0.0.3", "7777")


def test_the_url_sets_the_timeout_of_a_connection():
    assert Hosts("postgresql://127.0.0.1/site?connect_timeout=17").connect_timeout == 17
    assert Hosts("postgresql://127.0.0.1/site").connect_timeout == 3.0


@pytest.mark.parametrize(
    ("url", "words"),
    [
        (
            "postgresql://127.0.0.1/site?schema=public",
            "a parameter that PostgreSQL does not know: schema",
        ),
        ("host=127.0.0.1 pool_size=5", "a parameter that PostgreSQL does not know: pool_size"),
        ("postgresql://127.0.0.1:port/site", "whose port is not a number"),
        ("postgresql://127.0.0.1/site?connect_timeout=soon", "whose connect_timeout"),
        ("mysql://127.0.0.1/site", "not a PostgreSQL connection string"),
        ("postgresql://app:p/sec?ret=1@127.0.0.1/site", "percent-encoded"),
        ("postgresql://app:sec%ret@127.0.0.1/site", "percent-encoded"),
    ],
)
def test_the_message_about_an_invalid_string_does_not_contain_its_password(url, words):
    with pytest.raises(ValueError, match=words) as refused:
        Hosts(url)
    assert "ret" not in str(refused.value).replace("characters", "")

"""A connection string is translated into the connections to try."""

import asyncio
import socket

import pytest

from nestmap.database import Hosts, Unavailable


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


TWO = "postgresql://app:secret@127.0.0.1:1,127.0.0.2:2/site?sslmode=disable"


def hostaddrs(hosts: Hosts) -> list[str]:
    return [one["hostaddr"] for one in asyncio.run(hosts.addresses())]


def test_each_address_of_a_name_is_tried():
    """The loop resolves the name, not libpq, which would block it."""
    resolved = socket.getaddrinfo("localhost", None, type=socket.SOCK_STREAM)
    named = addresses("postgresql://localhost/site?sslmode=disable")
    assert [one["hostaddr"] for one in named] == list(dict.fromkeys(a[4][0] for a in resolved))
    assert {one["host"] for one in named} == {"localhost"}


def test_the_address_that_worked_is_tried_first_until_it_is_forgotten():
    hosts = Hosts(TWO)
    assert hostaddrs(hosts) == ["127.0.0.1", "127.0.0.2"]
    hosts.remember(asyncio.run(hosts.addresses())[1])
    assert hostaddrs(hosts) == ["127.0.0.2", "127.0.0.1"]
    hosts.forget()
    assert hostaddrs(hosts) == ["127.0.0.1", "127.0.0.2"]


def test_forgetting_a_server_closes_the_idle_connections_of_all_pools():
    class Pool:
        closed = 0

        def close_idle(self) -> None:
            self.closed += 1

    hosts, pools = Hosts(TWO), [Pool(), Pool()]
    for pool in pools:
        hosts.used_by(pool)
    generation = hosts.generation
    hosts.forget()
    assert [pool.closed for pool in pools] == [1, 1]
    assert hosts.generation == generation + 1


def test_a_name_that_leads_nowhere_is_an_outage_whose_cause_names_it():
    hosts = Hosts("postgresql://app:secret@nowhere.invalid/site")
    with pytest.raises(Unavailable, match=r"nowhere\.invalid") as refused:
        asyncio.run(hosts.addresses())
    assert "secret" not in str(refused.value)


def test_the_description_holds_host_and_database_and_no_password():
    assert Hosts(TWO).description == "site on 127.0.0.1,127.0.0.2"
    assert Hosts("dbname=site host=/run/postgresql").description == "site on /run/postgresql"


def test_a_socket_is_one_address():
    (one,) = addresses("dbname=site host=/run/postgresql")
    assert "hostaddr" not in one

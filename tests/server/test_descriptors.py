"""The limit of open descriptors is raised as far as the system allows it, and no further."""

import resource

import pytest

from nestmap.server import raise_limit

OPEN_MAX = 10240


@pytest.fixture
def macos(monkeypatch):
    """Replace the limits of this process by those of macOS: an unlimited one cannot be used."""
    limits = [256, resource.RLIM_INFINITY]

    def setrlimit(_, new):
        if not 0 <= new[0] <= OPEN_MAX:
            raise ValueError("current limit exceeds maximum limit")
        limits[:] = new

    monkeypatch.setattr(resource, "getrlimit", lambda _: tuple(limits))
    monkeypatch.setattr(resource, "setrlimit", setrlimit)
    return limits


def test_an_unlimited_number_that_the_system_refuses_becomes_the_most_that_it_allows(macos):
    raise_limit()
    assert macos == [OPEN_MAX, resource.RLIM_INFINITY]


def test_a_limit_that_cannot_be_raised_stays(macos, monkeypatch):
    def refuse(*_):
        raise OSError("not permitted")

    monkeypatch.setattr(resource, "setrlimit", refuse)
    raise_limit()
    assert macos == [256, resource.RLIM_INFINITY]

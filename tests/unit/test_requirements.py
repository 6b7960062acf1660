"""The locks have a version with hashes for each requirement, and no index."""

import re

import pytest
from packaging.requirements import Requirement

from tests.support.instance import ROOT

LOCKS = {"requirements.txt": "requirements.lock", "requirements-dev.txt": "requirements-dev.lock"}


def requirements(name):
    """Return the requirements of a list, with those of included lists."""
    found = []
    for line in (ROOT / name).read_text().splitlines():
        text = line.partition(" #")[0].strip()
        if text.startswith("-r "):
            found += requirements(text.removeprefix("-r "))
        elif text and not text.startswith("#"):
            found.append(Requirement(text))
    return found


def entries(name):
    """Return the entries of a lock: the requirement and its number of hashes."""
    text = re.sub(r"(?m)^ *#.*\n?", "", (ROOT / name).read_text())
    for entry in re.findall(r"(?m)^\S(?:.*\\\n)*.*$", text):
        words, *hashes = entry.split("--hash=sha256:")
        yield Requirement(words.strip(" \\\n")), len(hashes)


def versions(name):
    """Return the version of each entry of a lock, by name."""
    pins = {entry.name: entry.specifier for entry, _ in entries(name)}
    assert all(str(pin).startswith("==") for pin in pins.values())
    return {name: str(pin).removeprefix("==") for name, pin in pins.items()}


@pytest.mark.parametrize(("asked", "lock"), LOCKS.items())
def test_the_lock_has_a_version_that_each_requirement_allows(asked, lock):
    locked = versions(lock)
    unfit = [one for one in requirements(asked) if not fits(one, locked)]
    assert unfit == [], "make lock brings the locks up to date"


def fits(requirement, locked):
    version = locked.get(requirement.name)
    return version is not None and requirement.specifier.contains(version)


@pytest.mark.parametrize("lock", LOCKS.values())
def test_every_entry_has_hashes(lock):
    found = list(entries(lock))
    assert len(found) > 10
    assert [entry.name for entry, hashes in found if not hashes] == []


@pytest.mark.parametrize("lock", LOCKS.values())
def test_the_lock_names_no_place_to_install_from(lock):
    assert not re.search(r"://|--(extra-)?index|--find", (ROOT / lock).read_text())


def test_what_runs_is_tested_in_the_same_versions():
    runs, tested = (versions(lock) for lock in LOCKS.values())
    assert runs.items() <= tested.items()

"""The documents agree with the program."""

import dataclasses
import re

import pytest

from nestmap.sessions import SessionOptions
from nestmap.timeouts import Timeouts
from tests.support.instance import ROOT


def rows(path, heading):
    """Return the cells of the table below a heading."""
    text = (ROOT / path).read_text().split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    lines = [line for line in text.splitlines() if line.startswith("| `")]
    return [[cell.strip().strip("`") for cell in line.strip("|").split("|")] for line in lines]


@pytest.mark.parametrize("field", dataclasses.fields(SessionOptions), ids=lambda field: field.name)
def test_every_option_is_described_with_its_default(field):
    described = {name: default for name, default, _ in rows("docs/sessions.md", "Options")}
    required = field.default is dataclasses.MISSING
    expected = "required" if required else repr(field.default).replace("'", '"')
    assert described[field.name] == expected


def test_the_time_budget_is_the_one_of_the_program():
    described = {
        name: float(value) for name, value, _ in rows("docs/architecture.md", "Time budget")
    }
    assert described == {f.name: f.default for f in dataclasses.fields(Timeouts)}


@pytest.mark.parametrize("name", ["docs/asvs.md", "docs/security.md"])
def test_every_test_and_file_that_is_named_exists(name):
    named = re.findall(r"`((?:[a-z]+/)+[\w.-]+\.(?:py|md|sql))`", (ROOT / name).read_text())
    assert named
    missing = [
        one for one in named if not any((ROOT / top / one).exists() for top in (".", "tests"))
    ]
    assert missing == []


DOCUMENTS = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]


@pytest.mark.parametrize("name", sorted(str(path.relative_to(ROOT)) for path in DOCUMENTS))
def test_every_link_leads_to_a_file_of_the_repository(name):
    path = ROOT / name
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", path.read_text())
    missing = [link for link in links if not (path.parent / link).exists()]
    assert missing == []

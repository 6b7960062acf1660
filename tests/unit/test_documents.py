"""The documents agree with the program."""

import dataclasses
import re
import subprocess

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


NAMES = sorted(str(path.relative_to(ROOT)) for path in DOCUMENTS)


def anchors(path):
    """The anchors that GitHub makes of the headings of a document."""
    headings = re.findall(r"(?m)^#+ (.*)$", path.read_text())
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("name", NAMES)
def test_every_link_leads_to_a_file_of_the_repository_and_to_a_heading_in_it(name):
    path = ROOT / name
    links = re.findall(r"\]\(([^)#:]*)(?:#([^)]*))?\)", path.read_text())
    for link, anchor in links:
        target = path.parent / link if link else path
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), f"{link}#{anchor}"


PLACES = "benchmarks|browser|deploy|docs|examples|faults|handlers|http|nestmap|postgres|server|sql|tests|tools|unit"
FILE = re.compile(
    rf"(?<![\w/.-])((?:{PLACES})/[\w./-]+\.(?:css|html|lua|md|py|service|sql|tsv|yaml))\b"
)
# What CONTRIBUTING.md lets a reader make.
TO_BE_MADE = {"handlers/visits.py", "tests/http/test_visits.py"}


def test_every_file_that_is_named_anywhere_is_in_the_repository():
    listed = subprocess.run(
        ["git", "-C", ROOT, "ls-files"], capture_output=True, text=True, check=True
    )
    texts = [
        name for name in listed.stdout.splitlines() if not name.endswith((".jpg", ".gz", ".ico"))
    ]
    named = {
        (name, found)
        for name in texts
        if (ROOT / name).is_file()
        for found in FILE.findall((ROOT / name).read_text())
    }
    assert len(named) > 50
    # docs/asvs.md leaves out that tests are under tests/.
    roots = (ROOT, ROOT / "tests")
    missing = {each for each in named if not any((root / each[1]).exists() for root in roots)}
    assert {each for each in missing if each[1] not in TO_BE_MADE} == set()


@pytest.mark.parametrize("package", ["nestmap/sessions", "nestmap/database"])
def test_the_architecture_says_what_each_file_is_for(package):
    text = (ROOT / "docs/architecture.md").read_text()
    named = set(re.findall(r"`(?:[\w/]+/)?(\w+\.py)`", text))
    missing = {path.name for path in (ROOT / package).glob("*.py")} - {"__init__.py"} - named
    assert missing == set()


def test_the_readme_is_short():
    assert len((ROOT / "README.md").read_text().splitlines()) <= 140


def test_the_glossary_has_ten_words_at_most():
    text = (ROOT / "docs/architecture.md").read_text().split("## Glossary\n", 1)[1]
    assert 0 < len(re.findall(r"(?m)^\| (?!word|---)", text.split("\n## ", 1)[0])) <= 10


def test_the_readme_and_the_architecture_name_the_same_guarantees():
    of_readme, of_architecture = (
        set(re.findall(r"\bG\d+\b", (ROOT / name).read_text()))
        for name in ("README.md", "docs/architecture.md")
    )
    assert of_readme == of_architecture == {f"G{number}" for number in range(1, 23)}

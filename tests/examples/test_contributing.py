"""CONTRIBUTING.md: its four steps make a handler with a route, and the tests pass."""

import re
import shutil
import subprocess
import sys
import textwrap

import pytest

from tests.support.checkout import copy_checkout
from tests.support.instance import ROOT

pytestmark = pytest.mark.long


def steps():
    """Return the code of each step, by the file in its first line."""
    text = (ROOT / "CONTRIBUTING.md").read_text()
    blocks = re.findall(r"(?ms)^ +```(?:python|yaml)\n(.*?)^ +```$", text)
    first_lines = [textwrap.dedent(block).partition("\n") for block in blocks]
    return {first.removeprefix("# "): code for first, _, code in first_lines}


@pytest.fixture
def checkout(tmp_path):
    """Make a copy of the program with its tests over HTTP and of the API."""
    checkout = copy_checkout(tmp_path / "checkout")
    for name in ("docs", "tests/support", "tests/http", "tests/api"):
        shutil.copytree(ROOT / name, checkout / name)
    for name in ("tests/conftest.py", "pyproject.toml", ".env.example"):
        shutil.copy(ROOT / name, checkout / name)
    return checkout


def insert(path, text, *, before):
    """Insert a text before another one, which is in the file once."""
    content = path.read_text()
    assert content.count(before) == 1
    path.write_text(content.replace(before, text + before))


def test_a_handler_made_by_its_steps_works(checkout):
    code = steps()
    made = ["handlers/visits.py", "tests/http/test_visits.py"]
    assert sorted(code) == sorted([*made, "handlers/routes.py", "docs/openapi.yaml"])
    for name in made:
        (checkout / name).write_text(code[name])
    imported, route = re.findall(r"(?m)^from .*|^    \(r.*", code["handlers/routes.py"])
    routes = checkout / "handlers/routes.py"
    insert(routes, f"{imported}\n", before="\nHERE = ")
    insert(routes, f"{route}\n", before="]\n\nROUTE_NAMES = ")
    insert(
        checkout / "docs/openapi.yaml", code["docs/openapi.yaml"], before="  /api/auth/register:\n"
    )
    command = [sys.executable, "-m", "pytest", "-v", "-p", "no:cacheprovider", "-k", "visits"]
    done = subprocess.run(
        [*command, "tests/http/test_visits.py", "tests/api"],
        cwd=checkout,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    for passed in ("test_each_browser_has", "test_each_route_of", "test_each_outcome_of"):
        assert re.search(rf"{passed}.* PASSED", done.stdout), done.stdout

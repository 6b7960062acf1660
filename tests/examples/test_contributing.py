"""CONTRIBUTING.md: its three steps make a handler with a route and a test that passes."""

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
    blocks = re.findall(r"(?ms)^ +```python\n(.*?)^ +```$", text)
    first_lines = [textwrap.dedent(block).partition("\n") for block in blocks]
    return {first.removeprefix("# "): code for first, _, code in first_lines}


@pytest.fixture
def checkout(tmp_path):
    """Make a copy of the program with the support of its tests."""
    checkout = copy_checkout(tmp_path / "checkout")
    (checkout / "tests").mkdir()
    for name in ("support", "http"):
        shutil.copytree(ROOT / "tests" / name, checkout / "tests" / name)
    for name in ("tests/conftest.py", "pyproject.toml", ".env.example"):
        shutil.copy(ROOT / name, checkout / name)
    return checkout


def test_a_handler_made_by_its_steps_works(checkout):
    code = steps()
    assert list(code) == ["handlers/visits.py", "handlers/routes.py", "tests/http/test_visits.py"]
    step = code.pop("handlers/routes.py")
    imported, route = re.findall(r"(?m)^from .*|^    \(r.*", step)
    routes = checkout / "handlers/routes.py"
    text = routes.read_text().replace("\nHERE = ", f"\n{imported}\n\nHERE = ", 1)
    routes.write_text(re.sub(r"(?m)^(ROUTES: .*\[)$", rf"\1\n{route}", text))
    for name, lines in code.items():
        (checkout / name).write_text(lines)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*command, "tests/http/test_visits.py"],
        cwd=checkout,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout

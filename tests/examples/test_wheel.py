"""What `pip install .` gives to another site."""

import re
import subprocess
import tomllib

import pytest

from tests.support.instance import ROOT

pytestmark = pytest.mark.long


def tracked(*folders):
    listed = subprocess.run(
        ["git", "-C", ROOT, "ls-files", "-z", *folders], capture_output=True, text=True, check=True
    )
    return set(listed.stdout.split("\0")) - {""}


def test_it_holds_every_file_of_the_package_with_the_sql_inside_and_nothing_else(installed):
    files = {name for name in installed.names() if ".dist-info/" not in name}
    # nestmap/sql is a link to sql.
    package = tracked("nestmap") - {"nestmap/sql"}
    assert files == package | {f"nestmap/{name}" for name in tracked("sql")}


def test_its_metadata_say_what_it_runs_on_and_under_which_licence(installed):
    metadata = installed.metadata()
    assert "Requires-Python: >=3.11" in metadata
    assert "License-Expression: MIT" in metadata
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in installed.names())


def test_the_extra_asks_for_what_the_site_needs(installed):
    extra = re.findall(
        r"^Requires-Dist: ([\w-]+).*extra == .site.", installed.metadata(), re.MULTILINE
    )
    listed = re.findall(r"(?m)^[\w-]+", (ROOT / "requirements.txt").read_text())
    assert sorted(extra) == sorted(listed)


def test_it_asks_for_what_the_layer_needs_and_no_more(installed):
    needed = re.findall(r"^Requires-Dist: ([\w-]+)[^;\n]*$", installed.metadata(), re.MULTILINE)
    assert sorted(needed) == ["aiopg", "aiosql", "orjson", "psycopg2-binary", "tornado"]


def test_the_requirements_of_the_site_name_the_same_versions():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    site = re.sub(r"\s*#.*", "", (ROOT / "requirements.txt").read_text()).split()
    assert set(project["dependencies"]) <= set(site)


def test_the_layer_is_imported_without_anything_of_the_site(installed):
    program = (
        "import sys, nestmap.sessions\n"
        "print(*sorted(name for name in sys.modules if name.startswith('nestmap.')))"
    )
    done = subprocess.run(
        [installed.python, "-I", "-c", program], capture_output=True, text=True, check=True
    )
    rooms = {name.split(".")[1] for name in done.stdout.split()}
    assert rooms <= {"sessions", "database", "queries", "background", "timeouts", "measures"}

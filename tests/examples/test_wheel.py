"""What `pip install .` gives to another site."""

import re
import subprocess
import tomllib

from tests.support.instance import ROOT


def test_nothing_but_the_package_is_at_the_top(installed):
    tops = {name.split("/")[0] for name in installed.names()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"nestmap"}


def test_every_module_and_every_statement_is_in_it(installed):
    modules = {str(path.relative_to(ROOT)) for path in (ROOT / "nestmap").rglob("*.py")}
    statements = {f"nestmap/{path.relative_to(ROOT)}" for path in (ROOT / "sql").rglob("*.sql")}
    assert modules | statements | {"nestmap/py.typed"} <= set(installed.names())


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
    assert rooms <= {"sessions", "database", "queries", "background", "timeouts"}

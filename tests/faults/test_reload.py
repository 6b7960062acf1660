"""`run.py --reload`, as `make run` starts it: changes are loaded while the site runs."""

import re
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from tests.support.checkout import copy_checkout
from tests.support.instance import Instance
from tests.support.visitor import Visitor
from tests.support.waiting import wait_until

pytestmark = pytest.mark.long

TITLE = "Sign in · NestMap"


@pytest.fixture
def checkout(tmp_path):
    return copy_checkout(tmp_path / "checkout")


@pytest.fixture
def start(checkout, tmp_path):
    """Return `start(**settings)`, which starts the site of this checkout with --reload."""
    started = []

    def start(**settings):
        where = {"PYTHONPATH": "", "HOST": "127.0.0.1"}
        site = Instance(
            tmp_path, program=checkout / "run.py", arguments=["--reload"], **settings | where
        )
        started.append(site)
        site.wait_until_ready()
        return site

    yield start
    for site in started:
        with suppress(psutil.NoSuchProcess):
            site.stop()
        site.kill()


def change(path: Path, old: str, new: str) -> None:
    """Edit a file as an editor does: a new file replaces the old one."""
    text = path.read_text()
    assert old in text
    edited = path.with_suffix(".edited")
    edited.write_text(text.replace(old, new))
    edited.replace(path)


def title(site, **options):
    """Return the title of the sign-in page, or None without an answer."""
    with suppress(OSError):
        page = Visitor(site.url, **options).get("/login").text
        return re.search("<title>(.*)</title>", page)[1]
    return None


def postmasters(folder: Path) -> set[int]:
    """Return the servers of PostgreSQL with data below a folder."""
    found = set()
    for process in psutil.process_iter(["name"]):
        with suppress(psutil.Error):
            if process.info["name"] == "postgres" and Path(process.cwd()).is_relative_to(folder):
                found.add(process.pid)
    return found


def first_pid(data: Path) -> int:
    return int((data / "postgres/postmaster.pid").read_text().split()[0])


@pytest.mark.parametrize("processes", [1, 2])
def test_a_change_is_loaded_and_the_embedded_database_keeps_running(
    start, checkout, tmp_path, processes
):
    site = start(DATABASE_URL="", PROCESSES=processes)
    visitor = Visitor(site.url)
    visitor.register()
    before = first_pid(tmp_path / "data")
    change(checkout / "handlers/templates/login.html", TITLE, "Come in · NestMap")
    wait_until(lambda: title(site) == "Come in · NestMap", "the template\n" + site.output)
    change(checkout / "handlers/health.py", '{"status": "ok"}', '{"status": "fine"}')
    wait_until(lambda: answer_of(site) == {"status": "fine"}, "the code\n" + site.output)
    assert visitor.signed_in()
    assert first_pid(tmp_path / "data") == before
    assert site.stop() == 0, site.output
    assert postmasters(tmp_path) == set()


def answer_of(site):
    with suppress(OSError):
        return Visitor(site.url).get("/livez").json
    return None


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (("handlers/health.py", "class LiveHandler", "clas LiveHandler"), "SyntaxError"),
        (("handlers/templates/login.html", "{% block title", "{% bloc title"), "ParseError"),
    ],
)
def test_a_change_with_a_syntax_error_is_logged_and_the_site_keeps_running(
    start, checkout, database, edit, said
):
    site = start(DATABASE_URL=database.url)
    file, old, new = edit
    change(checkout / file, old, new)
    wait_until(lambda: said in site.output, "the reason")
    assert title(site) == TITLE
    change(checkout / file, new, old)
    change(checkout / "handlers/health.py", '{"status": "ok"}', '{"status": "fine"}')
    wait_until(lambda: answer_of(site) == {"status": "fine"}, "the code\n" + site.output)


def test_a_change_is_not_seen_in_production(start, checkout, database):
    """Side by side from one folder: the site in development has followed three changes by then."""
    developed = start(DATABASE_URL=database.url)
    served = start(DATABASE_URL=database.url, NESTMAP_ENV="production")
    for old, new in (("ok", "fine"), ("fine", "well")):
        change(checkout / "handlers/health.py", f'"status": "{old}"', f'"status": "{new}"')
        wait_until(lambda new=new: answer_of(developed) == {"status": new}, "the change")
    change(checkout / "handlers/templates/login.html", TITLE, "Come in · NestMap")
    wait_until(lambda: title(developed) == "Come in · NestMap", "the change")
    assert answer_of(served) == {"status": "ok"}
    assert title(served, https=True) == TITLE
    assert served.output.count("is at http") == 1


def test_a_traceback_is_for_developers_alone(start, checkout, database):
    change(checkout / "handlers/templates/login.html", TITLE, "{{ {}['<nest>'] }}")
    developed = start(DATABASE_URL=database.url)
    served = start(DATABASE_URL=database.url, NESTMAP_ENV="production")

    seen = Visitor(developed.url).get("/login")
    assert seen.status == 500
    assert "KeyError: &#x27;&lt;nest&gt;&#x27;" in seen.text.replace("&#39;", "&#x27;")
    assert "login.html:2" in seen.text
    assert "Traceback" in seen.text

    shown = Visitor(served.url, https=True).get("/login")
    assert shown.status == 500
    assert "Something went wrong on our side" in shown.text
    assert not re.search("Traceback|KeyError|nest&gt|login", shown.text.replace('"/login"', ""))
    wait_until(lambda: "KeyError" in served.output, "the traceback in the log")


def test_a_traceback_is_seen_when_the_page_around_all_pages_is_broken(start, checkout, database):
    change(checkout / "handlers/templates/base.html", "<body>", "<body>{{ nothing }}")
    seen = Visitor(start(DATABASE_URL=database.url).url).get("/login")
    assert seen.status == 500
    assert "NameError: name &#x27;nothing&#x27; is not defined" in seen.text

"""`python -m nestmap`."""

import re
import subprocess
import sys

import pytest

from tests.support.commands import nestmap
from tests.support.instance import environment
from tests.support.visitor import PASSWORD, Visitor


@pytest.fixture
def command(database, tmp_path):
    def run(*arguments: str, **options):
        return nestmap(*arguments, database_url=database.url, directory=tmp_path, **options)

    return run


@pytest.mark.parametrize(("flags", "role"), [([], "user"), (["--admin"], "admin")])
def test_an_account_made_on_the_command_line_signs_in(
    command, database, start_instance, flags, role
):
    made = command("create-user", "Ada@example.org", *flags, stdin=PASSWORD + "\n")
    assert made.returncode == 0, made.stderr
    assert PASSWORD not in made.stdout + made.stderr
    visitor = Visitor(start_instance(database.url).url)
    visitor.email = "ada@example.org"
    assert visitor.sign_in().json["user"]["role"] == role


def test_accounts_are_listed_with_times_in_the_form_of_the_api(command):
    command("create-user", "ada@example.org", stdin=PASSWORD + "\n")
    listed = command("users", PGTZ="Asia/Tokyo").stdout.splitlines()[1].split("\t")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", listed[3])
    assert listed[4:] == ["-", "-"]


@pytest.mark.parametrize(
    ("email", "password"),
    [("nobody", PASSWORD), ("a@example.org", "short"), ("a@example.org", "")],
)
def test_an_invalid_account_is_refused_with_one_line(command, database, email, password):
    refused = command("create-user", email, stdin=password + "\n")
    assert refused.returncode != 0
    assert refused.stderr.strip()
    assert "Traceback" not in refused.stderr
    assert database.value("select count(*) from nestmap.users") == 0


def test_an_address_that_is_taken_is_refused(command):
    assert command("create-user", "a@example.org", stdin=PASSWORD).returncode == 0
    again = command("create-user", "A@example.org", stdin=PASSWORD)
    assert again.returncode != 0
    assert "Traceback" not in again.stderr


def test_help_and_wrong_arguments_need_no_database(tmp_path):
    asked = nestmap("--help", database_url=None, directory=tmp_path)
    assert asked.returncode == 0
    for name in ("migrate", "create-user", "prune", "stats"):
        assert name in asked.stdout
    wrong = nestmap("dance", database_url=None, directory=tmp_path)
    assert wrong.returncode == 2


@pytest.mark.parametrize("name", ["stats", "prune"])
def test_a_command_on_an_empty_database_makes_the_schema(empty_database, tmp_path, name):
    done = nestmap(name, database_url=empty_database.url, directory=tmp_path)
    assert done.returncode == 0, done.stderr
    assert empty_database.value("select count(*) from session") == 0


def test_a_password_that_is_not_utf8_is_refused_by_its_name(command, database):
    refused = command("create-user", "a@example.org", stdin=b"twelve \xff letters\n")
    assert (refused.returncode, refused.stderr) == (1, "The password is not UTF-8 text.\n")
    assert database.value("select count(*) from nestmap.users") == 0


def test_an_argument_that_is_not_utf8_is_refused_by_its_name(command):
    refused = command("disable-user", "\udcff@example.org")
    assert refused.returncode == 2
    assert "an argument is not UTF-8 text" in refused.stderr


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("postgresql://127.0.0.1:port/site", "DATABASE_URL is a connection string whose port"),
        ("mysql://127.0.0.1/site", "DATABASE_URL must begin with postgresql://"),
    ],
)
@pytest.mark.parametrize("name", ["stats", "psql"])
def test_a_connection_string_that_cannot_be_used_is_named(tmp_path, name, url, words):
    refused = nestmap(name, database_url=url, directory=tmp_path)
    assert refused.returncode == 2
    assert refused.stderr.startswith(words)
    assert refused.stderr.count("\n") == 1


def test_a_folder_that_cannot_be_used_is_named(tmp_path):
    (tmp_path / "data").write_text("a file")
    refused = nestmap("stats", database_url=None, directory=tmp_path)
    assert refused.returncode == 2
    assert refused.stderr.startswith("DATA_DIR: ")


@pytest.mark.parametrize("secret", [None, "change-me"])
def test_no_command_asks_for_the_secret(command, secret):
    options = {"NESTMAP_ENV": "production", "SESSION_SECRET": secret, "DATABASE_TLS": "off"}
    done = command("stats", **options)
    assert done.returncode == 0, done.stderr
    done = command("stats", **options | {"SESSION_SECRET": "", "SESSION_SECRET_FILE": "/nowhere"})
    assert done.returncode == 0, done.stderr


def test_a_reader_that_has_seen_enough_ends_a_command_without_a_traceback(database, tmp_path):
    database.execute(
        "insert into nestmap.users (email, password_hash)"
        " select repeat('a', 200) || n || '@example.org', 'none' from generate_series(1, 2000) n"
    )
    with subprocess.Popen(
        [sys.executable, "-m", "nestmap", "users"],
        cwd=tmp_path,
        env=environment({"DATABASE_URL": database.url}),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as command:
        assert command.stdout.readline().startswith(b"id\temail")
        command.stdout.close()
        assert command.stderr.read() == b""
        assert command.wait(60) == 1

"""`python -m nestmap`."""

import pytest

from tests.support.commands import nestmap
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


@pytest.mark.parametrize(
    ("email", "password"),
    [("nobody", PASSWORD), ("a@example.org", "short"), ("a@example.org", "")],
)
def test_an_account_that_cannot_be_is_refused_in_one_line(command, database, email, password):
    refused = command("create-user", email, stdin=password + "\n")
    assert refused.returncode != 0
    assert refused.stderr.strip()
    assert "Traceback" not in refused.stderr
    assert database.value("select count(*) from nestmap.users") == 0


def test_an_address_is_taken_once(command):
    assert command("create-user", "a@example.org", stdin=PASSWORD).returncode == 0
    again = command("create-user", "A@example.org", stdin=PASSWORD)
    assert again.returncode != 0
    assert "Traceback" not in again.stderr


def test_help_and_nonsense_are_answered_without_a_database(tmp_path):
    asked = nestmap("--help", database_url=None, directory=tmp_path)
    assert asked.returncode == 0
    for name in ("migrate", "create-user", "prune", "stats"):
        assert name in asked.stdout
    wrong = nestmap("dance", database_url=None, directory=tmp_path)
    assert wrong.returncode == 2


@pytest.mark.parametrize("name", ["stats", "prune"])
def test_a_command_on_an_empty_database_brings_the_schema_along(empty_database, tmp_path, name):
    done = nestmap(name, database_url=empty_database.url, directory=tmp_path)
    assert done.returncode == 0, done.stderr
    assert empty_database.value("select count(*) from session") == 0

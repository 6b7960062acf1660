"""`python -m nestmap`."""

import os
import re
import subprocess
import sys
from pathlib import Path

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


def through_a_shell(line: str, database, directory, **settings: object):
    return subprocess.run(
        ["sh", "-c", line.replace("nestmap", f"{sys.executable} -m nestmap")],
        cwd=directory,
        # As an operator runs it: Python keeps short output until the end.
        env=environment({"DATABASE_URL": database.url, "PYTHONUNBUFFERED": ""} | settings),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_output_to_a_full_disk_is_one_line_and_an_error(database, tmp_path, unbuffered):
    done = through_a_shell(
        "nestmap users > /dev/full", database, tmp_path, PYTHONUNBUFFERED=unbuffered
    )
    assert done.stderr == "the output can't be written: No space left on device\n"
    assert done.returncode == 1


def test_short_output_to_a_reader_that_is_gone_ends_without_a_message(database, tmp_path):
    # The reader is gone before the command has begun.
    line = "mkfifo pipe; { true < pipe & exec 3> pipe; wait; nestmap users >&3; }"
    done = through_a_shell(line, database, tmp_path)
    assert (done.returncode, done.stderr) == (1, "")


def test_an_address_that_the_locale_cannot_write_is_written_with_escapes(command):
    made = command("create-user", "\u0436@example.org", stdin=PASSWORD, PYTHONIOENCODING="ascii")
    assert (made.returncode, made.stdout) == (0, "created user \\u0436@example.org\n"), made.stderr


@pytest.mark.parametrize("source", ["<&-", "< /dev/null"])
def test_without_a_password_an_account_is_refused_with_one_line(database, tmp_path, source):
    done = through_a_shell(f"nestmap create-user a@example.org {source}", database, tmp_path)
    assert done.returncode == 1
    assert "password" in done.stderr
    assert done.stderr.count("\n") == 1


def test_the_end_of_input_instead_of_a_password_is_refused_with_one_line(database, tmp_path):
    terminal, its_end = os.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "nestmap", "create-user", "a@example.org"],
        cwd=tmp_path,
        env=environment({"DATABASE_URL": database.url}),
        stdin=its_end,
        stderr=subprocess.PIPE,
        start_new_session=True,
        text=True,
    ) as command:
        os.close(its_end)
        said = ""
        while not said.endswith("characters): ") and (character := command.stderr.read(1)):
            said += character
        os.write(terminal, b"\x04")
        said += command.stderr.read()
        os.close(terminal)
    assert command.returncode == 1
    assert said.splitlines()[-1].endswith(
        "There is no password: type one, or send one to standard input."
    )
    assert "Traceback" not in said

"""What `python -m nestmap` reads and writes: a password, and output that may fail."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.commands import nestmap
from tests.support.instance import environment
from tests.support.visitor import PASSWORD

pytestmark = pytest.mark.long


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


def test_an_address_that_the_locale_cannot_write_is_written_with_escapes(database, tmp_path):
    made = nestmap(
        *("create-user", "\u0436@example.org"),
        database_url=database.url,
        directory=tmp_path,
        stdin=PASSWORD,
        PYTHONIOENCODING="ascii",
    )
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

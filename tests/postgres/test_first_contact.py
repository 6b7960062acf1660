"""What the program prints at its first start, and when it is started wrongly."""

import re
import socket
import subprocess
import sys

import pytest

from nestmap import __version__
from nestmap.processes import addresses, listen
from tests.support.checkout import copy_checkout, run_py
from tests.support.commands import nestmap
from tests.support.instance import Instance
from tests.support.visitor import PASSWORD, Visitor

pytestmark = pytest.mark.long


@pytest.fixture
def checkout(tmp_path):
    return copy_checkout(tmp_path / "my projects" / "nestmap")


def refused(result: subprocess.CompletedProcess[str]) -> str:
    """Return the one line that the program printed when it refused to start."""
    assert result.returncode == 2, result.stderr
    (line,) = result.stderr.splitlines()
    return line


def test_the_dotenv_file_beside_run_py_is_read_from_every_folder(checkout):
    (checkout / ".env").write_text("\ufeffLOG_FORMAT=xml\nPORT=70000\n")
    said = run_py(checkout, PORT=8080).stderr
    assert "LOG_FORMAT" in said
    assert "PORT" not in said  # the environment wins


def test_a_dotenv_file_in_latin_1_is_refused_with_one_line(checkout):
    (checkout / ".env").write_bytes("# Müller\nLOG_LEVEL=info\n".encode("latin-1"))
    assert f"{checkout}/.env is not UTF-8" in refused(run_py(checkout))


def test_a_dotenv_file_that_cannot_be_read_is_refused_with_one_line(checkout):
    (checkout / ".env").mkdir()
    assert f"{checkout}/.env can't be read" in refused(run_py(checkout))


def test_the_data_folder_is_beside_run_py(checkout, tmp_path):
    """The folder in which the program is started does not matter."""
    command = [sys.executable, "-m", "nestmap", "migrate"]
    subprocess.run(command, cwd=checkout, check=True, capture_output=True, env={"PATH": "/bin"})
    assert (checkout / ".nestmap" / "postgres" / "PG_VERSION").exists()


def test_run_py_without_its_requirements_prints_how_to_install_them(checkout):
    """-S hides site-packages, so that this Python has its standard library only."""
    command = [sys.executable, "-S", str(checkout / "run.py")]
    done = subprocess.run(command, capture_output=True, text=True, cwd="/", env={}, check=False)
    assert done.returncode != 0
    assert "Traceback" not in done.stderr
    assert "make run" in done.stderr
    assert "pip install -r requirements.txt" in done.stderr


def test_the_version_is_printed_by_its_option(checkout, tmp_path):
    line = f"NestMap {__version__}\n"
    assert run_py(checkout, "--version").stdout == line
    assert nestmap("--version", database_url=None, directory=tmp_path).stdout == line
    assert "--version" in refused_usage(run_py(checkout, "--verbose"))


def refused_usage(result: subprocess.CompletedProcess[str]) -> str:
    assert result.returncode == 2
    return result.stderr


def test_the_start_prints_version_address_and_processes(database, start_instance):
    first = start_instance(database.url, PROCESSES=2)
    assert f"NestMap {__version__} is at {first.url} (development, 2 processes)" in first.output
    assert f"Database: {database.name} on 127.0.0.1" in first.output
    second = start_instance(database.url, NESTMAP_ENV="production")
    assert "(production, 1 process)" in second.output


@pytest.mark.parametrize(
    ("host", "said"),
    [
        ("192.0.2.1", "HOST: 192.0.2.1 is no address of this machine"),
        ("no-such-host.invalid", "HOST: no address is known for no-such-host.invalid"),
        ("two..dots", "HOST: no address is known for two..dots"),
    ],
)
def test_an_unusable_host_is_refused_with_one_line(tmp_path, database, host, said):
    instance = Instance(tmp_path, DATABASE_URL=database.url, HOST=host)
    try:
        assert instance.wait() == 2
        assert said in instance.output
    finally:
        instance.kill()


def test_a_port_in_use_is_refused_with_the_remedy(tmp_path, database, start_instance):
    first = start_instance(database.url)
    second = Instance(tmp_path, DATABASE_URL=database.url, PORT=first.port)
    try:
        assert second.wait() == 2
        (line,) = second.output.splitlines()
        assert re.search(rf"127\.0\.0\.1:{first.port} is in use.*PORT={first.port + 1}", line)
    finally:
        second.kill()


def test_two_colons_listen_on_every_address_and_each_is_printed():
    """IPv4 always, IPv6 if the machine has it."""
    sockets = listen("::", 0)
    try:
        families = {each.family for each in sockets}
        assert socket.AF_INET in families
        assert (socket.AF_INET6 in families) == has_ipv6()
        port = sockets[0].getsockname()[1]
        said = {f"http://0.0.0.0:{port}"} | ({f"http://[::]:{port}"} if has_ipv6() else set())
        assert set(addresses(sockets)) == said
        socket.create_connection(("127.0.0.1", port)).close()
    finally:
        for each in sockets:
            each.close()


def has_ipv6() -> bool:
    try:
        socket.create_server(("::", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


def test_a_lost_password_of_the_administrator_can_be_set_by_command(tmp_path, start_instance):
    """The start prints the command."""
    site = start_instance(None)
    assert "to set another: python -m nestmap set-password" in site.output
    done = nestmap(
        *("set-password", "admin@localhost"),
        database_url=None,
        directory=tmp_path,
        stdin=f"{PASSWORD}\n",
    )
    assert done.returncode == 0, done.stderr
    visitor = Visitor(site.url)
    visitor.email = "admin@localhost"
    assert visitor.sign_in().json["user"]["role"] == "admin"

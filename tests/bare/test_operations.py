"""docs/operations.md, line by line, on a machine that has nothing: two instances behind nginx with TLS.

And what README.md says of running it in production, on the same machine.
"""

import subprocess

import pytest

from tests.bare.documents import blocks
from tests.bare.machine import Machine, copied
from tests.support.instance import ROOT
from tests.support.visitor import PASSWORD
from tests.support.waiting import wait_until

pytestmark = pytest.mark.bare

REPOSITORY = "https://git.example.org/nestmap.git"
PYTHON = "/srv/nestmap/.venv/bin/python"
HOST = "nestmap.example.org"

# Somebody who believes the certificate asks nginx.
ASK = f"""
import http.client, ssl, sys
context = ssl.create_default_context(cafile="/etc/ssl/{HOST}/fullchain.pem")
connection = http.client.HTTPSConnection("{HOST}", timeout=30, context=context)
method, path, body = sys.argv[1:]
connection.request(method, path, body or None, {{"Content-Type": "application/json"}})
response = connection.getresponse()
print(response.status, response.read().decode())
"""


@pytest.fixture(scope="module")
def machine(bare_debian):
    """The machine after the commands of docs/operations.md, and those of README.md for a user ada."""
    folder = bare_debian.parent / "machine"
    root = copied(bare_debian, folder / "root")
    clone = ["git", "clone", "--quiet", "--bare", str(ROOT), str(folder / "nestmap.git")]
    subprocess.run(clone, check=True, capture_output=True)
    machine = Machine(root)
    install, *rest, administrator = blocks(
        "docs/operations.md", "Two instances behind nginx, on Debian"
    )
    assert REPOSITORY in install
    install = install.replace(REPOSITORY, "/mnt/nestmap.git") + install_for_ada()
    machine.install(install, [f"{folder}/nestmap.git:/mnt/nestmap.git"])
    machine.boot()
    try:
        machine.run(f"echo 127.0.0.1 {HOST} >> /etc/hosts")
        for block in rest:
            machine.run(block)
        machine.run(administrator, stdin=f"{PASSWORD}\n")
        yield machine
    finally:
        machine.stop()


def install_for_ada() -> str:
    """The first block of README.md: a line for root, the rest in a checkout of somebody's own."""
    programs, *rest = blocks("README.md", "Running it in production")[0].splitlines()
    assert programs.startswith("sudo apt-get install")
    return (
        f"{programs.removeprefix('sudo ')}\n"
        "useradd --create-home ada\n"
        "git clone --quiet /mnt/nestmap.git /home/ada/nestmap\n"
        "chown -R ada: /home/ada/nestmap\n"
        "cd /home/ada/nestmap\n" + "\n".join(f"runuser -u ada -- {line}" for line in rest)
    )


def asked(machine: Machine, method: str, path: str, body: str = "") -> str:
    """The status and the text of an answer."""
    return machine.run(f"{PYTHON} - {method} '{path}' '{body}'", stdin=ASK)


def wait_until_ready(machine: Machine, port: int) -> None:
    waiter = "/srv/nestmap/deploy/systemd/wait_until_ready.py"
    machine.run(f"PORT={port} {PYTHON} {waiter} 30")


def test_the_administrator_signs_in_through_nginx(machine):
    credentials = f'{{"email": "ada@example.org", "password": "{PASSWORD}"}}'
    answer = asked(machine, "POST", "/api/auth/login", credentials)
    assert answer.startswith("200 "), answer
    assert '"role":"admin"' in answer


def test_readiness_is_not_public(machine):
    assert asked(machine, "GET", "/readyz").startswith("404 ")


@pytest.mark.parametrize("port", [8888, 8889])
def test_each_instance_runs_in_its_sandbox(machine, port):
    wanted = "ActiveState,DynamicUser,NRestarts"
    shown = machine.run(f"systemctl show -p {wanted} nestmap@{port}").split()
    assert sorted(shown) == ["ActiveState=active", "DynamicUser=yes", "NRestarts=0"]
    wait_until_ready(machine, port)


def test_an_instance_that_is_killed_is_started_again(machine):
    machine.run("systemctl kill --signal=KILL nestmap@8889")
    wait_until(
        lambda: "NRestarts=1" in machine.run("systemctl show -p NRestarts nestmap@8889"),
        "systemd to start it again",
    )
    wait_until_ready(machine, 8889)


def test_the_readme_starts_it_by_hand_as_an_ordinary_user(machine):
    start = blocks("README.md", "Running it in production")[1]
    url = machine.run("cat /etc/nestmap/database-url").strip()
    for there, here in (
        ("postgresql://nestmap@db.example.org/nestmap?sslmode=verify-full", url),
        ("/run/secrets/session", "/home/ada/session"),
    ):
        assert there in start
        start = start.replace(there, here)
    machine.run("install -o ada -m 400 /etc/nestmap/session-secret /home/ada/session")
    (machine.root / "home/ada/start").write_text(
        f"cd nestmap\nexport PORT=8890\nexec {start}".replace(
            "exec NESTMAP_ENV", "exec env NESTMAP_ENV"
        )
    )
    machine.run("systemd-run --unit=by-hand --uid=ada --working-directory=/home/ada sh start")
    wait_until_ready(machine, 8890)
    machine.run("systemctl stop by-hand")
    said = machine.run("journalctl -u by-hand -o cat --no-pager")
    assert "is at http://127.0.0.1:8890 (production, 1 process)" in said
    assert "__Host-nestmap.sid" in said, "the cookie without a prefix is warned of"

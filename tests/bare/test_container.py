"""deploy/container: the image is built, runs as process 1, and stops; the compose file fits it."""

import json
import os
import re
import shutil
import subprocess

import psutil
import pytest
import yaml

from tests.bare.machine import shared_files, tool
from tests.support.instance import ROOT, SECRET
from tests.support.ports import free_port
from tests.support.visitor import Visitor
from tests.support.waiting import connectable, wait_until

pytestmark = pytest.mark.bare

FOLDER = ROOT / "deploy/container"
COMPOSE = yaml.safe_load((FOLDER / "compose.yaml").read_text())


class Builder:
    """Runs buildah with a store of its own."""

    def __init__(self, folder):
        self._command = [tool("buildah"), f"--root={folder}/store", f"--runroot={folder}/run"]
        self._command += ["--storage-driver=vfs"]

    def __call__(self, command, *arguments):
        done = subprocess.run(
            [*self._command, command, *arguments],
            cwd=ROOT,
            env=os.environ | {"BUILDAH_ISOLATION": "chroot"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
        return done.stdout.strip()


class Image:
    """A built image: its configuration, and its files."""

    def __init__(self, config, root):
        self.config = config
        self.root = root

    def command(self, *command, **variables):
        """Return a command that runs as in a container: with its user, variables and files."""
        given = {name: str(value) for name, value in variables.items()}
        environment = [*self.config["Env"], *(f"{n}={v}" for n, v in given.items())]
        enter = f'mount -t proc proc "{self.root}/proc"; mount --bind /dev "{self.root}/dev";'
        enter += f' cd "{self.root}"; exec chroot --userspec={self.config["User"]} . "$@"'
        inside = f'cd {self.config["WorkingDir"]}; exec "$@"'
        container = [
            "unshare",
            "--pid",
            "--fork",
            "--mount",
            "--kill-child",
            "sh",
            "-ec",
            enter,
            "-",
        ]
        return [*container, "env", "-i", *environment, "sh", "-ec", inside, "-", *command]


@pytest.fixture(scope="module")
def image(bare_debian):
    """Build the image of the Dockerfile, on a bare Debian instead of the one of a registry."""
    folder = bare_debian.parent / "images"
    build = Builder(folder)
    base = build("from", "scratch")
    build("copy", "--quiet", base, str(bare_debian), "/")
    build("commit", "--quiet", base, "bare")
    binds = [f"--volume={path}:{path}:ro" for path in shared_files()]
    file = str(FOLDER / "Dockerfile")
    options = ["--format=docker", "--build-arg=BASE=localhost/bare", *binds]
    build("build", *options, "--tag=nestmap", f"--file={file}", ".")
    inspected = json.loads(build("inspect", "--type=image", "nestmap"))
    mounted = build("mount", build("from", "--pull-never", "nestmap"))
    yield Image(inspected["Docker"]["config"], mounted)
    build("rm", "--all")
    shutil.rmtree(folder)


@pytest.fixture
def container(image, database, tmp_path):
    """Run the image's own command as process 1, with the settings of compose.yaml."""
    settings = COMPOSE["services"]["one"]["environment"] | {
        "PORT": free_port(),
        "DATABASE_URL_FILE": "",
        "DATABASE_URL": database.url,
        "SESSION_SECRET_FILE": "",
        "SESSION_SECRET": SECRET,
    }
    command = image.command(*image.config["Cmd"], **settings)
    with (tmp_path / "output").open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output)
    wait_until(lambda: connectable(settings["PORT"]), (tmp_path / "output").read_text(), seconds=30)
    yield process, settings
    process.kill()
    process.wait()


def healthy(image, settings):
    """The image's own health check."""
    kind, *command = image.config["Healthcheck"]["Test"]
    assert kind == "CMD"
    return subprocess.run(image.command(*command, **settings), check=False).returncode == 0


def test_it_serves_says_that_it_is_healthy_and_stops_when_it_is_told(image, container):
    process, settings = container
    visitor = Visitor(f"http://127.0.0.1:{settings['PORT']}", https=True)
    wait_until(lambda: visitor.get("/readyz").status == 200, "readiness")
    assert healthy(image, settings)
    assert visitor.get("/").status == 200
    assert visitor.put_place("oslo", "Oslo").cookies[0].name == "__Host-nestmap.sid"
    (first,) = psutil.Process(process.pid).children()
    assert first.uids().real == 10001
    first.terminate()
    assert process.wait(20) == 0
    assert not healthy(image, settings)


def test_it_may_write_none_of_its_files(image):
    looking = (
        "find / -xdev -writable ! -type l ! -path '/proc*' ! -path '/dev*' 2>/dev/null || true"
    )
    done = subprocess.run(
        image.command("sh", "-c", looking), capture_output=True, text=True, check=True
    )
    assert set(done.stdout.split()) <= {"/tmp", "/var/tmp", "/run/lock"}


def test_it_has_no_pip_no_embedded_database_and_nothing_else_of_the_checkout(image):
    assert image.config["User"] == "nestmap"
    top = {path.name for path in (ROOT / image.root / "srv/nestmap").iterdir()}
    assert top - {"__pycache__"} == {".venv", "handlers", "healthy.py", "nestmap", "run.py", "sql"}
    done = subprocess.run(
        image.command("python", "-c", "import pip"), capture_output=True, text=True, check=False
    )
    assert "No module named 'pip'" in done.stderr


def test_the_commands_of_an_operator_run_in_it(image):
    done = subprocess.run(
        image.command("python", "-m", "nestmap", "--version"),
        capture_output=True,
        text=True,
        check=True,
    )
    assert re.fullmatch(r"NestMap \S+\n", done.stdout)

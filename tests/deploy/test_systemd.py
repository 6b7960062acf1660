"""deploy/systemd/nestmap.service, as systemd reads it."""

import os
import shutil
import subprocess
import sys

import pytest

from tests.support.instance import ROOT
from tests.support.ports import free_port

pytestmark = pytest.mark.long

UNIT = ROOT / "deploy/systemd/nestmap.service"


def analyze(*arguments: str) -> subprocess.CompletedProcess[str]:
    program = shutil.which("systemd-analyze")
    assert program, "systemd-analyze is missing: make tools"
    return subprocess.run([program, *arguments], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("name", ["nestmap.service", "nestmap@8889.service"])
def test_systemd_understands_every_line(tmp_path, name):
    """Only the program and its folder are changed, to those of this checkout."""
    text = UNIT.read_text()
    assert "/srv/nestmap/.venv/bin/python" in text
    text = text.replace("/srv/nestmap/.venv/bin/python", sys.executable)
    (tmp_path / name.replace("8889", "")).write_text(text.replace("/srv/nestmap", str(ROOT)))
    (tmp_path / name).write_text((tmp_path / name.replace("8889", "")).read_text())
    said = analyze("verify", "--man=no", str(tmp_path / name))
    about_ours = [line for line in said.stderr.splitlines() if "nestmap" in line]
    assert said.returncode == 0, said.stderr
    assert about_ours == []


def test_systemd_rates_the_exposure_of_the_sandbox_as_low():
    said = analyze("security", "--offline=true", "--threshold=15", "--no-pager", str(UNIT))
    assert said.returncode == 0, said.stdout


def test_the_start_waits_until_the_instance_is_ready(site):
    waiter = [sys.executable, str(ROOT / "deploy/systemd/wait_until_ready.py")]
    environment = dict(os.environ)
    ready = subprocess.run([*waiter, "20"], env=environment | {"PORT": str(site.port)}, check=False)
    assert ready.returncode == 0
    other = environment | {"PORT": str(free_port())}
    late = subprocess.run([*waiter, "0"], env=other, capture_output=True, text=True, check=False)
    assert late.returncode == 1
    assert "is not ready" in late.stderr


@pytest.mark.parametrize("host", ["127.0.0.2", "::"])
def test_the_start_waits_for_an_instance_that_listens_elsewhere(database, start_instance, host):
    instance = start_instance.begin(database.url, HOST=host)
    done = subprocess.run(
        [sys.executable, str(ROOT / "deploy/systemd/wait_until_ready.py"), "20"],
        env=dict(os.environ) | {"HOST": host, "PORT": str(instance.port)},
        check=False,
    )
    assert done.returncode == 0

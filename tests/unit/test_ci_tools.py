"""`.ci/tools`, which installs the programs that the tests drive."""

import shutil
import subprocess

import pytest

from tests.support.instance import ROOT


@pytest.mark.parametrize(("option", "status"), [([], 1), (["--unasked"], 0)])
def test_without_a_network_only_an_unasked_installation_does_not_fail(tmp_path, option, status):
    for name, text in (("apt-get", "exit 100"), ("id", "echo 0")):
        (tmp_path / name).write_text(f"#!/bin/sh\n{text}\n")
        (tmp_path / name).chmod(0o755)
    done = subprocess.run(
        [shutil.which("bash"), ROOT / ".ci/tools", *option],
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == status, done.stderr
    assert "chromium" in done.stderr

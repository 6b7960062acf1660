"""The package as pip installs it, in an environment with its dependencies only."""

import subprocess
import sys
import venv
import zipfile
from pathlib import Path

from tests.support.instance import ROOT


class Installed:
    """The wheel of the checkout, and a Python with the wheel and its dependencies."""

    def __init__(self, directory: Path) -> None:
        # pip builds in the folder of the source, so it gets a copy of the files that git tracks.
        source = directory / "source"
        subprocess.run(
            ["git", "-C", str(ROOT), "checkout-index", "-a", f"--prefix={source}/"],
            check=True,
        )
        pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "wheel", "--no-deps", "-w", directory, source], check=True)
        (self.wheel,) = directory.glob("nestmap-*.whl")
        home = directory / "environment"
        venv.create(home, with_pip=False)
        self.python = home / "bin" / "python"
        subprocess.run([*pip, "--python", self.python, "install", self.wheel], check=True)

    def names(self) -> list[str]:
        """Return the name of every file in the wheel."""
        with zipfile.ZipFile(self.wheel) as wheel:
            return wheel.namelist()

    def metadata(self) -> str:
        with zipfile.ZipFile(self.wheel) as wheel:
            (name,) = (name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
            return wheel.read(name).decode()

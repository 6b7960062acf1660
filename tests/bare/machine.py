"""A bare Debian in a folder: installed into, booted with systemd, and spoken to by commands."""

import os
import shutil
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path

import psutil

from tests.support.waiting import wait_until

RELEASE = "bookworm"
INCLUDED = "ca-certificates,systemd,systemd-sysv,dbus"
ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "LANG": "C.UTF-8"}

# A proxy between this machine and the package index may have a certificate authority of its own,
# and pip a configuration.
OF_THE_HOST = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pip.conf")


def tool(name: str) -> str:
    program = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
    assert program, f"{name} is missing: make tools"
    assert os.geteuid() == 0, "a machine can only be made by root"
    return program


def debian(folder: Path) -> None:
    """Make a bare Debian in this folder."""
    command = [
        tool("debootstrap"),
        "--variant=minbase",
        f"--include={INCLUDED}",
        RELEASE,
        str(folder),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr


def copied(system: Path, folder: Path) -> Path:
    """Copy a system with its devices and owners, and return the copy."""
    folder.mkdir(parents=True)
    subprocess.run(["cp", "--archive", f"{system}/.", str(folder)], check=True)
    return folder


def shared_files() -> list[str]:
    """The files that a build in a bare system borrows from this one."""
    return [path for path in OF_THE_HOST if Path(path).exists()]


class Machine:
    """A bare Debian that is installed into, booted, and asked to run commands as root."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._nspawn = [tool("systemd-nspawn"), "--quiet", f"--directory={root}", "--register=no"]
        self._nspawn += ["--keep-unit", "--link-journal=no"]
        self._booted: subprocess.Popen[bytes] | None = None

    def install(self, script: str, binds: Sequence[str] = ()) -> None:
        """Run a shell script before the first boot, with the network of this machine."""
        borrowed = [f"--bind-ro={path}" for path in (*shared_files(), *binds)]
        environment = ["--setenv=DEBIAN_FRONTEND=noninteractive"]
        options = ["--as-pid2", "--resolv-conf=copy-host", *borrowed, *environment]
        _run([*self._nspawn, *options, "bash", "-exc", script])

    def boot(self) -> None:
        """Start it with a network of its own, in which nothing else listens."""
        with (self.root.parent / "console").open("wb") as console:
            self._booted = subprocess.Popen(
                [*self._nspawn, "--boot", "--private-network"],
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
            )
        # "degraded": some service of Debian's could not start in a container.
        states = ("running", "degraded")
        wait_until(lambda: self._state() in states, "the machine to be up", seconds=90)

    def run(self, script: str, stdin: str = "") -> str:
        """Run a shell script in the booted machine and return its output."""
        inside = ["nsenter", f"--target={self._init()}", "-m", "-u", "-i", "-n", "-p", "--"]
        return _run([*inside, "bash", "-ec", script], env=ENVIRONMENT, stdin=stdin)

    def stop(self) -> None:
        """Shut it down."""
        if self._booted is None:
            return
        os.kill(self._init(), signal.SIGRTMIN + 4)  # systemd's word for a power-off
        try:
            self._booted.wait(60)
        finally:
            self._booted.kill()
            self._booted.wait()

    def _init(self) -> int:
        assert self._booted
        (init,) = psutil.Process(self._booted.pid).children()
        return init.pid

    def _state(self) -> str:
        assert self._booted
        assert self._booted.poll() is None, (self.root.parent / "console").read_text()
        try:
            return self.run("systemctl is-system-running || true").strip()
        except (AssertionError, ValueError):  # not even that far
            return ""


def _run(command: list[str], stdin: str = "", env: dict[str, str] | None = None) -> str:
    done = subprocess.run(
        command, input=stdin, env=env, capture_output=True, text=True, check=False, timeout=900
    )
    assert done.returncode == 0, f"{command}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return done.stdout

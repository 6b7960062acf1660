"""The site as a process, started as an operator starts it."""

import http.client
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.support.ports import free_port
from tests.support.waiting import wait_until

ROOT = Path(__file__).resolve().parents[2]
SECRET = "a-secret-of-the-tests-that-is-long-enough"
OURS = ("NESTMAP_", "SESSION_", "NODE_ENV", "HOST", "PORT", "PROCESSES", "DATABASE_URL", "DATA_DIR")
OURS += (
    "TRUST_PROXY",
    "PROXY_",
    "ALLOWED_HOSTS",
    "HSTS_",
    "DATABASE_",
    "SIGN_IN_",
    "LOG_",
    "PG",
)
OURS += (
    "SESSIONS_PER_USER",
    "NEW_SESSIONS_",
    "REGISTRATIONS_",
    "EVENTS_",
    "METRICS_",
    "PROMETHEUS_",
)

# An empty variable counts as missing, but overrides the .env that a developer may have.
UNSET = dict.fromkeys(re.findall(r"(?m)^#([A-Z_]+)=", (ROOT / ".env.example").read_text()), "")


def environment(settings: Mapping[str, object]) -> dict[str, str]:
    """Return the environment of this process with the settings of the site replaced by these."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    # EVENT_LOOP=asyncio make test: the tests pass on both loops.
    loop = {"EVENT_LOOP": os.environ.get("EVENT_LOOP", "")}
    given = {name: str(value) for name, value in settings.items() if value is not None}
    return inherited | UNSET | loop | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"} | given


class Instance:
    """A running `python run.py`; its output is stored, and it ends with the test at the latest."""

    def __init__(
        self,
        directory: Path,
        *,
        before: Sequence[str] = (),
        arguments: Sequence[str] = (),
        program: Path = ROOT / "run.py",
        **settings: object,
    ) -> None:
        given = str(settings.get("PORT", ""))
        self.port = int(given) if given.isdecimal() else free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.directory = directory
        self._log = Path(tempfile.mkstemp(prefix="output-", dir=directory)[1])
        defaults = {"PORT": self.port, "SESSION_SECRET": SECRET, "DATA_DIR": directory / "data"}
        with self._log.open("wb") as output:
            self.process = subprocess.Popen(
                [*before, sys.executable, str(program), *arguments],
                cwd=directory,
                env=environment(defaults | settings),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def output(self) -> str:
        return self._log.read_text(errors="replace")

    def wait_until_ready(self, seconds: float = 20) -> None:
        try:
            wait_until(self._ready_or_dead, f"{self.url}/readyz", seconds=seconds)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.output}") from None
        assert self.process.poll() is None, f"the site ended at its start:\n{self.output}"

    def readiness(self) -> int | None:
        """Return the status of /readyz, or None if nothing listens."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status
        except OSError:
            return None
        finally:
            connection.close()

    def wait(self, seconds: float = 30) -> int:
        """Wait for the process to exit and return its exit code."""
        return self.process.wait(seconds)

    def signal(self, number: signal.Signals = signal.SIGTERM) -> None:
        self.process.send_signal(number)

    def stop(self, seconds: float = 30) -> int:
        if self.process.poll() is None:
            self.signal()
        return self.wait(seconds)

    def kill(self) -> None:
        """Kill the process and its children with SIGKILL."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def _ready_or_dead(self) -> bool:
        return self.process.poll() is not None or self.readiness() == 200


@contextmanager
def instances(directory: Path) -> Iterator["Starter"]:
    """Give a starter, and stop its instances when the block ends."""
    starter = Starter(directory)
    try:
        yield starter
    finally:
        starter.stop_all()


class Starter:
    """`start(database_url, **settings)` returns an instance that is ready."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._started: list[Instance] = []

    def __call__(self, database_url: str | None, **settings: object) -> Instance:
        instance = self.begin(database_url, **settings)
        instance.wait_until_ready()
        return instance

    def begin(self, database_url: str | None, **settings: object) -> Instance:
        """Start an instance without waiting until it is ready."""
        instance = Instance(self.directory, **({"DATABASE_URL": database_url} | settings))
        self._started.append(instance)
        return instance

    def stop_all(self) -> None:
        for instance in self._started:
            if instance.process.poll() is None:
                instance.signal()
        for instance in self._started:
            try:
                instance.wait(15)
            finally:
                instance.kill()

"""Example sites, run from an environment that holds only the wheel and its dependencies."""

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.database import Database
from tests.support.instance import ROOT, SECRET
from tests.support.ports import free_port
from tests.support.visitor import Visitor
from tests.support.waiting import wait_until
from tests.support.wheel import Installed


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    return Installed(tmp_path_factory.mktemp("wheel"))


class Example:
    """One of the programs in examples/, running."""

    def __init__(self, python: Path, name: str, database_url: str, directory: Path) -> None:
        self._command = [python, ROOT / "examples" / f"{name}.py"]
        self._environment = {"PATH": os.environ["PATH"], "SECRET": SECRET}
        self._environment |= {"DATABASE_URL": database_url, "PORT": str(free_port())}
        self._log = directory / f"{name}.log"
        self.url = f"http://127.0.0.1:{self._environment['PORT']}"
        self.start()

    @property
    def output(self) -> str:
        return self._log.read_text(errors="replace")

    def start(self) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                env=self._environment,
                cwd=self._log.parent,
                stdout=log,
                stderr=log,
            )
        wait_until(self._answers, f"{self._command}\n{self.output}", seconds=20)

    def stop(self) -> None:
        self._process.send_signal(signal.SIGINT)
        self._process.wait(20)

    def visitor(self) -> Visitor:
        return Visitor(self.url)

    def _answers(self) -> bool:
        assert self._process.poll() is None, self.output
        try:
            return self.visitor().get("/").status == 200
        except OSError:
            return False


@pytest.fixture
def start(installed: Installed, tmp_path: Path) -> Iterator[Callable[[str, str], Example]]:
    """Return `start("counter", database.url)`, which gives the running example."""
    started: list[Example] = []

    def start(name: str, database_url: str) -> Example:
        started.append(Example(installed.python, name, database_url, tmp_path))
        return started[-1]

    yield start
    for example in started:
        example.stop()


@pytest.fixture
def people(empty_database: Database) -> Database:
    """Make a database with the users of the second example."""
    empty_database.execute(
        "create table people (id uuid primary key, name text, active boolean not null default true)"
    )
    empty_database.execute("insert into people values (%s, 'Ada')", ADA)
    return empty_database


ADA = "6f1b4a52-4a55-4a0c-9b0e-3f1f0f9d2a11"

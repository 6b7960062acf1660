"""A Prometheus that scrapes an instance, with the files of deploy/prometheus and shorter times."""

import json
import re
import shutil
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tests.support.instance import ROOT
from tests.support.ports import free_port
from tests.support.waiting import wait_until

DEPLOY = ROOT / "deploy/prometheus"
CONFIGURATION, ALERTS = DEPLOY / "prometheus.yml", DEPLOY / "alerts.yml"


def program(name: str) -> str:
    """Return the path of `prometheus` or `promtool`."""
    found = shutil.which(name)
    assert found, f"{name} is missing: make tools"
    return found


def promtool(*arguments: object) -> str:
    """Return the output of promtool; its error fails the test."""
    command = [program("promtool"), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


class Prometheus:
    """A running Prometheus."""

    def __init__(self, port: int) -> None:
        self.port = port

    def ask(self, path: str) -> Any:
        """Return the response of the API, or None without one."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/api/v1/{path}") as answer:
                return json.load(answer)["data"]
        except OSError:
            return None

    def query(self, expression: str) -> list[Any]:
        """Return the current series of an expression."""
        found = self.ask(f"query?query={quote(expression)}")
        assert found is not None, f"Prometheus does not understand {expression}"
        return found["result"]

    def firing(self) -> set[str]:
        """Return the names of firing alerts."""
        found = self.ask("alerts") or {"alerts": []}
        return {
            alert["labels"]["alertname"] for alert in found["alerts"] if alert["state"] == "firing"
        }

    def wait_for_alert(self, name: str) -> None:
        wait_until(lambda: name in self.firing(), f"the alert {name}", seconds=60)


@contextmanager
def prometheus_of(targets: list[int], folder: Path) -> Iterator[Prometheus]:
    """Run a Prometheus that scrapes these ports."""
    (folder / "alerts.yml").write_text(faster(ALERTS.read_text()))
    addresses = json.dumps([f"127.0.0.1:{port}" for port in targets])
    configuration = CONFIGURATION.read_text()
    assert '["127.0.0.1:18888", "127.0.0.1:18889"]' in configuration
    configuration = configuration.replace('["127.0.0.1:18888", "127.0.0.1:18889"]', addresses)
    (folder / "prometheus.yml").write_text(configuration.replace("15s", "500ms"))
    promtool("check", "config", folder / "prometheus.yml")
    prometheus = Prometheus(free_port())
    command = [
        *(program("prometheus"), "--config.file", str(folder / "prometheus.yml")),
        *("--storage.tsdb.path", str(folder / "data"), "--log.level", "error"),
        *("--web.listen-address", f"127.0.0.1:{prometheus.port}"),
    ]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: prometheus.ask("status/runtimeinfo"), "Prometheus", seconds=30)
        yield prometheus
    finally:
        process.terminate()
        process.wait(20)


def faster(alerts: str) -> str:
    """Return the alerts with short times: windows of ten seconds, waits of one second."""
    alerts = re.sub(r"\[\d+m\]", "[10s]", alerts)
    return re.sub(r"(?m)^( +for): \w+$", r"\1: 1s", alerts)

"""The metrics of an instance, as Prometheus reads them."""

import http.client
from collections.abc import Mapping
from dataclasses import dataclass

from prometheus_client.parser import text_string_to_metric_families

from tests.support.waiting import wait_until

Key = tuple[str, frozenset[tuple[str, str]]]


@dataclass(frozen=True)
class Scrape:
    """One scrape: its text, and the samples by name and labels."""

    text: str
    samples: Mapping[Key, float]

    def value(self, name: str, **labels: str) -> float:
        """Return the sum of all samples with these labels."""
        wanted = frozenset(labels.items())
        return sum(
            value for (of, has), value in self.samples.items() if of == name and wanted <= has
        )

    def labels(self, label: str) -> set[str]:
        """Return all values of a label."""
        return {value for _, has in self.samples for name, value in has if name == label}


class Metrics:
    """The listener at METRICS_PORT of an instance."""

    def __init__(self, port: int) -> None:
        self.port = port

    def ask(self, method: str, path: str) -> tuple[int, str, str]:
        """Return status, type and text of a response."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request(method, path)
            response = connection.getresponse()
            return response.status, response.headers["Content-Type"], response.read().decode()
        finally:
            connection.close()

    def scrape(self) -> Scrape:
        status, _, text = self.ask("GET", "/metrics")
        assert status == 200, text
        return parsed(text)

    def wait_for(self, name: str, value: float, **labels: str) -> None:
        """Wait until a sum is `value`; other workers write theirs once a second."""
        wait_until(
            lambda: self.scrape().value(name, **labels) >= value, f"{name}{labels} >= {value}"
        )
        assert self.scrape().value(name, **labels) == value


def parsed(text: str) -> Scrape:
    samples = {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    return Scrape(text, samples)

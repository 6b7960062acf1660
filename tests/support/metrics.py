"""The metrics of an instance, as Prometheus reads them."""

import http.client
from collections.abc import Mapping
from dataclasses import dataclass

from prometheus_client.parser import text_string_to_metric_families

from tests.support.waiting import wait_until

Key = tuple[str, frozenset[tuple[str, str]]]


@dataclass(frozen=True)
class Scrape:
    """One answer: its text, and each sample by name and labels."""

    text: str
    samples: Mapping[Key, float]

    def value(self, name: str, **labels: str) -> float:
        """The sum of the samples with these labels, whatever others they have."""
        wanted = frozenset(labels.items())
        return sum(
            value for (of, has), value in self.samples.items() if of == name and wanted <= has
        )

    def labels(self, label: str) -> set[str]:
        """Each value that a label has."""
        return {value for _, has in self.samples for name, value in has if name == label}


class Metrics:
    """What listens on METRICS_PORT of an instance."""

    def __init__(self, port: int) -> None:
        self.port = port

    def ask(self, method: str, path: str) -> tuple[int, str, str]:
        """Status, type and text of one answer."""
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
        """Wait until a sum has come to `value`: other workers write theirs once a second."""
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

"""The alerts, the dashboard and the documents use existing metrics."""

import json
import re

import pytest
import yaml

from tests.support.instance import ROOT, Instance
from tests.support.metrics import Metrics, Scrape
from tests.support.ports import free_port
from tests.support.prometheus import ALERTS, CONFIGURATION, DEPLOY, promtool
from tests.support.visitor import Visitor
from tests.support.waiting import wait_until

pytestmark = pytest.mark.long

OPERATIONS = (ROOT / "docs/operations.md").read_text()
DASHBOARD = json.loads((ROOT / "deploy/grafana/nestmap.json").read_text())
RULES = yaml.safe_load(ALERTS.read_text())["groups"][0]["rules"]
NAME = re.compile(r"\b(?:nestmap|process)_\w+")


@pytest.fixture(scope="module")
def scrape(shared_database, start_shared_instance) -> Scrape:
    """Return the metrics of an instance after some requests."""
    port = free_port()
    site: Instance = start_shared_instance(shared_database.url, METRICS_PORT=port)
    Visitor(site.url).put_place("lisbon")
    metrics = Metrics(port)
    sampled = "nestmap_sessions_table_bytes"
    wait_until(lambda: metrics.scrape().value(sampled), "a sample", seconds=30)
    return metrics.scrape()


def expressions() -> list[str]:
    """Return the expressions of the dashboard."""
    panels = [
        target["expr"] for panel in DASHBOARD["panels"] for target in panel.get("targets", [])
    ]
    variables = [one["query"]["query"] for one in DASHBOARD["templating"]["list"][1:]]
    return panels + variables


def test_promtool_accepts_the_rules_and_the_configuration():
    promtool("check", "rules", ALERTS)
    promtool("check", "config", CONFIGURATION)


def test_each_alert_is_raised_when_it_should_be_and_else_not():
    promtool("test", "rules", DEPLOY / "alerts_test.yml")
    tests = yaml.safe_load((DEPLOY / "alerts_test.yml").read_text())["tests"]
    cases = [case for test in tests for case in test["alert_rule_test"]]
    names = {rule["alert"] for rule in RULES}
    assert {case["alertname"] for case in cases if case["exp_alerts"]} == names
    assert {case["alertname"] for case in cases if not case["exp_alerts"]} == names


def test_each_alert_says_what_it_asks_for():
    """Find its heading in the section "Alerts", which has no other headings."""
    section = OPERATIONS.split("\n## Alerts\n")[1].split("\n## ")[0]
    headings = re.findall(r"(?m)^### (\w+)$", section)
    assert headings == [rule["alert"] for rule in RULES]
    for rule in RULES:
        runbook = rule["annotations"]["runbook"]
        assert runbook == f"docs/operations.md#{rule['alert'].lower()}"
        assert rule["annotations"]["summary"]
        assert rule["labels"]["severity"] in ("page", "ticket")


def test_alerts_and_dashboard_use_existing_metrics(scrape):
    known = {name for name, _ in scrape.samples}
    assert {name for rule in RULES for name in NAME.findall(rule["expr"])} <= known
    assert {name for text in expressions() for name in NAME.findall(text)} <= known


def test_the_documents_list_exactly_the_metrics(scrape):
    table = OPERATIONS.split("\n## Metrics\n")[1].split("\n## ")[0]
    documented = set(re.findall(r"`(nestmap_\w+)`", table))
    kinds = dict(re.findall(r"(?m)^# TYPE (nestmap_\w+) (\w+)$", scrape.text))
    assert documented == set(kinds)
    rows = [line for line in table.splitlines() if line.startswith("| `nestmap_")]
    histograms = {name for row in rows if "histogram:" in row for name in NAME.findall(row)}
    assert histograms == {name for name, kind in kinds.items() if kind == "histogram"}

"""deploy/container/compose.yaml: its schema, and that its parts fit each other and the samples."""

import re
import subprocess
import sys

import yaml

from tests.support.instance import ROOT

FOLDER = ROOT / "deploy/container"
COMPOSE = yaml.safe_load((FOLDER / "compose.yaml").read_text())
SERVICES = COMPOSE["services"]


def test_it_is_a_compose_file():
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"]
    done = subprocess.run(
        [*command, str(FOLDER / "compose.yaml")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


def test_the_instances_listen_where_the_sample_of_nginx_looks_for_them():
    upstream = re.findall(
        r"server (\S+) max_fails", (ROOT / "deploy/nginx/nestmap.conf").read_text()
    )
    sites = [one for one in SERVICES.values() if one["image"] == "nestmap"]
    settings = [site["environment"] for site in sites]
    assert [f"{each['HOST']}:{each['PORT']}" for each in settings] == upstream
    assert {site["network_mode"] for site in sites} == {"service:nginx"}


def test_each_setting_is_one_of_the_program_and_each_secret_is_a_file_that_the_document_makes():
    known = re.findall(r"(?m)^#([A-Z_]+)=", (ROOT / ".env.example").read_text())
    document = (ROOT / "docs/operations.md").read_text()
    for site in (SERVICES["one"], SERVICES["two"]):
        assert {name.removesuffix("_FILE") for name in site["environment"]} <= {*known}
        assert set(site["secrets"]) <= set(COMPOSE["secrets"])
    for secret in COMPOSE["secrets"].values():
        assert f"> {secret['file']}" in document

"""Generated valid and invalid requests from docs/openapi.yaml: each response matches the document."""

import itertools

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.api import document
from tests.api.walk import registered

pytestmark = pytest.mark.long

EXAMPLES = settings(
    max_examples=10,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
NETWORKS = itertools.count(1)
GOOD, BAD = schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE
# Operations without parameters and body have no invalid requests.
CHOICES = [
    name
    for name in document.operations()
    if {"parameters", "requestBody"} & {*document.described(name)}
]
CASES = [(name, GOOD) for name in document.operations()] + [(name, BAD) for name in CHOICES]


@pytest.fixture
def somebody(site, shared_database):
    """Make an administrator for one test, which may end their session or cause their throttling."""
    somebody = registered(site.url, headers={"X-Forwarded-For": f"2001:db8:{next(NETWORKS):x}::1"})
    shared_database.execute(
        "update nestmap.users set role = 'admin' where email = %s", somebody.email
    )
    return somebody


@pytest.mark.parametrize(("name", "mode"), CASES, ids=str)
def test_each_response_matches_the_document(site, somebody, name, mode):
    """The cookie is the same in each request, also after its session has ended."""
    method, path = name.split()
    operation = document.SCHEMA[path][method]
    headers = {"Cookie": somebody.jar.header(https=False)}

    @EXAMPLES
    @given(case=operation.as_strategy(generation_mode=mode))
    def ask(case):
        case.cookies.clear()
        case.call_and_validate(base_url=site.url, headers=headers, checks=CHECKS)

    ask()

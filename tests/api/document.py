"""Reads docs/openapi.yaml: the operations of the API by name, such as "PUT /api/places/{id}"."""

from collections.abc import Iterator

import requests
import schemathesis
import yaml

from tests.support.instance import ROOT
from tests.support.visitor import Answer

PATH = ROOT / "docs/openapi.yaml"
DOCUMENT = yaml.safe_load(PATH.read_text())
SCHEMA = schemathesis.openapi.from_dict(DOCUMENT)
METHODS = ("get", "put", "post", "delete", "patch")

# The outcome of a request in the document: the status, and the code of an error.
Outcome = tuple[int, str]


def operations() -> list[str]:
    """Return the name of each operation."""
    return [
        f"{method.upper()} {path}"
        for path, methods in DOCUMENT["paths"].items()
        for method in METHODS
        if method in methods
    ]


def described(name: str) -> dict:
    method, path = name.split()
    return DOCUMENT["paths"][path][method.lower()]


def listed(name: str) -> set[Outcome]:
    """Return the outcomes that the document lists for an operation."""
    return {
        (int(status), code)
        for status, response in described(name)["responses"].items()
        for code in _codes(response)
    }


def of(name: str, answer: Answer) -> Outcome:
    """Return the outcome of a response, and check that it matches the document."""
    method, path = name.split()
    SCHEMA[path][method].validate_response(_response(answer))
    outcome = (answer.status, answer.error if answer.status >= 400 else "")
    assert outcome in listed(name), f"{name} answered {outcome}, which the document does not list"
    return outcome


def _codes(response: dict) -> Iterator[str]:
    name = response.get("$ref", "").rpartition("/")[2]
    if not name:
        yield ""
        return
    response = DOCUMENT["components"]["responses"][name]
    schema = response["content"]["application/json"]["schema"]
    code = schema["allOf"][1]["properties"]["error"]["properties"]["code"]
    yield from code.get("enum", [code.get("const")])


def _response(answer: Answer) -> schemathesis.Response:
    return schemathesis.Response(
        status_code=answer.status,
        headers={name.lower(): answer.headers.get_all(name, []) for name in answer.headers},
        content=answer.body,
        request=requests.Request("GET", "http://localhost/").prepare(),
        elapsed=0.0,
        verify=False,
    )

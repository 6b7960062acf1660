"""Docstrings keep the rules of CONTRIBUTING.md."""

import ast
import subprocess

from tests.support.instance import ROOT

# The first words of a docstring that says what a function does, which a property does not do.
VERBS = {"Count", "Find", "Get", "Give", "How", "Make", "Return", "Whether"}


def properties():
    """Return the properties of all classes: the place of each, and its docstring."""
    listed = subprocess.run(
        ["git", "-C", ROOT, "ls-files", "*.py"], capture_output=True, text=True, check=True
    )
    for name in listed.stdout.split():
        for node in ast.walk(ast.parse((ROOT / name).read_text())):
            if isinstance(node, ast.FunctionDef) and is_property(node):
                yield f"{name}:{node.lineno} {node.name}", ast.get_docstring(node)


def is_property(node):
    return any(ast.unparse(one) in {"property", "cached_property"} for one in node.decorator_list)


def test_the_docstring_of_a_property_says_what_it_is():
    found = list(properties())
    assert len(found) > 50
    assert [place for place, text in found if text and text.split()[0] in VERBS] == []

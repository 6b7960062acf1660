"""The commands of a section of a document, as someone copies them."""

import re

from tests.support.instance import ROOT


def blocks(file: str, heading: str) -> list[str]:
    """The shell commands below this heading, up to the next one of its kind; a text for each block."""
    _, found, rest = (ROOT / file).read_text().partition(f"\n## {heading}\n")
    assert found, f"{file} has no section {heading!r}"
    section = rest.partition("\n## ")[0]
    return re.findall(r"(?ms)^```sh\n(.*?)^```$", section)

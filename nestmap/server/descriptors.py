"""How many descriptors this process may have, and how many of them connections may use."""

import resource

# For the connections to the database, files, logs: at most this many are kept free.
RESERVE = 64
LEAST_RESERVE = 32

# What is taken for no limit at all.
MANY = 1_000_000


def raise_limit() -> None:
    """Raise the soft limit of descriptors to the hard one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def connections_within_limit() -> int:
    """Return how many connections may be open, so that a reserve is left."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    limit = soft if 0 < soft < MANY else MANY
    return max(1, limit - max(LEAST_RESERVE, min(RESERVE, limit // 8)))

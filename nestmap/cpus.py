"""The CPUs of this process."""

import os


def usable_cpus() -> int:
    """Return how many CPUs this process may use: a container or taskset may give it only some."""
    count = getattr(os, "process_cpu_count", None)  # from Python 3.13 on
    if count is not None:
        return count() or 1
    if hasattr(os, "sched_getaffinity"):  # not on macOS
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1

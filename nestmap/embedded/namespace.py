"""Run a program as root with another user id: `python namespace.py NUMBER PROGRAM ...`.

PostgreSQL refuses to run as user 0. In a user namespace root has an id that we choose: the program
still owns root's files and can enter folders that only root may enter, but has no privileges of
root. Linux only. It is a script because a process with threads can't enter a namespace.
"""

import ctypes
import os
import sys
from pathlib import Path

CLONE_NEWUSER = 0x10000000  # from <linux/sched.h>


def enter(number: int) -> None:
    """Enter a new user namespace in which root has the id ``number``; OSError if the kernel refuses."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWUSER):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    # The kernel allows mapping groups only after setgroups is disabled.
    Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
    Path("/proc/self/gid_map").write_text(f"{number} 0 1", encoding="ascii")
    Path("/proc/self/uid_map").write_text(f"{number} 0 1", encoding="ascii")


if __name__ == "__main__":
    enter(int(sys.argv[1]))
    os.execv(sys.argv[2], sys.argv[2:])  # noqa: S606 (no shell is the point)

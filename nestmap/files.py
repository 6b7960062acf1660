"""Files that the program makes in DATA_DIR."""

import os
from pathlib import Path


def open_owned(path: Path, flags: int = 0) -> int:
    """Open a file, made with mode 600 if it is missing, and return its descriptor.

    As root, change its owner to that of the folder, who may start the site next.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | flags, 0o600)
    if os.geteuid() == 0:
        owner = path.parent.stat()
        os.fchown(descriptor, owner.st_uid, owner.st_gid)
    return descriptor

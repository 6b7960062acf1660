"""Files that the program makes in DATA_DIR."""

import os
from pathlib import Path


def open_owned(path: Path, flags: int = 0) -> int:
    """Open a file and return its descriptor; made with mode 600 when it is not there.

    Root gives it to the owner of its folder, who may be the next to start the site.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | flags, 0o600)
    if os.geteuid() == 0:
        owner = path.parent.stat()
        os.fchown(descriptor, owner.st_uid, owner.st_gid)
    return descriptor

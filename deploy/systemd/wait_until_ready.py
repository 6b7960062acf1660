"""Wait until the instance on HOST and PORT says that it is ready; status 1 after SECONDS.

python deploy/systemd/wait_until_ready.py SECONDS
"""

import os
import sys
import time
import urllib.error
import urllib.request


def address() -> str:
    """Return the address that HOST and PORT name. Of all addresses of this machine, it is 127.0.0.1."""
    host = os.environ.get("HOST", "").strip()
    if host in ("", "0.0.0.0", "::"):  # noqa: S104 (nothing listens here)
        host = "127.0.0.1"
    port = os.environ.get("PORT", "").strip() or "8888"
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def ready(where: str) -> bool:
    """Return True if /readyz answers 200 at this address."""
    try:
        with urllib.request.urlopen(f"http://{where}/readyz", timeout=5):
            return True
    except (OSError, urllib.error.URLError):
        return False


def main() -> int:
    """Ask every tenth of a second."""
    where = address()
    deadline = time.monotonic() + float(sys.argv[1])
    while not ready(where):
        if time.monotonic() > deadline:
            sys.stderr.write(f"{where} is not ready after {sys.argv[1]} s\n")
            return 1
        time.sleep(0.1)
    return 0


if __name__ == "__main__":
    sys.exit(main())

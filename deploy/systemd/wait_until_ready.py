"""Wait until the instance on PORT says that it is ready; status 1 after SECONDS.

python deploy/systemd/wait_until_ready.py SECONDS
"""

import os
import sys
import time
import urllib.error
import urllib.request


def ready(port: str) -> bool:
    """Return True if /readyz answers 200 on this port of this machine."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5):
            return True
    except (OSError, urllib.error.URLError):
        return False


def main() -> int:
    """Ask every tenth of a second."""
    port = os.environ.get("PORT") or "8888"
    deadline = time.monotonic() + float(sys.argv[1])
    while not ready(port):
        if time.monotonic() > deadline:
            sys.stderr.write(f"port {port} is not ready after {sys.argv[1]} s\n")
            return 1
        time.sleep(0.1)
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""End with status 0 if the instance on PORT of this container answers /livez."""

import os
import sys
import urllib.request


def main() -> int:
    """Ask once."""
    try:
        url = f"http://127.0.0.1:{os.environ['PORT']}/livez"
        with urllib.request.urlopen(url, timeout=4):
            return 0
    except OSError as error:
        sys.stderr.write(f"{error}\n")
        return 1


if __name__ == "__main__":
    sys.exit(main())

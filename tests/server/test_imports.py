"""Other applications can import the server without the requirements of this site."""

import subprocess
import sys

SITE_ONLY = {"aiopg", "argon2", "psycopg2", "zxcvbn"}


def test_the_server_imports_nothing_of_the_site():
    code = "import nestmap.server, sys; print(*sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    imported = set(ran.stdout.split())
    assert "nestmap.server.http_server" in imported
    assert imported & SITE_ONLY == set()
    ours = {name for name in imported if name.startswith("nestmap.")}
    assert {name for name in ours if not name.startswith("nestmap.server")} == set()

"""A PostgreSQL that asks for a password, and a PgBouncer that asks for one over TLS."""

import subprocess
from pathlib import Path

from tests.support.cluster import Cluster
from tests.support.database import Database

PASSWORD = "p@ss:w/rd%of=app"
QUOTED = "p%40ss%3Aw%2Frd%25of%3Dapp"
RULES = """
host all postgres 127.0.0.1/32 trust
host all app 127.0.0.1/32 scram-sha-256
"""
TLS = """
client_tls_sslmode = require
client_tls_key_file = {directory}/key
client_tls_cert_file = {directory}/certificate
auth_type = scram-sha-256
auth_file = {directory}/users
"""


class StrictCluster(Cluster):
    """Role `app` needs a password, `postgres` needs none, and other roles are refused."""

    def __init__(self) -> None:
        super().__init__()
        (self.data / "pg_hba.conf").write_text(RULES)
        superuser = self.database("postgres")
        superuser.execute("select pg_reload_conf()")
        superuser.execute("create role app login password %s", PASSWORD)
        superuser.close()

    def database_of_app(self) -> Database:
        return Database(f"postgresql://app:{QUOTED}@127.0.0.1:{self.port}/postgres")


def tls_and_password(directory: Path) -> str:
    """Make a certificate in `directory`; return the settings for PgBouncer with TLS and a password."""
    subprocess.run(
        [
            *("openssl", "req", "-new", "-x509", "-days", "2", "-nodes", "-subj", "/CN=localhost"),
            *("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"),
            *("-keyout", directory / "key", "-out", directory / "certificate"),
        ],
        check=True,
        capture_output=True,
        timeout=60,
    )
    (directory / "users").write_text(f'"app" "{PASSWORD}"\n')
    for file in directory.iterdir():
        file.chmod(0o644)
    return TLS.format(directory=directory)

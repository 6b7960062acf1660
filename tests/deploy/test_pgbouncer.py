"""deploy/pgbouncer/pgbouncer.ini between the site and a PostgreSQL that asks for a password."""

import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from tests.support.instance import ROOT
from tests.support.pgbouncer import PLACES
from tests.support.ports import free_port
from tests.support.strict_cluster import QUOTED, StrictCluster
from tests.support.visitor import Visitor
from tests.support.waiting import connectable, wait_until

pytestmark = pytest.mark.long

SAMPLE = ROOT / "deploy/pgbouncer/pgbouncer.ini"


@pytest.fixture(scope="module")
def strict():
    strict = StrictCluster()
    yield strict
    strict.remove()


@pytest.fixture(scope="module")
def pooler(strict):
    """Start PgBouncer with the sample and return its port.

    Only addresses, ports, paths and names are changed, and TLS to the database is off, because the
    embedded PostgreSQL does not support it.
    """
    folder = Path(tempfile.mkdtemp(prefix="nestmap-pgbouncer-"))
    port = free_port()
    changes = {
        "nestmap = host=db.example.org port=5432 dbname=nestmap": (
            f"nestmap = host=127.0.0.1 port={strict.port} dbname=nestmap"
        ),
        "listen_port = 6432": f"listen_port = {port}",
        "/etc/pgbouncer/userlist.txt": f"{folder}/userlist.txt",
        "/var/log/postgresql/": f"{folder}/",
        "/var/run/postgresql/": f"{folder}/",
        "server_tls_sslmode = verify-full": "server_tls_sslmode = disable",
    }
    text = SAMPLE.read_text()
    for old, new in changes.items():
        assert old in text, f"{SAMPLE} has no {old!r}"
        text = text.replace(old, new)
    (folder / "pgbouncer.ini").write_text(text)
    postgres = strict.database("postgres")
    postgres.execute("create database nestmap owner app")
    # As the sample says it: the superuser sees what PostgreSQL keeps of the password.
    (row,) = postgres.all("select rolname, rolpassword from pg_authid where rolname = 'app'")
    postgres.close()
    (folder / "userlist.txt").write_text(f'"{row.rolname}" "{row.rolpassword}"\n')
    if strict.system_user:
        for path in (folder, *folder.iterdir()):
            shutil.chown(path, strict.system_user)
    program = shutil.which("pgbouncer", path=PLACES)
    assert program, "PgBouncer is missing: make tools"
    with (folder / "output").open("wb") as output:
        process = subprocess.Popen(
            [program, str(folder / "pgbouncer.ini")],
            user=strict.system_user,
            stdout=output,
            stderr=output,
        )
    try:
        wait_until(lambda: connectable(port), (folder / "output").read_text())
        yield port
    finally:
        process.terminate()
        process.wait(20)
        shutil.rmtree(folder)


def test_the_site_migrates_and_serves_through_the_sample(pooler, strict, start_instance):
    site = start_instance(f"postgresql://app:{QUOTED}@127.0.0.1:{pooler}/nestmap")
    visitor = Visitor(site.url)
    assert visitor.register().status == 201
    assert visitor.put_place("oslo", "Oslo").status == 201
    assert visitor.place_ids() == ["oslo"]
    database = strict.database("nestmap")
    count = database.value("select count(*) from pg_stat_activity where usename = 'app'")
    database.close()
    assert 0 < count <= 20  # default_pool_size


def test_another_password_is_refused_by_the_pooler(pooler, start_instance):
    site = start_instance.begin(f"postgresql://app:wrong@127.0.0.1:{pooler}/nestmap")
    wait_until(lambda: "SASL authentication failed" in site.output, "the reason")

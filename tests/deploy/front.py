"""nginx with deploy/nginx/nestmap.conf; only addresses, ports and paths are changed."""

import os
import shutil
import ssl
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPSConnection
from pathlib import Path

from tests.support.instance import ROOT
from tests.support.ports import free_port
from tests.support.visitor import Answer
from tests.support.waiting import connectable, wait_until

SAMPLE = ROOT / "deploy/nginx/nestmap.conf"
AROUND = """
daemon off;
{user}
pid {folder}/pid;
error_log {folder}/error.log;
worker_processes 1;
events {{ worker_connections 512; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/nestmap.conf;
}}
"""


@dataclass(frozen=True)
class Front:
    """A running nginx: the ports of http and https, and its folder."""

    plain_port: int
    port: int
    folder: Path

    @property
    def url(self) -> str:
        return f"https://localhost:{self.port}"

    @property
    def errors(self) -> str:
        return (self.folder / "error.log").read_text()

    def connect(self) -> HTTPSConnection:
        """Return a connection of a client that trusts the certificate of the test."""
        context = ssl.create_default_context(cafile=str(self.folder / "cert.pem"))
        return HTTPSConnection("localhost", self.port, timeout=30, context=context)

    def ask(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Answer:
        """Send one request over https on a new connection."""
        return ask(self.connect(), method, path, body, headers)

    def ask_plainly(self, path: str) -> Answer:
        """Send one request over http."""
        return ask(HTTPConnection("localhost", self.plain_port, timeout=30), "GET", path, None, {})


def ask(
    connection: HTTPConnection, method: str, path: str, body: bytes | None, headers: dict[str, str]
) -> Answer:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        connection.request(method, path, body=body, headers=names)
        response = connection.getresponse()
        return Answer(response.status, response.msg, response.read())
    finally:
        connection.close()


def here(text: str, upstream: Sequence[int], front: Front) -> str:
    """Return the sample with the addresses and paths of this test; each of them must occur in it."""
    changes = {
        "127.0.0.1:8888": f"127.0.0.1:{upstream[0]}",
        "127.0.0.1:8889": f"127.0.0.1:{upstream[1]}",
        "listen 80;": f"listen 127.0.0.1:{front.plain_port};",
        "listen [::]:80;": "",
        "listen 443 ssl": f"listen 127.0.0.1:{front.port} ssl",
        "listen [::]:443 ssl http2;": "",
        "/etc/ssl/nestmap.example.org/fullchain.pem": f"{front.folder}/cert.pem",
        "/etc/ssl/nestmap.example.org/privkey.pem": f"{front.folder}/key.pem",
        "/var/lib/nginx/nestmap": f"{front.folder}/cache",
        "server_name nestmap.example.org;": "server_name localhost;",
    }
    for old, new in changes.items():
        assert old in text, f"{SAMPLE} has no {old!r}"
        text = text.replace(old, new)
    return text


@contextmanager
def front_of(upstream: Sequence[int], folder: Path) -> Iterator[Front]:
    """Run nginx in front of the instances on these ports."""
    front = Front(free_port(), free_port(), folder)
    make_certificate(folder)
    # Only the owner may enter the folders of the tests.
    user = "user root root;" if os.geteuid() == 0 else ""
    (folder / "nestmap.conf").write_text(here(SAMPLE.read_text(), upstream, front))
    (folder / "nginx.conf").write_text(AROUND.format(folder=folder, user=user))
    program = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")
    assert program, "nginx is missing: make tools"
    command = [program, "-p", str(folder), "-c", str(folder / "nginx.conf")]
    checked = subprocess.run([*command, "-t"], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr
    assert "[warn]" not in checked.stderr, checked.stderr
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: connectable(front.port), "nginx to listen")
        yield front
    finally:
        process.terminate()
        process.wait(20)


def make_certificate(folder: Path) -> None:
    """Make a self-signed certificate for localhost."""
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2"
    names = "-subj /CN=localhost -addext subjectAltName=DNS:localhost"
    files = ["-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")]
    subprocess.run([*command.split(), *names.split(), *files], check=True, capture_output=True)

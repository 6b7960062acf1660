"""nginx in front of one server, with kept-open, shared connections to it."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.ports import free_port
from tests.support.waiting import wait_until

CONFIGURATION = """
daemon off;
master_process off;
pid {folder}/pid;
error_log {folder}/error.log;
events {{ worker_connections 512; }}
http {{
    log_format uri '$request_uri';
    access_log {folder}/access.log uri;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    upstream site {{ server 127.0.0.1:{upstream}; keepalive 4; }}
    server {{
        listen 127.0.0.1:{port};
        location / {{
            proxy_pass http://site;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
        }}
    }}
}}
"""


class Nginx:
    """A running nginx that listens on ``port``."""

    def __init__(self, folder: Path, port: int) -> None:
        self.port = port
        self._log = folder / "access.log"

    def requests(self) -> list[str]:
        """Return the target of each request that nginx answered."""
        return self._log.read_text(encoding="latin1").split("\n")[:-1]


@contextmanager
def nginx_in_front_of(upstream: int, folder: Path) -> Iterator[Nginx]:
    """Run nginx until the block ends."""
    port = free_port()
    file = folder / "nginx.conf"
    file.write_text(CONFIGURATION.format(folder=folder, port=port, upstream=upstream))
    program = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")
    assert program, "nginx is missing: make tools"
    process = subprocess.Popen([program, "-c", str(file)], stderr=subprocess.DEVNULL)
    try:
        wait_until((folder / "pid").exists, "nginx to start")
        yield Nginx(folder, port)
    finally:
        process.terminate()
        process.wait(10)

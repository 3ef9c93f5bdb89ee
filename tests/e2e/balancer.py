"""Debian's nginx in front of servers of a test's own, with the configuration of docker/nginx, whose addresses alone are others."""
import collections
import contextlib
import http.client
import json
import re
import subprocess
import tempfile
import time
from pathlib import Path

from harness import free_port

SETTINGS = Path(__file__).parents[2] / "docker/nginx"
SERVERS = ("127.0.0.1:5011", "127.0.0.1:5012", "127.0.0.1:5013")
LISTEN = "127.0.0.1:5080"


class Balancer:
    """nginx until the end of the with block. changes: pairs of a text in the configuration and what is to be in its place."""

    def __init__(self, ports, changes=()):
        self.port = free_port()
        self.changes = changes
        self.addresses = {LISTEN: self.port} | dict(zip(SERVERS, ports, strict=True))

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="ratingsctl-balancer-")
        folder = Path(self.folder.name)
        folder.chmod(0o755)  # its workers are somebody else when it is started by root
        text = (SETTINGS / "ratingsctl.conf").read_text(encoding="utf-8")
        for there, here in self.changes:
            if there not in text:
                raise RuntimeError(f"docker/nginx/ratingsctl.conf no longer has: {there}")
            text = text.replace(there, here)
        # In one go: a new address may begin like an old one.
        text, found = re.subn("|".join(map(re.escape, self.addresses)), lambda at: f"127.0.0.1:{self.addresses[at[0]]}", text)
        if found != 2 * len(SERVERS) + 1:
            raise RuntimeError(f"docker/nginx/ratingsctl.conf has {found} of our addresses")
        (folder / "ratingsctl.conf").write_text(text, encoding="utf-8")
        (folder / "nginx.conf").write_bytes((SETTINGS / "nginx.conf").read_bytes())
        self.log = folder / "log"
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(["nginx", "-e", "stderr", "-p", folder, "-c", folder / "nginx.conf"], stdout=log, stderr=log)
        deadline = time.monotonic() + 20
        while True:
            with contextlib.suppress(OSError):
                self.get("/")
                return self
            if self.process.poll() is not None or time.monotonic() > deadline:
                said = self.log.read_text(errors="replace")
                self.__exit__()
                raise RuntimeError(f"nginx did not start: {said}")
            time.sleep(0.02)

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(20)
        self.folder.cleanup()

    def connect(self, timeout=30):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)

    def request(self, method, path, headers=None, body=None):
        """Status, header fields, body."""
        with contextlib.closing(self.connect()) as connection:
            connection.request(method, path, body=body, headers=headers or {})
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()

    def get(self, path, headers=None):
        return self.request("GET", path, headers)


def samples(server):
    """A server's own /metrics: {name and labels: number}."""
    with contextlib.closing(server.connect()) as connection:
        connection.request("GET", "/metrics")
        page = connection.getresponse().read().decode()
    pairs = (line.rsplit(" ", 1) for line in page.splitlines() if not line.startswith("#"))
    return collections.Counter({name.removeprefix("ratingsctl_"): float(value) for name, value in pairs})  # 0 for what is not there


def error_code(body):
    return json.loads(body)["error"]["code"]

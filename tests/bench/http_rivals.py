"""The servers that the HTTP front is compared with, each until the end of its with block, all on the same bytes."""
import contextlib
import os
import socket
import subprocess
import time
from pathlib import Path

from bench import Flask
from measuring import rig


def wait_until_listening(port, process):
    deadline = time.monotonic() + 20
    while True:
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"{process.args[0]} did not start")
        time.sleep(0.05)


def tree(pid):
    """A process and all below it."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="utf-8").split()
    return [pid] + [one for child in children for one in tree(int(child))]


class Rival:
    """A command that listens on self.port."""

    path = "/"

    def command(self):
        raise NotImplementedError

    def __enter__(self):
        self.port = rig.free_port()
        self.process = subprocess.Popen(self.command(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until_listening(self.port, self.process)
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(20)

    def cpu_seconds(self):
        return cpu_seconds(self.process.pid)


def cpu_seconds(pid):
    """Of a process and its children so far, in user and kernel mode (proc(5), fields 14 and 15 of stat)."""
    ticks = 0
    for one in tree(pid):
        fields = Path(f"/proc/{one}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


class Nginx(Rival):
    """As its manual sets it up for static files that are asked for often."""

    path = "/history.json"

    def __init__(self, work, body):
        self.folder = Path(work) / "nginx"
        (self.folder / "www").mkdir(parents=True, exist_ok=True)
        (self.folder / "www" / "history.json").write_bytes(body)
        # Its workers are nobody, and must get there.
        for folder in (self.folder, self.folder / "www"):
            folder.chmod(0o755)

    def command(self):
        settings = self.folder / "nginx.conf"
        settings.write_text(f"""
            daemon off;
            worker_processes auto;
            pid {self.folder}/pid;
            error_log {self.folder}/error.log;
            events {{ worker_connections 4096; }}
            http {{
              types {{ application/json json; }}
              access_log off;
              sendfile on;
              tcp_nopush on;
              tcp_nodelay on;
              etag on;
              keepalive_requests 100000000;
              open_file_cache max=1000 inactive=60s;
              open_file_cache_valid 60s;
              client_body_temp_path {self.folder}/body;
              proxy_temp_path {self.folder}/proxy;
              fastcgi_temp_path {self.folder}/fastcgi;
              uwsgi_temp_path {self.folder}/uwsgi;
              scgi_temp_path {self.folder}/scgi;
              server {{ listen 127.0.0.1:{self.port} backlog=4096; root {self.folder}/www; }}
            }}
        """, encoding="utf-8")
        return ["nginx", "-c", str(settings), "-p", str(self.folder)]


class Webdis(Rival):
    """The bytes lie in Redis under one key; `.txt` sends a value as it is."""

    path = "/GET/history.txt"

    def __init__(self, work, redis_url, body):
        self.work = Path(work)
        self.host, port = redis_url.split("//")[1].split("/")[0].rsplit("@")[-1].split(":")
        self.redis_port = int(port)
        subprocess.run(["redis-cli", "-u", redis_url, "-x", "SET", "history"], input=body, check=True, stdout=subprocess.DEVNULL)

    def command(self):
        settings = self.work / "webdis.json"
        settings.write_text(f'{{"redis_host": "{self.host}", "redis_port": {self.redis_port}, "http_host": "127.0.0.1", '
                            f'"http_port": {self.port}, "threads": {os.cpu_count()}, "pool_size": 20, "daemonize": false, '
                            f'"websockets": false, "database": 0, "verbosity": 0, "logfile": "{self.work}/webdis.log"}}',
                            encoding="utf-8")
        return ["webdis", str(settings)]


class Plain(Rival):
    path = "/file"

    def __init__(self, program, work, body):
        self.program, self.file = program, Path(work) / "history.json"
        self.file.write_bytes(body)

    def command(self):
        return [self.program, str(self.port), str(self.file)]


class FlaskHit(Flask):
    """bench.py's application, its answer in Redis."""

    path = "/rates/1"

    def __init__(self, database, redis):
        super().__init__(database, redis, "on")

    def cpu_seconds(self):
        return cpu_seconds(self.process.pid)


class Ours(rig.Server):
    path = "/rates/1"

    def cpu_seconds(self):
        return cpu_seconds(self.process.pid)

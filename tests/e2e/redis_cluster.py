"""A Redis Cluster and a twemproxy of our own, for tests, the hammer and the benchmarks."""
import socket
import subprocess
import tempfile
from pathlib import Path

import harness

SCRIPT = Path(__file__).parents[1] / "support" / "redis_cluster.sh"


def listens(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
        return True
    except OSError:
        return False


class RedisCluster:
    """Three masters on loopback until stop(). Nodes are numbered from 1."""

    nodes = 3

    def __init__(self, folder):
        self.folder = Path(folder)
        self._sh("start")
        settings = dict(line.split("=", 1) for line in (self.folder / "cluster.env").read_text().splitlines())
        self.url = settings["REDIS_CLUSTER_URL"]
        self.ports = [int(port) for port in settings["REDIS_CLUSTER_PORTS"].split()]

    def _sh(self, action, *arguments):
        subprocess.run([str(SCRIPT), action, str(self.folder), *map(str, arguments)], check=True, timeout=300)

    def port(self, node):
        return self.ports[node - 1]

    def pid(self, node):
        return int((self.folder / f"node{node}" / "redis.pid").read_text())

    def ask(self, node, *command):
        """redis-cli's answer; it does not follow redirections."""
        return subprocess.run(["redis-cli", "-h", "127.0.0.1", "-p", str(self.port(node)), *command],
                              capture_output=True, text=True, check=True, timeout=20).stdout

    def kill(self, node):
        self._sh("kill", node)

    def restart(self, node, dump=None):
        """On the port it had and as the node it was: empty, or with a dump that keep() has made of it."""
        self._sh("restart", node, *([dump] if dump else []))

    def keep(self, node, dump):
        self._sh("keep", node, dump)

    def move(self, source, target, slots):
        """A live reshard; returns when it is done."""
        self._sh("move", source, target, slots)

    def stop(self):
        self._sh("stop")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


class Twemproxy:
    """nutcracker over the Redis servers at these ports until the end of the with block."""

    def __init__(self, ports):
        self.ports = ports

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory()
        self.port, statistics = harness.free_port(), harness.free_port()
        settings = Path(self.folder.name) / "conf.yml"
        settings.write_text(f"cache:\n  listen: 127.0.0.1:{self.port}\n  hash: md5\n  distribution: ketama\n"
                            "  redis: true\n  timeout: 1000\n  auto_eject_hosts: true\n  servers:\n"
                            + "".join(f"    - 127.0.0.1:{port}:1\n" for port in self.ports))
        # Without -a its statistics are for everybody.
        self.process = subprocess.Popen(["nutcracker", "-c", str(settings), "-a", "127.0.0.1", "-s", str(statistics),
                                         "-o", f"{self.folder.name}/log"])
        self.url = f"redis://127.0.0.1:{self.port}"
        harness.wait_for(lambda: listens(self.port), "twemproxy")
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.folder.cleanup()


class Redis:
    """A single redis-server until the end of the with block."""

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory()
        self.port = harness.free_port()
        self.process = subprocess.Popen(
            ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--dir", self.folder.name, "--save", "",
             "--logfile", f"{self.folder.name}/log"])
        self.url = f"redis://127.0.0.1:{self.port}"
        harness.wait_for(lambda: listens(self.port), "Redis")
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.folder.cleanup()

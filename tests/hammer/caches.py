"""The Redis that the servers share, and what can be done to it: one, or a Redis Cluster of three masters."""
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "e2e"))
import harness  # noqa: E402
import outage_test  # noqa: E402
import redis_cluster  # noqa: E402


class OneRedis:
    """The one that servers.sh has started."""

    nodes = (1,)

    def __init__(self, folder, data, url):
        self.folder, self.data, self.url = folder, data, url
        self.old_dump = Path(folder) / "old.rdb"
        self.address = url.split("//")[1].split("/")[0]

    def pid(self, _node):
        return int((self.data / "redis.pid").read_text())

    def ask(self, _node, *command):
        host, port = self.address.split(":")
        return subprocess.run(["redis-cli", "-h", host, "-p", port, *command], capture_output=True, text=True, check=True,
                              timeout=20).stdout

    def keep(self, node):
        self.ask(node, "SAVE")
        shutil.copy(self.data / "dump.rdb", self.old_dump)

    def restart(self, node, old=False):
        """kill -9, then empty or with what keep() has saved."""
        pid = self.pid(node)
        os.kill(pid, signal.SIGKILL)
        harness.wait_for(lambda: not outage_test.is_running(pid), "the end of Redis")
        (self.data / "dump.rdb").unlink(missing_ok=True)
        if old:
            shutil.copy(self.old_dump, self.data / "dump.rdb")
        subprocess.run([str(HERE.parent / "support/servers.sh"), "start-redis", self.folder], check=True)

    def stop(self):
        """servers.sh does."""


class ThreeRedis:
    """A Redis Cluster. Its nodes are reached without links: they tell the servers their own addresses."""

    nodes = tuple(range(1, redis_cluster.RedisCluster.nodes + 1))

    def __init__(self, folder):
        self.cluster = redis_cluster.RedisCluster(folder)
        self.url = self.cluster.url
        self.pid, self.ask = self.cluster.pid, self.cluster.ask

    def keep(self, node):
        self.cluster.keep(node, self._dump(node))

    def restart(self, node, old=False):
        self.cluster.kill(node)
        self.cluster.restart(node, self._dump(node) if old else None)

    def lose(self, node):
        self.cluster.kill(node)

    def move(self, source, target, slots):
        self.cluster.move(source, target, slots)

    def _dump(self, node):
        return self.cluster.folder / f"old{node}.rdb"

    def stop(self):
        self.cluster.stop()

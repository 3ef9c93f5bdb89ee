#!/usr/bin/env python3
"""The whole program on a Redis Cluster: answers come from it, commands remove copies from it, a node may go.

On the PostgreSQL of the fixture and a cluster of this test's own.
"""
import argparse
import contextlib
import json
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import harness  # noqa: E402
import rig  # noqa: E402
from redis_cluster import RedisCluster  # noqa: E402

USERS = 60


class Cluster(unittest.TestCase):
    program = env = None

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="ratingsctl-cluster-")
        self.addCleanup(folder.cleanup)
        self.home = folder.name
        self.cluster = RedisCluster(f"{self.home}/cluster")
        self.addCleanup(self.cluster.stop)
        self.store = rig.PostgresStore(self.env["POSTGRES_URL"])
        self.addCleanup(self.store.drop)
        csv = Path(self.home) / "ratings.csv"
        csv.write_text("userId,movieId,rating,timestamp\n" + "".join(f"{user},{user},4,1000\n" for user in range(1, USERS + 1)))
        self.run_cli("load", str(csv), "--store", self.store.url)

    def run_cli(self, *arguments, exit_code=0):
        done = subprocess.run([self.program, *arguments], capture_output=True, text=True, check=False,
                              env=rig.clean_environment(self.home), timeout=60)
        self.assertEqual(done.returncode, exit_code, done.stderr)
        return done.stdout

    def server(self):
        # Without a memory cache each answer comes from the cluster, or else from the store.
        return rig.Server(self.program, self.store.url, self.home, "--cache", self.cluster.url, "--memory-cache", "0")

    def sources(self, server):
        """X-Cache of each user's answer, which must be the user's own."""
        found = {}
        with contextlib.closing(server.connect()) as connection:
            for user in range(1, USERS + 1):
                connection.request("GET", f"/rates/{user}")
                answer = connection.getresponse()
                body = json.loads(answer.read())
                self.assertEqual((answer.status, [row["movie_id"] for row in body]), (200, [user]))
                found[user] = answer.getheader("X-Cache")
        return found

    def keys(self, *nodes):
        return sum(int(self.cluster.ask(node, "dbsize")) for node in nodes)

    def breakers(self, server):
        with contextlib.closing(server.connect()) as connection:
            connection.request("GET", "/metrics")
            page = connection.getresponse().read().decode()
        return dict(re.findall(r'^ratingsctl_redis_breaker_open\{node="([^"]+)"\} (\d)$', page, re.M))

    def test_answers_come_from_every_node_and_a_purge_takes_them_away(self):
        with self.server() as server:
            self.sources(server)
            self.assertEqual(set(self.sources(server).values()), {"redis"})
            self.assertEqual(self.keys(1, 2, 3), USERS)
            self.assertTrue(all(self.keys(node) for node in (1, 2, 3)))
            self.assertEqual(self.breakers(server), {f"127.0.0.1:{port}": "0" for port in self.cluster.ports})
            report = json.loads(self.run_cli("purge-user", *map(str, range(1, 41)), "-o", "json", "--store", self.store.url,
                                             "--cache", self.cluster.url).splitlines()[0])
            self.assertEqual(report["redis"], "removed")
            self.assertEqual(self.keys(1, 2, 3), USERS - 40)

    def test_a_node_that_dies_costs_its_users_the_cache_and_nobody_the_answer(self):
        with self.server() as server:
            self.sources(server)
            self.cluster.kill(2)
            self.sources(server)  # some misses, until its breaker has opened
            sources = list(self.sources(server).values())
            self.assertEqual(sources.count("redis"), self.keys(1, 3))
            self.assertLess(sources.count("redis"), USERS)
            self.assertEqual(self.breakers(server)[f"127.0.0.1:{self.cluster.port(2)}"], "1")
            self.cluster.restart(2)
            harness.wait_for(lambda: set(self.sources(server).values()) == {"redis"}, "the node that is back")

    def test_a_reshard_under_requests_loses_nothing(self):
        with self.server() as server:
            self.sources(server)
            self.cluster.move(1, 2, 2000)
            self.assertEqual(set(self.sources(server).values()), {"redis"})
            status = json.loads(self.run_cli("status", "-o", "json", "--store", self.store.url, "--cache", self.cluster.url))
            self.assertTrue(next(check for check in status["checks"] if check["name"] == "redis")["ok"])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", required=True)
    parser.add_argument("--servers", required=True)
    arguments, rest = parser.parse_known_args()
    Cluster.program, Cluster.env = arguments.program, rig.server_settings(arguments.servers)
    unittest.main(argv=[sys.argv[0], *rest], verbosity=2)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""A store that the cache must not be trusted on: `status` and /ready name why, serve answers from the store alone.

On real PostgreSQL: a trigger disabled on the table, one missing on a partition, a logical subscription, a standby that is
promoted in the end. Each mends by itself once its cause is gone.
"""
import argparse
import concurrent.futures
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import rig  # noqa: E402
from harness import free_port  # noqa: E402

PATIENCE = 20  # seconds; the findings are a second old at most


def wait_for(condition, what):
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"waited in vain for {what}")
        time.sleep(0.05)


class Fitness(unittest.TestCase):
    program = env = None

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="ratingsctl-fitness-")
        self.addCleanup(folder.cleanup)
        self.home = folder.name
        Path(self.home).chmod(0o755)  # the standby runs as the user postgres
        self.store = rig.PostgresStore(self.env["POSTGRES_URL"])
        self.addCleanup(self.store.drop)
        csv = Path(self.home) / "ratings.csv"
        csv.write_text("userId,movieId,rating,timestamp\n1,10,4,1000\n2,10,3.5,1001\n")
        self.run_cli("load", str(csv), "--store", self.store.url)

    def run_cli(self, *arguments):
        done = subprocess.run([self.program, *arguments], capture_output=True, text=True, check=False,
                              env=rig.clean_environment(self.home), timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def server(self, url=None):
        return rig.Server(self.program, url or self.store.url, self.home, "--cache", self.env["REDIS_URL"])

    @staticmethod
    def get(server, path):
        connection = server.connect()
        with contextlib.closing(connection):
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.getheader("X-Cache"), answer.read()

    def failed(self, server):
        """The names of /ready's checks that are not ok, with what they say."""
        status, _, body = self.get(server, "/ready")
        ready = json.loads(body)
        self.assertEqual(ready["status"] == "unavailable", status == 503)
        return {name: check["detail"] for name, check in ready["checks"].items() if not check["ok"]}

    def assert_named(self, server, check, words, url=None, answer=(200, "bypass")):
        """/ready, status and /metrics all say so, and no answer comes from a cache."""
        wait_for(lambda: check in self.failed(server), f"/ready to name {check}")
        for word in words:
            self.assertIn(word, self.failed(server)[check])
        self.assertEqual(self.get(server, "/ready")[0], 503)
        for _ in range(3):
            self.assertEqual(self.get(server, "/rates/1")[:2], answer)
        page = self.get(server, "/metrics")[2].decode()
        for one in {line.rsplit(" ", 1)[0] for line in page.splitlines() if line.startswith("ratingsctl_store_check_ok{")}:
            self.assertEqual(page.count(one), 1, one)
        self.assertIn(f'ratingsctl_store_check_ok{{check="{check}"}} 0\n', page)
        listed = json.loads(self.run_cli("status", "-o", "json", "--store", url or self.store.url))["checks"]
        broken = {one["name"]: one["detail"] for one in listed if not one["ok"]}
        self.assertEqual(set(broken), {check})
        for word in words:
            self.assertIn(word, broken[check])
        self.assertIn("NOT OK", self.run_cli("status", "--store", url or self.store.url))

    def assert_mended(self, server):
        wait_for(lambda: not self.failed(server), "/ready to be content")
        self.get(server, "/rates/1")
        wait_for(lambda: self.get(server, "/rates/1")[1] == "memory", "hits again")

    def test_a_trigger_disabled_on_the_table(self):
        with self.server() as server:
            self.assert_mended(server)
            rig.psql(self.store.url, "ALTER TABLE ratings DISABLE TRIGGER ratingsctl_delete")
            self.assert_named(server, "triggers", ["ratings", "ratingsctl init"])
            # What no trigger sees is seen all the same: answers come from the table.
            rig.psql(self.store.url, "DELETE FROM ratings WHERE user_id = 1")
            self.assertEqual(self.get(server, "/rates/1")[2], b"[]")
            self.run_cli("init", "--store", self.store.url)
            self.assert_mended(server)
            self.assertEqual(self.get(server, "/rates/1")[2], b"[]")

    def test_a_trigger_missing_on_a_partition(self):
        child = rig.psql(self.store.url, "SELECT min(inhrelid::regclass::text) FROM pg_inherits "
                                         "WHERE inhparent = 'ratings'::regclass")[0][0]
        with self.server() as server:
            self.assert_mended(server)
            rig.psql(self.store.url, f"DROP TRIGGER ratingsctl_insert ON {child}")
            self.assert_named(server, "triggers", [child])
            said = self.run_cli("init", "--store", self.store.url)
            self.assertIn(f"put the triggers of {child} back", said)
            self.assertEqual(self.store.rows("SELECT command, detail FROM ratingsctl.audit ORDER BY id DESC LIMIT 1"),
                             [("init", f"triggers of {child} put back")])
            self.assert_mended(server)

    def test_a_repair_while_delta_is_lowered_leaves_no_longer_wait_behind(self):
        """The one who lowers it looks for others who set it since; a repair is a line of `init` in the audit too."""
        self.run_cli("init", "--delta", "3000", "--store", self.store.url)
        with concurrent.futures.ThreadPoolExecutor() as pool:
            lowering = pool.submit(self.run_cli, "init", "--delta", "100", "--store", self.store.url)
            wait_for(lambda: self.store.rows("SELECT delta_ms FROM ratingsctl.position") == [("100",)], "the first step")
            self.store.rows("ALTER TABLE ratings DISABLE TRIGGER ratingsctl_delete")
            self.run_cli("init", "--store", self.store.url)
            self.assertEqual(self.store.rows("SELECT wait_ms FROM ratingsctl.position"), [("3000",)])
            lowering.result()
        self.assertEqual(self.store.rows("SELECT wait_ms FROM ratingsctl.position"), [("100",)])

    def test_a_trigger_that_the_replica_role_skips(self):
        with self.server() as server:
            self.assert_mended(server)
            rig.psql(self.store.url, "ALTER TABLE ratings ENABLE TRIGGER ratingsctl_update")  # no longer ALWAYS
            self.assert_named(server, "triggers", ["ratings"])

    def test_a_logical_subscription(self):
        with self.server() as server:
            self.assert_mended(server)
            rig.psql(self.store.url, "CREATE SUBSCRIPTION feed CONNECTION 'host=127.0.0.1' PUBLICATION other "
                                     "WITH (connect = false)")
            self.assert_named(server, "replication", ["feed"])
            rig.psql(self.store.url, "ALTER SUBSCRIPTION feed SET (slot_name = NONE)")
            rig.psql(self.store.url, "DROP SUBSCRIPTION feed")
            self.assert_mended(server)

    def test_a_standby_and_its_promotion(self):
        with standby_of(self.env, self.home) as (port, promote):
            url = f"postgresql://ratings@127.0.0.1:{port}/{self.store.name}"
            # Nobody could say how old a standby's rows are: they are no answer, unless the address says so.
            with self.server(url) as server, self.server(f"{url}?target_session_attrs=any") as careless:
                self.assert_named(server, "primary", ["recovery"], url, (503, None))
                self.assert_named(careless, "primary", ["recovery"], url)
                promote()
                self.assert_mended(server)
                self.assert_mended(careless)

    def test_ratings_renamed_and_back(self):
        with self.server() as server:
            self.assert_mended(server)
            rig.psql(self.store.url, "ALTER TABLE ratings RENAME TO elsewhere")
            self.assert_named(server, "schema", ["public.ratings", "missing"], answer=(503, None))
            rig.psql(self.store.url, "ALTER TABLE elsewhere RENAME TO ratings")
            self.assert_mended(server)


@contextlib.contextmanager
def standby_of(env, home):
    """A streaming copy of the whole cluster on a port of its own: the port, and how to promote it."""
    binaries = Path(sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))[-1])
    folder = Path(home) / "standby"
    as_postgres = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []  # PostgreSQL refuses to run as root
    folder.mkdir()
    if as_postgres:
        subprocess.run(["chown", "postgres", folder], check=True)
    folder.chmod(0o700)
    port = free_port()
    source = env["POSTGRES_URL"].rsplit("/", 1)[0] + "/postgres"

    def run(*words):
        subprocess.run([*as_postgres, *map(str, words)], check=True, capture_output=True, timeout=120)

    run(binaries / "pg_basebackup", "-d", source, "-D", folder, "-R", "-X", "stream", "-c", "fast")
    control = [binaries / "pg_ctl", "-s", "-w", "-D", folder]
    run(*control, "-l", folder / "log", "-o", f"-p {port} -h 127.0.0.1 -c unix_socket_directories=''", "start")
    try:
        yield port, lambda: run(*control, "promote")
    finally:
        run(*control, "-m", "immediate", "stop")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", required=True)
    parser.add_argument("--servers", required=True)
    options, rest = parser.parse_known_args()
    Fitness.program, Fitness.env = options.program, rig.server_settings(options.servers)
    unittest.main(argv=[sys.argv[0], *rest], verbosity=2)

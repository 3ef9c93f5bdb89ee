#!/usr/bin/env python3
"""A backup is put back while servers run, with warm caches: afterwards nobody answers from the history that was lost.

By cmd/ops/backup.sh and cmd/ops/restore.sh. The history that was lost and the one that follows the restore reach the same positions;
only their salts tell them apart. On PostgreSQL with Redis and on SQLite.
"""
import argparse
import contextlib
import json
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import rig  # noqa: E402

OPS = Path(__file__).parents[2] / "cmd/ops"
USERS = range(1, 61)
arguments = argparse.Namespace()


class Backup(unittest.TestCase):
    def setUp(self):
        self.home = Path(tempfile.mkdtemp(prefix="ratingsctl-backup-"))
        self.addCleanup(shutil.rmtree, self.home)
        self.chooser = random.Random(arguments.seed)

    def keep(self, store):
        self.store = store
        self.addCleanup(store.drop)
        return store

    def environment(self, **more):
        return rig.clean_environment(self.home) | {"RATINGSCTL": arguments.program, "RATINGSCTL_STORE": self.store.url} | more

    def call(self, *command, exit_code=0, **more):
        done = subprocess.run([str(part) for part in command], env=self.environment(**more), capture_output=True, text=True,
                              timeout=120, check=False)
        self.assertEqual(done.returncode, exit_code, f"{command}\nstdout: {done.stdout}\nstderr: {done.stderr}")
        return done.stdout

    def cli(self, *command, **more):
        return self.call(arguments.program, *command, **more)

    def back_up(self):
        return Path(self.call(OPS / "backup.sh", self.home / "backups").strip())

    def load(self, *options, rows=None, name="ratings.csv"):
        """Ten ratings of each user, or these rows."""
        rows = rows or [(user, film, self.chooser.randrange(1, 11) / 2, 1_000_000_000 + film) for user in USERS
                        for film in self.chooser.sample(range(1, 1000), 10)]
        path = self.home / name
        path.write_text("userId,movieId,rating,timestamp\n" + "".join(",".join(map(str, row)) + "\n" for row in rows))
        self.cli("load", "--progress", "off", *options, path)

    def answers(self, server):
        """The body of every user, and where each came from."""
        bodies, sources = {}, {}
        with contextlib.closing(server.connect()) as connection:
            for user in USERS:
                connection.request("GET", f"/rates/{user}")
                answer = connection.getresponse()
                body = answer.read()
                self.assertEqual(answer.status, 200, body)
                bodies[user], sources[user] = json.loads(body), answer.headers["X-Cache"]
        return bodies, sources

    def stored(self):
        """What the store says, asked past every cache."""
        lines = [json.loads(line) for line in self.cli("export", "-o", "ndjson").splitlines()]
        found = {user: [] for user in USERS}
        for line in lines:
            found[line["user_id"]].append({key: line[key] for key in ("movie_id", "rating", "timestamp")})
        return {user: sorted(rows, key=lambda row: (row["timestamp"], row["movie_id"], row["rating"]))
                for user, rows in found.items()}

    def purge(self, *users):
        return json.loads(self.cli("purge-user", *users, "-o", "json"))["batch"]

    def warm(self, servers):
        """Every server has seen everybody twice."""
        for server in servers * 2:
            bodies, sources = self.answers(server)
        return bodies, sources

    def check(self, servers):
        """Everybody's answer is what the store holds, from every server, and stays that when it comes from a cache."""
        truth = self.stored()
        for server in servers * 2:
            bodies, sources = self.answers(server)
            self.assertEqual(bodies, truth)
        return sources

    def change_much(self, by_hand, first_film):
        """Three changes of users 1 to 40, known to the servers; the same number of positions whenever it is called."""
        self.purge(*range(1, 11))
        self.load("--append", rows=[(user, first_film, 5, 1_100_000_000) for user in range(21, 41)],
                  name=f"more{first_film}.csv")
        by_hand("UPDATE ratings SET rating = 0.5 WHERE user_id BETWEEN 11 AND 20")

    def position(self):
        return json.loads(self.cli("status", "-o", "json"))["position"]

    def wait_for_servers(self, servers):
        """Until each answers again: it was thrown out of the database."""
        deadline = time.monotonic() + 30
        for server in servers:
            while True:
                with contextlib.closing(server.connect()) as connection:
                    connection.request("GET", "/ready")
                    answer = connection.getresponse()
                    answer.read()
                if answer.status == 200:
                    break
                self.assertLess(time.monotonic(), deadline, "a server does not come back")
                time.sleep(0.05)

    def restored_under(self, servers, by_hand):
        """The story that both stores have to live through."""
        self.warm(servers)
        at_backup = self.stored()
        before, position = self.store.fingerprint(), self.position()
        backup = self.back_up()
        self.change_much(by_hand, 2001)
        bodies, sources = self.warm(servers)
        # Those who were purged have nothing that Redis would keep.
        self.assertTrue({sources[user] for user in range(11, 61)} <= {"memory", "redis"}, sources)
        self.assertNotEqual(bodies, at_backup)
        lost, lost_position = self.store.fingerprint(), self.position()

        said = self.call(OPS / "restore.sh", backup)

        self.assertIn("the store before is", said)
        self.assertEqual((self.store.fingerprint(), self.position()), (before, position))
        self.wait_for_servers(servers)
        self.assertEqual(self.stored(), at_backup)
        self.check(servers)
        # Another history over the same positions.
        self.change_much(by_hand, 3001)
        self.assertEqual(self.position(), lost_position)
        self.assertNotEqual(self.store.fingerprint(), lost)
        self.check(servers)
        return said


class Postgres(Backup):
    def setUp(self):
        super().setUp()
        self.settings = rig.server_settings(arguments.servers)
        self.keep(rig.PostgresStore(self.settings["POSTGRES_URL"]))
        self.load("--jobs", "2")

    def server(self, *options):
        return rig.Server(arguments.program, self.store.url, self.home, "--cache", self.settings["REDIS_URL"], *options)

    def by_hand(self, sql):
        rig.psql(self.store.url, sql + "; SELECT ratingsctl.barrier()")

    def forget(self, said):
        """The database that the restore kept."""
        name = said.rsplit(" ", 1)[1].strip()
        rig.psql(self.settings["POSTGRES_URL"], f"DROP DATABASE {name} WITH (FORCE)")

    def test_a_dump_is_restored_under_servers_with_a_warm_redis(self):
        with self.server() as one, self.server("--memory-cache", "0") as two:
            said = self.restored_under([one, two], self.by_hand)
            # A server that begins now knows nothing but what Redis holds, also of the lost history.
            with self.server() as three:
                self.check([three])
        self.forget(said)

    def test_what_was_cached_before_the_dump_stays_good(self):
        """Nothing changed after it, so nothing that is cached is wrong: a restore does not begin cold."""
        with self.server("--memory-cache", "0") as server:
            self.warm([server])
            said = self.call(OPS / "restore.sh", self.back_up())
            self.wait_for_servers([server])

            sources = self.answers(server)[1]

            self.assertEqual(set(sources.values()), {"redis"})
            self.check([server])
        self.forget(said)

    def test_all_that_is_ours_comes_back(self):
        batch = self.purge(1, 2, 3)
        quarantine = self.store.fingerprint("SELECT * FROM ratingsctl.quarantine")
        backup = self.back_up()
        self.cli("undo", batch)
        full = self.store.fingerprint()

        # A slash in the options is none of the address.
        said = self.call(OPS / "restore.sh", backup, RATINGSCTL_STORE=f"{self.store.url}?application_name=ops/restore")

        self.assertEqual(self.store.fingerprint("SELECT * FROM ratingsctl.quarantine"), quarantine)
        checks = json.loads(self.cli("status", "-o", "json"))["checks"]
        self.assertEqual([check for check in checks if not check["ok"]], [])
        self.cli("undo", batch)
        self.assertEqual(self.store.fingerprint(), full)
        self.load("--replace", "--jobs", "2", rows=[(1, 1, 1, 1)], name="new.csv")
        self.assertEqual(self.store.fingerprint()[0], 1)
        self.forget(said)

    def test_after_rows_came_past_the_triggers_one_statement_makes_everything_cached_void(self):
        """As a restore of single tables with --disable-triggers would, which nobody should do; the manual names the statement."""
        with self.server() as one, self.server("--memory-cache", "0") as two:
            self.warm([one, two])
            before = self.stored()
            rig.psql(self.store.url, "BEGIN; ALTER TABLE ratings DISABLE TRIGGER ratingsctl_update; "
                                     "UPDATE ratings SET rating = 0.5; "
                                     "ALTER TABLE ratings ENABLE ALWAYS TRIGGER ratingsctl_update; COMMIT")
            rig.psql(self.store.url, "SELECT ratingsctl.barrier()")
            self.assertEqual(self.answers(one)[0], before)  # nobody could tell them

            rig.psql(self.store.url, "SELECT ratingsctl.advance(true)")
            rig.psql(self.store.url, "SELECT ratingsctl.barrier()")

            self.assertNotEqual(self.stored(), before)
            self.check([one, two])

    def test_a_file_that_is_no_backup_changes_nothing(self):
        before = self.store.fingerprint()
        bad = self.home / "bad.dump"
        bad.write_text("this is no dump")
        self.call(OPS / "restore.sh", bad, exit_code=1)
        empty = rig.PostgresStore(self.settings["POSTGRES_URL"])
        try:
            other = Path(self.call(OPS / "backup.sh", self.home, RATINGSCTL_STORE=empty.url).strip())
        finally:
            empty.drop()
        self.call(OPS / "restore.sh", other, exit_code=1)

        self.assertEqual(self.store.fingerprint(), before)
        self.assertEqual(rig.psql(self.settings["POSTGRES_URL"],
                                  f"SELECT datname FROM pg_database WHERE datname LIKE '{self.store.name}\\_%'"), [])


class Sqlite(Backup):
    def setUp(self):
        super().setUp()
        self.keep(rig.SqliteStore(self.home))
        self.load()

    def server(self):
        return rig.Server(arguments.program, self.store.url, self.home)

    def by_hand(self, sql):
        with contextlib.closing(sqlite3.connect(self.store.path, timeout=30)) as database, database:
            database.execute(sql)

    def test_a_copy_by_vacuum_into_is_restored_under_a_running_server(self):
        with self.server() as server:
            said = self.restored_under([server], self.by_hand)
        kept = Path(said.rsplit(" ", 1)[1].strip())
        with contextlib.closing(sqlite3.connect(kept)) as database:
            self.assertEqual(database.execute("SELECT count(*) FROM ratings WHERE movie_id = 2001").fetchone(), (20,))

    def test_a_copy_is_moved_into_place_while_no_server_runs(self):
        before = self.store.fingerprint()
        with self.server() as server:
            self.warm([server])
            backup = self.back_up()
            self.change_much(self.by_hand, 2001)
            self.warm([server])

        self.store.drop()  # the write-ahead log, too: it belongs to the other file
        shutil.copy(backup, self.store.path)

        self.assertEqual(self.store.fingerprint(), before)
        with self.server() as server:
            self.check([server])
            self.change_much(self.by_hand, 3001)
            self.check([server])

    def test_a_backup_holds_one_state_although_somebody_writes(self):
        writer = subprocess.Popen(["/bin/sh", "-c", f'while :; do "$RATINGSCTL" purge-user 1 >/dev/null && '
                                   f'"$RATINGSCTL" undo "$("$RATINGSCTL" batches -o json | sed \'s/[^"]*"batch":"\\([^"]*\\)".*/\\1/\')" '
                                   f'>/dev/null; done'], env=self.environment(), start_new_session=True)
        try:
            backups = []
            for _ in range(5):
                backups.append(self.back_up())
                time.sleep(1.05)  # the name holds the second
        finally:
            os.killpg(writer.pid, 15)
            writer.wait()
        for backup in backups:
            with contextlib.closing(sqlite3.connect(backup)) as database:
                rows, held = (database.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
                              for table in ("ratings", "ratingsctl_quarantine"))
                self.assertEqual(rows + held, 10 * len(USERS), backup)
        self.assertEqual(len(set(backups)), 5)
        kept = Path(self.call(OPS / "backup.sh", "-k", "2", self.home / "backups").strip())
        self.assertEqual(sorted(kept.parent.iterdir()), [backups[-1], kept])

    def test_the_store_may_be_named_in_the_configuration_file(self):
        before = self.store.fingerprint()
        config = self.home / "config/ratingsctl/config.toml"
        config.parent.mkdir(parents=True)
        config.write_text(f'store = "{self.store.url}"\n')
        backup = self.call(OPS / "backup.sh", self.home, RATINGSCTL_STORE="").strip()
        self.purge(1)
        self.call(OPS / "restore.sh", backup, RATINGSCTL_STORE="")
        self.assertEqual(self.store.fingerprint(), before)
        config.write_text('store = "postgresql://ratings:secret@db/ratings"\n')
        self.call(OPS / "backup.sh", self.home, exit_code=2, RATINGSCTL_STORE="")

    def test_a_file_that_is_no_backup_changes_nothing(self):
        before = self.store.fingerprint()
        bad = self.home / "bad.db"
        for content in (b"this is no database", b""):
            bad.write_bytes(content)
            self.call(OPS / "restore.sh", bad, exit_code=1)
        with contextlib.closing(sqlite3.connect(bad)) as database, database:
            database.execute("CREATE TABLE other (x)")
        self.call(OPS / "restore.sh", bad, exit_code=1)
        self.call(OPS / "restore.sh", self.home / "missing", exit_code=2)
        self.call(OPS / "backup.sh", self.home, exit_code=2, RATINGSCTL_STORE="mysql://db/ratings")
        self.call(OPS / "backup.sh", self.home, exit_code=1, RATINGSCTL_STORE=f"sqlite:{self.home}/missing.db")

        self.assertEqual(self.store.fingerprint(), before)


class Export(Backup):
    """The way between stores, and into other programs: what export writes, load reads."""

    def test_an_export_loads_into_either_store_as_the_same_multiset(self):
        settings = rig.server_settings(arguments.servers)
        first = self.keep(rig.SqliteStore(self.home))
        double = (7, 8, 3.5, 1_000_000_000)
        self.load(rows=[(user, film, self.chooser.choice([0, 0.5, 3.7, 1 / 3, 5, 10]), self.chooser.randrange(2 ** 32))
                        for user in (0, 1, 2 ** 63 - 1) for film in (0, 1, 2 ** 31 - 1)] + [double] * 3)
        before = first.fingerprint()
        stores = [first, rig.PostgresStore(settings["POSTGRES_URL"]), rig.SqliteStore(self.home)]
        self.addCleanup(stores[1].drop)

        for source, target in zip(stores, stores[1:]):
            way = f'"$RATINGSCTL" --store {source.url} export | "$RATINGSCTL" --store {target.url} load --progress off -'
            self.call("/bin/bash", "-o", "pipefail", "-c", way)

        self.assertEqual(stores[2].fingerprint(), before)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", required=True)
    parser.add_argument("--servers", required=True)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**32))
    parser.parse_known_args(namespace=arguments)
    rest = parser.parse_known_args()[1]
    arguments.program = str(Path(arguments.program).resolve())
    print(f"seed {arguments.seed}", flush=True)
    unittest.main(argv=[sys.argv[0], *rest], verbosity=2)


if __name__ == "__main__":
    main()

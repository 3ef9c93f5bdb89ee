#!/usr/bin/env python3
"""What surrounds a backup: how the store and files may be named.

By ops/backup.sh and ops/restore.sh, without servers; with servers: backup_test.py, whose Backup this shares.
"""
import contextlib
import sqlite3
import subprocess
import sys
import unittest
import urllib.parse
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import backup_test  # noqa: E402
import rig  # noqa: E402
from backup_test import OPS, USERS  # noqa: E402


class Postgres(backup_test.Backup):
    def setUp(self):
        super().setUp()
        self.settings = rig.server_settings(backup_test.arguments.servers)
        self.keep(rig.PostgresStore(self.settings["POSTGRES_URL"]))
        self.load()

    def forget(self, said):
        """The database that the restore kept."""
        name = said.rsplit(" ", 1)[1].strip()
        rig.psql(self.settings["POSTGRES_URL"], f"DROP DATABASE {name} WITH (FORCE)")

    def test_the_store_may_be_named_by_keywords(self):
        before = self.store.fingerprint()
        address = urllib.parse.urlsplit(self.store.url)
        keywords = f"host={address.hostname} port={address.port} user={address.username} dbname='{self.store.name}'"
        odd = self.home / "it's \"here\""
        backup = self.call(OPS / "backup.sh", odd, RATINGSCTL_STORE=keywords).strip()
        self.purge(1)

        said = self.call(OPS / "restore.sh", backup, RATINGSCTL_STORE=keywords)

        self.assertEqual(self.store.fingerprint(), before)
        self.forget(said)
        config = self.home / "config/ratingsctl/config.toml"
        config.parent.mkdir(parents=True)
        config.write_text(f'store = "{keywords} password=secret"\n')
        self.call(OPS / "backup.sh", self.home, exit_code=2, RATINGSCTL_STORE="")
        self.call(OPS / "backup.sh", self.home, exit_code=2, RATINGSCTL_STORE="no/address?x=y")


class Sqlite(backup_test.Backup):
    def setUp(self):
        super().setUp()
        self.keep(rig.SqliteStore(self.home))
        self.load()

    def test_backups_of_one_second_do_not_collide(self):
        runs = [subprocess.Popen([str(OPS / "backup.sh"), str(self.home)], env=self.environment(), stdout=subprocess.PIPE,
                                 text=True) for _ in range(3)]
        backups = {run.communicate(timeout=120)[0].strip() for run in runs}
        self.assertEqual([run.returncode for run in runs], [0, 0, 0])
        self.assertEqual(len(backups), 3)
        for backup in backups:
            with contextlib.closing(sqlite3.connect(backup)) as database:
                self.assertEqual(database.execute("SELECT count(*) FROM ratings").fetchone(), (10 * len(USERS),))
        self.assertEqual(list(self.home.glob("*.part")), [])

    def test_quotes_in_a_path_are_part_of_it(self):
        odd = self.home / "it's \"here\" \\ there"
        odd.mkdir()
        store = f"sqlite:{odd}/ratings.db"
        self.cli("load", "--progress", "off", self.home / "ratings.csv", RATINGSCTL_STORE=store)
        backup = self.call(OPS / "backup.sh", odd, RATINGSCTL_STORE=store).strip()
        self.cli("purge-user", "1", RATINGSCTL_STORE=store)

        self.call(OPS / "restore.sh", backup, RATINGSCTL_STORE=store)

        with contextlib.closing(sqlite3.connect(odd / "ratings.db")) as database:
            self.assertEqual(database.execute("SELECT count(*) FROM ratings").fetchone(), (10 * len(USERS),))


if __name__ == "__main__":
    backup_test.main()

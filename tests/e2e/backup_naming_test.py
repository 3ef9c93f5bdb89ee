#!/usr/bin/env python3
"""What surrounds a backup: how the store and files may be named, and what is set for a PostgreSQL database itself.

By cmd/ops/backup.sh and cmd/ops/restore.sh, without servers; with servers: backup_test.py, whose Backup this shares.
"""
import contextlib
import os
import shutil
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

    def of_the_database(self, role):
        """What is set for the database itself, and not in it."""
        database = f"datname = '{self.store.name}'"
        return [rig.psql(self.settings["POSTGRES_URL"], sql) for sql in (
            "SELECT pg_get_userbyid(datdba), encoding, datcollate, datctype, datconnlimit, shobj_description(oid, 'pg_database') "
            f"FROM pg_database WHERE {database}",
            "SELECT grantee::regrole, privilege_type, is_grantable FROM pg_database, aclexplode(datacl) "
            f"WHERE {database} ORDER BY 1, 2",
            "SELECT setrole::regrole, unnest(setconfig) FROM pg_db_role_setting "
            f"WHERE setdatabase = (SELECT oid FROM pg_database WHERE {database}) ORDER BY 1, 2",
            f"SELECT has_database_privilege('{role}', '{self.store.name}', 'CONNECT')")]

    def test_rights_and_settings_of_the_database_are_kept(self):
        name, role = self.store.name, f"{self.store.name}_role"
        for sql in (f"CREATE ROLE {role}", f"ALTER DATABASE {name} OWNER TO {role}", f"ALTER DATABASE {name} CONNECTION LIMIT 90",
                    f"COMMENT ON DATABASE {name} IS 'it''s the ratings'", f"REVOKE CONNECT ON DATABASE {name} FROM PUBLIC",
                    f"GRANT TEMP ON DATABASE {name} TO ratings WITH GRANT OPTION",
                    f"ALTER DATABASE {name} SET search_path TO '$user', public, 'a, b', ''",
                    f"ALTER DATABASE {name} SET app.motto TO 'a=b, ''c'", f"ALTER DATABASE {name} SET work_mem TO '7MB'",
                    f"ALTER ROLE {role} IN DATABASE {name} SET statement_timeout TO '9s'"):
            rig.psql(self.settings["POSTGRES_URL"], sql)
        before = self.of_the_database(role)
        self.assertEqual([len(rows) for rows in before[1:3]], [5, 4])
        backup = self.back_up()

        said = self.call(OPS / "restore.sh", backup)

        self.assertEqual(self.of_the_database(role), before)
        self.forget(said)
        self.store.drop()
        rig.psql(self.settings["POSTGRES_URL"], f"DROP ROLE {role}")

    def test_what_the_user_may_not_set_again_is_named_and_the_rest_restored(self):
        name, role = self.store.name, f"{self.store.name}_owner"
        rig.psql(self.settings["POSTGRES_URL"], f"CREATE ROLE {role} LOGIN CREATEDB")
        own = self.store.url.replace("ratings@", f"{role}@")
        self.store.drop()
        rig.psql(self.settings["POSTGRES_URL"], f"CREATE DATABASE {name} OWNER {role}")
        self.cli("load", "--progress", "off", self.home / "ratings.csv", RATINGSCTL_STORE=own)
        before = self.store.fingerprint()
        rig.psql(self.settings["POSTGRES_URL"], f"ALTER DATABASE {name} SET log_statement TO 'all'")
        rig.psql(self.settings["POSTGRES_URL"], f"ALTER DATABASE {name} SET work_mem TO '7MB'")
        backup = self.call(OPS / "backup.sh", self.home, RATINGSCTL_STORE=own).strip()

        done = subprocess.run([str(OPS / "restore.sh"), backup], env=self.environment(RATINGSCTL_STORE=own),
                              capture_output=True, text=True, timeout=120, check=False)

        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn('permission denied to set parameter "log_statement"', done.stderr)
        self.assertRegex(done.stderr, "STATEMENT: .*log_statement")
        self.assertIn("could not be kept", done.stderr)
        self.assertEqual(rig.psql(own, "SHOW work_mem"), [("7MB",)])
        self.assertEqual(self.store.fingerprint(), before)
        self.forget(done.stdout)
        self.store.drop()
        rig.psql(self.settings["POSTGRES_URL"], f"DROP ROLE {role}")

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

    def test_no_program_gets_the_password_as_an_argument(self):
        tools, log = self.home / "tools", self.home / "calls"
        tools.mkdir()
        for tool in ("pg_dump", "pg_restore", "psql"):
            (tools / tool).write_text(f'#!/bin/sh\nprintf "%s " "{tool}" "$@" "in=$PGPASSWORD" | tr "\\n" " " >>{log}\necho >>{log}\n'
                                      f'exec {shutil.which(tool)} "$@"\n')
            (tools / tool).chmod(0o755)
        parts = urllib.parse.urlsplit(self.store.url)
        login, place = f"{parts.scheme}://{parts.username}", f"@{parts.hostname}:{parts.port}{parts.path}"
        keywords = f"host={parts.hostname} port={parts.port} user={parts.username} dbname='{self.store.name}'"
        path = f"{tools}:{os.environ['PATH']}"
        for address in (f"{login}:s%C3%A9cret%40%27{place}", f"{login}{place}?password=s%C3%A9cret%40%27&sslmode=prefer",
                        f"{login}{place}?sslmode=prefer&password=s%C3%A9cret%40%27", f"password = 's\u00e9cret@\\'' {keywords}",
                        f"{keywords} password=s\u00e9cret@\\'"):
            with self.subTest(address):
                log.unlink(missing_ok=True)
                backup = self.call(OPS / "backup.sh", self.home / "hidden", RATINGSCTL_STORE=address, PATH=path).strip()
                self.forget(self.call(OPS / "restore.sh", backup, RATINGSCTL_STORE=address, PATH=path))

                calls = log.read_text().splitlines()
                self.assertEqual({call.split()[0] for call in calls}, {"pg_dump", "pg_restore", "psql"})
                for call in calls:
                    said, given = call.rsplit("in=", 1)
                    self.assertNotIn("cret", said)
                    self.assertEqual(given.strip(), "s\u00e9cret@'")


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

    def test_only_backups_are_counted_and_the_new_one_stays(self):
        folder = self.home / "backups"
        folder.mkdir()
        # One from before the clock was set back.
        others = {"ratings-keep-before-migration.db", "ratings-monday.db", "ratings-20260101T000000Z.db.part",
                  "ratings-20260101T000000Z.dump"}
        dated = {"ratings-20260101T000000Z.db", "ratings-20260102T000000Z.db", "ratings-29991231T235959Z.db"}
        for name in others | dated:
            (folder / name).touch()

        new = Path(self.call(OPS / "backup.sh", "-k", "2", folder).strip()).name
        self.assertEqual({path.name for path in folder.iterdir()}, others | {new, "ratings-29991231T235959Z.db"})
        newest = Path(self.call(OPS / "backup.sh", "-k", "1", folder).strip()).name
        self.assertEqual({path.name for path in folder.iterdir()}, others | {newest})
        self.call(OPS / "backup.sh", "-k", "00", folder, exit_code=2)

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

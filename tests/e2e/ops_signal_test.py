#!/usr/bin/env python3
"""A signal ends an operator's script, as Ctrl-C, systemd and a closed terminal send it: to all of its processes.

By cmd/ops/backup.sh, cmd/ops/restore.sh and cmd/ops/suspects-report.sh. Each is stopped where the test can see it: a statement waits for a
lock that the test holds, or a program has said that it was begun. What is left is the store as it was, and no half of anything.
"""
import contextlib
import os
import shlex
import shutil
import signal
import subprocess
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import backup_test  # noqa: E402
import harness  # noqa: E402
import rig  # noqa: E402
from backup_test import OPS  # noqa: E402

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Ended(backup_test.Backup):
    def start(self, script, *words, **more):
        def as_from_a_terminal():  # a job in the background ignores SIGINT, one under nohup SIGHUP
            for number in SIGNALS:
                signal.signal(number, signal.SIG_DFL)
        process = subprocess.Popen([str(OPS / script), *map(str, words)], env=self.environment(**more), stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True, start_new_session=True, preexec_fn=as_from_a_terminal)
        self.addCleanup(process.wait)
        self.addCleanup(self.kill, process)
        return process

    @staticmethod
    def kill(process):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)

    def end(self, process, number):
        os.killpg(process.pid, number)
        out, err = process.communicate(timeout=harness.PATIENCE)
        self.assertEqual(process.returncode, 128 + number, err)
        self.assertIn(f"ended by {number.name}", err)
        return out

    def in_the_place_of(self, tool, script):
        """A folder for the PATH with a program of this name, which says that it was begun by making a file of its name there."""
        folder = self.home / f"instead-of-{tool}"
        folder.mkdir()
        path = folder / tool
        path.write_text(f"#!/bin/sh\n{script}\n: >{shlex.quote(str(folder / 'begun'))}\nexec sleep 600\n")
        path.chmod(0o755)
        return folder

    def path_with(self, folder):
        return {"PATH": f"{folder}:{os.environ['PATH']}"}

    def wait_for_begun(self, folder):
        harness.wait_for((folder / "begun").exists, "a program to be begun")
        (folder / "begun").unlink()


class Postgres(Ended):
    def setUp(self):
        super().setUp()
        self.server = rig.server_settings(backup_test.arguments.servers)["POSTGRES_URL"]
        self.keep(rig.PostgresStore(self.server))
        self.load()
        self.before = self.store.fingerprint()

    def wait_for_statement(self, words):
        """Until a statement with these words waits for a lock."""
        harness.wait_for(lambda: rig.psql(self.server, "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' "
                                                       f"AND query ILIKE '%{words}%' AND query LIKE '%{self.name_of_it}%'"), words)

    @contextlib.contextmanager
    def holding(self, url, sql):
        """A session that has done this and has not committed."""
        session = subprocess.Popen(["psql", "-X", "-q", "-A", "-t", "-d", url], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   text=True)
        with session:
            session.stdin.write(f"BEGIN; {sql}; SELECT 'held';\n")
            session.stdin.flush()
            self.assertEqual(session.stdout.readline(), "held\n")
            yield
            session.stdin.close()

    def nothing_is_left(self):
        """One database, which everybody may use, with what it held."""
        self.assertEqual(rig.psql(self.server, "SELECT datname, datallowconn FROM pg_database "
                                               f"WHERE datname LIKE '{self.store.name}%'"), [(self.store.name, "t")])
        self.assertEqual(self.store.fingerprint(), self.before)

    def test_a_backup_leaves_no_part(self):
        self.name_of_it = "ratings"
        folder = self.home / "backups"
        for number in SIGNALS:
            with self.holding(self.store.url, "LOCK TABLE ratings IN ACCESS EXCLUSIVE MODE"):
                process = self.start("backup.sh", "-k", "1", folder)
                self.wait_for_statement("LOCK TABLE")
                self.assertEqual(len(list(folder.glob("*.dump.part"))), 1)
                self.assertEqual(self.end(process, number), "")
            self.assertEqual(list(folder.iterdir()), [])

    def test_a_restore_that_is_still_filling_its_database_drops_it(self):
        backup = self.back_up()
        begun = self.in_the_place_of("pg_restore", f'{shutil.which("pg_restore")} "$@"')
        for number in SIGNALS:
            process = self.start("restore.sh", backup, **self.path_with(begun))
            self.wait_for_begun(begun)
            self.assertEqual(len(rig.psql(self.server, "SELECT 1 FROM pg_database "
                                                       f"WHERE datname LIKE '{self.store.name}\\_restore\\_%'")), 1)
            self.assertEqual(self.end(process, number), "")
            self.nothing_is_left()

    def test_a_restore_in_the_middle_of_the_exchange_opens_the_live_database_again(self):
        self.name_of_it = self.store.name
        backup = self.back_up()
        for number in SIGNALS:
            # Who comments on a database keeps others from giving it another name, and nobody from closing it.
            with self.holding(self.server, f"COMMENT ON DATABASE {self.store.name} IS 'held'"):
                process = self.start("restore.sh", backup)
                self.wait_for_statement("RENAME TO")
                self.assertEqual(rig.psql(self.server, f"SELECT datallowconn FROM pg_database WHERE datname = '{self.store.name}'"),
                                 [("f",)])
                self.assertEqual(self.end(process, number), "")
            self.nothing_is_left()


class Sqlite(Ended):
    def setUp(self):
        super().setUp()
        self.keep(rig.SqliteStore(self.home))
        self.load()

    def test_a_backup_leaves_no_part(self):
        begun, folder = self.in_the_place_of("sqlite3", ""), self.home / "backups"
        for number in SIGNALS:
            process = self.start("backup.sh", folder, **self.path_with(begun))
            self.wait_for_begun(begun)
            self.assertEqual(len(list(folder.glob("*.db.part"))), 1)
            self.assertEqual(self.end(process, number), "")
            self.assertEqual(list(folder.iterdir()), [])

    def test_a_restore_that_is_still_keeping_the_store_leaves_no_half_of_it(self):
        backup, before = self.back_up(), self.store.fingerprint()
        keeping = f'{shutil.which("sqlite3")} "$@"\ncase "$*" in *"VACUUM INTO"*) ;; *) exit ;; esac'
        begun = self.in_the_place_of("sqlite3", keeping)
        for number in SIGNALS:
            process = self.start("restore.sh", backup, **self.path_with(begun))
            self.wait_for_begun(begun)
            self.assertEqual(len(list(self.home.glob("*.before-*"))), 1)
            self.assertEqual(self.end(process, number), "")
            self.assertEqual(list(self.home.glob("*.before-*")), [])
        self.assertEqual(self.store.fingerprint(), before)

    def test_a_suspects_report_leaves_no_part(self):
        begun, folder = self.in_the_place_of("ratingsctl", "echo half"), self.home / "reports"
        for number in SIGNALS:
            process = self.start("suspects-report.sh", folder, RATINGSCTL=str(begun / "ratingsctl"))
            self.wait_for_begun(begun)
            self.assertEqual(len(list(folder.glob("*.part"))), 1)
            self.assertEqual(self.end(process, number), "")
            self.assertEqual(list(folder.iterdir()), [])


if __name__ == "__main__":
    backup_test.main()

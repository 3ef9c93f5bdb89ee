#!/usr/bin/env python3
"""A command that is ended while it waits until no server can answer from before says what stands; a clean-up names its batch.

On PostgreSQL, where a delta is the rule. The first signal comes when the store shows that the change is committed; the second one
ends the command, which then has printed no result.
"""
import argparse
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import harness  # noqa: E402
import rig  # noqa: E402

ROWS = "userId,movieId,rating,timestamp\n1,2,3.5,4\n1,2,3.5,4\n1,5,4,6\n2,2,1,4\n"
SESSIONS = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
PATIENCE = 60
arguments = argparse.Namespace()


class Interrupted(unittest.TestCase):
    def setUp(self):
        home = tempfile.TemporaryDirectory()
        self.addCleanup(home.cleanup)
        self.store = rig.PostgresStore(rig.server_settings(arguments.servers)["POSTGRES_URL"])
        self.addCleanup(self.store.drop)
        self.environment = rig.clean_environment(home.name) | {"RATINGSCTL_STORE": self.store.url}
        self.file = Path(home.name) / "ratings.csv"
        self.file.write_text(ROWS, encoding="utf-8")
        self.call("load", str(self.file))

    def call(self, *command):
        return subprocess.run([arguments.program, *command], check=True, env=self.environment, capture_output=True, text=True,
                              timeout=PATIENCE).stdout

    def start(self, *command):
        process = subprocess.Popen([arguments.program, *command], env=self.environment, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True)
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        return process

    def ended_in_the_wait(self, number, *command):
        """What it said on stderr."""
        before = self.store.fingerprint()
        process = self.start(*command)
        deadline = time.monotonic() + PATIENCE
        while self.store.fingerprint() == before:
            self.assertIsNone(process.poll(), "the command ended before it was committed")
            self.assertLess(time.monotonic(), deadline, "the command does not commit")
        return self.ended_by_two(number, process)

    def ended_by_two(self, number, process):
        process.send_signal(number)
        said = next(line for line in process.stderr if "interrupted" in line)
        if "rolling back" in said:  # the server has committed, and the command does not know it yet
            said += process.stderr.readline()
        process.send_signal(number)
        self.assertEqual(process.wait(PATIENCE), -number)
        self.assertEqual(process.stdout.read(), "")
        return said + process.stderr.read()

    def test_a_load_stays_and_says_so(self):
        # Longer than this test may take, so that the command cannot end by itself.
        self.call("init", "--delta", "60000")
        for number in (signal.SIGINT, signal.SIGTERM):
            with self.subTest(number):
                said = self.ended_in_the_wait(number, "load", "--append", "--again", str(self.file))

                self.assertRegex(said, "the change is committed and stays|too late: it was done already")

    def test_a_load_of_what_is_there_holds_nothing_while_it_waits(self):
        self.call("init", "--delta", "60000")
        process = self.start("load", "--progress", "json", str(self.file))
        self.assertIn("hash", process.stderr.readline())  # its transaction is open

        harness.wait_for(lambda: not self.store.rows(SESSIONS), "its sessions to end")

        self.assertIn("there was nothing to change", self.ended_by_two(signal.SIGINT, process))

    def test_it_says_which_batch_stands_and_how_to_take_it_back(self):
        loaded = self.store.fingerprint()
        for number, command in ((signal.SIGINT, ("purge-user", "1")), (signal.SIGTERM, ("dedupe",))):
            with self.subTest(command):
                self.call("init", "--delta", "60000")

                said = self.ended_in_the_wait(number, *command)

                way_back = re.search(r"as batch (\S+) \('ratingsctl (undo \1)' takes it back\)", said)
                self.assertIsNotNone(way_back, said)
                self.assertNotEqual(self.store.fingerprint(), loaded)
                said = self.ended_in_the_wait(number, *way_back[2].split())
                self.assertIn(f"batch {way_back[1]} is given back", said)
                self.assertEqual(self.store.fingerprint(), loaded)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", required=True)
    parser.add_argument("--servers", required=True)
    rest = parser.parse_known_args(namespace=arguments)[1]
    arguments.program = os.path.abspath(arguments.program)
    unittest.main(argv=[sys.argv[0], *rest], verbosity=2)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""A clean-up command that is ended while it waits until no server can answer from before has named its batch.

On PostgreSQL: only there is something to wait for after COMMIT. The first signal comes when the store shows that the change is
committed; the second one ends the command, which then has printed no result.
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
import rig  # noqa: E402

ROWS = "userId,movieId,rating,timestamp\n1,2,3.5,4\n1,2,3.5,4\n1,5,4,6\n2,2,1,4\n"
PATIENCE = 60
arguments = argparse.Namespace()


class Interrupted(unittest.TestCase):
    def setUp(self):
        home = tempfile.TemporaryDirectory()
        self.addCleanup(home.cleanup)
        self.store = rig.PostgresStore(rig.server_settings(arguments.servers)["POSTGRES_URL"])
        self.addCleanup(self.store.drop)
        self.environment = rig.clean_environment(home.name) | {"RATINGSCTL_STORE": self.store.url}
        file = Path(home.name) / "ratings.csv"
        file.write_text(ROWS, encoding="utf-8")
        self.call("load", str(file))

    def call(self, *command):
        return subprocess.run([arguments.program, *command], check=True, env=self.environment, capture_output=True, text=True,
                              timeout=PATIENCE).stdout

    def ended_in_the_wait(self, number, *command):
        """What it said on stderr."""
        before = self.store.fingerprint()
        process = subprocess.Popen([arguments.program, *command], env=self.environment, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True)
        try:
            deadline = time.monotonic() + PATIENCE
            while self.store.fingerprint() == before:
                self.assertIsNone(process.poll(), "the command ended before it was committed")
                self.assertLess(time.monotonic(), deadline, "the command does not commit")
            process.send_signal(number)
            first = process.stderr.readline()
            process.send_signal(number)
            out, rest = process.communicate(timeout=PATIENCE)
        finally:
            process.kill()
        self.assertEqual((process.returncode, out), (-number, ""), first + rest)
        return first + rest

    def test_it_says_which_batch_stands_and_how_to_take_it_back(self):
        loaded = self.store.fingerprint()
        for number, command in ((signal.SIGINT, ("purge-user", "1")), (signal.SIGTERM, ("dedupe",))):
            with self.subTest(command):
                # Longer than this test may take, so that the command cannot end by itself.
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

#!/usr/bin/env python3
"""README's troubleshooting: what it says one sees is what the program says. What is cheap is provoked."""
import http.client
import re
from pathlib import Path

import harness

ROOT = Path(__file__).parents[2]
# What needs a PostgreSQL or half a minute: the source that says it; the tests of that source provoke it.
SAID_BY = {
    "this database has a table public.ratings that ratingsctl did not make": ("lib/src/postgres/migrations.cpp",),
    "waited 30 s for ratingsctl/load (pid …)": ("lib/src/postgres/commit_outcome.cpp",),
}
NOT_OURS = ("PostgreSQL's container", "files in PostgreSQL's")


def seen():
    """What the first cells of the table quote of ours."""
    section = (ROOT / "README.md").read_text().split("## Troubleshooting\n", 1)[1].split("\n## ", 1)[0]
    cells = [line.split("|")[1].strip() for line in section.splitlines() if line.startswith("|")][2:]
    return [re.match(r"`([^`]*)`", cell)[1] for cell in cells if not cell.startswith(NOT_OURS)]


class Troubleshooting(harness.Case):
    def assert_said(self, quoted, message):
        self.assertIn(quoted, seen(), "README quotes something else")
        self.assertRegex(message, ".+".join(map(re.escape, quoted.split("…"))))

    def provoke_port(self):
        with harness.Serve(self) as server:
            done = self.run_cli("serve", "--port", server.port, exit_code=4)
        self.assert_said("cannot listen on …: Address already in use", done.err)

    def provoke_other_ratings(self):
        done = self.run_cli("load", self.csv((2, 2, 2, 2), name="other.csv"), exit_code=5)
        self.assert_said("the table already holds other ratings", done.err)

    def provoke_bypass(self):
        with harness.Serve(self, "--memory-cache", "0") as server:
            connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=harness.PATIENCE)
            self.addCleanup(connection.close)
            connection.request("GET", "/rates/1")
            self.assert_said("X-Cache: bypass", str(connection.getresponse().headers))

    def test_every_text_is_one_that_the_program_says(self):
        self.run_cli("load", self.csv((1, 1, 1, 1)))
        provoked = (self.provoke_port, self.provoke_other_ratings, self.provoke_bypass)
        for provoke in provoked:
            with self.subTest(provoke.__name__):
                provoke()
        for quoted, files in SAID_BY.items():
            self.assertIn(quoted, seen(), "README quotes something else")
            source = "".join((ROOT / file).read_text() for file in files)
            first = quoted.split(" ratingsctl/load")[0]
            self.assertIn(first, re.sub(r'"\s*"', "", source), f"{files} say something else")
        self.assertEqual(len(seen()), len(provoked) + len(SAID_BY), "a text that nobody compares")


if __name__ == "__main__":
    harness.main()

#!/usr/bin/env python3
"""export on the embedded store: what it writes, load reads back as the same records."""
import json

import harness

ROWS = [(1, 31, 2.5, 1260759144), (1, 31, 2.5, 1260759144), (2, 31, 4, 100), (42, 7, 0, 253402300799), (42, 8, 4.1, 0)]


class Export(harness.Case):
    def setUp(self):
        super().setUp()
        self.run_cli("load", self.csv(*ROWS))

    def lines(self, *words, **options):
        return sorted(self.run_cli("export", *words, **options).out.splitlines())

    def test_everybody_as_csv_loads_into_the_same_records(self):
        done = self.run_cli("export")
        self.assertEqual(done.out.splitlines()[0], "userId,movieId,rating,timestamp")
        self.assertIn("exported 5 ratings", done.err)
        other = f"sqlite:{self.home / 'other.db'}"

        self.run_cli("load", self.write("copy.csv", done.out), "--store", other)

        self.assertEqual(self.lines("--store", other), self.lines())
        self.assertEqual(len(self.lines()), len(ROWS) + 1)

    def test_some_users_from_arguments_file_and_standard_input(self):
        wanted = sorted(["userId,movieId,rating,timestamp", "2,31,4,100", "42,7,0,253402300799", "42,8,4.1,0"])
        ids = self.write("ids", "42\n# a remark\n\n2\n42\n")

        self.assertEqual(self.lines("2", "42"), wanted)
        self.assertEqual(self.lines("--from-file", ids), wanted)
        self.assertEqual(self.lines("-", stdin="2\n42\n"), wanted)

    def test_nobody_is_not_everybody(self):
        self.assertEqual(self.lines("-", stdin=""), ["userId,movieId,rating,timestamp"])
        self.assertEqual(self.lines("999"), ["userId,movieId,rating,timestamp"])
        self.assertEqual(self.lines("999", "-o", "ndjson"), [])

    def test_ndjson_has_the_user_before_the_fields_of_the_api(self):
        objects = [json.loads(line) for line in self.lines("1", "-o", "ndjson")]
        self.assertEqual(objects, [{"user_id": 1, "movie_id": 31, "rating": 2.5, "timestamp": "2009-12-14 02:52:24"}] * 2)

    def test_quarantined_ratings_are_not_exported(self):
        self.run_cli("purge-user", "1")
        self.assertFalse([line for line in self.lines() if line.startswith("1,")])

    def test_wrong_input_is_said(self):
        self.run_cli("export", "x", exit_code=2)
        self.run_cli("export", "1", "--from-file", "ids", exit_code=2)
        self.assertEqual(self.run_cli("export", "--from-file", "", exit_code=2).out, "")
        self.run_cli("export", "-o", "table", exit_code=2)
        self.run_cli("export", "--store", f"sqlite:{self.home / 'none.db'}", exit_code=4)


if __name__ == "__main__":
    harness.main()

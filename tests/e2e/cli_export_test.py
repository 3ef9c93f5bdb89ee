#!/usr/bin/env python3
"""export on the embedded store: what it writes, as CSV and as NDJSON, load reads back as the same records."""
import gzip
import json

import harness

ROWS = [(1, 31, 2.5, 1260759144), (1, 31, 2.5, 1260759144), (2, 31, 4, 100), (42, 7, 0, 253402300799), (42, 8, 4.1, 0)]
# The ends of every column, and floats whose shortest text is long.
EXTREMES = [(0, 0, 0, 0), (2**63 - 1, 2**31 - 1, 10, 253402300799), (1, 1, "1e-45", 1), (1, 2, "9.999999", 951782400),
            (1, 3, "0.30000001", 951868799), (1, 4, "1.17549435e-38", 4107542399)]


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

    def test_everybody_as_ndjson_loads_into_the_same_records_plain_packed_and_from_standard_input(self):
        self.run_cli("load", self.csv(*EXTREMES, name="extremes.csv"), "--append")
        objects, rows = self.run_cli("export", "-o", "ndjson").out, self.lines()
        self.assertEqual(len(rows), len(ROWS) + len(EXTREMES) + 1)
        packed = gzip.compress(objects.encode())
        ways = {"plain": ((self.write("copy.ndjson", objects),), {}),
                "packed": ((self.write("copy.gz", packed),), {}),
                "stdin": (("-",), {"stdin": objects}),
                "packed-stdin": (("-", "--jobs", "3"), {"stdin": packed}),
                "delimiter": (("copy.ndjson", "--delimiter", ";"), {})}
        for name, (words, more) in ways.items():
            with self.subTest(name):
                other = f"sqlite:{self.home / name}.db"
                report = self.run_json("load", *words, "--store", other, **more)
                self.assertEqual((report["loaded"], report["bytes"]), (len(rows) - 1, len(objects)))
                self.assertEqual(self.lines("--store", other), rows)
                self.assertEqual(self.run_cli("export", "--store", other, "-o", "ndjson").out, objects)

    def test_the_same_ndjson_is_loaded_once_and_together_with_csv(self):
        other = f"sqlite:{self.home / 'other.db'}"
        objects = self.write("one.ndjson", self.run_cli("export", "1", "-o", "ndjson").out)
        rows = self.write("rest.csv", self.run_cli("export", "2", "42").out)

        self.run_cli("load", objects, rows, "--store", other)
        self.assertEqual(self.lines("--store", other), self.lines())

        again = self.run_json("load", objects, "--store", other)
        self.assertEqual((again["no_op"], again["skipped"]), (True, [str(objects)]))

    def test_a_bad_object_is_named_by_its_line_and_kept_as_it_was(self):
        other = f"sqlite:{self.home / 'other.db'}"
        bad = '{"rating": 11, "user_id":7,  "movie_id":1,"timestamp":"2009-12-14 02:52:24"}'
        objects = self.run_cli("export", "-o", "ndjson").out.splitlines()
        file = self.write("bad.ndjson", "\n".join([*objects[:2], bad, *objects[2:], ""]))
        said = f"{file}:3: rating '11' is outside 0 to 10"

        refused = self.run_cli("load", file, "--store", other, exit_code=1)
        self.assertIn(said, refused.err)

        rejects = self.home / "rejects"
        done = self.run_cli("load", file, "--store", other, "--max-errors", "1", "--rejects", rejects, exit_code=3)
        self.assertIn(said, done.err)
        self.assertEqual(self.lines("--store", other), self.lines())
        self.assertEqual(rejects.read_text(), bad + "\n")
        entry = json.loads((self.home / "rejects.log").read_text())
        self.assertEqual((entry["line"], entry["byte_offset"], entry["code"]),
                         (3, len("\n".join([*objects[:2], ""])), "E_RANGE"))

        rejects.write_text(bad.replace("11", "1"))
        self.run_cli("load", rejects, "--store", other, "--append")
        self.assertIn("7,1,1,1260759144", self.lines("--store", other))

    def test_objects_without_their_user_are_refused(self):
        answer = self.write("rates.ndjson", self.run_cli("query", "1", "-o", "ndjson").out)
        done = self.run_cli("load", answer, "--append", exit_code=1)
        self.assertIn(f"{answer}:1: there is no user_id", done.err)

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

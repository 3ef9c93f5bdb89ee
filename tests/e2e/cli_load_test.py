#!/usr/bin/env python3
"""ratingsctl load on the embedded store: what is loaded, what is refused, what is reported."""
import contextlib
import gzip
import json
import os
import signal
import sqlite3
from pathlib import Path

import harness

ROWS = [(1, 31, 2.5, 1260759144), (1, 1029, 3, 1260759179), (2, 10, 4, 835355493)]
SAMPLE = Path(__file__).parents[2] / "data/ratings_sample.csv"
KEYS = ["read", "loaded", "rejected", "excluded", "users", "bytes", "generation", "stages", "no_op", "skipped",
        "committed_ms", "visible_ms"]


class Load(harness.Case):
    def test_every_row_is_there_afterwards(self):
        report = self.run_json("load", self.csv(*ROWS))

        self.assertEqual(list(report), KEYS)
        self.assertEqual((report["read"], report["loaded"], report["rejected"], report["excluded"]), (3, 3, 0, 0))
        self.assertEqual((report["users"], report["no_op"], report["generation"]), (2, False, 1))
        self.assertEqual(report["bytes"], (self.home / "ratings.csv").stat().st_size)
        self.assertTrue(report["stages"])
        self.assertTrue(all(name.endswith("_ms") and isinstance(took, int) for name, took in report["stages"].items()))
        self.assertGreaterEqual(report["visible_ms"], report["committed_ms"])
        self.assertEqual(self.all_rows(1, 2), ["1,1029,3,1260759179", "1,31,2.5,1260759144", "2,10,4,835355493"])

    def test_the_audit_log_names_the_files(self):
        odd = os.fsdecode(b"b\xff.csv")
        self.run_cli("load", self.csv((1, 10, 4, 100), name="a.csv"), self.csv((2, 10, 4, 100), name=odd))
        with contextlib.closing(sqlite3.connect(self.store)) as database:
            (detail,), = database.execute("SELECT detail FROM ratingsctl_audit WHERE command = 'load'")
        self.assertEqual(detail, f"{self.home}/a.csv, {self.home}/b\\xff.csv")

    def test_a_second_time_changes_nothing_and_says_so(self):
        path = self.csv(*ROWS)
        self.run_cli("load", path)

        report = self.run_json("load", path)

        self.assertEqual((report["no_op"], report["loaded"], report["skipped"]), (True, 0, [str(path)]))
        self.assertIn("in the store already", self.run_cli("load", path, "--append").out)
        self.assertEqual(len(self.all_rows(1, 2)), 3)

    def test_again_loads_known_content_once_more(self):
        path = self.csv(*ROWS)
        self.run_cli("load", path)

        self.assertEqual(self.run_json("load", path, "--again")["loaded"], 3)

        self.assertEqual(len(self.all_rows(1, 2)), 6)

    def test_other_content_needs_append_or_replace(self):
        self.run_cli("load", self.csv(*ROWS))
        other = self.csv((7, 8, 1, 100), name="other.csv")

        refused = self.run_cli("load", other, exit_code=5)
        self.assertIn("--append", refused.err)
        self.assertIn("--replace", refused.err)
        self.assertEqual((refused.out, self.all_rows(7)), ("", []))

        self.run_cli("load", other, "--append")
        self.assertEqual((len(self.all_rows(1, 2)), self.all_rows(7)), (3, ["7,8,1,100"]))

        third = self.csv((9, 8, 1, 100), name="third.csv")
        self.assertEqual(self.run_json("load", third, "--replace")["generation"], 2)
        self.assertEqual((self.all_rows(1, 2, 7), self.all_rows(9)), ([], ["9,8,1,100"]))

    def test_append_and_replace_exclude_each_other(self):
        self.run_cli("load", self.csv(*ROWS), "--append", "--replace", exit_code=2)

    def test_the_shipped_sample_gives_way_to_real_data(self):
        self.assertTrue(SAMPLE.exists(), f"{SAMPLE} is missing")
        self.run_cli("load", SAMPLE)
        self.assertNotEqual(self.all_rows(1), [])

        self.run_cli("load", self.csv((1, 5, 2, 100)))

        self.assertEqual(self.all_rows(1), ["1,5,2,100"])
        self.run_cli("load", SAMPLE, exit_code=5)

    def test_a_bad_row_stops_the_load_and_is_named(self):
        path = self.write("bad.csv", harness.csv_text([(1, 2, 3, 100), (1, 2, "nan", 100)]))

        refused = self.run_cli("load", path, exit_code=1)

        self.assertIn(f"{path}:3: ", refused.err)
        self.assertEqual(refused.out, "")
        self.run_cli("load", self.csv(*ROWS))  # nothing of it was loaded: the store counts as empty
        self.assertEqual(len(self.all_rows(1)), 2)

    def test_bad_rows_within_the_limit_are_kept_aside(self):
        path = self.write("bad.csv", harness.csv_text([(1, 2, 3, 100), (1, "x", 3, 100)]))
        rejects = self.home / "rejects.csv"

        report = self.run_json("load", path, "--max-errors", "1", "--rejects", rejects, exit_code=3)

        self.assertEqual((report["read"], report["loaded"], report["rejected"]), (2, 1, 1))
        self.assertIn("1,x,3,100\n", rejects.read_text())

    def test_standard_input_compression_and_delimiter(self):
        self.run_cli("load", "-", stdin=harness.csv_text(ROWS[:1]))
        packed = self.write("more.csv.gz", gzip.compress(harness.csv_text(ROWS[1:2]).encode()))
        self.run_cli("load", packed, "--append")
        semicolons = self.write("semi.csv", harness.csv_text(ROWS[2:]).replace(",", ";"))
        self.run_cli("load", semicolons, "--append", "--delimiter", ";")

        self.assertEqual(len(self.all_rows(1, 2)), 3)

    def test_a_dry_run_checks_and_stores_nothing(self):
        self.run_cli("load", "--dry-run", self.write("bad.csv", "userId,movieId,rating,timestamp\n1,2,3\n"), exit_code=1)

        report = self.run_json("load", "--dry-run", self.csv(*ROWS))

        self.assertEqual(report["read"], 3)
        self.assertEqual([report[key] for key in ("excluded", "generation", "no_op")], [None] * 3)  # the store knows
        self.run_cli("load", self.csv(*ROWS))
        self.assertEqual(len(self.all_rows(1, 2)), 3)

    def test_the_summary_is_the_json_report(self):
        summary = self.home / "summary.json"

        self.run_cli("load", self.csv(*ROWS), "--summary", summary)

        self.assertEqual(list(json.loads(summary.read_text())), KEYS)
        self.run_cli("load", self.csv(*ROWS), "--summary", self.home / "no/such/folder", exit_code=2)

    def test_the_summary_of_a_load_that_is_killed_is_not_an_earlier_ones(self):
        summary = self.write("summary.json", '{"read": 1}')
        load = self.start("load", "-", "--summary", summary)
        harness.wait_for(lambda: '"read"' not in (summary.read_text() or '"read"'), "the load to begin its summary")

        load.kill()

        self.assertEqual(json.loads(summary.read_text())["error"]["code"], "interrupted")

    def test_progress_is_silent_into_a_pipe_and_json_lines_on_demand(self):
        self.assertEqual(self.run_cli("load", self.csv(*ROWS)).err, "")

        done = self.run_cli("load", self.csv(*ROWS[:2], name="b.csv"), "--append", "--progress", "json")

        lines = [json.loads(line) for line in done.err.splitlines()]
        self.assertTrue(lines)
        self.assertEqual(set(lines[0]), {"stage", "file", "done", "total", "rows", "rows_per_second", "eta_s"})

    def test_jobs_is_accepted_and_must_be_positive(self):
        self.run_cli("load", self.csv(*ROWS), "--jobs", "4")
        self.run_cli("load", self.csv(*ROWS), "--jobs", "0", exit_code=2)
        self.run_cli("load", self.csv(*ROWS), "--jobs", "65", exit_code=2)

    def test_what_is_written_is_never_what_is_read(self):
        good, other = self.csv(*ROWS), self.csv(*ROWS[:2], name="b.csv")
        before, home = good.read_bytes(), self.home
        part = home / "r.csv.part"
        part.write_bytes(other.read_bytes())
        for arguments in (["--summary", good], ["--rejects", good], ["--rejects", home / "r.csv", part],
                          ["--summary", self.store], ["--rejects", self.store], ["--rejects", f"{self.store}-wal"],
                          ["--rejects", home / "r.csv", "--summary", home / "r.csv"]):
            with self.subTest(arguments):
                failed = self.run_cli("load", good, *arguments, exit_code=2)
                self.assertIn("choose another name", failed.err)
                self.assertEqual(good.read_bytes(), before)
                self.assertEqual(part.read_bytes(), other.read_bytes())

    def test_a_store_that_is_still_to_be_made_is_known_by_any_of_its_paths(self):
        good, whole = self.csv(*ROWS), self.home / "new.db"
        for store in (whole, "new.db"):
            for arguments in (["--rejects", "new.db"], ["--rejects", whole], ["--summary", "new.db"], ["--summary", whole],
                              ["--rejects", "./new.db-wal"], ["--rejects", "x", "--summary", self.home / "x"],
                              ["--rejects", self.home / "x", "--summary", "x.log"]):
                with self.subTest(store=store, arguments=arguments):
                    failed = self.run_cli("--store", f"sqlite:{store}", "load", good, *arguments, exit_code=2)
                    self.assertIn("choose another name", failed.err)
                    self.assertEqual(list(self.home.glob("new.db*")), [])

    def test_a_named_pipe_that_nobody_writes_is_given_up_at_a_signal(self):
        pipe = self.home / "pipe"
        os.mkfifo(pipe)
        process = self.start("load", str(pipe))
        harness.wait_for(lambda: self.store.exists(), "the store")  # the load is under way
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=harness.PATIENCE)
        self.assertEqual(process.returncode, 130, err)

    def test_a_file_that_is_not_there(self):
        failed = self.run_cli("load", self.home / "missing.csv", exit_code=1)
        self.assertIn("missing.csv", failed.err)

    def test_an_interrupted_load_changes_nothing(self):
        for number, name in ((signal.SIGINT, "int"), (signal.SIGTERM, "term")):
            with self.subTest(name):
                process = self.start("load", "-")
                process.stdin.write(harness.csv_text([(5, movie, 3, 100) for movie in range(100_000)]).encode())
                process.stdin.flush()
                harness.wait_for(lambda: self.store.exists(), "the store")  # the load is under way
                process.send_signal(number)
                out, err = process.communicate(timeout=harness.PATIENCE)

                self.assertEqual(process.returncode, 130, err)
                self.assertEqual(out, b"")
                self.assertIn(b"interrupted: rolling back", err)
                self.assertEqual(self.all_rows(5), [])


if __name__ == "__main__":
    harness.main()

#!/usr/bin/env python3
"""The straight line load, query, profile, purge, undo, dedupe, status; exit codes; results that cannot be written."""
import contextlib
import fcntl
import json
import os
import pty
import re
import sqlite3
import struct
import subprocess
import termios
import unicodedata

import harness

ROWS = [(1, 31, 2.5, 1260759144), (1, 1029, 3, 1260759179), (1, 31, 2.5, 1260759144), (2, 10, 4, 835355493)]
BODY = [{"movie_id": 31, "rating": 2.5, "timestamp": "2009-12-14 02:52:24"},
        {"movie_id": 31, "rating": 2.5, "timestamp": "2009-12-14 02:52:24"},
        {"movie_id": 1029, "rating": 3, "timestamp": "2009-12-14 02:52:59"}]


def on_terminal(case, *arguments, columns=0, **variables):
    """What a command writes when stdout and stderr are a terminal; without `columns` one that does not know its width."""
    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    with subprocess.Popen([harness.program(), *map(str, arguments)], stdin=subprocess.DEVNULL, stdout=follower,
                          stderr=follower, env=case.environment(**{"TERM": "xterm", "COLUMNS": None} | variables), cwd=case.home) as process:
        os.close(follower)
        written = b""
        while True:
            try:
                part = os.read(leader, 65536)
            except OSError:  # Linux's way to say that the other side is closed
                break
            if not part:
                break
            written += part
        code = process.wait(harness.PATIENCE)
    os.close(leader)
    case.assertEqual(code, 0, written)
    return written.decode()


def plain(text):
    """Without colours."""
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


def width(line):
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in line)


class Walk(harness.Case):
    def test_the_straight_line(self):
        self.run_cli("load", self.csv(*ROWS))
        self.assertEqual(json.loads(self.run_cli("query", "1").out), BODY)
        self.assertEqual(self.run_json("profile", "1")["num_rating"], 3)
        batch = self.run_json("purge-user", "1")["batch"]
        self.assertEqual(self.run_cli("query", "1").out, "[]\n")
        self.run_cli("undo", batch)
        self.assertEqual(self.run_json("dedupe")["rows"], 1)
        self.assertEqual(json.loads(self.run_cli("query", "1").out), BODY[1:])

        status = self.run_json("status")

        self.assertEqual((status["rows"], status["quarantined"], status["excluded_users"]), (3, 1, 0))
        self.assertEqual((status["generation"], status["foreign_changes"], status["delta_ms"]), (1, False, 0))
        self.assertEqual([load["rows"] for load in status["last_loads"]], [4])
        self.assertTrue(all(check["ok"] for check in status["checks"]), status["checks"])
        text = self.run_cli("status").out
        self.assertIn("3 rows", text)
        self.assertIn("ratings.csv", text)

    def test_init_creates_once_and_sets_delta(self):
        self.assertEqual(self.run_json("init"), {"found": 0, "schema": 2, "repaired": [], "delta_ms": None})
        self.assertEqual(self.run_cli("init").out, "schema version 2 is up to date\n")
        self.run_cli("init", "--delta", "70")
        self.assertEqual(self.run_json("status")["delta_ms"], 70)
        self.run_cli("load", self.csv(*ROWS))
        result = self.run_json("purge-user", "1")
        self.assertGreaterEqual(result["visible_ms"] - result["committed_ms"], 70)

    def test_init_says_which_triggers_it_put_back_and_so_does_the_audit(self):
        self.run_cli("init")
        for command, said in ((("init",), "schema version 2 is up to date\nput the triggers of ratings back, of which some "
                                          "were missing or disabled\n"),
                              (("init", "-o", "json"), '{"found":2,"schema":2,"repaired":["ratings"],"delta_ms":null}\n')):
            with contextlib.closing(sqlite3.connect(self.store)) as database, database:
                database.execute("DROP TRIGGER ratingsctl_delete")
            done = self.run_cli(*command)
            self.assertEqual(done.out, said)
            self.assertIn("triggers put back table=ratings", done.err)
        with contextlib.closing(sqlite3.connect(self.store)) as database:
            lines = database.execute("SELECT command, detail FROM ratingsctl_audit").fetchall()
        self.assertEqual(lines, [("init", "triggers of ratings put back")] * 2)


class Query(harness.Case):
    def setUp(self):
        super().setUp()
        self.run_cli("load", self.csv((1, 10, 1, 100), (1, 20, 2, 200), (1, 30, 3, 300), (1, 40, 4.5, 400)))

    def movies(self, *arguments):
        return [record["movie_id"] for record in json.loads(self.run_cli("query", "1", *arguments).out)]

    def test_filters(self):
        self.assertEqual(self.movies(), [10, 20, 30, 40])
        self.assertEqual(self.movies("--from", "200", "--to", "400"), [20, 30])
        self.assertEqual(self.movies("--from", "1970-01-01 00:05:00"), [30, 40])
        self.assertEqual(self.movies("--movie", "10,40", "--movie", "30"), [10, 30, 40])
        self.assertEqual(json.loads(self.run_cli("query", "1", RATINGSCTL_MOVIE="10,40").out),
                         json.loads(self.run_cli("query", "1", "--movie", "10", "--movie", "40").out))
        self.assertEqual(self.movies("--min-rating", "2.5"), [30, 40])
        self.assertEqual(self.movies("--order", "desc", "--limit", "2"), [40, 30])

    def test_formats(self):
        self.assertEqual(self.run_cli("query", "1", "-o", "csv", "--limit", "1").out,
                         "userId,movieId,rating,timestamp\n1,10,1,100\n")
        lines = self.run_cli("query", "1", "-o", "ndjson").out.splitlines()
        self.assertEqual([json.loads(line)["movie_id"] for line in lines], [10, 20, 30, 40])
        self.assertEqual(self.run_cli("query", "1", "-o", "table", "--limit", "1").out,
                         "movie  rating  time (UTC)\n   10       1  1970-01-01 00:01:40\n")

    def test_what_csv_prints_can_be_loaded(self):
        path = self.write("out.csv", self.run_cli("query", "1", "-o", "csv").out)
        self.run_cli("load", path, "--replace")
        self.assertEqual(self.movies(), [10, 20, 30, 40])

    def test_an_unknown_user_is_empty(self):
        self.assertEqual(self.run_cli("query", "2").out, "[]\n")
        self.assertEqual(self.run_cli("query", "2", "-o", "ndjson").out, "")
        self.assertEqual(self.run_cli("query", "9223372036854775807", "-o", "csv").out, "userId,movieId,rating,timestamp\n")
        self.assertEqual(self.run_cli("query", "0", "-o", "table").out, "no ratings of user 0\n")

    def test_a_terminal_gets_a_table(self):
        self.assertIn("movie  rating  time (UTC)", plain(on_terminal(self, "query", "1")))

    def test_profile(self):
        self.assertEqual(self.run_json("profile", "1")["avg_rating"], 2.63)
        for text in (on_terminal(self, "profile", "1"), self.run_cli("profile", "1", "-o", "table").out):
            self.assertIn("2.63", text)
            self.assertRegex(plain(text), r"(?m)^ *4\.5 +1  █+\r?$")
        unknown = self.run_cli("profile", "2", exit_code=3)
        self.assertEqual((unknown.out, "user 2" in unknown.err), ("null\n", True))


class Output(harness.Case):
    def test_a_terminal_sees_progress_that_is_gone_afterwards_and_no_colour(self):
        written = on_terminal(self, "load", self.csv(*ROWS))
        self.assertIn("\r\x1b[K", written)
        self.assertRegex(written, r"\d+ %")
        self.assertNotIn("\x1b[3", written)
        self.assertIn("loaded 4 rows", written.rsplit("\x1b[K", 1)[1])

    def test_a_full_disk_is_a_failure(self):
        path = self.csv(*ROWS)
        for arguments in (["load", path], ["load", path], ["query", "1"], ["profile", "1"], ["status"], ["--help"],
                          ["--version"], ["batches"], ["init"], ["dedupe", "--dry-run"]):
            with self.subTest(arguments[0]), open("/dev/full", "wb") as full:
                done = self.run_cli(*arguments, stdout=full, exit_code=1)
                self.assertIn("ratingsctl: cannot write to standard output: No space left on device", done.err)

    def test_a_load_that_could_not_be_reported_says_that_it_is_done(self):
        with open("/dev/full", "wb") as full:
            done = self.run_cli("load", self.csv(*ROWS), stdout=full, exit_code=1)
        self.assertIn("; the load itself is done", done.err)
        self.assertEqual(self.run_json("status")["rows"], len(ROWS))

    def test_closed_standard_streams_are_nobody_else_s_files(self):
        path = self.csv(*ROWS, (1, 2, "x", 4))
        script = f'exec "$0" load "{path}" --max-errors 1 --rejects r.csv <&- >&- 2>&-'
        done = subprocess.run(["sh", "-c", script, harness.program()], env=self.environment(), cwd=self.home, check=False)
        self.assertEqual(done.returncode, 1, "what could not be printed is a failure")
        self.assertEqual(self.run_json("status")["rows"], len(ROWS))
        self.assertEqual((self.home / "r.csv").read_text(), harness.csv_text([(1, 2, "x", 4)]))

    def test_a_change_that_could_not_be_reported_names_its_batch(self):
        self.run_cli("load", self.csv(*ROWS))
        with open("/dev/full", "wb") as full:
            done = self.run_cli("purge-user", "1", stdout=full, exit_code=1)
        self.assertIn(self.run_json("batches")[0]["batch"], done.err)

    def test_a_reader_that_has_gone_is_a_failure(self):
        self.run_cli("load", self.csv(*ROWS))
        reading, writing = os.pipe()
        os.close(reading)
        try:
            done = self.run_cli("query", "1", stdout=writing, exit_code=1)
        finally:
            os.close(writing)
        self.assertIn("Broken pipe", done.err)

    def test_version_and_help_are_results(self):
        self.assertRegex(self.run_cli("--version").out, r"^ratingsctl \d+\.\d+\.\d+\n$")
        for arguments in (["--help"], ["-h"], ["load", "--help"]):
            done = self.run_cli(*arguments)
            self.assertEqual(done.err, "")
            self.assertIn("Exit codes", done.out)

    def test_a_name_cannot_steer_the_terminal(self):
        self.run_cli("load", self.csv(*ROWS))
        self.run_cli("purge-user", "1", "--reason", "\x1b[31mred\nline")
        self.assertNotIn("\x1b", self.run_cli("batches").out)
        self.assertEqual(self.run_json("batches")[0]["reason"], "\x1b[31mred\nline")


class Screens(harness.Case):
    """Tables fit the terminal that they are shown on; a pipe gets them whole."""
    REASON = "voted for one movie all night long, 日本語 and with an ellipsis to come"

    def setUp(self):
        super().setUp()
        self.run_cli("load", self.csv(*[(1, movie, 0.5 * (1 + movie % 10), 1260759144 + movie * 8640000) for movie in range(60)]))
        self.run_cli("purge-user", "1", "--reason", self.REASON)
        self.run_cli("undo", self.run_json("batches")[0]["batch"])

    def test_every_table_fits_80_and_40_columns(self):
        for arguments in (["profile", "1"], ["query", "1"], ["status"], ["batches"]):
            for columns in (80, 40):
                with self.subTest(arguments[0], columns=columns):
                    lines = plain(on_terminal(self, *arguments, columns=columns)).splitlines()
                    self.assertGreater(len(lines), 1)
                    self.assertEqual([line for line in lines if width(line) > columns], [])
        # Too narrow for nine columns: one below the other, and whole.
        batch = plain(on_terminal(self, "batches", columns=40))
        self.assertIn("state     undone", batch.splitlines())
        self.assertIn("ellipsis to come", batch)

    def test_columns_wins_over_the_terminal(self):
        lines = plain(on_terminal(self, "profile", "1", columns=200, COLUMNS="40")).splitlines()
        self.assertLessEqual(max(map(width, lines)), 40)

    def test_a_pipe_gets_everything(self):
        self.assertIn(self.REASON, self.run_cli("batches", COLUMNS="40").out)
        self.assertIn(f"sqlite:{self.store}", self.run_cli("status", COLUMNS="40").out)
        self.assertIn("█" * 50, self.run_cli("profile", "1", "-o", "table", COLUMNS="40").out)

    def test_colours_on_a_terminal_only_and_never_with_no_color(self):
        self.assertIn("\x1b[1m", on_terminal(self, "profile", "1"))
        for variables in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
            self.assertNotIn("\x1b", on_terminal(self, "profile", "1", **variables))
        self.assertNotIn("\x1b", self.run_cli("profile", "1", "-o", "table", TERM="xterm").out)

    def test_a_profile_draws_ratings_and_years(self):
        text = self.run_cli("profile", "1", "-o", "table").out
        for rating in range(1, 11):
            self.assertRegex(text, rf"(?m)^ *{rating / 2:g} +6  █{{50}}$")
        years = re.findall(r"(?m)^(\d{4}) +(\d+) +[\d.]+  ([█▏▎▍▌▋▊▉]+)$", text)
        self.assertEqual(sum(int(count) for _, count, _ in years), 60)
        longest = max(years, key=lambda year: int(year[1]))
        self.assertEqual(longest[2], "█" * 50)
        self.assertEqual(len(re.findall(r"(?m)^ +\d+ +[\d.]+  \d{4}-\d\d-\d\d \d\d:\d\d:\d\d$", text)), 5)

    def test_years_without_ratings_between_others_have_a_line(self):
        times = (1104537600, 1199145600, 1262304000)  # the first seconds of 2005, 2008 and 2010
        self.run_cli("load", "--append", self.csv(*[(2, 1, 1, time) for time in times], name="gap.csv"))
        self.assertEqual(re.findall(r"(?m)^(20[\d-]+) +(\d) ", self.run_cli("profile", "2", "-o", "table").out),
                         [("2005", "1"), ("2006-2007", "0"), ("2008", "1"), ("2009", "0"), ("2010", "1")])

    def test_progress_fits_too(self):
        path = self.csv(*ROWS, name="a-name-that-is-longer-than-the-terminal-is-wide.csv")
        written = on_terminal(self, "load", "--append", path, columns=40)
        drawn = re.findall(r"\r\x1b\[K([^\r]+)", written)
        self.assertTrue(any("…" in line for line in drawn), drawn)
        self.assertLess(max(map(width, drawn[:-1])), 40)


class ExitCodes(harness.Case):
    def test_servers_that_cannot_be_reached_are_4(self):
        store = f"postgresql://nobody@127.0.0.1:{harness.free_port()}/none"
        for command in (["status"], ["query", "1"], ["profile", "1"], ["batches"], ["purge-user", "1"], ["undo", "purge-1"],
                        ["dedupe"], ["init"], ["load", self.csv(*ROWS)]):
            with self.subTest(command[0]):
                done = self.run_cli(*command, "--store", store, exit_code=4)
                self.assertEqual(done.out, "")
                self.assertTrue(done.err.startswith("ratingsctl: "), done.err)

    def test_messages_are_one_line(self):
        for arguments, code in ((["query", "x"], 2), (["status", "--store", "mysql:x"], 2), (["load", "missing.csv"], 1)):
            self.assertEqual(len(self.run_cli(*arguments, exit_code=code).err.splitlines()), 1)


if __name__ == "__main__":
    harness.main()

#!/usr/bin/env python3
"""purge-user, undo, batches and dedupe on the embedded store."""
import contextlib
import re
import sqlite3

import harness

CLEAN_UP_KEYS = ["batch", "rows", "users", "redis", "committed_ms", "visible_ms", "undo"]
DEDUPE_KEYS = [*CLEAN_UP_KEYS, "groups", "conflicts", "conflict_records"]
ROWS = [(1, 31, 2.5, 100), (1, 32, 3, 200), (2, 31, 4, 100), (3, 31, 5, 100)]


class CleanUp(harness.Case):
    def setUp(self):
        super().setUp()
        self.run_cli("load", self.csv(*ROWS))

    def undo_line(self, out):
        lines = [line for line in out.splitlines() if line.startswith("ratingsctl undo ")]
        self.assertEqual(len(lines), 1, out)
        self.assertRegex(lines[0], r"^ratingsctl undo [A-Za-z0-9-]+$")
        return lines[0].split()[1:]


    def audit(self):
        with contextlib.closing(sqlite3.connect(self.store)) as database:
            return database.execute("SELECT command, batch, users, rows, detail FROM ratingsctl_audit ORDER BY id").fetchall()


class Purge(CleanUp):
    def test_rows_go_and_the_printed_line_brings_them_back(self):
        before = self.all_rows(1, 2, 3)

        out = self.run_cli("purge-user", "1", "3", "--reason", "bots").out

        self.assertIn("took 3 rows of 2 users", out)
        self.assertRegex(out, r"committed after \d+ ms, visible everywhere after \d+ ms")
        self.assertRegex(out, r"(?m)^ *1 +2  purged$")
        self.assertEqual(self.all_rows(1, 2, 3), ["2,31,4,100"])
        self.run_cli(*self.undo_line(out))
        self.assertEqual(self.all_rows(1, 2, 3), before)

    def test_a_file_is_not_loaded_again_when_all_of_it_was_purged(self):
        before = self.all_rows(1, 2, 3)
        file = self.csv(*ROWS)
        undo = self.run_json("purge-user", "1", "2", "3")["undo"].split()[1:]

        for _ in range(2):
            self.assertTrue(self.run_json("load", file)["no_op"])
        self.run_cli(*undo)

        self.assertEqual(self.all_rows(1, 2, 3), before)

    def test_json_has_exactly_the_keys_of_the_contract(self):
        result = self.run_json("purge-user", "1")

        self.assertEqual(list(result), CLEAN_UP_KEYS)
        self.assertEqual(result["users"], [{"user_id": 1, "rows": 2, "status": "purged"}])
        self.assertEqual((result["rows"], result["redis"]), (2, "none"))
        self.assertEqual(result["undo"], f"ratingsctl undo {result['batch']}")
        self.assertGreaterEqual(result["visible_ms"], result["committed_ms"])
        self.assertGreater(result["committed_ms"], 0)

    def test_unknown_users_are_named_and_the_others_purged(self):
        done = self.run_cli("purge-user", "1", "999", exit_code=3)

        self.assertIn("user 999 is unknown", done.err)
        self.assertEqual(self.all_rows(1), [])
        self.undo_line(done.out)
        only_unknown = self.run_json("purge-user", "998", exit_code=3)
        self.assertEqual((only_unknown["batch"], only_unknown["undo"], only_unknown["rows"]), (None, None, 0))
        self.assertEqual(only_unknown["users"][0]["status"], "unknown")

    def test_a_second_purge_has_nothing_to_do(self):
        self.run_cli("purge-user", "1")
        again = self.run_json("purge-user", "1")
        self.assertEqual((again["batch"], again["users"][0]["status"]), (None, "already_excluded"))
        # The first one may be of this very moment: until it is visible, neither is done.
        self.assertEqual(again["committed_ms"], 0)
        self.assertGreaterEqual(again["visible_ms"], self.run_json("status")["delta_ms"])
        self.assertNotIn("ratingsctl undo", self.run_cli("purge-user", "1").out)

    def test_a_dry_run_changes_nothing_and_prints_no_undo(self):
        out = self.run_cli("purge-user", "1", "--dry-run").out
        self.assertIn("would take 2 rows of 1 user;", out)
        self.assertNotIn("ratingsctl undo", out)
        self.assertEqual(len(self.all_rows(1)), 2)
        self.assertEqual(self.run_json("batches"), [])

    def test_more_rows_than_allowed_are_refused(self):
        self.assertIn("--max-rows", self.run_cli("purge-user", "1", "2", "--max-rows", "2", exit_code=5).err)
        self.assertEqual(len(self.all_rows(1, 2)), 3)
        self.run_cli("purge-user", "1", "--max-rows", "2")

    def test_hard_needs_yes_and_has_no_way_back(self):
        self.run_cli("purge-user", "1", "--hard", exit_code=5)
        self.assertEqual(len(self.all_rows(1)), 2)

        done = self.run_cli("purge-user", "1", "--hard", "--yes")

        self.assertNotIn("ratingsctl undo", done.out)
        self.assertIn("backups", done.out)
        self.assertIn("write-ahead log", done.out)
        self.assertEqual(self.all_rows(1), [])
        self.assertIsNone(self.run_json("purge-user", "2", "--hard", "--yes")["undo"])
        batch = self.run_json("batches")[0]["batch"]
        self.assertEqual(self.run_json("purge-user", "2", "--hard", "--yes")["users"][0]["status"], "already_excluded")
        self.assertEqual(self.run_json("batches")[0]["batch"], batch)
        self.run_cli("undo", batch, exit_code=3)
        self.assertEqual(self.all_rows(2), [])

    def test_a_hard_purge_says_when_a_reader_keeps_what_was_erased_in_the_files(self):
        hard = ("purge-user", "1", "--hard", "--yes")
        prune = ("batches", "--prune-older-than", "0h", "--yes")
        with contextlib.closing(sqlite3.connect(self.store)) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM ratings").fetchall()

            done = self.run_cli(*hard, exit_code=3)

            self.assertIn("What remains: the erased ratings in the store's file or write-ahead log, see below", done.out)
            self.assertIn("somebody else was using the store", done.err)
            self.assertIn("somebody else was using the store", self.run_cli(*prune, "-o", "json", exit_code=3).err)
            self.assertEqual(self.all_rows(1), [])
        self.assertEqual(self.run_json(*hard)["users"][0]["status"], "already_excluded")
        self.run_cli(*prune)

    def test_a_file_of_somebody_else_stays_as_it_is(self):
        store = self.home / "films.db"
        with contextlib.closing(sqlite3.connect(store)) as database, database:
            database.execute("CREATE TABLE films (id)")
        before = store.read_bytes()
        for command in (("purge-user", "1"), ("undo", "purge-1"), ("dedupe",), ("batches", "--prune-older-than", "1h")):
            for how in (("--dry-run",), ("--yes",) if command[0] == "batches" else ()):
                with self.subTest([*command, *how]):
                    done = self.run_cli(*command, *how, "--store", f"sqlite:{store}", exit_code=4)
                    self.assertIn("is empty; run 'ratingsctl load FILE' or 'ratingsctl init'", done.err)
        self.run_cli("batches", "--store", f"sqlite:{store}", exit_code=4)
        self.assertEqual(store.read_bytes(), before)
        self.assertEqual([path.name for path in self.home.glob("films*")], ["films.db"])

    def test_ids_from_files_and_standard_input(self):
        text = "\ufeff# bots\n1\n\n  3  # the worst\r\n"
        self.assertEqual(self.run_json("purge-user", "--from-file", self.write("ids", text), "--dry-run")["rows"], 3)
        self.assertEqual(self.run_json("purge-user", "-", "--dry-run", stdin=text)["rows"], 3)
        self.assertEqual(self.run_json("purge-user", "--from-file", "-", "--dry-run", stdin=text)["rows"], 3)
        nobody = self.run_json("purge-user", "-", stdin="# nobody\n")
        self.assertEqual((nobody["users"], nobody["batch"]), ([], None))

    def test_a_bad_line_is_named_and_nothing_is_done(self):
        for bad in ("x", "01", "-1", "1 2", "9223372036854775808", "1.0"):
            with self.subTest(bad):
                path = self.write("ids", f"1\n# comment\n{bad}\n3\n")
                done = self.run_cli("purge-user", "--from-file", path, exit_code=2)
                self.assertIn(f"{path}:3: ", done.err)
        self.assertIn("standard input:1: ", self.run_cli("purge-user", "-", stdin="x\n", exit_code=2).err)
        self.run_cli("purge-user", "--from-file", self.home / "missing", exit_code=2)
        self.run_cli("purge-user", "--from-file", self.home, exit_code=2)
        self.run_cli("purge-user", "1", "--from-file", self.write("ids", "1\n"), exit_code=2)
        self.run_cli("purge-user", "1", "--from-file", "", exit_code=2)
        self.assertEqual(len(self.all_rows(1, 2, 3)), 4)

    def test_a_nul_does_not_cut_the_message(self):
        path = self.write("ids", "1\n5\0x\n")
        self.assertIn(f"{path}:2: '5\\x00x' is not a user id", self.run_cli("purge-user", "--from-file", path, exit_code=2).err)

    def test_the_audit_has_the_reason(self):
        self.run_cli("purge-user", "1", "--reason", "bots, ticket 7")
        self.assertEqual(self.audit()[-1], ("purge-user", "purge-1", 1, 2, "bots, ticket 7"))

    def test_rows_of_excluded_users_are_held_back(self):
        batch = self.run_json("purge-user", "1")["batch"]

        report = self.run_json("load", "--append", self.csv((1, 40, 1, 300), (2, 40, 1, 300), name="more.csv"))

        self.assertEqual((report["read"], report["loaded"], report["excluded"]), (2, 1, 1))
        self.assertEqual(self.all_rows(1), [])
        self.run_cli("undo", batch)
        self.assertEqual(len(self.all_rows(1)), 3)


class Undo(CleanUp):
    def test_json_has_exactly_the_keys_of_the_contract(self):
        batch = self.run_json("purge-user", "1")["batch"]

        result = self.run_json("undo", batch)

        self.assertEqual(list(result), CLEAN_UP_KEYS)
        self.assertEqual((result["batch"], result["rows"], result["undo"]), (batch, 2, None))
        self.assertEqual(result["users"], [{"user_id": 1, "rows": 2, "status": "restored"}])

    def test_a_second_undo_says_so(self):
        batch = self.run_json("purge-user", "1")["batch"]
        self.run_cli("undo", batch)
        self.assertIn("has been undone already", self.run_cli("undo", batch).out)
        self.assertEqual(self.run_json("undo", batch)["rows"], 0)
        self.assertEqual(len(self.all_rows(1)), 2)

    def test_an_unknown_batch(self):
        done = self.run_cli("undo", "purge-999", exit_code=3)
        self.assertIn("purge-999", done.err)
        self.assertEqual(done.out, "")
        self.assertEqual(list(self.run_json("undo", "purge-999", exit_code=3)), CLEAN_UP_KEYS)

    def test_a_user_whom_another_batch_excludes_stays_out(self):
        first = self.run_json("purge-user", "1")["batch"]
        self.run_cli("undo", first)
        first = self.run_json("purge-user", "1")["batch"]
        # A row that came past ratingsctl, so that a second batch takes something of the same user.
        with contextlib.closing(sqlite3.connect(self.store)) as database, database:
            database.execute("INSERT INTO ratings (user_id, movie_id, rating, timestamp) VALUES (1, 50, 1, 500)")
        second = self.run_json("purge-user", "1")["batch"]
        self.assertNotEqual(first, second)

        done = self.run_cli("undo", first, exit_code=3)

        self.assertIn("user 1 is still excluded by another batch; nothing of theirs was given back", done.err)
        self.assertEqual(self.all_rows(1), [])
        self.run_cli("undo", second)
        self.run_cli("undo", first)
        self.assertEqual(len(self.all_rows(1)), 3)

    def test_a_superseded_batch_is_refused_and_can_be_lifted(self):
        batch = self.run_json("purge-user", "1")["batch"]
        self.run_cli("load", "--replace", self.csv((1, 9, 1, 1), (2, 9, 1, 1), name="new.csv"))
        self.assertEqual(self.all_rows(1), [])

        self.assertIn("--lift", self.run_cli("undo", batch, exit_code=5).err)
        self.run_cli("undo", "--lift", batch)

        self.assertEqual(self.all_rows(1), ["1,9,1,1"])

    def test_a_dry_run_changes_nothing(self):
        batch = self.run_json("purge-user", "1")["batch"]
        self.assertIn("would give back 2 rows", self.run_cli("undo", "--dry-run", batch).out)
        self.assertEqual(self.all_rows(1), [])


class Prune(CleanUp):
    def setUp(self):
        super().setUp()
        self.old = self.run_json("purge-user", "1")["batch"]
        with contextlib.closing(sqlite3.connect(self.store)) as database, database:
            database.execute("UPDATE ratingsctl_batch SET at = datetime('now', '-91 days')")
        self.young = self.run_json("purge-user", "2")["batch"]

    def states(self):
        return {batch["batch"]: batch["state"] for batch in self.run_json("batches")}

    def test_without_yes_it_is_refused_and_says_what_would_go(self):
        done = self.run_cli("batches", "--prune-older-than", "90d", exit_code=5)

        self.assertRegex(done.out, rf"(?m)^{self.old} +2$")
        self.assertIn("would erase 2 rows in quarantine of 1 batch", done.out)
        self.assertIn("--yes", done.err)
        self.assertEqual(set(self.states().values()), {"active"})
        dry = self.run_json("batches", "--prune-older-than", "90d", "--dry-run")
        self.assertEqual(dry, {"pruned": [{"batch": self.old, "rows": 2}], "rows": 2})
        self.assertEqual(set(self.states().values()), {"active"})

    def test_old_batches_lose_their_rows_and_keep_their_exclusion(self):
        out = self.run_cli("batches", "--prune-older-than", "90d", "--yes").out

        self.assertIn("erased 2 rows in quarantine of 1 batch for good", out)
        self.assertNotIn("ratingsctl undo", out)
        self.assertEqual(self.states(), {self.old: "pruned", self.young: "active"})
        self.assertEqual(self.audit()[-1], ("batches", self.old, 1, 2, "pruned, older than 7776000 s"))
        report = self.run_json("load", "--append", self.csv((1, 40, 1, 300), name="more.csv"))
        self.assertEqual(report["excluded"], 1)
        self.assertIn("nothing was changed", self.run_cli("batches", "--prune-older-than", "100d").out)

    def test_its_undo_gives_back_what_came_since_and_ends_with_3(self):
        self.run_cli("batches", "--prune-older-than", "90d", "--yes")
        self.run_cli("load", "--append", self.csv((1, 40, 1, 300), name="more.csv"))

        done = self.run_cli("undo", self.old, exit_code=3)

        self.assertIn("--prune-older-than", done.err)
        self.assertEqual(self.all_rows(1), ["1,40,1,300"])
        self.run_cli("undo", self.young)
        self.assertEqual(self.all_rows(2), ["2,31,4,100"])

    def test_its_switches_make_sense_together_only(self):
        self.run_cli("batches", "--yes", exit_code=2)
        self.run_cli("batches", "--dry-run", exit_code=2)
        for age in ("90", "d", "", "-1d", "1.5d", "90D", "36501d", "1w", "01d"):
            with self.subTest(age):
                self.run_cli("batches", "--prune-older-than", age, "--dry-run", exit_code=2)
        self.assertEqual(self.run_json("batches", "--prune-older-than", "12h", "--dry-run")["rows"], 2)


class Dedupe(harness.Case):
    def setUp(self):
        super().setUp()
        double, conflict = (1, 31, 2.5, 100), (2, 31, 4, 100)
        self.run_cli("load", self.csv(double, double, double, (1, 31, 2.5, 200), conflict, (2, 31, 3, 100), (3, 1, 1, 1),
                                      (3, 1, 1, 1)))

    def test_doubles_go_conflicts_stay_and_the_line_brings_them_back(self):
        out = self.run_cli("dedupe").out

        self.assertIn("took 3 doubles of 2 records by 2 users", out)
        self.assertIn("1 event with different ratings", out)
        self.assertEqual(len(self.all_rows(1, 2, 3)), 5)
        line = re.findall(r"^ratingsctl (undo [A-Za-z0-9-]+)$", out, re.M)
        self.assertEqual(len(line), 1)
        self.run_cli(*line[0].split())
        self.assertEqual(len(self.all_rows(1, 2, 3)), 8)

    def test_json_has_exactly_the_keys_of_the_contract(self):
        result = self.run_json("dedupe")

        self.assertEqual(list(result), DEDUPE_KEYS)
        self.assertEqual((result["rows"], result["users"], result["groups"], result["conflicts"]), (3, 2, 2, 1))
        self.assertEqual(result["conflict_records"],
                         [{"user_id": 2, "movie_id": 31, "timestamp": "1970-01-01 00:01:40", "records": 2}])
        self.assertEqual(result["undo"], f"ratingsctl undo {result['batch']}")
        again = self.run_json("dedupe")
        self.assertEqual((again["batch"], again["rows"], again["undo"], again["redis"]), (None, 0, None, "none"))

    def test_one_user_and_dry_run(self):
        self.assertEqual(self.run_json("dedupe", "--dry-run")["rows"], 3)
        self.assertEqual(len(self.all_rows(1, 3)), 6)
        self.assertEqual(self.run_json("dedupe", "--user", "3", "--user", "2")["rows"], 1)
        self.assertEqual(len(self.all_rows(1)), 4)

    def test_a_stray_comma_is_no_list_and_takes_no_word_behind_it(self):
        for text in (",", "2,", ",2", "2,,3", "2,,"):
            with self.subTest(text):
                done = self.run_cli("dedupe", "--user", text, "-o", "json", exit_code=2)
                self.assertIn(f"--user: '{text}' is not a list: nothing stands on one side of a comma", done.err)
        self.assertIn("--movie: '31,' is not a list", self.run_cli("query", "1", "--movie", "31,", exit_code=2).err)
        self.assertIn("'31,' is not a list", self.run_cli("query", "1", exit_code=2, RATINGSCTL_MOVIE="31,").err)
        self.assertEqual(self.run_json("dedupe", "--user", "2,3", "--user", "1", "--dry-run")["rows"], 3)
        self.assertEqual(len(self.all_rows(1, 2, 3)), 8)

    def test_users_from_a_file_and_from_standard_input(self):
        path = self.write("ids", "# ticket 9\n3\n2\n")
        self.assertEqual(self.run_json("dedupe", "--dry-run", "--from-file", path)["rows"], 1)
        self.assertEqual(self.run_json("dedupe", "--from-file", "-", stdin="1\n")["rows"], 2)
        self.assertEqual(self.run_json("dedupe", "--from-file", path)["rows"], 1)
        self.assertEqual(self.run_json("dedupe")["rows"], 0)

    def test_a_file_that_names_nobody_is_not_everybody(self):
        result = self.run_json("dedupe", "--from-file", "-", stdin="# nobody\n")
        self.assertEqual((result["rows"], result["batch"]), (0, None))
        self.assertEqual(len(self.all_rows(1, 2, 3)), 8)

    def test_a_file_without_a_name_is_not_everybody(self):
        done = self.run_cli("dedupe", "--from-file", "", exit_code=2)
        self.assertIn("--from-file: '' is not the name of a file", done.err)
        self.assertEqual(len(self.all_rows(1, 2, 3)), 8)

    def test_users_and_a_file_of_users_are_not_mixed(self):
        path = self.write("ids", "3\n")
        self.assertIn("--from-file", self.run_cli("dedupe", "--user", "1", "--from-file", path, exit_code=2).err)
        self.assertIn(f"{path}:2: ", self.run_cli("dedupe", "--from-file", self.write("ids", "3\nx\n"), exit_code=2).err)
        self.assertEqual(len(self.all_rows(1, 2, 3)), 8)

    def test_the_batch_is_listed(self):
        result = self.run_json("dedupe")
        listed = self.run_json("batches")
        self.assertEqual(list(listed[0]), ["batch", "kind", "at", "who", "reason", "users", "rows", "held", "state"])
        self.assertEqual((listed[0]["batch"], listed[0]["rows"], listed[0]["state"]), (result["batch"], 3, "active"))
        self.assertIn(result["batch"], self.run_cli("batches").out)


if __name__ == "__main__":
    harness.main()

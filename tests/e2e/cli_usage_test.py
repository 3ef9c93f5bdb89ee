#!/usr/bin/env python3
"""What was mistyped is named, with what may have been meant and where help is, in one line."""
import json
import socket

import harness


class Mistyped(harness.Case):
    def refused(self, *arguments, **more):
        done = self.run_cli(*arguments, exit_code=2, **more)
        self.assertEqual(done.out, "")
        self.assertEqual(len(done.err.splitlines()), 1, done.err)
        self.assertRegex(done.err, r"^ratingsctl: .*[Ss]ee 'ratingsctl( [a-z-]+)? --help'\n$")
        return done.err

    def test_an_unknown_command(self):
        for word, meant in (("qurey", "query"), ("laod", "load"), ("stat", "status"), ("purge_user", "purge-user"),
                            ("healthchek", "healthcheck"), ("LOAD", "load"), ("help", "--help"), ("version", "--version")):
            with self.subTest(word):
                self.assertEqual(self.refused(word, "1"),
                                 f"ratingsctl: unknown command '{word}'; did you mean '{meant}'? See 'ratingsctl --help'\n")
        self.assertEqual(self.refused("frobnicate"), "ratingsctl: unknown command 'frobnicate'; see 'ratingsctl --help'\n")

    def test_help_for_a_command_that_is_none(self):
        self.assertIn("unknown command 'qurey'; did you mean 'query'?", self.refused("qurey", "--help"))

    def test_an_unknown_option_is_named_before_what_it_made_missing(self):
        for arguments, option, meant in ((["query", "1", "--frm", "2009-12-14"], "--frm", "--from"),
                                         (["query", "--frm", "2009-12-14", "1"], "--frm", "--from"),
                                         (["query", "--limt=3"], "--limt", "--limit"),
                                         (["--stor", "sqlite:x", "status"], "--stor", "--store"),
                                         (["status", "-store", "sqlite:x"], "-store", "--store"),
                                         (["serve", "--prot", "80"], "--prot", "--port"), (["query", "1", "--LIMIT", "80"], "--LIMIT", "--limit"),
                                         (["query", "1", "--format", "json"], "--format", "--output"),
                                         (["query", "1", "--json"], "--json", "-o json"),
                                         (["export", "--csv"], "--csv", "-o csv"),
                                         (["serve", "--drain"], "--drain", "--drain-timeout"),
                                         (["--stor", "sqlite:x", "qurey"], "--stor", "--store")):
            with self.subTest(" ".join(arguments)):
                self.assertIn(f"unknown option '{option}'; did you mean '{meant}'?", self.refused(*arguments))

    def test_a_healthcheck_that_nobody_answers_says_why_and_what_to_do(self):
        done = self.run_cli("healthcheck", "--port", harness.free_port(), exit_code=1)
        self.assertIn("refused or closed the connection; start 'ratingsctl serve', or say with --host and --port where it listens", done.err)
        with socket.create_server(("127.0.0.1", 0)) as silent:
            done = self.run_cli("healthcheck", "--port", silent.getsockname()[1], exit_code=1)
            self.assertIn("/ready within 2 s; look into the server's log", done.err)

    def test_an_option_of_another_command_is_not_suggested(self):
        self.assertEqual(self.refused("query", "1", "--prot", "80"),
                         "ratingsctl: unknown option '--prot'; see 'ratingsctl query --help'\n")

    def test_an_option_before_its_command_is_told_its_place(self):
        for arguments, option in ((["--limit", "3", "query", "42"], "--limit"), (["-o", "json", "query", "42"], "-o")):
            self.assertIn(f"option '{option}' stands before its command; put it behind 'query'", self.refused(*arguments))

    def test_alternatives_are_not_given_together_and_a_flag_beats_a_variable(self):
        for arguments in (["purge-user", "5", "--from-file", "f"], ["dedupe", "--user", "5", "--from-file", "f"],
                          ["export", "5", "--from-file", "f"], ["healthcheck", "--port", "80", "--url", "http://a"]):
            self.assertIn(" cannot be used together with ", self.refused(*arguments))
        self.run_cli("load", self.csv((5, 10, 4, 100)))
        missing = self.home / "missing"
        for command in (["purge-user", "--dry-run", "5"], ["dedupe", "--user", "5"], ["export", "5"]):
            self.run_cli(*command, RATINGSCTL_FROM_FILE=str(missing))

    def test_no_command_and_too_many_words(self):
        self.assertEqual(self.refused(), "ratingsctl: no command was given; see 'ratingsctl --help'\n")
        self.assertEqual(self.refused("query", "1", "2"), "ratingsctl: unexpected argument '2'; see 'ratingsctl query --help'\n")
        self.assertEqual(self.refused("query"), "ratingsctl: uid is required; see 'ratingsctl query --help'\n")

    def test_an_option_without_its_value_takes_no_other_word(self):
        first, second = self.csv((1, 10, 4, 100), name="in1.csv"), self.csv((2, 10, 4, 100), name="in2.csv")
        content = second.read_text()
        self.run_cli("load", first)
        for arguments in (["purge-user", "--reason=", "--dry-run", "1"], ["purge-user", "--reason=", "1", "2"],
                          ["purge-user", "--reason", "--dry-run", "1"], ["load", "--summary=", second, "--again"],
                          ["load", "--rejects=", second, "--again"], ["query", "1", "--limit=", "--order", "desc"]):
            with self.subTest(" ".join(map(str, arguments))):
                option = arguments[1] if arguments[0] != "query" else "--limit"
                self.assertIn(f": the value of {option.rstrip('=')} is missing: ", self.refused(*arguments))
        self.assertIn("--store is missing", self.refused("--store=", "status"))
        self.assertIn("see 'ratingsctl purge-user --help'", self.refused("purge-user", "--dry-run=", "1"))
        self.assertEqual(second.read_text(), content)
        self.assertEqual(self.run_cli("batches").out.count("purge"), 0)
        self.assertEqual(self.run_json("purge-user", "--dry-run", "--reason", "", "1")["rows"], 1)

    def test_a_word_cannot_steer_the_terminal(self):
        self.assertEqual(self.refused("a\x1b[31m\nb"), "ratingsctl: unknown command 'a?[31m?b'; see 'ratingsctl --help'\n")

    def test_a_key_of_the_configuration_file(self):
        for text, key, meant in (("[serve]\nprot = 1\n", "serve.prot", "port"), ("[sreve]\nport = 1\n", "sreve.port", "serve"),
                                 ('stroe = "sqlite:x"\n', "stroe", "store"), ('[query]\nchache = "none"\n', "query.chache", "cache")):
            with self.subTest(key):
                self.config(text)
                err = self.refused("batches")
                self.assertIn(f"key '{key}' is unknown", err)
                self.assertIn(f"; did you mean '{meant}'?", err)

    def test_usage_errors_of_a_command_point_to_its_help_too(self):
        self.assertIn("; see 'ratingsctl purge-user --help'", self.refused("purge-user"))
        self.assertIn("; see 'ratingsctl status --help'", self.refused("status", "--cache", "redis://127.0.0.1:6379/0"))


class Json(harness.Case):
    """-o json is one JSON document also when a command fails: the shape of the server's errors."""

    def failed(self, *arguments, exit_code, code, **more):
        done = self.run_cli(*arguments, exit_code=exit_code, **more)
        error = json.loads(done.out)["error"]
        self.assertEqual(sorted(error), ["code", "message"])
        self.assertEqual(error["code"], code)
        self.assertIn(f"ratingsctl: {error['message']}\n", done.err)
        return error["message"]

    def test_every_kind_of_failure_has_its_code(self):
        ratings = self.csv((1, 10, 4, 100))
        nowhere = f"postgresql://nobody@127.0.0.1:{harness.free_port()}/none"
        self.run_cli("load", ratings)
        self.failed("load", self.csv((1, 10, 4, 200), name="other.csv"), "-o", "json", exit_code=5, code="refused")
        self.failed("purge-user", "1", "--hard", "--output=json", exit_code=5, code="refused")
        self.failed("load", "missing.csv", "-o", "json", exit_code=1, code="input")
        self.failed("batches", "-ojson", "--store", nowhere, exit_code=4, code="unreachable")
        self.failed("query", "x", "-o", "json", exit_code=2, code="usage")
        self.failed("query", "1", "--frm", "x", "-o", "json", exit_code=2, code="usage")
        self.assertIn("did you mean 'query'?", self.failed("qurey", "1", "-o", "json", exit_code=2, code="usage"))
        self.failed("status", "-o", "json", "--cache", "redis://127.0.0.1/0", exit_code=2, code="usage")

    def test_every_command_with_that_format_does_it(self):
        nowhere = ["--store", f"postgresql://nobody@127.0.0.1:{harness.free_port()}/none"]
        for command in (["load", self.csv((1, 2, 3, 4))], ["query", "1"], ["profile", "1"], ["purge-user", "1"], ["undo", "purge-1"],
                        ["batches"], ["dedupe"], ["status"], ["init"]):
            with self.subTest(command[0]):
                self.failed(*command, *nowhere, "-o", "json", exit_code=4, code="unreachable")

    def test_wherever_the_format_was_asked_for(self):
        nowhere = ["--store", f"postgresql://nobody@127.0.0.1:{harness.free_port()}/none"]
        self.failed("batches", *nowhere, exit_code=4, code="unreachable", RATINGSCTL_OUTPUT="json")
        self.config('[batches]\noutput = "json"\n')
        self.failed("batches", *nowhere, exit_code=4, code="unreachable")

    def test_other_formats_stay_empty(self):
        nowhere = ["--store", f"postgresql://nobody@127.0.0.1:{harness.free_port()}/none"]
        for arguments in (["query", "1"], ["query", "1", "-o", "csv"], ["batches"], ["export", "-o", "ndjson"]):
            self.assertEqual(self.run_cli(*arguments, *nowhere, exit_code=4).out, "")

    def test_a_password_is_in_no_error(self):
        secret = "hunter2-Geheim"
        message = self.failed("status", f"postgresql://me:{secret}@h/db", "-o", "json", exit_code=2, code="usage")
        self.assertNotIn(secret, message)

    def test_the_summary_of_a_load_that_failed_is_its_error(self):
        summary = self.write("summary.json", '{"read": 1}')
        self.run_cli("load", "missing.csv", "--summary", summary, exit_code=1)
        self.assertEqual(json.loads(summary.read_text())["error"]["code"], "input")
        self.run_cli("load", self.csv((1, 10, 4, 100)), "--summary", summary)
        self.assertEqual(json.loads(summary.read_text())["read"], 1)

    def test_no_file_is_named_dash(self):
        for option in ("--summary", "--rejects"):
            done = self.run_cli("load", self.csv((1, 10, 4, 100)), option, "-", exit_code=2)
            self.assertIn(option, done.err)
            self.assertFalse((self.home / "-").exists())


if __name__ == "__main__":
    harness.main()

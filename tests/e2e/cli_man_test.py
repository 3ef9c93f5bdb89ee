#!/usr/bin/env python3
"""The manual pages: clean for mandoc, installed, and about the same options as --help."""
import contextlib
import re
import sqlite3
import subprocess
from pathlib import Path

import harness

MAN = Path(__file__).parents[2] / "man"


def documented(page):
    """The options that a page's lists define: the .It lines."""
    found = set()
    for line in page.read_text(encoding="utf-8").splitlines():
        if line.startswith(".It Fl"):
            found |= {"--" + name for name in re.findall(r"Fl -([a-z-]+)", line)}
            found |= {"-" + name for name in re.findall(r"Fl ([a-z])\b", line)}
    return found


def offered(text):
    """The options of a help text: what stands in its left column."""
    found = set()
    for line in text.splitlines():
        column = re.match(r" {2}((-\w,)?--[a-z-]+)", line)
        if column:
            found |= set(column.group(1).split(","))
    return found


def exit_codes(page):
    return set(re.findall(r"^\.It (\d+)$", page.read_text(encoding="utf-8").split(".Sh EXIT STATUS")[1], re.M))


class Manual(harness.Case):
    def commands(self):
        text = self.run_cli("--help").out
        return re.findall(r"^  ([a-z-]+)  ", text.split("Subcommands:")[1], re.M)

    def test_the_help_names_the_commands(self):
        self.assertEqual(sorted(self.commands()),
                         ["batches", "completion", "config", "dedupe", "export", "healthcheck", "init", "load", "profile",
                          "purge-user", "query", "serve", "status", "suspects", "undo"])

    def test_every_command_has_a_page_and_every_page_a_command(self):
        self.assertEqual({page.name for page in MAN.glob("*.1")},
                         {"ratingsctl.1"} | {f"ratingsctl-{command}.1" for command in self.commands()})

    def test_the_main_page_has_the_options_of_the_help(self):
        self.assertEqual(documented(MAN / "ratingsctl.1"), offered(self.run_cli("--help").out))

    def test_each_page_has_the_options_of_its_help(self):
        for command in self.commands():
            with self.subTest(command):
                options = offered(self.run_cli(command, "--help").out)
                self.assertLess({"--store", "--help", "-h"}, options)
                self.assertEqual(documented(MAN / f"ratingsctl-{command}.1"), options)

    def test_each_help_has_examples_and_exit_codes(self):
        for command in [None, *self.commands()]:
            with self.subTest(command):
                text = self.run_cli(*([command] if command else []), "--help").out
                self.assertIn("Examples:\n  ratingsctl ", text)
                self.assertIn("Exit codes: 0 ", text)

    def test_each_page_has_the_exit_codes_of_its_help(self):
        for command in self.commands():
            with self.subTest(command):
                codes = self.run_cli(command, "--help").out.split("Exit codes: ")[1]
                self.assertLessEqual(set(re.findall(r"(?:^|, )(\d+)\s", codes)), exit_codes(MAN / f"ratingsctl-{command}.1"))

    def test_each_page_of_a_command_that_reads_has_the_code_of_a_store_that_is_not_ours(self):
        path = self.home / "theirs.db"
        with contextlib.closing(sqlite3.connect(path)) as connection:
            connection.execute("CREATE TABLE ratings (stars)")
        for command in (["query", 1], ["profile", 1], ["status"], ["export"], ["suspects"], ["init"]):
            with self.subTest(command):
                self.run_cli("--store", f"sqlite:{path}", *command, exit_code=5)
                self.assertIn("5", exit_codes(MAN / f"ratingsctl-{command[0]}.1"))

    def test_each_page_has_the_sections_that_readers_look_for(self):
        for page in sorted(MAN.glob("*.1")):
            with self.subTest(page.name):
                sections = re.findall(r"^\.Sh (.*)$", page.read_text(), re.M)
                self.assertEqual(sections[:3], ["NAME", "SYNOPSIS", "DESCRIPTION"])
                self.assertLess({"EXIT STATUS", "EXAMPLES", "SEE ALSO"}, set(sections))

    def test_what_is_no_command_is_in_section_7_and_referred_to(self):
        self.assertEqual([page.name for page in MAN.glob("*.7")], ["ratingsctl-scaling.7"])
        for page in ("ratingsctl", "ratingsctl-serve"):
            self.assertIn(".Xr ratingsctl-scaling 7\n", (MAN / f"{page}.1").read_text().split(".Sh SEE ALSO")[1])

    def test_the_page_about_scaling_says_what_the_configuration_of_nginx_does(self):
        page = (MAN / "ratingsctl-scaling.7").read_text()
        nginx = (MAN.parent / "docker/nginx/ratingsctl.conf").read_text()
        for said, done in (("within 5 seconds", "proxy_read_timeout 5s;"), ("one second to connect", "proxy_connect_timeout 1s;"),
                           ("two faults a server is left alone for two seconds", "max_fails=2 fail_timeout=2s;"),
                           ("127.0.0.1:5080", "listen 127.0.0.1:5080;")):
            self.assertIn(said, page.replace("\n", " "))
            self.assertIn(done, nginx)
        self.assertEqual(sorted(set(re.findall(r"@(\d+)", page))), sorted(set(re.findall(r"server 127\.0\.0\.1:(\d+)", nginx))))

    def test_the_page_of_load_has_the_code_of_every_fault(self):
        page = (MAN / "ratingsctl-load.1").read_text()
        source = (MAN.parent / "lib/src/csv/bad_row.hpp").read_text()
        self.assertEqual(set(re.findall(r"^\.It Li (E_[A-Z]+)", page, re.M)), set(re.findall(r'"(E_[A-Z]+)"', source)))

    def test_mandoc_finds_nothing_to_complain_about(self):
        done = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", *sorted(MAN.glob("*.[17]"))], capture_output=True,
                              text=True, check=False)
        self.assertEqual((done.returncode, done.stdout), (0, ""))

    def test_every_page_is_installed(self):
        installed = (MAN / "CMakeLists.txt").read_text()
        for page in MAN.glob("*.[17]"):
            self.assertRegex(installed, rf"\b{page.stem}\b")


if __name__ == "__main__":
    harness.main()

#!/usr/bin/env python3
"""The operator's scripts on the embedded store, as their units and their cron lines call them."""
import contextlib
import csv
import fcntl
import json
import os
import random
import re
import shlex
import shutil
import sqlite3
import subprocess
import time
from pathlib import Path

import harness

OPS = Path(__file__).parents[2] / "cmd/ops"
LIBEXEC = "/usr/local/libexec/ratingsctl"
STATE = "/var/lib/ratingsctl"
JOBS = {"backup", "dedupe", "purge", "suspects"}


def tool(name):
    """docker/packages.sh lists it for the tests, so that its absence is a fault of the machine."""
    path = shutil.which(name)
    assert path, f"{name} is missing: ./test.sh --deps installs it"
    return path


class Ops(harness.Case):
    def setUp(self):
        super().setUp()
        self.state = self.home / "state"
        self.state.mkdir()

    def variables(self, **more):
        return self.environment(**({"RATINGSCTL": harness.program(), "RATINGSCTL_STORE": f"sqlite:{self.store}"} | more))

    def call(self, command, exit_code=0, **more):
        done = subprocess.run(command, env=self.variables(**more), cwd=self.home, capture_output=True, text=True,
                              timeout=harness.PATIENCE * 2, check=False)
        self.assertEqual(done.returncode, exit_code, f"{command}\nstdout: {done.stdout}\nstderr: {done.stderr}")
        return done

    def ops(self, script, *arguments, **more):
        return self.call([str(OPS / script), *map(str, arguments)], **more)

    def files(self, folder):
        return sorted(path.name for path in Path(folder).iterdir() if path.is_file())

    def one_file(self, folder, pattern):
        found = [path for path in Path(folder).iterdir() if re.fullmatch(pattern, path.name)]
        self.assertEqual(len(found), 1, self.files(folder))
        return found[0]

    def load_people_and_bots(self):
        """Forty people who rate films as they like them, and a bot under number 99."""
        chance = random.Random(1)
        rows = [(user, film, chance.randrange(3, 11) / 2, 1_000_000_000 + user * 90_000 + film * 40)
                for user in range(1, 41) for film in range(1, 26)]
        rows += [(99, film, 5.0, 1_200_000_000 + film // 8) for film in range(1, 41)]
        self.run_cli("load", self.csv(*rows))

    def a_program_that_ends_with(self, status, when="*"):
        """In the place of ratingsctl: the real one, but a command line that holds `when` fails."""
        path = self.write("broken", f"#!/bin/sh\ncase \"$*\" in {when}) echo 'broken on purpose' >&2; exit {status};; esac\n"
                                    f"exec {shlex.quote(harness.program())} \"$@\"\n")
        path.chmod(0o755)
        return str(path)


class Suspects(Ops):
    def test_a_dated_report_appears_and_nothing_changes(self):
        self.load_people_and_bots()
        before = self.store.read_bytes()

        done = self.ops("suspects-report.sh", "-f", "csv", self.state / "reports", "--top", "3")

        report = self.one_file(self.state / "reports", r"suspects-\d{4}-\d\d-\d\d\.csv")
        self.assertEqual(done.stdout, f"{report}\n")
        self.assertEqual([row["userId"] for row in csv.DictReader(report.read_text().splitlines())][:1], ["99"])
        self.assertEqual(report.stat().st_mode & 0o007, 0)
        self.assertEqual(self.store.read_bytes(), before)

    def test_a_second_report_of_the_day_takes_the_first_ones_place_and_old_ones_go(self):
        self.load_people_and_bots()
        old = self.write("state/reports/suspects-2001-01-01.txt", "old")
        long_ago = time.time() - 10 * 86_400
        os.utime(old, (long_ago, long_ago))
        others = [self.write(f"state/reports/{name}", "not ours") for name in ("notes.txt", "suspects-of-the-campaign.txt")]
        for other in others:
            os.utime(other, (long_ago, long_ago))

        self.ops("suspects-report.sh", "-k", "30", self.state / "reports")
        self.assertTrue(old.exists())
        self.ops("suspects-report.sh", "-k", "5", self.state / "reports")

        self.assertEqual(len(self.files(self.state / "reports")), 3)
        self.assertTrue(all(other.exists() for other in others))

    def test_a_failure_leaves_the_last_report_and_hands_the_status_on(self):
        self.load_people_and_bots()
        self.ops("suspects-report.sh", self.state)
        report = self.one_file(self.state, r"suspects-.*\.txt")
        before = report.read_bytes()

        done = self.ops("suspects-report.sh", self.state, exit_code=4, RATINGSCTL=self.a_program_that_ends_with(4))

        self.assertIn("ended with 4", done.stderr)
        self.assertEqual(report.read_bytes(), before)
        self.assertEqual(self.files(self.state), [report.name])
        self.ops("suspects-report.sh", self.state, "--no-such-option", exit_code=2)
        self.ops("suspects-report.sh", "-f", "xml", self.state, exit_code=2)
        self.ops("suspects-report.sh", "-k", "soon", self.state, exit_code=2)
        self.ops("suspects-report.sh", exit_code=2)


class Purge(Ops):
    def setUp(self):
        super().setUp()
        self.run_cli("load", self.csv((1, 31, 2.5, 100), (2, 31, 4, 100), (3, 31, 5, 100), (3, 32, 5, 100)))

    def test_the_list_goes_under_the_tickets_number_and_the_printed_line_brings_it_back(self):
        done = self.ops("purge-ticket.sh", "4711", self.write("ids", "1\n3 # the worst\n"), self.state)

        self.assertRegex(done.stdout, r"\Aratingsctl undo [A-Za-z0-9-]+\n\Z")
        self.assertIn("would take 3 rows of 2 users", done.stderr)
        self.assertEqual(self.all_rows(1, 2, 3), ["2,31,4,100"])
        self.assertEqual(self.run_json("batches")[0]["reason"], "ticket 4711")
        result = json.loads(self.one_file(self.state, r"ticket-4711-.*\.json").read_text())
        self.assertEqual((result["rows"], result["undo"]), (3, done.stdout.strip()))
        self.run_cli(*done.stdout.split()[1:])
        self.assertEqual(len(self.all_rows(1, 2, 3)), 4)

    def test_unknown_users_are_a_remainder_and_a_second_run_has_nothing_to_do(self):
        ids = self.write("ids", "1\n999\n")
        self.assertIn("999", self.ops("purge-ticket.sh", "5", ids, self.state, exit_code=3).stderr)
        self.assertEqual(self.all_rows(1), [])
        self.assertEqual(self.ops("purge-ticket.sh", "5", ids, self.state, exit_code=3).stdout, "ticket 5: nothing to do\n")
        self.assertEqual(len(self.run_json("batches")), 1)

    def test_a_bad_list_too_many_rows_or_a_bad_ticket_change_nothing(self):
        good, bad = self.write("ids", "1\n3\n"), self.write("bad", "1\nx\n")
        self.assertIn(":2: ", self.ops("purge-ticket.sh", "5", bad, self.state, exit_code=2).stderr)
        self.ops("purge-ticket.sh", "-m", "2", "5", good, self.state, exit_code=5)
        for ticket in ("", "../5", "5; rm", ".5"):
            self.ops("purge-ticket.sh", ticket, good, self.state, exit_code=2)
        self.ops("purge-ticket.sh", "5", self.home / "missing", self.state, exit_code=2)
        self.ops("purge-ticket.sh", "-m", "x", "5", good, self.state, exit_code=2)
        self.ops("purge-ticket.sh", "5", good, exit_code=2)

        self.assertEqual(self.files(self.state), [])
        self.assertEqual(self.run_json("batches"), [])
        self.assertEqual(len(self.all_rows(1, 2, 3)), 4)

    def test_a_purge_that_fails_after_its_dry_run_hands_its_status_on(self):
        for status in (1, 4, 5, 130):
            broken = self.a_program_that_ends_with(status, when="*--from-file*json*")
            done = self.ops("purge-ticket.sh", "5", self.write("ids", "1\n"), self.state, exit_code=status, RATINGSCTL=broken)
            self.assertIn("broken on purpose", done.stderr)
        self.assertEqual(self.files(self.state), [])

    def test_a_spool_is_worked_off_and_what_failed_waits(self):
        self.write("state/7.ids", "1\n")
        self.write("state/8.ids", "none of these\n")
        self.write("state/9.ids", "3\n")
        self.write("state/10.part", "2\n")
        broken = self.a_program_that_ends_with(4, when="*ticket\\ 9*")

        self.ops("purge-spool.sh", self.state, exit_code=2, RATINGSCTL=broken)

        self.assertEqual(self.files(self.state), ["10.part", "9.ids"])
        self.assertEqual(self.files(self.state / "refused"), ["8.ids"])
        self.assertIn("7.ids", self.files(self.state / "done"))
        self.assertEqual((self.all_rows(1), len(self.all_rows(2, 3))), ([], 3))
        done = self.ops("purge-spool.sh", self.state)
        self.assertRegex(done.stdout, r"\Aratingsctl undo ")
        self.assertEqual((self.files(self.state), self.all_rows(3)), (["10.part"], []))
        self.assertEqual(self.ops("purge-spool.sh", self.state).stdout, "")


    def test_a_mistake_in_the_settings_leaves_every_list_where_it_is(self):
        self.write("state/7.ids", "1\n")
        done = self.ops("purge-spool.sh", self.state, exit_code=2, RATINGSCTL_STORE="bogus")
        self.assertIn("every list stays", done.stderr)
        self.assertEqual((self.files(self.state), self.files(self.state / "refused")), (["7.ids"], []))

    def test_two_at_once_do_not_share_a_spool(self):
        self.write("state/7.ids", "1\n")
        self.ops("purge-spool.sh", self.state)
        with open(self.state / "done/.lock", "w", encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self.write("state/8.ids", "2\n")
            self.ops("purge-spool.sh", self.state, exit_code=5)
        self.assertEqual(self.files(self.state), ["8.ids"])

    def test_a_ticket_worked_off_twice_in_a_second_keeps_both_results(self):
        ids = self.write("ids", "1\n")
        for _ in range(3):
            self.ops("purge-ticket.sh", "5", ids, self.state)
        batches = [json.loads((self.state / name).read_text())["batch"] for name in self.files(self.state)]
        self.assertEqual(sorted(batches, key=str), [None, None, "purge-1"])


class Dedupe(Ops):
    def setUp(self):
        super().setUp()
        self.run_cli("load", self.csv(*[(1, 31, 2.5, 100)] * 3, (2, 31, 4, 100)))

    def test_doubles_go_and_the_printed_line_brings_them_back(self):
        done = self.ops("dedupe-weekly.sh", self.state)

        self.assertRegex(done.stdout, r"\Aratingsctl undo dedupe-\d+\n\Z")
        self.assertEqual(json.loads(self.one_file(self.state, r"dedupe-.*\.json").read_text())["rows"], 2)
        self.assertEqual(len(self.all_rows(1, 2)), 2)
        self.assertEqual(self.ops("dedupe-weekly.sh", self.state).stdout, "no doubles\n")
        self.run_cli(*done.stdout.split()[1:])
        self.assertEqual(len(self.all_rows(1, 2)), 4)

    def test_more_doubles_than_allowed_are_left_alone(self):
        self.assertIn("2 doubles", self.ops("dedupe-weekly.sh", "-m", "1", self.state, exit_code=5).stderr)
        self.assertEqual((len(self.all_rows(1, 2)), self.files(self.state)), (4, []))
        self.ops("dedupe-weekly.sh", "-m", "2", self.state)
        self.assertEqual(len(self.all_rows(1, 2)), 2)
        self.ops("dedupe-weekly.sh", self.state, exit_code=4, RATINGSCTL=self.a_program_that_ends_with(4))


class Scheduled(Ops):
    """Units and cron lines are run as they are written, with their two folders replaced."""

    def setUp(self):
        super().setUp()
        self.load_people_and_bots()
        self.run_cli("load", "--append", self.csv(*[(1, 900, 1, 100)] * 2, (2, 900, 1, 100), name="doubles.csv"))
        self.write("state/tickets/12.ids", "99\n")

    def here(self, text):
        return text.replace(LIBEXEC, str(OPS)).replace(STATE, str(self.state))

    def everything_was_done(self):
        self.one_file(self.state / "reports", r"suspects-.*\.txt")
        self.one_file(self.state / "tickets/done", r"ticket-12-.*\.json")
        self.one_file(self.state / "dedupe", r"dedupe-.*\.json")
        backup = self.one_file(self.state / "backups", r"ratings-.*\.db")
        with contextlib.closing(sqlite3.connect(backup)) as database:
            self.assertEqual(database.execute("SELECT count(*) FROM ratings").fetchone(), (40 * 25 + 40 + 3,))
        self.assertEqual((self.all_rows(99), len(self.all_rows(1))), ([], 26))

    def test_cron_lines_are_well_formed_and_do_their_work(self):
        fields = [(0, 59), (0, 23), (1, 31), (1, 12), (0, 7)]
        seen = []
        for line in (OPS / "cron/ratingsctl").read_text().splitlines():
            if not line or line.startswith("#") or re.match(r"[A-Z_]+=", line):
                continue
            *times, user, command = line.split(None, 6)
            for text, (lowest, highest) in zip(times, fields, strict=True):
                value = re.fullmatch(r"\*(?:/(\d+))?|(\d+)", text)
                self.assertTrue(value, line)
                number = value.group(1) or value.group(2)
                self.assertTrue(number is None or lowest <= int(number) <= highest, line)
            self.assertEqual(user, "ratingsctl")
            self.assertNotIn("%", command)  # cron makes a line end of it
            # cron's own environment, that is, nearly none.
            self.call(["env", "-i", "PATH=/usr/local/bin:/usr/bin:/bin", f"RATINGSCTL={harness.program()}",
                       f"RATINGSCTL_STORE=sqlite:{self.store}", "/bin/sh", "-c", self.here(command)])
            seen.append(command)
        self.assertEqual(len(seen), len(JOBS))
        self.everything_was_done()

    def test_services_do_their_work(self):
        for name in sorted(JOBS):
            text = (OPS / f"systemd/ratingsctl-{name}.service").read_text()
            command = re.search(r"^ExecStart=(.*)$", text, re.M).group(1)
            self.call(shlex.split(self.here(command)))
        self.everything_was_done()

    def test_units_are_what_systemd_expects(self):
        analyze = tool("systemd-analyze")
        units = self.home / "units"
        units.mkdir()
        paths = sorted((OPS / "systemd").iterdir())
        self.assertEqual({path.name for path in paths},
                         {f"ratingsctl-{name}.{kind}" for name in JOBS for kind in ("service", "timer")}
                         | {"ratingsctl.service", "ratingsctl@.service"})
        for path in paths:
            text = path.read_text().replace(LIBEXEC, str(OPS)).replace("/usr/local/bin/ratingsctl", harness.program())
            (units / path.name).write_text(text)
        verified = self.call([analyze, "verify", "--man=no", *map(str, sorted(units.iterdir()))])
        self.assertEqual([line for line in verified.stderr.splitlines() if "ratingsctl" in line], [])
        for path in paths:
            for when in re.findall(r"^OnCalendar=(.*)$", path.read_text(), re.M):
                self.assertIn("Next elapse", self.call([analyze, "calendar", when]).stdout)
        # A verification that finds nothing in anything would prove nothing.
        broken = self.write("units/ratingsctl-broken.service", "[Service]\nExecStart=/no/such/program\n")
        self.assertNotEqual(subprocess.run([analyze, "verify", "--man=no", broken], capture_output=True, check=False).returncode, 0)

    def test_one_of_several_servers_differs_from_the_only_one_by_its_port(self):
        only, several = ((OPS / f"systemd/ratingsctl{at}.service").read_text().splitlines() for at in ("", "@"))
        self.assertEqual([line for line in several if line not in only and not line.startswith(("#", "Description=", "Documentation="))],
                         ["ExecStart=/usr/local/bin/ratingsctl serve --port %i"])
        self.assertEqual([line for line in only if line not in several and not line.startswith(("#", "Description=", "Documentation="))],
                         ["ExecStart=/usr/local/bin/ratingsctl serve"])

    def test_units_are_shut_off_from_what_they_do_not_need(self):
        analyze = tool("systemd-analyze")
        # Exposure, 0 to 10 (systemd-analyze(1)); what is left is the network, which the store and the clients need.
        for name in ["ratingsctl", "ratingsctl@", *(f"ratingsctl-{job}" for job in sorted(JOBS))]:
            self.call([analyze, "security", "--offline=true", "--threshold=20", "--no-pager",
                       OPS / f"systemd/{name}.service"])
        open_one = self.write("open.service", "[Service]\nExecStart=/bin/true\n")
        self.assertNotEqual(subprocess.run([analyze, "security", "--offline=true", "--threshold=40", "--no-pager", open_one],
                                           capture_output=True, check=False).returncode, 0)

    def test_shellcheck_has_nothing_to_say(self):
        scripts = sorted(OPS.glob("*.sh"))
        self.assertGreaterEqual(len(scripts), 8)
        self.call([tool("shellcheck"), "-x", *map(str, scripts)])


if __name__ == "__main__":
    harness.main()

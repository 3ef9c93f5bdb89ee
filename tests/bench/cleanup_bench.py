#!/usr/bin/env python3
"""Measures suspects, purge-user and dedupe against plain SQL on the same data; called by cleanup, prints Markdown.

`ratings` is ours, with triggers, quarantine and bookkeeping; `plain.ratings` has the same partitions, order of rows and index,
and nothing else. What was deleted is put back after each measurement and both are vacuumed, so that every round begins alike.
"""
import argparse
import glob
import json
import random
import re
import statistics
import sys
import time
from pathlib import Path

from cleanup_sqlite import measure_sqlite
from cleanup_suspects import measure_suspects
from cleanup_ways import DOUBLED_EVERY, ServerMemory, double, explain_ways, row_number, group_by
from measuring import generate, machine, measured, median_of, rig, say, spread

USERS = [1, 1_000, 10_000]
# Debian's psql in the path is a script that looks for this one, and takes 40 ms for it.
PSQL = sorted(glob.glob("/usr/lib/postgresql/*/bin/psql"))[-1]
COLUMNS = 'user_id, movie_id, rating, "timestamp"'


class Store:
    """A database with both tables, filled."""

    def __init__(self, arguments, server):
        self.arguments, self.server, self.work = arguments, server, Path(arguments.work)
        self.environment = rig.clean_environment(self.work)
        self.store = rig.PostgresStore(server)
        self.csv = self.work / "ratings.csv"
        say(f"loading {arguments.rows:,} rows")
        if not self.csv.exists():
            generate(arguments.generator, arguments.rows, self.csv)
        self.ours("load", str(self.csv))
        self.copy_plain()
        # By the index: a hash table that the planner took to be small goes to disk again and again, for minutes.
        self.users = [int(row[0]) for row in self.store.rows("SET enable_hashagg = off; "
                                                             "SELECT DISTINCT user_id FROM plain.ratings ORDER BY 1")]

    def copy_plain(self):
        children = self.store.rows("SELECT inhrelid::regclass FROM pg_inherits WHERE inhparent = 'ratings'::regclass ORDER BY 1")
        columns = "user_id bigint NOT NULL, movie_id integer NOT NULL, rating real NOT NULL, \"timestamp\" bigint NOT NULL"
        steps = ["CREATE SCHEMA plain", f"CREATE TABLE plain.ratings ({columns}) PARTITION BY HASH (user_id)"]
        for number, (child,) in enumerate(children):
            steps += [f"CREATE TABLE plain.child{number} PARTITION OF plain.ratings FOR VALUES WITH (MODULUS {len(children)}, "
                      f"REMAINDER {number})"]
        steps += ["INSERT INTO plain.ratings SELECT * FROM ratings", "CREATE INDEX ON plain.ratings (user_id)"]
        for step in steps:
            rig.psql(self.store.url, step)
        self.settle()

    def settle(self):
        """The same for both, and nothing left to write that belongs to what was before."""
        tables = ("ratings", "plain.ratings", "ratingsctl.quarantine_pack", "ratingsctl.quarantine_record", "ratingsctl.user_position")
        rig.psql(self.store.url, f"VACUUM (ANALYZE) {', '.join(tables)}")
        rig.psql(self.store.url, "CHECKPOINT")

    def ours(self, command, *words):
        done = measured([self.arguments.program, command, "--store", self.store.url, "-o", "json", *words], self.environment)
        return json.loads(done.output), done

    def psql(self, *commands):
        """The whole command, and the time that psql itself saw each statement take."""
        words = [word for command in ("\\timing on", *commands) for word in ("-c", command)]
        done = measured([PSQL, "-X", "-v", "ON_ERROR_STOP=1", "-d", self.store.url, *words], self.environment)
        return done, [float(text) for text in re.findall(r"^Time: ([0-9.]+) ms", done.output, re.M)]

    def file(self, *statements):
        path = self.work / "statements.sql"
        path.write_text("BEGIN;\n" + "".join(f"{statement};\n" for statement in statements) + "COMMIT;\n", encoding="ascii")
        return measured([PSQL, "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", self.store.url, "-f", str(path)], self.environment)

    def count(self, table):
        return int(self.store.rows(f"SELECT count(*) FROM {table}")[0][0])


class Purges:
    """So many users, each way once a round, in turns."""

    def __init__(self, store, users):
        self.store, self.number = store, min(users, len(store.users))
        self.chooser = random.Random(users)
        self.ours, self.one, self.statement, self.each, self.rows = [], [], [], [], []
        self.deleted = None  # by the plain DELETE of this round

    def round(self, number):
        victims = self.chooser.sample(self.store.users, self.number)
        ways = [lambda: self.purge(victims), lambda: self.delete(victims), lambda: self.delete_each(victims)]
        for turn in range(len(ways)):
            ways[(number + turn) % len(ways)]()
        if self.rows[-1] != self.deleted:
            raise RuntimeError(f"purge-user took {self.rows[-1]:,} rows, the DELETE {self.deleted:,}")
        say(f"  {self.number:,} users: purge-user {self.ours[-1]:.1f} ms, one DELETE {self.one[-1]:.1f} ms (the statement "
            f"{self.statement[-1]:.1f}), one each {self.each[-1]:.1f} ms")

    def purge(self, victims):
        path = self.store.work / "victims"
        path.write_text("\n".join(map(str, victims)), encoding="ascii")
        # What on_plain() saves has been read just before it is deleted; here too.
        self.store.count(f"ratings WHERE user_id = ANY ('{{{','.join(map(str, victims))}}}') AND movie_id > 0")
        result, _ = self.store.ours("purge-user", "--from-file", str(path))
        self.ours.append(result["committed_ms"])
        self.rows.append(result["rows"])
        undone, _ = self.store.ours("undo", result["batch"])
        if undone["rows"] != result["rows"]:
            raise RuntimeError("undo did not give everything back")
        self.store.settle()

    def on_plain(self, victims, delete):
        users = f"'{{{','.join(map(str, victims))}}}'"
        rig.psql(self.store.store.url, f"CREATE TABLE plain.saved AS SELECT * FROM plain.ratings WHERE user_id = ANY ({users})")
        self.store.settle()
        delete(users)
        if self.store.count(f"plain.ratings WHERE user_id = ANY ({users})") != 0:
            raise RuntimeError("the plain DELETE left something")
        rig.psql(self.store.store.url, "INSERT INTO plain.ratings SELECT * FROM plain.saved")
        rig.psql(self.store.store.url, "DROP TABLE plain.saved")
        self.store.settle()

    def delete(self, victims):
        def run(users):
            statement = self.store.work / "delete.sql"
            statement.write_text(f"\\timing on\nDELETE FROM plain.ratings WHERE user_id = ANY ({users});\n", encoding="ascii")
            done = measured([PSQL, "-X", "-v", "ON_ERROR_STOP=1", "-d", self.store.store.url, "-f", str(statement)],
                            self.store.environment)
            self.one.append(done.seconds * 1000)
            self.deleted = int(re.search(r"^DELETE (\d+)", done.output, re.M).group(1))
            self.statement.append(float(re.search(r"^Time: ([0-9.]+) ms", done.output, re.M).group(1)))
        self.on_plain(victims, run)

    def delete_each(self, victims):
        self.on_plain(victims, lambda _: self.each.append(1000 * self.store.file(
            *(f"DELETE FROM plain.ratings WHERE user_id = {user}" for user in victims)).seconds))

    def print(self):
        print(f"| {self.number:,} | {statistics.median(self.rows):,.0f} | {median_of(self.ours, 1)} | {median_of(self.one, 1)} "
              f"| {median_of(self.statement, 1)} | {median_of(self.each, 1)} | {ratio(self.ours, self.one)} "
              f"| {ratio(self.ours, self.statement)} |")


def ratio(ours, theirs):
    return spread([mine / other for mine, other in zip(ours, theirs)])


def measure_purges(store, rounds):
    purges = [Purges(store, users) for users in USERS]
    for number in range(rounds):
        say(f"round {number + 1}")
        for purge in purges:
            purge.round(number)
    print(f"\n## Purging users out of {store.arguments.rows:,} rows, ms until committed\n")
    print("`purge-user` from its start, with quarantine, exclusion, positions and audit; the DELETEs on the same partitions and "
          "index without any of it: psql from its start, and the statement alone.\n")
    print("| users | rows | `purge-user` | psql, one DELETE | the statement | psql, one DELETE each | purge-user ÷ psql "
          "| ÷ statement |\n| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    for purge in purges:
        purge.print()


class Deduping:
    """Each way of finding (and taking) doubles, with and without them."""

    def __init__(self, store):
        self.store = store
        self.seconds, self.client, self.server = {}, {}, {}

    def note(self, way, seconds, done, memory):
        self.seconds.setdefault(way, []).append(seconds)
        self.client[way] = max(self.client.get(way, 0), done.megabytes)
        self.server[way] = max(self.server.get(way, 0), memory.megabytes)
        say(f"  {way}: {seconds:.2f} s, client {done.megabytes:.0f} MB, server {memory.megabytes:.0f} MB")

    def dedupe(self, expected):
        with ServerMemory(self.store.arguments.servers) as memory:
            result, done = self.store.ours("dedupe")
        self.check("ratingsctl dedupe", result["rows"], expected)
        self.note("`ratingsctl dedupe`", result["committed_ms"] / 1000 if expected else done.seconds, done, memory)
        if expected:
            self.check("undo", self.store.ours("undo", result["batch"])[0]["rows"], expected)
        self.store.settle()

    def plain(self, way, statement, expected):
        with ServerMemory(self.store.arguments.servers) as memory:
            done, times = self.store.psql("SET work_mem = '256MB'", "BEGIN", statement, "ROLLBACK")
        self.check(way, int(re.search(r"^(?:DELETE|COPY) (\d+)", done.output, re.M).group(1)), expected)
        self.note(way, times[2] / 1000, done, memory)

    def scans(self):
        for way, statement in (("`SELECT count(*)`", "SELECT count(*) FROM plain.ratings"),
                               ("COPY out, binary", f"\\copy (SELECT {COLUMNS} FROM plain.ratings) TO /dev/null (FORMAT binary)")):
            with ServerMemory(self.store.arguments.servers) as memory:
                done, times = self.store.psql(statement)
            self.note(way, times[0] / 1000, done, memory)

    @staticmethod
    def check(way, found, expected):
        if found != expected:
            raise RuntimeError(f"{way}: {found:,} rows, expected {expected:,}")

    def round(self, number, expected):
        ways = [lambda: self.dedupe(expected),
                lambda: self.plain("`row_number()` DELETE", row_number("plain.ratings"), expected),
                lambda: self.plain("`GROUP BY` … `HAVING`, join", group_by("plain.ratings"), expected),
                self.scans]
        for turn in range(len(ways)):
            ways[(number + turn) % len(ways)]()

    def print(self, title):
        print(f"\n## {title}\n\n| way | median s | peak MB, client | peak MB, server | ratio |\n| --- | ---: | ---: | ---: | ---: |")
        ours = self.seconds["`ratingsctl dedupe`"]
        for way, seconds in self.seconds.items():
            print(f"| {way} | {median_of(seconds, 2)} | {self.client[way]:.0f} | {self.server[way]:.0f} "
                  f"| {spread([other / mine for mine, other in zip(ours, seconds)])} |")


def measure_dedupe(store, rounds):
    rows = store.arguments.rows
    print("\nDeduping: the textbook's ways with work_mem 256 MB, rolled back (COMMIT not counted). Server: private memory of all "
          "its processes. Ratio: how many times as long as `ratingsctl dedupe` in the same round.")
    none = Deduping(store)
    for number in range(rounds):
        say(f"no doubles, round {number + 1}")
        none.round(number, 0)
    none.print(f"{rows:,} rows without doubles")
    doubles = double(store)
    some = Deduping(store)
    for number in range(rounds):
        say(f"{doubles:,} doubles, round {number + 1}")
        some.round(number, doubles)
    some.print(f"{rows:,} rows and doubles of every {DOUBLED_EVERY}th, appended")


def parse():
    parser = argparse.ArgumentParser()
    for name in ("program", "generator", "servers", "work"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--rows", type=int, required=True)
    parser.add_argument("--rounds", type=int, required=True)
    parser.add_argument("parts", nargs="+", choices=["suspects", "purge", "dedupe", "sqlite"])
    return parser.parse_args()


def main():
    arguments = parse()
    sys.stdout.reconfigure(line_buffering=True)
    server = rig.server_settings(arguments.servers)["POSTGRES_URL"]
    print(f"# Cleaning up, measured {time.strftime('%Y-%m-%d')}\n\n{machine(server)}, {arguments.rounds} rounds, in turns; "
          "median (lowest–highest).")
    explain_ways()
    if set(arguments.parts) - {"sqlite"}:
        store = Store(arguments, server)
        if "suspects" in arguments.parts:
            measure_suspects(store, arguments.rounds)
        if "purge" in arguments.parts:
            measure_purges(store, arguments.rounds)
        if "dedupe" in arguments.parts:
            measure_dedupe(store, arguments.rounds)
        store.store.drop()
    if "sqlite" in arguments.parts:
        measure_sqlite(arguments)


if __name__ == "__main__":
    main()

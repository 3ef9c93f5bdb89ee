"""Measures suspects, for cleanup_bench.py: against copying the table out, and against the generator's list of who is what."""
import collections
import csv
import json
import statistics
import subprocess

from measuring import measured, median_of, say, spread

COPIES = {"psql `\\copy` out, CSV": "\\copy (SELECT * FROM ratings) TO /dev/null (FORMAT csv)",
          "psql `\\copy` out, binary": "\\copy (SELECT * FROM ratings) TO /dev/null (FORMAT binary)"}

BOTS = ("push", "nuke", "clone", "burst", "lock-step")
HONEST = ("honest-burst", "honest-heavy", "ordinary")
SHARE = 1  # percent of the users of each kind
SIZES = (100_000, 300_000, 3_000_000)
SEEDS = range(1, 6)


class Looking:
    def __init__(self, store):
        self.store, self.seconds, self.megabytes, self.listed = store, {}, {}, None

    def note(self, way, done):
        self.seconds.setdefault(way, []).append(done.seconds)
        self.megabytes.setdefault(way, []).append(done.megabytes)
        say(f"  {way}: {done.seconds:.2f} s, {done.megabytes:.0f} MB")

    def suspects(self):
        report, done = self.store.ours("suspects")
        self.listed = f"{len(report['suspects']):,} of {report['accounts']:,} accounts listed"
        self.note("`ratingsctl suspects`", done)

    def round(self, number):
        ways = [self.suspects, *(lambda way=way: self.note(way, self.store.psql(COPIES[way])[0]) for way in COPIES)]
        for turn in range(len(ways)):
            ways[(number + turn) % len(ways)]()

    def print(self):
        print(f"\n## Looking for suspects in {self.store.arguments.rows:,} rows\n\n{self.listed}. Ratio: how many times as long "
              "`ratingsctl suspects` takes in the same round.\n\n| way | median s | peak MB, client | ratio |\n"
              "| --- | ---: | ---: | ---: |")
        ours = self.seconds["`ratingsctl suspects`"]
        for way, seconds in self.seconds.items():
            print(f"| {way} | {median_of(seconds, 2)} | {statistics.median(self.megabytes[way]):.0f} "
                  f"| {spread([mine / other for mine, other in zip(ours, seconds)])} |")


class Listed:
    """Whom suspects lists among made-up accounts, kind by kind; "ordinary" are all that the generator's list does not name."""

    def __init__(self, arguments, environment, rows, seed):
        self.rows, self.seed = rows, seed
        data, kinds, store = (f"{arguments.work}/{name}" for name in ("bots.csv", "kinds.csv", "bots.db"))
        subprocess.run([arguments.generator, "--rows", str(rows), "--seed", str(seed), "--bots", f"all:{SHARE}", "--out", data,
                        "--bots-list", kinds], check=True)
        with open(kinds, encoding="ascii") as file:
            kind_of = {int(row["userId"]): row["kind"] for row in csv.DictReader(file)}
        ours = [arguments.program, "--store", f"sqlite:{store}"]
        measured([*ours, "load", "--replace", data], environment)
        report = json.loads(measured([*ours, "suspects", "-o", "json"], environment).output)
        self.there = collections.Counter(kind_of.values())
        self.there["ordinary"] = report["accounts"] - sum(self.there.values())
        self.found = collections.Counter(kind_of.get(suspect["user_id"], "ordinary") for suspect in report["suspects"])
        say(f"  {rows:,} rows, seed {seed}: {dict(self.found)}")

    def of_bots(self, counter):
        return sum(counter[kind] for kind in BOTS)

    def print(self):
        right = self.of_bots(self.found)
        figures = [f"{self.found[kind] / max(1, self.there[kind]):.3f} of {self.there[kind]}" for kind in BOTS]
        figures += [f"{self.found[kind]} of {self.there[kind]:,}" for kind in HONEST]
        print(f"| {self.rows:,} | {self.seed} | {' | '.join(figures)} | {right / max(1, sum(self.found.values())):.3f} "
              f"| {right / max(1, self.of_bots(self.there)):.3f} |")


def judge_suspects(store):
    """As many sizes as fit into the rows that were asked for."""
    sizes = [rows for rows in SIZES if rows <= store.arguments.rows] or SIZES[:1]
    print(f"\n## Who is listed, {SHARE} % of the users of each kind\n\nOf bots the share that is listed (recall), of honest "
          f"accounts the number.\n\n| rows | seed | {' | '.join((*BOTS, *HONEST))} | precision | recall |\n"
          f"| ---: | ---: |{' ---: |' * (len(BOTS) + len(HONEST) + 2)}")
    for rows in sizes:
        for seed in SEEDS:
            Listed(store.arguments, store.environment, rows, seed).print()


def measure_suspects(store, rounds):
    looking = Looking(store)
    for number in range(rounds):
        say(f"suspects, round {number + 1}")
        looking.round(number)
    looking.print()
    judge_suspects(store)

"""Measures suspects against copying the table out, for cleanup_bench.py."""
import statistics

from measuring import median_of, say, spread

COPIES = {"psql `\\copy` out, CSV": "\\copy (SELECT * FROM ratings) TO /dev/null (FORMAT csv)",
          "psql `\\copy` out, binary": "\\copy (SELECT * FROM ratings) TO /dev/null (FORMAT binary)"}


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


def measure_suspects(store, rounds):
    looking = Looking(store)
    for number in range(rounds):
        say(f"suspects, round {number + 1}")
        looking.round(number)
    looking.print()

#!/usr/bin/env python3
"""Measures loading against other tools and against the server's own limit; called by load, prints Markdown."""
import argparse
import shutil
import statistics
import sys
import time

from load_growth import measure_growth
from load_inputs import BAD_EVERY, Inputs
from load_ways import SLOW_ROUNDS, Limit, Parser, PgLoader, Place, Psql, Ratingsctl, RatingsctlSqlite, Sqlite3
from measuring import machine, median_of, rig, say, spread

GROWTH_SPACE = 25  # GB: 104 M rows are a csv of 2.8 and a database of 6; the log of changes may take 8
BYTES_PER_ROW = 250  # all inputs, and the largest store of a round
TUNED = ["shared_buffers", "max_wal_size"]  # by load; the rest is PostgreSQL's default


class Comparison:
    """All ways to load the same rows."""

    def __init__(self, place, inputs):
        rows, good = inputs.rows, inputs.rows - inputs.bad_rows
        self.rows = rows
        self.plain = Psql(place, "`psql \\copy` + `CREATE INDEX` + `ANALYZE`", rows,
                          f"\\copy ratings FROM '{inputs.csv}' (FORMAT csv, HEADER)")
        self.ours = Ratingsctl(place, "`ratingsctl load`", rows, inputs.csv)
        self.limit = Limit(place, f"the limit: {len(inputs.parts)} × `COPY BINARY FREEZE`, index", rows, inputs.parts)
        self.variants = [
            Ratingsctl(place, "`ratingsctl load`, .zst", rows, inputs.zst),
            Ratingsctl(place, "`ratingsctl load`, .zip", rows, inputs.zip),
            Ratingsctl(place, f"`ratingsctl load`, {100 // BAD_EVERY} % bad", good, inputs.bad, inputs.bad_rows),
        ]
        self.others = [
            Psql(place, "one binary `COPY`, index", rows, f"\\copy ratings FROM '{inputs.binary}' (FORMAT binary)"),
            PgLoader(place, f"pgloader, index (first {SLOW_ROUNDS} rounds only)", rows, inputs.csv),
        ]
        self.sqlite3 = Sqlite3(place, "`sqlite3 .import` + `CREATE INDEX` + `ANALYZE`", rows, inputs.csv)
        self.ours_sqlite = RatingsctlSqlite(place, "`ratingsctl load`, SQLite", rows, inputs.csv)
        self.parser = Parser(place, "`ratingsctl load --dry-run --jobs 1`", rows, inputs.csv)

    def run(self, rounds):
        # What is compared most closely comes one after the other.
        ways = [self.plain, self.ours, self.limit, *self.variants, *self.others, self.sqlite3, self.ours_sqlite, self.parser]
        for number in range(rounds):
            say(f"round {number + 1}")
            for way in ways:
                way.round()

    def print(self):
        print(f"\n## Loading {self.rows:,} rows\n")
        print("Until all rows are indexed and analysed, and the command has ended. Memory is the client's.\n")
        print_head("PostgreSQL", "against `\\copy`", "against the limit")
        for way in (self.plain, *self.others, self.limit):
            print_way(way, times_faster(self.plain, way), "")
        for way in (self.ours, *self.variants):
            print_way(way, times_faster(self.plain, way), times_faster(self.limit, way))
        print()
        print_head("SQLite", "against `.import`")
        for way in (self.sqlite3, self.ours_sqlite):
            print_way(way, times_faster(self.sqlite3, way))
        print()
        print_head("The parser alone, one core")
        print_way(self.parser)
        print_stages([self.ours, *self.variants, self.ours_sqlite])
        self.print_sizes()

    def print_sizes(self):
        print("\n## Disk, bytes per row\n")
        print("| what | table | index | together | against the other |")
        print("| --- | ---: | ---: | ---: | ---: |")
        other = sum(self.plain.sizes)
        for name, sizes in (("plain table", self.plain.sizes), ("`ratingsctl`, PostgreSQL", self.ours.sizes)):
            table, index = sizes
            print(f"| {name} | {table / self.rows:.1f} | {index / self.rows:.1f} | {sum(sizes) / self.rows:.1f} "
                  f"| {sum(sizes) / other:.2f}× |")
        for name, size in (("file of `sqlite3`", self.sqlite3.sizes), ("`ratingsctl`, SQLite", self.ours_sqlite.sizes)):
            print(f"| {name} | | | {size / self.rows:.1f} | {size / self.sqlite3.sizes:.2f}× |")


def times_faster(base, way):
    """Of each round both took part in."""
    return spread([theirs / ours for theirs, ours in zip(base.seconds, way.seconds)])


def print_head(what, *ratios):
    print(f"| {' | '.join([what, 'median s', 'rows/s', 'peak MB', *ratios])} |")
    print(f"| --- |{' ---: |' * (3 + len(ratios))}")


def print_way(way, *ratios):
    median = statistics.median(way.seconds)
    cells = [way.name, median_of(way.seconds, 2), f"{way.rows / median:,.0f}",
             f"{max(way.megabytes):.0f}", *ratios]
    print(f"| {' | '.join(cells)} |")


def print_stages(ways):
    print("\n## Stages of `ratingsctl load`, median s\n")
    names = list(dict.fromkeys(name for way in ways for stages in way.stages for name in stages))
    print(f"| way | {' | '.join(names)} |\n| --- |{' ---: |' * len(names)}")
    for way in ways:
        cells = [f"{statistics.median(times):.2f}" if (times := [stages[name] for stages in way.stages if name in stages])
                 else "" for name in names]
        print(f"| {way.name} | {' | '.join(cells)} |")


def require_space(work, gigabytes):
    free = shutil.disk_usage(work).free / 1e9
    if free < gigabytes:
        raise SystemExit(f"{work} has {free:.0f} GB free, and this needs {gigabytes:.0f} GB; "
                         "RATINGS_BENCH_DIR names another place")


def parse():
    parser = argparse.ArgumentParser()
    for name in ("program", "generator", "servers", "work"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--rows", type=int, required=True)
    parser.add_argument("--rounds", type=int, required=True)
    parser.add_argument("--growth", type=lambda text: [int(rows) for rows in text.split(",") if rows], default=[],
                        metavar="ROWS,ROWS…")
    return parser.parse_args()


def main():
    arguments = parse()
    sys.stdout.reconfigure(line_buffering=True)  # what is known stays known if the growth part fails
    # max_wal_size and all that is stored; found out now and not after the first hour.
    require_space(arguments.work, max(8 + arguments.rows * BYTES_PER_ROW / 1e9, GROWTH_SPACE if arguments.growth else 0))
    server = rig.server_settings(arguments.servers)["POSTGRES_URL"]
    place = Place(arguments, server)
    tuned = ", ".join(f"{name} = {rig.psql(server, f'SHOW {name}')[0][0]}" for name in TUNED)
    print(f"# Loading, measured {time.strftime('%Y-%m-%d')}\n\n{machine(server)}, with {tuned}; everything on the same "
          f"machine. {arguments.rounds} rounds, in turns, each way into a fresh store after a checkpoint. Times are "
          "median (lowest–highest), ratios those of one round: how many times as fast, median (lowest–highest).")
    inputs = Inputs(arguments, server)
    comparison = Comparison(place, inputs)
    comparison.run(arguments.rounds)
    comparison.print()
    inputs.remove()
    if arguments.growth:
        measure_growth(place, arguments.generator, arguments.growth)


if __name__ == "__main__":
    main()

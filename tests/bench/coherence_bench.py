#!/usr/bin/env python3
"""Measures what the coherence protocol costs; called by `coherence`, prints Markdown."""
import argparse
import json
import statistics
import subprocess
import time

from bench import CONNECTIONS, HOT_USERS, Serve, load_with_ratingsctl
from measuring import generate, machine, measured, rig, say, spread

PURGES = 20  # a round


class CheckedServer(rig.Server):
    """The parts of `serve`, with the check or without."""

    def __init__(self, program, how, store_url, home):
        super().__init__(program, store_url, home)
        self.command = [str(program), how, store_url, str(self.port)]


def in_turns(rounds, what, ways, users):
    for number in range(1, rounds + 1):
        say(f"{what}, round {number}")
        for way in ways:
            way.round(users, number)


def print_hits(title, ways):
    first = ways[0]
    print(f"\n## {title}, {CONNECTIONS} connections\n")
    print(f"| way | median requests/s | p50 ms | p99 ms | against {first.name} |")
    print("| --- | ---: | ---: | ---: | ---: |")
    for way in ways:
        ratios = [ours / theirs for ours, theirs in zip(way.rates, first.rates)]
        print(f"| {way.name} | {statistics.median(way.rates):,.0f} | {statistics.median(way.middle):.2f} "
              f"| {statistics.median(way.slowest):.2f} | {spread(ratios)} |")


def measure_hits(arguments, store, users):
    def server(how):
        return lambda: CheckedServer(arguments.server, how, store.url, arguments.work)

    ways = [Serve("no check", server("unchecked"), True), Serve("checked, Δ = 1 s", server("checked"), True)]
    in_turns(arguments.rounds, "hits", ways, users)
    print_hits("Hits in memory, PostgreSQL", ways)


def measure_strict(arguments, store, users, set_delta):
    class Mode(Serve):
        def __init__(self, name, delta):
            super().__init__(name, lambda: CheckedServer(arguments.server, "checked", store.url, arguments.work), True)
            self.delta = delta

        def round(self, users, number):
            set_delta(self.delta)
            super().round(users, number)

    ways = [Mode("Δ = 1 s", 1000), Mode("strict, Δ = 0", 0)]
    in_turns(arguments.rounds, "strict mode", ways, users)
    set_delta(1000)
    print_hits("Hits in strict mode, PostgreSQL", ways)


def measure_copy(arguments, server, path):
    """psql's \\copy into the partitioned table, in a fresh store each time."""
    ways = {"without triggers": [], "with triggers": []}
    for number in range(arguments.rounds):
        say(f"copy, round {number + 1}")
        for name, seconds in ways.items():
            store = rig.PostgresStore(server)
            try:
                subprocess.run([arguments.program, "init", "--store", store.url], check=True, stdout=subprocess.DEVNULL,
                               env=rig.clean_environment(arguments.work))
                if name == "without triggers":
                    for (table,) in rig.psql(store.url, "SELECT 'ratings' UNION ALL SELECT inhrelid::regclass::text "
                                                        "FROM pg_inherits WHERE inhparent = 'ratings'::regclass"):
                        rig.psql(store.url, f"ALTER TABLE {table} DISABLE TRIGGER USER")
                rig.psql(server, "CHECKPOINT")
                seconds.append(measured(["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", store.url, "-c",
                                         f"\\copy ratings FROM '{path}' DELIMITER ',' CSV HEADER"]).seconds)
                say(f"  {name}: {seconds[-1]:.2f} s")
            finally:
                store.drop()
    plain = ways["without triggers"]
    print(f"\n## psql `\\copy` of {arguments.rows:,} rows\n\n| way | median s | against without |\n| --- | ---: | ---: |")
    for name, seconds in ways.items():
        print(f"| {name} | {statistics.median(seconds):.2f} | {spread([a / b for a, b in zip(seconds, plain)])} |")


def measure_purges(arguments, store, users):
    """Each purge is undone at once, so that every round purges what the first did."""
    environment = rig.clean_environment(arguments.work)
    committed, visible, whole = [], [], []
    for user in range(1, min(users, PURGES) + 1):
        begin = time.monotonic()
        done = json.loads(measured([arguments.program, "purge-user", str(user), "-o", "json", "--store", store.url],
                                   environment).output)
        whole.append((time.monotonic() - begin) * 1000)
        committed.append(done["committed_ms"])
        visible.append(done["visible_ms"])
        measured([arguments.program, "undo", done["batch"], "--store", store.url], environment)
    print(f"\n## purge-user, one user of {arguments.rows:,} rows, Δ = 1 s, {len(whole)} times\n")
    print("| what | median ms | lowest–highest |\n| --- | ---: | ---: |")
    for name, figures in (("committed_ms", committed), ("visible_ms", visible), ("the whole command", whole)):
        print(f"| {name} | {statistics.median(figures):.0f} | {min(figures):.0f}–{max(figures):.0f} |")


def main():
    parser = argparse.ArgumentParser()
    for name in ("program", "generator", "servers", "work", "server"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--rows", type=int, required=True)
    parser.add_argument("--rounds", type=int, required=True)
    arguments = parser.parse_args()
    server = rig.server_settings(arguments.servers)["POSTGRES_URL"]
    path = f"{arguments.work}/ratings.csv"
    generate(arguments.generator, arguments.rows, path)
    print(f"# Measured {time.strftime('%Y-%m-%d')}\n\n{machine(server)}; all on the same machine, {arguments.rounds} rounds, "
          f"in turns; ratios are of one round: median (lowest–highest). {HOT_USERS:,} users at most are asked for.")
    store = rig.PostgresStore(server)

    def set_delta(milliseconds):
        measured([arguments.program, "init", "--delta", str(milliseconds), "--store", store.url],
                 rig.clean_environment(arguments.work))

    try:
        load_with_ratingsctl(arguments, path)(store)
        set_delta(1000)
        users = int(rig.psql(store.url, "SELECT max(user_id) FROM ratings")[0][0])
        rig.psql(store.url, "VACUUM (ANALYZE) ratings")
        measure_hits(arguments, store, users)
        measure_strict(arguments, store, users, set_delta)
        measure_purges(arguments, store, users)
    finally:
        store.drop()
    measure_copy(arguments, server, path)


if __name__ == "__main__":
    main()

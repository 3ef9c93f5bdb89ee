#!/usr/bin/env python3
"""Measures three servers behind nginx, by user and in turns; called by tests/bench/scale, prints Markdown."""
import argparse
import contextlib
import os
import statistics
import subprocess
import time
from pathlib import Path

from bench import CONNECTIONS, load_with_ratingsctl, ready_to_serve
from measuring import generate, machine, median_of, rig, say, spread

from balancer import Balancer, samples  # beside rig

HERE = Path(__file__).parent
ROWS = 1_000_000
SERVERS = 3
WARM = 6      # seconds: every history has been asked for several times
SECONDS = 8
IN_TURNS = [("  hash $ratings_of consistent;", "  #")]


class Group:
    """Servers with so much memory each, and what stands in front of them, until the end of the with block."""

    def __init__(self, arguments, store, count, memory, changes):
        self.arguments, self.store, self.count, self.memory, self.changes = arguments, store, count, memory, changes

    def __enter__(self):
        self.stack = contextlib.ExitStack()
        self.servers = [self.stack.enter_context(rig.Server(self.arguments.program, self.store.url, self.arguments.work,
                                                            "--memory-cache", f"{self.memory // 1024}K"))
                        for _ in range(self.count)]
        ports = [server.port for server in self.servers]
        self.port = ports[0] if self.changes is None else self.stack.enter_context(Balancer(ports, self.changes)).port
        return self

    def __exit__(self, *_):
        self.stack.close()

    def histories(self):
        """From memory, and in all, since the servers began."""
        pages = [samples(server) for server in self.servers]
        return (sum(page['histories_total{source="memory"}'] for page in pages),
                sum(value for page in pages for name, value in page.items() if name.startswith("histories_total{")))


class Way:
    def __init__(self, name, make):
        self.name, self.make = name, make
        self.rates, self.hits, self.slowest = [], [], []

    def round(self, users, number):
        with self.make() as group:
            wrk(group.port, users, 2 * number, WARM)
            before = group.histories()
            rate, p99 = wrk(group.port, users, 2 * number + 1, SECONDS)
            hits, histories = (now - then for now, then in zip(group.histories(), before))
        self.rates.append(rate)
        self.slowest.append(p99)
        self.hits.append(100 * hits / histories)
        say(f"  {self.name}: {rate:,.0f}/s, {self.hits[-1]:.1f} % from memory, p99 {p99} ms")


def run_wrk(port, users, number, seconds):
    """Requests a second, how many failed, and milliseconds that 99 of 100 took no longer than."""
    done = subprocess.run(["wrk", "-t", "2", "-c", str(CONNECTIONS), "-d", f"{seconds}s", "--timeout", "10s",
                           "-s", str(HERE / "random_users.lua"), f"http://127.0.0.1:{port}"],
                          env=os.environ | {"USERS": str(users), "ROUND": str(number)}, capture_output=True, text=True, check=True)
    rate, errors, _, p99 = next(line for line in done.stdout.splitlines() if line.startswith("RESULT")).split()[1:]
    return float(rate), int(errors), float(p99)


def wrk(port, users, number, seconds):
    """A measurement, in which no request may fail: requests a second, and milliseconds that 99 of 100 took no longer than."""
    rate, errors, p99 = run_wrk(port, users, number, seconds)
    if errors:
        raise RuntimeError(f"{errors} requests failed")
    return rate, p99


def working_set(arguments, store, users):
    """Bytes that a memory cache needs for everybody."""
    with Group(arguments, store, 1, 4 << 30, None) as group:
        with contextlib.closing(group.servers[0].connect()) as connection:
            for user in range(1, users + 1):
                connection.request("GET", f"/rates/{user}")
                connection.getresponse().read()
        page = samples(group.servers[0])
        if page["memory_cache_entries"] != users:
            raise RuntimeError(f"{page['memory_cache_entries']} of {users} histories are in memory")
        return int(page["memory_cache_bytes"])


def main():
    parser = argparse.ArgumentParser()
    for name in ("program", "generator", "servers", "work"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--rounds", type=int, required=True)
    arguments = parser.parse_args()
    url = rig.server_settings(arguments.servers)["POSTGRES_URL"]
    path = f"{arguments.work}/ratings.csv"
    generate(arguments.generator, ROWS, path)
    store = rig.PostgresStore(url)
    try:
        load_with_ratingsctl(arguments, path)(store)
        users = ready_to_serve(arguments, store.url)
        needed = working_set(arguments, store, users)
        memory = needed // SERVERS
        ways = [Way("by user", lambda: Group(arguments, store, SERVERS, memory, [])),
                Way("in turns (round robin)", lambda: Group(arguments, store, SERVERS, memory, IN_TURNS)),
                Way("one server with a third of the memory, no nginx", lambda: Group(arguments, store, 1, memory, None))]
        for number in range(1, arguments.rounds + 1):
            say(f"round {number}")
            for way in ways:
                way.round(users, number)
    finally:
        store.drop()
    print(f"# Measured {time.strftime('%Y-%m-%d')}\n\n{machine(url)}; wrk, nginx and all servers on the same machine. "
          f"{arguments.rounds} rounds, in turns; ratios are of one round: median (lowest–highest).\n\n"
          f"{CONNECTIONS} connections ask for any of {users:,} users, whose histories take {needed / 2**20:.0f} MiB of memory; each of "
          f"{SERVERS} servers has {memory / 2**20:.0f} MiB, and no Redis.\n")
    print("| nginx sends a request | from memory, % | median requests/s | p99 ms | against by user |")
    print("| --- | ---: | ---: | ---: | ---: |")
    for way in ways:
        print(f"| {way.name} | {median_of(way.hits, 1)} | {statistics.median(way.rates):,.0f} | {median_of(way.slowest, 1)} "
              f"| {spread([one / first for one, first in zip(way.rates, ways[0].rates)])} |")


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Measures misses that are read from no, one and two standbys; called by tests/bench/replicas, prints Markdown."""
import argparse
import contextlib
import os
import statistics
import subprocess
import time

from bench import load_with_ratingsctl, ready_to_serve
from measuring import generate, machine, median_of, rig, say, spread
from scale_bench import run_wrk, wrk

from balancer import samples  # beside rig
from harness import wait_for

ROWS = 1_000_000
STANDBYS = 2
SHARE = 0.3  # of a processor, for each PostgreSQL: three of them leave one to ratingsctl and wrk; with 0.15 none connects in time
WARM, SECONDS = 3, 10
WRITES_EVERY = 0.05  # seconds between changes: so that there are answers which a standby cannot give yet
SETTINGS = ["-c", "shared_buffers=256MB", "-c", "wal_keep_size=256MB", "-c", "max_wal_size=1GB"]


def docker(*words):
    return subprocess.run(["docker", *map(str, words)], check=True, capture_output=True, text=True).stdout.strip()


class Postgres:
    """In a container with a network namespace of its own, until the stack ends."""

    def __init__(self, stack, network, name, *arguments):
        self.name = f"{network}-{name}"
        docker("run", "-d", "--name", self.name, "--network", network, *arguments)
        stack.callback(docker, "rm", "-f", "-v", self.name)
        self.host = docker("inspect", "-f", "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}", self.name)
        wait_for(self.answers, self.name, 120)

    def url(self, database):
        return f"postgresql://ratings@{self.host}/{database}"

    def answers(self):
        try:
            return rig.psql(self.url("postgres"), "SELECT 1")
        except RuntimeError:
            return False

    def limit(self):
        docker("update", "--cpus", SHARE, self.name)


def primary(stack, network):
    one = Postgres(stack, network, "primary", "-e", "POSTGRES_USER=ratings", "-e", "POSTGRES_HOST_AUTH_METHOD=trust",
                   "postgres:17", "postgres", *SETTINGS)
    docker("exec", one.name, "sh", "-c", 'echo "host replication all all trust" >>"$PGDATA/pg_hba.conf"')
    rig.psql(one.url("postgres"), "SELECT pg_reload_conf()")
    return one


def standby(stack, network, number, source):
    made = (f'pg_basebackup -h {source.host} -U ratings -D "$PGDATA" -R -X stream -c fast && chmod 700 "$PGDATA" && '
            f'exec postgres {" ".join(SETTINGS)}')
    return Postgres(stack, network, f"standby{number}", "--user", "postgres", "--entrypoint", "bash", "postgres:17", "-c", made)


class Writes:
    """Ratings that arrive meanwhile, of all users in turns."""

    def __init__(self, url, users):
        self.url, self.users = url, users

    def __enter__(self):
        self.process = subprocess.Popen(["psql", "-X", "-q", "-d", self.url], stdin=subprocess.PIPE, text=True,
                                        stdout=subprocess.DEVNULL)
        self.process.stdin.write(f"INSERT INTO ratings SELECT 1 + (random() * {self.users - 1})::int, 1, 3, extract(epoch FROM now()) "
                                 f"\\watch {WRITES_EVERY}\n")
        self.process.stdin.flush()
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()


def replica_counts(server):
    page = samples(server)
    return [sum(value for name, value in page.items() if name.startswith(f"replica_{what}_total{{"))
            for what in ("reads", "fallbacks")]


def answers(server):
    with contextlib.closing(server.connect()) as connection:
        connection.request("GET", "/rates/1")
        return connection.getresponse().status == 200


class Way:
    def __init__(self, arguments, url, standbys):
        self.arguments, self.url, self.standbys = arguments, url, standbys
        self.rates, self.fell_back, self.slowest = [], [], []

    def round(self, users, number):
        read = ["--store-read", f"postgresql://ratings@{','.join(one.host for one in self.standbys)}/ratings"] if self.standbys else []
        with rig.Server(self.arguments.program, self.url, self.arguments.work, "--memory-cache", "0", "--cache", "none",
                        *read) as server:
            wait_for(lambda: answers(server), "a connection to the store", 30)
            # Measures nothing: the pools connect meanwhile, and a connection is a process that a third of a processor has to make.
            run_wrk(server.port, users, 2 * number, WARM)
            before = replica_counts(server)
            rate, p99 = wrk(server.port, users, 2 * number + 1, SECONDS)
            reads, fallbacks = (now - then for now, then in zip(replica_counts(server), before))
        self.rates.append(rate)
        self.slowest.append(p99)
        if self.standbys:
            self.fell_back.append(100 * fallbacks / (reads + fallbacks))
        say(f"  {len(self.standbys)} standbys: {rate:,.0f}/s, p99 {p99} ms, {reads:,.0f} from standbys, {fallbacks:,.0f} fell back")


def main():
    parser = argparse.ArgumentParser()
    for name in ("program", "generator", "servers", "work"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--rounds", type=int, required=True)
    arguments = parser.parse_args()
    path = f"{arguments.work}/ratings.csv"
    generate(arguments.generator, ROWS, path)
    with contextlib.ExitStack() as stack:
        network = f"ratings-replicas-{os.getpid()}"
        docker("network", "create", network)
        stack.callback(docker, "network", "rm", network)
        first = primary(stack, network)
        url = first.url("ratings")  # the database of the user's name, which the image makes
        load_with_ratingsctl(arguments, path)(argparse.Namespace(url=url))
        users = ready_to_serve(arguments, url)
        standbys = [standby(stack, network, number, first) for number in range(STANDBYS)]
        for one in (first, *standbys):
            one.limit()
        ways = [Way(arguments, url, standbys[:count]) for count in range(STANDBYS + 1)]
        stack.enter_context(Writes(url, users))
        for number in range(1, arguments.rounds + 1):
            say(f"round {number}")
            for way in ways:
                way.round(users, number)
        about = machine(url)
    print(f"# Measured {time.strftime('%Y-%m-%d')}\n\n{about}; {SHARE:.0%} of a processor for each PostgreSQL, in a container with a "
          f"network namespace of its own; ratingsctl and wrk on the same machine. {arguments.rounds} rounds, in turns; ratios are of "
          f"one round: median (lowest–highest).\n\nEvery request for one of {users:,} users is a miss (no memory cache, no Redis); "
          f"meanwhile {1 / WRITES_EVERY:.0f} ratings a second arrive.\n")
    print("| standbys | median misses/s | p99 ms | fell back to the primary, % | against the primary alone |")
    print("| ---: | ---: | ---: | ---: | ---: |")
    for way in ways:
        print(f"| {len(way.standbys)} | {statistics.median(way.rates):,.0f} | {median_of(way.slowest, 1)} "
              f"| {median_of(way.fell_back, 2) if way.fell_back else '–'} "
              f"| {spread([one / alone for one, alone in zip(way.rates, ways[0].rates)])} |")


if __name__ == "__main__":
    main()

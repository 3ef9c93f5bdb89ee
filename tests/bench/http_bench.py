#!/usr/bin/env python3
"""Measures the HTTP front; called by tests/bench/http, prints Markdown."""
import argparse
import contextlib
import os
import re
import socket
import statistics
import subprocess
import threading
import time
import urllib.request
from pathlib import Path
from typing import NamedTuple

import http_overload
from bench import load_with_ratingsctl
from http_rivals import FlaskHit, Nginx, Ours, Plain, Webdis
from measuring import generate, machine, median_of, rig, say, spread

HERE = Path(__file__).parent
ROWS = 1_000_000          # enough users for misses that are no hits of anything
RATINGS_OF_USER_1 = 98    # a history of 6 kB, which the average user of The Movies Dataset has
CONNECTIONS = (1, 16, 64, 256)
SECONDS = 5
IDLE = 10_000
SLOW = 1_000
WHALE = 18_276            # ratings of the longest history of The Movies Dataset
WORKING = 16              # connections of an active crowd
REQUEST = b"GET /rates/1 HTTP/1.1\r\nHost: bench\r\n\r\n"


class Load(NamedTuple):
    rate: float
    p99: float   # milliseconds
    count: int   # requests


def wrk(url, connections, seconds=SECONDS):
    done = subprocess.run(["wrk", "-t", str(min(2, connections)), "-c", str(connections), "-d", f"{seconds}s", "--latency",
                           "--timeout", "10s", url], capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in done or "Socket errors" in done:
        raise RuntimeError(f"{url}: {done}")
    number, unit = re.search(r"99%\s+([\d.]+)(us|ms|s)", done).groups()
    return Load(float(re.search(r"Requests/sec:\s+([\d.]+)", done)[1]), float(number) * {"us": 1e-3, "ms": 1, "s": 1e3}[unit],
                int(re.search(r"(\d+) requests in", done)[1]))


def url_of(server):
    return f"http://127.0.0.1:{server.port}{server.path}"


def memory_of(server):
    """Resident megabytes of a process now."""
    text = Path(f"/proc/{server.process.pid}/status").read_text(encoding="utf-8")
    return int(re.search(r"VmRSS:\s+(\d+)", text)[1]) / 1024


class Bench:
    def __init__(self, arguments, settings):
        self.arguments, self.settings = arguments, settings
        self.store = rig.PostgresStore(settings["POSTGRES_URL"])
        self.users = 0

    def prepare(self):
        path = f"{self.arguments.work}/ratings.csv"
        generate(self.arguments.generator, ROWS, path)
        load_with_ratingsctl(self.arguments, path)(self.store)
        self.users = int(rig.psql(self.store.url, "SELECT max(user_id) FROM ratings")[0][0])
        whale = self.users + 1
        rig.psql(self.store.url, f"""
            DELETE FROM ratings WHERE user_id = 1;
            INSERT INTO ratings SELECT 1, 1000 + n, 4, 1567504800 + n FROM generate_series(1, {RATINGS_OF_USER_1}) AS n;
            INSERT INTO ratings SELECT {whale}, n, 4, 1567504800 + n FROM generate_series(1, {WHALE}) AS n""")
        rig.psql(self.store.url, "VACUUM (ANALYZE) ratings")
        subprocess.run([self.arguments.program, "init", "--delta", "1000", "--store", self.store.url], check=True,
                       stdout=subprocess.DEVNULL, env=rig.clean_environment(self.arguments.work))
        self.whale = whale
        with self.ours() as server:
            self.body = urllib.request.urlopen(url_of(server)).read()

    def ours(self, *flags, store=None):
        return Ours(self.arguments.program, (store or self.store).url, self.arguments.work, *flags)

    # ---- memory hits

    def rivals(self):
        work, redis = self.arguments.work, self.settings["REDIS_URL"]
        return {"nginx, static file": lambda: Nginx(work, self.body),
                "ratingsctl": self.ours,
                "plain cpp-httplib": lambda: Plain(self.arguments.plain, work, self.body),
                "webdis": lambda: Webdis(work, redis, self.body),
                "Flask + gunicorn + redis-py": lambda: FlaskHit(self.store.url, redis)}

    def hits(self):
        rates = {(name, connections): [] for name in self.rivals() for connections in CONNECTIONS}
        cpu = {key: [] for key in rates}
        for number in range(self.arguments.rounds):
            say(f"hits, round {number + 1}")
            for name, make in self.rivals().items():
                with make() as server:
                    if urllib.request.urlopen(url_of(server)).read() != self.body:
                        raise RuntimeError(f"{name} answers with other bytes")
                    wrk(url_of(server), 16, 1)
                    for connections in CONNECTIONS:
                        before = server.cpu_seconds()
                        load = wrk(url_of(server), connections)
                        rates[name, connections].append(load.rate)
                        cpu[name, connections].append((server.cpu_seconds() - before) * 1e6 / load.count)
                        say(f"  {name}, {connections}: {load.rate:,.0f}/s, {cpu[name, connections][-1]:.1f} µs")
        first = next(iter(self.rivals()))
        print(f"\n## Memory hits: the same {len(self.body):,} bytes, again and again\n")
        print("Requests/s against nginx, and microseconds of processor a request (server alone, user and kernel).\n")
        print("| server | " + " | ".join(f"{n} connection{'s' if n > 1 else ''}" for n in CONNECTIONS) + " |")
        print("| --- |" + " --- |" * len(CONNECTIONS))
        for name in self.rivals():
            cells = [f"{spread([a / b for a, b in zip(rates[name, n], rates[first, n])])}, {statistics.median(cpu[name, n]):.1f} µs"
                     for n in CONNECTIONS]
            print(f"| {name} | " + " | ".join(cells) + " |")
        print(f"\nnginx itself: {', '.join(f'{statistics.median(rates[first, n]):,.0f}/s at {n}' for n in CONNECTIONS)}.")

    # ---- clients that stay

    def idle(self):
        with self.ours("--max-connections", str(IDLE + 1_000)) as server:
            wrk(url_of(server), WORKING, 1)
            alone, before = [], memory_of(server)
            for _ in range(self.arguments.rounds):
                alone.append(wrk(url_of(server), WORKING, 3))
            with contextlib.ExitStack() as open_ones:
                for _ in range(IDLE):
                    client = open_ones.enter_context(socket.create_connection(("127.0.0.1", server.port)))
                    client.sendall(REQUEST)
                    while len(client.recv(16384)) == 16384:
                        pass
                after = memory_of(server)
                crowded = [wrk(url_of(server), WORKING, 3) for _ in range(self.arguments.rounds)]
        print(f"\n## {IDLE:,} idle keep-alive connections\n")
        print(f"Memory of the process: {before:.0f} MB before, {after:.0f} MB with them (bar: 100 MB in all).")
        print(f"An active crowd of {WORKING}: requests/s with them against without "
              f"{spread([b.rate / a.rate for a, b in zip(alone, crowded)])}, p99 "
              f"{median_of([a.p99 for a in alone], 2)} ms without, "
              f"{median_of([b.p99 for b in crowded], 2)} ms with.")

    # ---- clients that mean it ill

    def slow(self):
        print(f"\n## {SLOW:,} slow clients\n")
        for what, abuse in (("headers, a byte a second", drip), ("readers of a whale that never read", never_read)):
            with self.ours() as server:
                urllib.request.urlopen(f"http://127.0.0.1:{server.port}/rates/{self.whale}").read()
                wrk(url_of(server), WORKING, 1)
                before, ratios, most = memory_of(server), [], 0.0
                for _ in range(self.arguments.rounds):
                    alone = wrk(url_of(server), WORKING, 3)
                    stop = threading.Event()
                    thread = threading.Thread(target=abuse, args=(server.port, self.whale, stop))
                    thread.start()
                    time.sleep(2)
                    beside = wrk(url_of(server), WORKING, 3)
                    most = max(most, memory_of(server))
                    stop.set()
                    thread.join()
                    ratios.append(beside.rate / alone.rate)
            print(f"- {what}: an active crowd of {WORKING} keeps {spread(ratios)} of its requests/s (bar 0.90); "
                  f"memory {before:.0f} MB before, {most:.0f} MB at most.")

    def overload(self):
        http_overload.measure(self.store, self.users, self.arguments.rounds, SECONDS, self.ours)

    # ---- Redis and the store

    def redis(self):
        ratios, ours, theirs = [], [], []
        redis = self.settings["REDIS_URL"]
        for _ in range(self.arguments.rounds):
            with self.ours("--cache", redis, "--memory-cache", "0") as server:
                wrk(url_of(server), WORKING, 1)
                ours.append(wrk(url_of(server), WORKING).rate)
            with Webdis(self.arguments.work, redis, self.body) as server:
                wrk(url_of(server), WORKING, 1)
                theirs.append(wrk(url_of(server), WORKING).rate)
            ratios.append(ours[-1] / theirs[-1])
            say(f"  Redis hits: ours {ours[-1]:,.0f}/s, webdis {theirs[-1]:,.0f}/s")
        print(f"\n## Redis hits, {WORKING} connections\n\nAgainst webdis, which compares nothing: {spread(ratios)} "
              f"({statistics.median(ours):,.0f}/s and {statistics.median(theirs):,.0f}/s).")

    def misses(self):
        statement = Path(HERE / "../../lib/sql/postgres/history.sql").read_text(encoding="utf-8")
        statement = re.sub(r"--.*\n", "", statement).replace("$1", ":uid")
        script = Path(self.arguments.work) / "history.pgbench"
        script.write_text(f"\\set uid random(1, {self.users})\n{' '.join(statement.split())};\n", encoding="utf-8")
        print(f"\n## Misses, {WORKING} connections\n\nAgainst pgbench, the same prepared statement, as many clients (bar 0.80):\n")
        print(f"- everything shares all processors: {self.misses_and_pgbench(script)}")
        if len(os.sched_getaffinity(0)) > 1:
            with apart(int(self.settings["POSTGRES_PID"])):
                print("- PostgreSQL has a processor of its own, ratingsctl and wrk share another one, and so does pgbench: "
                      f"{self.misses_and_pgbench(script)}")

    def misses_and_pgbench(self, script):
        ratios, ours, theirs = [], [], []
        for _ in range(self.arguments.rounds):
            with self.ours("--memory-cache", "0") as server:
                http_overload.paced(server, self.users, WORKING, 0, 1)
                seconds, good, _ = http_overload.paced(server, self.users, WORKING, 0, SECONDS)
                ours.append(good / seconds)
            done = subprocess.run(["pgbench", "-n", "-M", "prepared", "-c", str(WORKING), "-j", "2", "-T", str(SECONDS), "-f", str(script),
                                   self.store.url], capture_output=True, text=True, check=True).stdout
            theirs.append(float(re.search(r"tps = ([\d.]+)", done)[1]))
            ratios.append(ours[-1] / theirs[-1])
            say(f"  misses: ours {ours[-1]:,.0f}/s, pgbench {theirs[-1]:,.0f}/s")
        return f"{spread(ratios)} ({statistics.median(ours):,.0f}/s and {statistics.median(theirs):,.0f}/s)"

    # ---- system calls

    def calls(self):
        embedded = rig.SqliteStore(self.arguments.work)
        try:
            path = Path(self.arguments.work) / "one.csv"
            path.write_text("userId,movieId,rating,timestamp\n" + "".join(f"1,{n},4,{n}\n" for n in range(RATINGS_OF_USER_1)))
            load_with_ratingsctl(self.arguments, str(path))(embedded)
            print("\n## System calls of a memory hit\n\nCounted by strace over the whole process, 16 connections; what it does beside "
                  "requests (validating) is in it.\n")
            for what, store in (("PostgreSQL, Δ = 1 s", self.store), ("SQLite", embedded)):
                with self.ours(store=store) as server:
                    wrk(url_of(server), WORKING, 1)
                    counting = subprocess.Popen(["strace", "-f", "-c", "-p", str(server.process.pid)], stderr=subprocess.PIPE, text=True)
                    time.sleep(1)
                    load = wrk(url_of(server), WORKING, 3)
                    counting.send_signal(2)
                    table = counting.communicate()[1]
                rows = [line.split() for line in table.splitlines() if re.match(r"\s*[\d.]+\s+[\d.]+\s+\d+\s+\d+", line)]
                calls = {row[-1]: int(row[3]) for row in rows}
                total = sum(count for name, count in calls.items() if name != "total")
                usual = ", ".join(f"{name} {count / load.count:.2f}" for name, count in sorted(calls.items(), key=lambda one: -one[1])[:6]
                                  if name != "total")
                print(f"- {what}: {total / load.count:.2f} a request ({usual})")
        finally:
            embedded.drop()


@contextlib.contextmanager
def apart(postmaster):
    """PostgreSQL on the first processor, as on a machine of its own; what is started meanwhile on the second."""
    every = os.sched_getaffinity(0)
    first, second = sorted(every)[:2]
    try:
        os.sched_setaffinity(postmaster, {first})  # connections made from now on inherit it
        os.sched_setaffinity(0, {second})
        yield
    finally:
        os.sched_setaffinity(0, every)
        os.sched_setaffinity(postmaster, every)


def crowd(port, count, request):
    clients = []
    for _ in range(count):
        client = socket.socket()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.settimeout(5)
        with contextlib.suppress(OSError):
            client.connect(("127.0.0.1", port))
            client.sendall(request)
        clients.append(client)
    return clients


def drip(port, _, stop):
    """A byte of a header a second; whoever was closed comes again."""
    clients = crowd(port, SLOW, b"GET /rates/1 HTTP/1.1\r\n")
    while not stop.wait(1):
        for n, client in enumerate(clients):
            try:
                client.send(b"X")
            except OSError:
                client.close()
                clients[n] = crowd(port, 1, b"GET /rates/1 HTTP/1.1\r\n")[0]
    for client in clients:
        client.close()


def never_read(port, whale, stop):
    request = f"GET /rates/{whale} HTTP/1.1\r\nHost: bench\r\n\r\n".encode()
    clients = crowd(port, SLOW, request)
    stop.wait()
    for client in clients:
        client.close()


def main():
    parser = argparse.ArgumentParser()
    for name in ("program", "generator", "servers", "work", "plain", "only"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--rounds", type=int, required=True)
    arguments = parser.parse_args()
    settings = rig.server_settings(arguments.servers)
    bench = Bench(arguments, settings)
    try:
        bench.prepare()
        print(f"# Measured {time.strftime('%Y-%m-%d')}\n\n{machine(settings['POSTGRES_URL'])}; clients and all servers on the same machine. "
              f"{arguments.rounds} rounds, in turns; ratios are of one round: median (lowest–highest).")
        for part in ("hits", "idle", "slow", "overload", "redis", "misses", "calls"):
            if arguments.only in ("", part):
                getattr(bench, part)()
    finally:
        bench.store.drop()


if __name__ == "__main__":
    main()

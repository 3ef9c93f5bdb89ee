"""More misses than the store can take: a part of http_bench.py."""
import http.client
import math
import os
import random
import re
import statistics
import subprocess
import time
from pathlib import Path
from typing import NamedTuple

from fault_proxy import Proxy
from measuring import Meanwhile, median_of, say, spread

CAPACITY = 64             # connections that keep every connection to the store busy
QUEUED = 1_024            # requests that wait for a worker, at most (lib/src/http/http_server.cpp, kQueued)
STORE_AWAY = 0.005        # seconds
WHOLE = 0.9               # of the capacity: it has recovered
RECOVERY = 10             # seconds, the bar for that


class FarStore(NamedTuple):
    url: str


class Prober(Meanwhile):
    """Asks for somebody, on one connection."""

    EVERY = 0.01

    def __init__(self, port, users):
        super().__init__()
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self.users, self.shed, self.chooser = users, [], random.Random(1)

    def __exit__(self, *_):
        super().__exit__()
        self.connection.close()

    def once(self):
        asked = time.monotonic()
        self.connection.request("GET", f"/rates/{self.chooser.randint(1, self.users)}")
        answer = self.connection.getresponse()
        answer.read()
        if answer.status == 503:
            self.shed.append(1_000 * (time.monotonic() - asked))

    def p99_of_503(self):
        """Milliseconds."""
        return sorted(self.shed)[len(self.shed) * 99 // 100] if self.shed else math.nan


def paced(server, users, connections, delay, seconds):
    """Seconds, answers with 200 and with 503. `delay`: ms that a connection waits between two requests."""
    done = subprocess.run(["wrk", "-t", "2", "-c", str(connections), "-d", f"{seconds}s", "--timeout", "10s",
                           "-s", str(Path(__file__).parent / "overload.lua"), f"http://127.0.0.1:{server.port}"],
                          env=os.environ | {"USERS": str(users), "DELAY": str(delay)}, capture_output=True, text=True, check=True)
    numbers = next(line for line in done.stdout.splitlines() if line.startswith("RESULT")).split()[1:]
    seconds, good, shed, other, broken, late = float(numbers[0]), *map(int, numbers[1:])
    if other or broken or late:
        raise RuntimeError(f"{other} other answers, {broken} broken connections, {late} too late")
    return seconds, good, shed


def recovery(server, users, capacity):
    """Shares of the capacity that the seconds after an overload reach, up to the first that counts as whole."""
    shares = []
    while not shares or (shares[-1] < WHOLE and len(shares) < RECOVERY):
        seconds, good, _ = paced(server, users, CAPACITY, 0, 1)
        shares.append(good / seconds / capacity)
    if shares[-1] < WHOLE:
        raise RuntimeError(f"not recovered within {RECOVERY} s: {shares}")
    return shares


def measure(store, users, rounds, seconds_a_run, ours):
    """The store is 5 ms away, so that waiting for it bounds the misses: clients that offer ten times as much need the
    processors that they share with the server, and would be measured instead."""
    line = Proxy(int(re.search(r":(\d+)/", store.url)[1]), STORE_AWAY)
    line.line("slow")
    far = FarStore(store.url.replace(re.search(r":\d+/", store.url)[0], f":{line.port}/"))
    print("\n## More misses than the store can take\n")
    print(f"PostgreSQL {1_000 * STORE_AWAY:.0f} ms away, no cache. Capacity: answers with 200 per second at {CAPACITY} connections, "
          f"in the same round. Recovered: the first second with {WHOLE:.0%} of the capacity has ended (bar {RECOVERY} s).\n")
    print("| offered, against capacity | goodput, against capacity | 503 of all answers | a 503 takes, p99 | "
          "first second after it, against capacity | recovered after s |")
    print("| --- | --- | ---: | ---: | --- | ---: |")
    for connections, times in ((4_000, 2), (8_000, 10)):
        offered, goodput, shares, quick, first, whole = [], [], [], [], [], []
        for _ in range(rounds):
            with ours("--memory-cache", "0", store=far) as server:
                paced(server, users, CAPACITY, 0, 1)
                seconds, good, _ = paced(server, users, CAPACITY, 0, seconds_a_run)
                capacity = good / seconds
                pause = int(1_000 * (connections - QUEUED) / (times * capacity))  # those in the queue send nothing
                with Prober(server.port, users) as prober:
                    seconds, good, shed = paced(server, users, connections, pause, 2 * seconds_a_run)
                ended = time.monotonic()
                after = recovery(server, users, capacity)
                whole.append(time.monotonic() - ended)
                offered.append((good + shed) / seconds / capacity)
                goodput.append(good / seconds / capacity)
                shares.append(100 * shed / (good + shed))
                quick.append(prober.p99_of_503())
                first.append(after[0])
                say(f"  {times}×: capacity {capacity:,.0f}/s, offered {offered[-1]:.1f}, goodput {goodput[-1]:.2f}, a 503 within "
                    f"{quick[-1]:.1f} ms, seconds after it {' '.join(f'{share:.2f}' for share in after)}")
        print(f"| {spread(offered)} | {spread(goodput)} (bar 0.80) | {statistics.median(shares):.0f} % | {median_of(quick, 1)} ms | "
              f"{spread(first)} | {median_of(whole, 1)} |")
    line.close()

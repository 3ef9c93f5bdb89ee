"""Does a load, a history read or a purge of one user cost more in a larger table? One size after the other."""
import json
import random
import statistics
import time
from pathlib import Path

from load_ways import Ratingsctl
from measuring import generate, rig, say

LOADS = 2
WARM_UP = 20  # requests that are not counted: a server's first ones open its connections
REQUESTS = 200
PURGES = 20


class Size:
    """The figures at one number of rows."""

    def __init__(self, place, generator, rows):
        self.place, self.rows = place, rows
        csv = Path(place.work) / "growth.csv"
        say(f"growth: making {rows:,} rows")
        generate(generator, rows, csv)
        self.loads = Ratingsctl(place, f"load of {rows:,} rows", rows, csv)
        try:
            for _ in range(LOADS - 1):
                self.loads.round()
            store = self.loads.make_store()
            try:
                self.loads.into(store)
                csv.unlink()  # the disk is wanted
                self.measure_users(store)
            finally:
                store.drop()
        finally:
            csv.unlink(missing_ok=True)
            place.settle()

    @property
    def per_row(self):
        """Microseconds."""
        return statistics.median(self.loads.seconds) * 1e6 / self.rows

    def measure_users(self, store):
        highest = int(store.rows("SELECT max(user_id) FROM ratings")[0][0])
        users = random.Random(7).sample(range(1, highest + 1), WARM_UP + REQUESTS + PURGES)
        self.place.settle()
        self.read = statistics.median(self.read_histories(store, users[:-PURGES])[WARM_UP:])
        self.purge = statistics.median(self.purge_users(store, users[-PURGES:]))
        say(f"  a miss {self.read * 1000:.2f} ms, a purge {self.purge:.0f} ms")

    def read_histories(self, store, users):
        """Seconds of each request, one after the other over one connection; every one reads the table."""
        times = []
        with rig.Server(self.place.program, store.url, self.place.work, "--memory-cache", "0", "--cache", "none") as server:
            connection = server.connect()
            for user in users:
                begin = time.perf_counter()
                connection.request("GET", f"/rates/{user}")
                answer = connection.getresponse()
                answer.read()
                times.append(time.perf_counter() - begin)
                if answer.status != 200:
                    raise RuntimeError(f"GET /rates/{user} was answered with {answer.status}")
        return times

    def purge_users(self, store, users):
        """Milliseconds until each purge was committed, as the command reports them."""
        for user in users:
            report = json.loads(self.place.measured([self.place.program, "purge-user", user, "--store", store.url,
                                                     "-o", "json"]).output)
            if report["rows"] == 0:
                raise RuntimeError(f"user {user} had no rows to purge")
            yield report["committed_ms"]


def measure_growth(place, generator, sizes):
    print_growth([Size(place, generator, rows) for rows in sizes])


def print_growth(sizes):
    print("\n## Growth\n")
    print(f"{LOADS} loads of each size with `ratingsctl load`, one size after the other; medians of {REQUESTS} "
          f"`GET /rates/UID` that no cache answers, over one connection, and of {PURGES} `purge-user UID`.\n")
    print("| rows | load, s | µs per row | against the size before | peak MB | read, ms | purge, ms |")
    print("| ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    for number, size in enumerate(sizes):
        ratio = f"{size.per_row / sizes[number - 1].per_row:.2f}×" if number else ""
        seconds = size.loads.seconds
        print(f"| {size.rows:,} | {statistics.median(seconds):.1f} ({min(seconds):.1f}–{max(seconds):.1f}) "
              f"| {size.per_row:.3f} | {ratio} | {max(size.loads.megabytes):.0f} | {size.read * 1000:.2f} | {size.purge:.0f} |")

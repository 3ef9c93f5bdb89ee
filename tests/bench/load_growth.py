"""Does a load, a history read or a purge of one user cost more in a larger table? One size after the other."""
import json
import os
import random
import statistics
import time
from pathlib import Path

from load_ways import Limit, Ratingsctl
from measuring import generate, median_of, rig, say

LOADS = 3
WARM_UP = 20  # requests that are not counted: a server's first ones open its connections
REQUESTS = 200
PURGES = 20


class Size:
    """The figures at one number of rows: our loads and the server's limit, in turns."""

    def __init__(self, place, generator, rows):
        self.place, self.rows = place, rows
        csv = Path(place.work) / "growth.csv"
        parts = [Path(place.work) / f"growth{number}.bin" for number in range(os.cpu_count() or 1)]
        say(f"growth: making {rows:,} rows")
        generate(generator, rows, csv)
        self.loads = Ratingsctl(place, f"load of {rows:,} rows", rows, csv)
        self.limit = Limit(place, f"the limit for {rows:,} rows", rows, parts)
        try:
            store = self.loads.make_store()
            try:
                self.loads.into(store)
                dump(store, parts)  # before users are purged
                self.measure_users(store)
            finally:
                store.drop()
            self.limit.round()
            for _ in range(LOADS - 1):
                self.loads.round()
                self.limit.round()
        finally:
            for path in (csv, *parts):
                path.unlink(missing_ok=True)
            place.settle()

    def per_row(self, way):
        """Microseconds."""
        return statistics.median(way.seconds) * 1e6 / self.rows

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


def dump(store, parts):
    """The rows as COPY's own binary files, split by user and sorted by user, as ours are stored."""
    rig.psql(store.url, f"ALTER DATABASE {store.name} SET work_mem = '256MB'")
    for number, path in enumerate(parts):
        rig.psql(store.url, f"\\copy (SELECT * FROM ratings WHERE mod(user_id, {len(parts)}) = {number} ORDER BY user_id) "
                            f"TO '{path}' (FORMAT binary)")


def measure_growth(place, generator, sizes):
    print_growth([Size(place, generator, rows) for rows in sizes])


def print_growth(sizes):
    print("\n## Growth\n")
    print(f"{LOADS} loads of each size with `ratingsctl load` and as many of the server's limit (ready binary files, `COPY FREEZE`, "
          f"index), in turns, one size after the other; medians of {REQUESTS} `GET /rates/UID` that no cache answers, over one "
          f"connection, and of {PURGES} `purge-user UID`. × is a row's time against the size before.\n")
    print("| rows | load, s | µs per row | × | the limit, s | µs per row | × | peak MB | read, ms | purge, ms |")
    print("| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    for number, size in enumerate(sizes):
        cells = []
        for way in ("loads", "limit"):
            mine = size.per_row(getattr(size, way))
            before = sizes[number - 1] if number else None
            ratio = f"{mine / before.per_row(getattr(before, way)):.2f}" if before else ""
            cells += [median_of(getattr(size, way).seconds, 1), f"{mine:.3f}", ratio]
        print(f"| {size.rows:,} | {' | '.join(cells)} | {max(size.loads.megabytes):.0f} | {size.read * 1000:.2f} | {size.purge:.0f} |")

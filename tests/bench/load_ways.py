"""The ways to load that load_bench.py compares. A round makes a fresh store, loads it under the clock and counts its rows."""
import json
import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from measuring import Measured, measured, plain_table, rig, say

INDEX_SQLITE = ["CREATE INDEX ratings_user ON ratings (user_id)", "ANALYZE"]
INDEX = ["CREATE INDEX ON ratings (user_id)", "ANALYZE ratings"]
SLOW_ROUNDS = 1


class Place:
    """Where all ways work: the server, a folder, the program under test, and nothing of the caller's own settings."""

    def __init__(self, arguments, server):
        self.program, self.work, self.server = arguments.program, Path(arguments.work), server
        self.environment = rig.clean_environment(self.work)

    def measured(self, command, expected=0):
        return measured([str(word) for word in command], self.environment, expected)

    def psql(self, store, *commands):
        words = [word for command in commands for word in ("-c", command)]
        return self.measured(["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", store.url, *words])

    def settle(self):
        """What was written before must not be written out at the expense of what comes next."""
        rig.psql(self.server, "CHECKPOINT")
        os.sync()


class Way:
    rounds = None  # at most; None: every round

    def __init__(self, place, name, rows):
        self.place, self.name, self.rows = place, name, rows
        self.seconds, self.megabytes, self.stages, self.sizes = [], [], [], None

    def round(self):
        if self.rounds is not None and len(self.seconds) == self.rounds:
            return
        store = self.make_store()
        try:
            self.into(store)
            self.sizes = self.measure_sizes(store)
        finally:
            store.drop()

    def into(self, store):
        self.prepare(store)
        self.place.settle()
        done = self.load(store)
        self.check(store, done)
        self.seconds.append(done.seconds)
        self.megabytes.append(done.megabytes)
        say(f"  {self.name}: {done.seconds:.2f} s, {done.megabytes:.0f} MB")

    def make_store(self):
        return rig.PostgresStore(self.place.server)

    def prepare(self, store):
        rig.psql(store.url, plain_table())

    def check(self, store, _):
        self.check_rows("rows in the table", self.count(store), self.rows)

    def check_rows(self, what, found, expected):
        if found != expected:
            raise RuntimeError(f"{self.name}: {found:,} {what}, expected {expected:,}")

    def count(self, store):
        return int(store.rows("SELECT count(*) FROM ratings")[0][0])

    def measure_sizes(self, store):
        """Bytes of the table and of its indexes."""
        return [int(size) for size in store.rows("SELECT pg_table_size('ratings'), pg_indexes_size('ratings')")[0]]


class Psql(Way):
    """One \\copy into the plain table."""

    def __init__(self, place, name, rows, copy):
        super().__init__(place, name, rows)
        self.copy = copy

    def load(self, store):
        return self.place.psql(store, self.copy, *INDEX)


class PgLoader(Way):
    rounds = SLOW_ROUNDS

    def __init__(self, place, name, rows, csv):
        super().__init__(place, name, rows)
        self.csv = csv

    def load(self, store):
        command = self.place.work / "pgloader.load"
        columns = 'user_id, movie_id, rating, "timestamp"'
        command.write_text(f"LOAD CSV FROM '{self.csv}' ({columns})\n"
                           f"INTO {store.url} TARGET TABLE public.ratings ({columns})\n"
                           "WITH skip header = 1, fields terminated by ',';\n")
        # It ends with 0 even when the server refused rows, whatever --on-error-stop says; the count tells.
        copy = self.place.measured(["pgloader", "--on-error-stop", "--root-dir", self.place.work / "pgloader", command])
        index = self.place.psql(store, *INDEX)
        return Measured(copy.seconds + index.seconds, max(copy.megabytes, index.megabytes), copy.output)


class Limit(Way):
    """What the server can do at most: nothing to parse, nothing to coordinate, a table for each connection."""

    def __init__(self, place, name, rows, parts):
        super().__init__(place, name, rows)
        self.parts = parts

    def prepare(self, store):
        """Each connection makes its table itself: COPY FREEZE asks for that."""

    def load(self, store):
        begin = time.monotonic()
        with ThreadPoolExecutor(len(self.parts)) as pool:
            done = list(pool.map(lambda number: self.load_part(store, number), range(len(self.parts))))
        seconds = time.monotonic() - begin
        return Measured(seconds, sum(one.megabytes for one in done), "")  # at the same time: they add up

    def load_part(self, store, number):
        table = f"ratings{number}"
        return self.place.psql(
            store, "BEGIN", "SET LOCAL maintenance_work_mem = '64MB'", "SET LOCAL max_parallel_maintenance_workers = 0",
            plain_table(table), f"\\copy {table} FROM '{self.parts[number]}' (FORMAT binary, FREEZE)",
            f"CREATE INDEX ON {table} (user_id)", f"ANALYZE {table}", "COMMIT")

    def count(self, store):
        return sum(int(store.rows(f"SELECT count(*) FROM ratings{number}")[0][0]) for number in range(len(self.parts)))

    def measure_sizes(self, store):
        return None


class Ratingsctl(Way):
    """`ratingsctl load` of one file; with bad rows in it, those go to a file of rejects."""

    def __init__(self, place, name, rows, path, bad_rows=0):
        super().__init__(place, name, rows)
        self.path, self.bad_rows, self.rejects = path, bad_rows, place.work / "rejects.csv"

    def prepare(self, store):
        # Δ = 0: psql ends with its commit and waits for no server, so the load must not either.
        self.place.measured([self.place.program, "init", "--delta", "0", "--store", store.url])

    def load(self, store):
        options = ["--max-errors", "1000000000", "--rejects", self.rejects] if self.bad_rows else []
        return self.place.measured([self.place.program, "load", self.path, "--store", store.url, "-o", "json", *options],
                                   expected=3 if self.bad_rows else 0)

    def check(self, store, done):
        super().check(store, done)
        report = json.loads(done.output)
        self.stages.append({name.removesuffix("_ms"): took / 1000 for name, took in report["stages"].items()})
        self.check_rows("rows rejected", report["rejected"], self.bad_rows)
        if self.bad_rows:
            with open(self.rejects, "rb") as file:
                self.check_rows("lines of rejects", sum(1 for _ in file) - 1, self.bad_rows)  # but for the header
            for path in self.place.work.glob(f"{self.rejects.name}*"):
                path.unlink()

    def measure_sizes(self, store):
        return [int(size) for size in store.rows(
            "SELECT sum(pg_table_size(inhrelid)), sum(pg_indexes_size(inhrelid)) FROM pg_inherits "
            "WHERE inhparent = 'public.ratings'::regclass")[0]]


class Parser(Ratingsctl):
    """--dry-run: reads and checks every row, stores nothing."""

    def make_store(self):
        return rig.SqliteStore(self.place.work)

    def prepare(self, store):
        """A rehearsal needs no store."""

    def load(self, store):
        return self.place.measured([self.place.program, "load", self.path, "--dry-run", "--jobs", "1",
                                    "--store", store.url, "-o", "json"])

    def check(self, store, done):
        self.check_rows("rows accepted", json.loads(done.output)["loaded"], self.rows)

    def measure_sizes(self, store):
        return None


def sqlite_size(store):
    return sum(path.stat().st_size for suffix in ("", "-wal") if (path := Path(f"{store.path}{suffix}")).exists())


class RatingsctlSqlite(Ratingsctl):
    def make_store(self):
        return rig.SqliteStore(self.place.work)

    def measure_sizes(self, store):
        return sqlite_size(store)


class Sqlite3(Way):
    """The shell's .import."""

    def __init__(self, place, name, rows, csv):
        super().__init__(place, name, rows)
        self.csv = csv

    def make_store(self):
        return rig.SqliteStore(self.place.work)

    def prepare(self, store):
        """A file comes into being with its first table."""

    def load(self, store):
        return self.place.measured(["sqlite3", "-bail", store.path, plain_table(), ".mode csv",
                                    f".import --skip 1 '{self.csv}' ratings", *INDEX_SQLITE])

    def measure_sizes(self, store):
        return sqlite_size(store)

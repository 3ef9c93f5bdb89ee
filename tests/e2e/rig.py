"""Stores, servers and programs under test, for the tests that compare whole states.

A Store is an empty database of one test's own: a file for SQLite, a database of the cluster that tests/support/servers.sh
started for PostgreSQL. State is read past ratingsctl, as an operator's own tools would read it.
"""
import contextlib
import hashlib
import http.client
import itertools
import os
import random
import signal
import sqlite3
import subprocess
import threading
import time
from pathlib import Path

from harness import free_port

RATINGS = 'SELECT user_id, movie_id, rating, "timestamp" FROM ratings'
numbers = itertools.count()


def server_settings(env_file):
    """What servers.sh wrote: POSTGRES_URL, REDIS_URL, …"""
    with open(env_file, encoding="utf-8") as file:
        return dict(line.rstrip("\n").split("=", 1) for line in file)


def clean_environment(home):
    """The caller's own settings and stores must not reach a program under test."""
    kept = {name: value for name, value in os.environ.items()
            if not name.startswith(("RATINGSCTL_", "PG", "XDG_"))}
    return kept | {"HOME": str(home), "XDG_CONFIG_HOME": f"{home}/config", "XDG_DATA_HOME": f"{home}/data"}


def psql(url, sql):
    """The rows as psql prints them: columns by tab, one row a line."""
    done = subprocess.run(["psql", "-X", "-q", "-A", "-t", "-F", "\t", "-v", "ON_ERROR_STOP=1", "-d", url, "-c", sql],
                          capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"psql failed: {sql}: {done.stderr.strip()}")
    return [tuple(line.split("\t")) for line in done.stdout.splitlines()]


class SqliteStore:
    kind = "SQLite"
    prefix = "ratingsctl_"  # of every table of ours beside ratings

    def __init__(self, folder):
        self.path = Path(folder) / f"store{next(numbers)}.db"
        self.url = f"sqlite:{self.path}"

    def copy(self):
        twin = SqliteStore(self.path.parent)
        with contextlib.closing(sqlite3.connect(self.path)) as source:
            with contextlib.closing(sqlite3.connect(twin.path)) as target:
                source.backup(target)  # the write-ahead log included
        return twin

    def drop(self):
        for suffix in ("", "-wal", "-shm", "-journal"):
            Path(f"{self.path}{suffix}").unlink(missing_ok=True)

    def rows(self, sql):
        with contextlib.closing(sqlite3.connect(self.path, timeout=30)) as connection:
            return [tuple("" if value is None else str(value) for value in row) for row in connection.execute(sql)]

    def fingerprint(self, sql=RATINGS):
        """The multiset of a query's rows: their count and a hash over them in order."""
        lines = sorted("\t".join(row) for row in self.rows(sql))
        return len(lines), hashlib.sha256("\n".join(lines).encode()).hexdigest()

    def leftovers(self):
        return []

    def settle(self):
        """A killed program holds nothing here: SQLite's locks end with it."""


class PostgresStore:
    kind = "PostgreSQL"
    prefix = "ratingsctl."

    def __init__(self, server_url, template=None):
        self.server = server_url
        self.name = f"e2e_{os.getpid()}_{next(numbers)}"
        self.url = server_url.rsplit("/", 1)[0] + "/" + self.name
        psql(server_url, f"DROP DATABASE IF EXISTS {self.name} WITH (FORCE)")
        psql(server_url, f"CREATE DATABASE {self.name}" + (f" TEMPLATE {template}" if template else ""))

    def copy(self):
        self.settle()
        return PostgresStore(self.server, self.name)

    def drop(self):
        psql(self.server, f"DROP DATABASE IF EXISTS {self.name} WITH (FORCE)")

    def rows(self, sql):
        return psql(self.url, sql)

    def fingerprint(self, sql=RATINGS):
        """The multiset of a query's rows: their count and two sums of hashes, made by the server: rows may be millions."""
        count, *sums = psql(self.url, "SELECT count(*), sum(hashtextextended(t::text, 1)::numeric), "
                                      f"sum(hashtextextended(t::text, 2)::numeric) FROM ({sql}) AS t")[0]
        return int(count), *sums

    def leftovers(self):
        """Tables that were made to be children of ratings and are not."""
        return psql(self.url, "SELECT oid::regclass FROM pg_class c WHERE relnamespace = to_regnamespace('ratingsctl') "
                              "AND relkind = 'r' AND relname ~ '^ratings_[0-9]+$' "
                              "AND NOT EXISTS (SELECT 1 FROM pg_inherits WHERE inhrelid = c.oid)")

    def settle(self):
        """A backend whose client was killed may still be at work; what it does is decided once it is gone."""
        deadline = time.monotonic() + 60
        while psql(self.server, "SELECT 1 FROM pg_stat_activity WHERE backend_type = 'client backend' "
                                f"AND datname = '{self.name}'"):
            if time.monotonic() > deadline:
                raise RuntimeError(f"somebody is still connected to {self.name}")
            time.sleep(0.02)


class Crowd:
    """So many threads that run ask(chooser), each with a chooser of its own, until `done` is set at the end of the with block."""

    def __init__(self, size, seed):
        self.done = threading.Event()
        self.threads = [threading.Thread(target=self.ask, args=(random.Random(seed + n),)) for n in range(size)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.done.set()
        for thread in self.threads:
            thread.join()

    def ask(self, chooser):
        raise NotImplementedError


class Server:
    """`ratingsctl serve` until the end of the with block. log: what it wrote on stderr."""

    def __init__(self, program, store_url, home, *arguments, environment=None):
        self.port = free_port()
        self.log = Path(home) / f"serve{next(numbers)}.log"
        self.command = [str(program), "serve", "--store", store_url, "--port", str(self.port), *arguments]
        self.environment = clean_environment(home) | (environment or {})

    def __enter__(self):
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(self.command, stdout=log, stderr=log, env=self.environment)
        deadline = time.monotonic() + 20
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.__exit__()
                raise RuntimeError(f"serve did not start: {self.log.read_text(errors='replace')}")
            time.sleep(0.02)
        return self

    def _answers(self):
        try:
            with contextlib.closing(self.connect()) as connection:
                connection.request("GET", "/ping")
                return connection.getresponse().status == 200
        except OSError:
            return False

    def connect(self, timeout=10):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                raise

#!/usr/bin/env python3
"""Measures loading and serving against psql and Flask; called by run.sh, prints Markdown."""
import argparse
import json
import os
import statistics
import subprocess
import time
import urllib.request
from pathlib import Path

from measuring import generate, machine, measured, plain_table, rig, say, spread

HERE = Path(__file__).parent
CONNECTIONS = 16
SECONDS = 8
HOT_USERS = 2000  # fit into every cache; asked for once before hits are measured


class Load:
    """One way to get the file into a fresh store."""

    def __init__(self, name, make_store, run):
        self.name, self.make_store, self.run, self.seconds, self.memory = name, make_store, run, [], []

    def round(self):
        store = self.make_store()
        try:
            seconds, memory = self.run(store)
            self.seconds.append(seconds)
            self.memory.append(memory)
            say(f"  {self.name}: {seconds:.2f} s, {memory:.0f} MB")
        finally:
            store.drop()


def load_with_ratingsctl(arguments, path):
    environment = rig.clean_environment(arguments.work)

    def run(store):
        # Δ = 0: psql ends with its commit and waits for no server, so the load must not either.
        measured([arguments.program, "init", "--delta", "0", "--store", store.url], environment)
        return measured([arguments.program, "load", path, "--store", store.url], environment)[:2]
    return run


def ready_to_serve(arguments, url):
    """A loaded store as the service runs with it, with the default Δ of a second again; the users are 1 to what is returned."""
    subprocess.run([arguments.program, "init", "--delta", "1000", "--store", url], check=True, stdout=subprocess.DEVNULL,
                   env=rig.clean_environment(arguments.work))
    rig.psql(url, "VACUUM (ANALYZE) ratings")
    return int(rig.psql(url, "SELECT max(user_id) FROM ratings")[0][0])


def load_with_psql(path):
    def run(store):
        rig.psql(store.url, plain_table())
        copy = measured(["psql", "-X", "-q", "-d", store.url, "-c",
                         f"\\copy ratings FROM '{path}' DELIMITER ',' CSV HEADER"])
        index = measured(["psql", "-X", "-q", "-d", store.url, "-c", "CREATE INDEX ON ratings (user_id)"])
        return copy.seconds + index.seconds, max(copy.megabytes, index.megabytes)
    return run


def measure_loads(arguments, path, server):
    loads = [
        Load("`psql \\copy` + `CREATE INDEX`", lambda: rig.PostgresStore(server), load_with_psql(path)),
        Load("`ratingsctl load`, PostgreSQL", lambda: rig.PostgresStore(server), load_with_ratingsctl(arguments, path)),
        Load("`ratingsctl load`, SQLite", lambda: rig.SqliteStore(arguments.work), load_with_ratingsctl(arguments, path)),
    ]
    for number in range(arguments.rounds):
        say(f"loads, round {number + 1}")
        for load in loads:
            load.round()
    print(f"\n## Loading {arguments.rows:,} rows\n")
    print("| way | median s | rows/s | peak memory of the program | against psql |")
    print("| --- | ---: | ---: | ---: | ---: |")
    for load in loads:
        median = statistics.median(load.seconds)
        print(f"| {load.name} | {median:.1f} | {arguments.rows / median:,.0f} | {max(load.memory):.0f} MB "
              f"| {spread([a / b for a, b in zip(loads[0].seconds, load.seconds)])} |")


class Flask:
    """gunicorn with the comparison's application until the end of the with block."""

    def __init__(self, database, redis, cache):
        self.port = rig.free_port()
        self.environment = os.environ | {"DATABASE_URL": database, "REDIS_URL": redis, "CACHE": cache}

    def __enter__(self):
        self.process = subprocess.Popen(
            ["gunicorn", "--workers", str(os.cpu_count() or 1), "--threads", "8", "--log-level", "error",
             "--bind", f"127.0.0.1:{self.port}", "flask_app:app"], cwd=HERE, env=self.environment)
        for _ in range(100):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}/ping", timeout=2).read()
                return self
            except OSError:
                time.sleep(0.1)
        raise RuntimeError("gunicorn did not start")

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(20)


class Serve:
    """One way to serve, asked for users by wrk."""

    def __init__(self, name, make, hot):
        self.name, self.make, self.hot = name, make, hot
        self.rates, self.middle, self.slowest = [], [], []

    def round(self, users, number):
        environment = os.environ | {"USERS": str(users), "ROUND": str(number)}
        if self.hot:
            environment["HOT"] = str(min(HOT_USERS, users))
        with self.make() as server:
            if self.hot:
                self.warm(server.port, min(HOT_USERS, users))
            done = subprocess.run(
                ["wrk", "-t", "2", "-c", str(CONNECTIONS), "-d", f"{SECONDS}s", "--timeout", "10s",
                 "-s", str(HERE / "random_users.lua"), f"http://127.0.0.1:{server.port}"],
                env=environment, capture_output=True, text=True, check=True)
        rate, errors, p50, p99 = next(line for line in done.stdout.splitlines() if line.startswith("RESULT")).split()[1:]
        if int(errors):
            raise RuntimeError(f"{self.name}: {errors} requests failed")
        self.rates.append(float(rate))
        self.middle.append(float(p50))
        self.slowest.append(float(p99))
        say(f"  {self.name}: {float(rate):,.0f}/s, p99 {p99} ms")

    @staticmethod
    def warm(port, users):
        for user in range(1, users + 1):
            urllib.request.urlopen(f"http://127.0.0.1:{port}/rates/{user}", timeout=10).read()


def check_same_answers(serves):
    """The comparison is fair only between equal bodies."""
    bodies = {}
    for serve in serves:
        with serve.make() as server:
            for user in (1, 2, 50):
                body = json.load(urllib.request.urlopen(f"http://127.0.0.1:{server.port}/rates/{user}", timeout=10))
                if bodies.setdefault(user, body) != body:
                    raise RuntimeError(f"{serve.name} answers differently for user {user}")


def measure_serving(arguments, path, settings):
    postgres, sqlite = rig.PostgresStore(settings["POSTGRES_URL"]), rig.SqliteStore(arguments.work)
    redis = settings["REDIS_URL"]
    try:
        for store in (postgres, sqlite):
            load_with_ratingsctl(arguments, path)(store)
        users = ready_to_serve(arguments, postgres.url)

        def ours(store, *flags):
            return lambda: rig.Server(arguments.program, store.url, arguments.work, *flags)

        no_cache = ["--memory-cache", "0", "--cache", "none"]
        groups = {
            "miss": [Serve("Flask + psycopg2, cache off", lambda: Flask(postgres.url, redis, "off"), False),
                     Serve("ratingsctl, PostgreSQL, cache off", ours(postgres, *no_cache), False),
                     Serve("ratingsctl, SQLite, cache off", ours(sqlite, *no_cache), False)],
            "hit": [Serve("Flask + redis-py", lambda: Flask(postgres.url, redis, "on"), True),
                    Serve("ratingsctl, PostgreSQL + Redis, memory tier off",
                          ours(postgres, "--cache", redis, "--memory-cache", "0"), True),
                    Serve("ratingsctl, PostgreSQL + Redis", ours(postgres, "--cache", redis), True),
                    Serve("ratingsctl, SQLite", ours(sqlite), True)],
        }
        for serves in groups.values():
            check_same_answers(serves)
            for number in range(1, arguments.rounds + 1):
                say(f"serving, round {number}")
                for serve in serves:
                    serve.round(users, number)
        print_serving(groups, users)
    finally:
        postgres.drop()
        sqlite.drop()


def print_serving(groups, users):
    print(f"\n## Serving `/rates/UID`, {CONNECTIONS} connections, random users\n")
    print(f"A miss asks for any of {users:,} users, a hit for one of {min(HOT_USERS, users):,} that have been asked for.\n")
    print("| what | way | median requests/s | p99 ms | against Flask |")
    print("| --- | --- | ---: | ---: | ---: |")
    for what, serves in groups.items():
        for serve in serves:
            ratios = [ours / theirs for ours, theirs in zip(serve.rates, serves[0].rates)]
            print(f"| {what} | {serve.name} | {statistics.median(serve.rates):,.0f} "
                  f"| {statistics.median(serve.slowest):.1f} | {spread(ratios)} |")


def main():
    parser = argparse.ArgumentParser()
    for name in ("program", "generator", "servers", "work"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--rows", type=int, required=True)
    parser.add_argument("--rounds", type=int, required=True)
    arguments = parser.parse_args()
    settings = rig.server_settings(arguments.servers)
    path = f"{arguments.work}/ratings.csv"
    generate(arguments.generator, arguments.rows, path)
    print(f"# Measured {time.strftime('%Y-%m-%d')}\n\n{machine(settings['POSTGRES_URL'])}, "
          f"Redis, wrk and all servers on the same machine. "
          f"{arguments.rounds} rounds, in turns; ratios are of one round: median (lowest–highest).")
    measure_loads(arguments, path, settings["POSTGRES_URL"])
    measure_serving(arguments, path, settings)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Many clients at once: for one cold history, and while the whole table is replaced.

  whale    all clients ask two servers for the same history of 18,276 ratings that no cache holds: each server reads it once
           from the store (counted in PostgreSQL's statement log), and each client gets it whole, or a 503 with Retry-After
  replace  load --replace under requests: every answer is a whole history, old or new, or a 503 with Retry-After; a server
           never has more connections to PostgreSQL than its pool and its validator's two (counted in pg_stat_activity)
"""
import argparse
import asyncio
import collections
import hashlib
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import rig  # noqa: E402

WHALE_RATINGS = 18_276  # the longest history of The Movies Dataset
SERVERS = 2
POOL = 8                # StoreOptions::connections
VALIDATING = 2          # one asks, one listens for hints
USERS = 3_000
READERS = 8


def say(text):
    print(text, flush=True)


async def fetch(port, path, start):
    """Status, Retry-After, body. The connection is there before `start`, the request after."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**22)
    try:
        await start.wait()
        writer.write(f"GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = next(int(line.split(":")[1]) for line in head.split("\r\n") if line.startswith("Content-Length:"))
        return int(head.split()[1]), "\r\nRetry-After:" in head, await reader.readexactly(length)
    finally:
        writer.close()


async def rush(servers, path, clients):
    start = asyncio.Event()
    asked = [asyncio.create_task(fetch(servers[n % len(servers)].port, path, start)) for n in range(clients)]
    await asyncio.sleep(1)  # most connections stand; the others only come later
    begin = time.monotonic()
    start.set()
    answers = await asyncio.gather(*asked)
    return answers, time.monotonic() - begin


def store_reads(log, user):
    """How often PostgreSQL was asked for this user's history: the log has the parameters of each statement, after the word
    `parameters`, which PostgreSQL 16 began to write with a capital."""
    return log.read_text(errors="replace").count(f"arameters: $1 = '{user}'")


def whale(arguments, store, settings, home, chooser):
    user = chooser.randrange(10**9, 2**62)  # nobody else's in the log
    data = f"{home}/whale.csv"
    with open(data, "w", encoding="utf-8") as file:
        file.write("userId,movieId,rating,timestamp\n")
        file.writelines(f"{user},{n},{n % 10 / 2 + 0.5},{10**9 + n}\n" for n in range(WHALE_RATINGS))
    load(arguments, store, home, data)
    expected = ratingsctl(arguments, home, "query", str(user), "-o", "json", "--store", store.url).strip().encode()
    assert len(json.loads(expected)) == WHALE_RATINGS
    rig.psql(store.url, f"ALTER DATABASE {store.name} SET log_statement = 'all'")
    log = Path(settings["SERVERS_DATA"]) / "postgres.log"
    before = store_reads(log, user)
    cache = ["--cache", settings["REDIS_URL"]]
    with rig.Server(arguments.program, store.url, home, *cache) as one, \
            rig.Server(arguments.program, store.url, home, *cache) as two:
        answers, seconds = asyncio.run(rush((one, two), f"/rates/{user}", arguments.clients))
        reads = store_reads(log, user) - before
    rig.psql(store.url, f"ALTER DATABASE {store.name} RESET log_statement")
    wanted = hashlib.sha256(expected).digest()
    statuses = collections.Counter(status for status, _, _ in answers)
    wrong = [status for status, retry, body in answers
             if not (status == 200 and hashlib.sha256(body).digest() == wanted or status == 503 and retry)]
    say(f"whale: {arguments.clients} clients, {SERVERS} servers: {reads} reads of the store, "
        f"statuses {dict(statuses)}, all answered after {seconds:.2f} s")
    assert not wrong, f"{len(wrong)} wrong answers: {wrong[:5]}"
    assert statuses[200] > arguments.clients / 2, statuses
    assert reads == SERVERS, f"{reads} reads of the store by {SERVERS} servers"


def ratingsctl(arguments, home, *words):
    done = subprocess.run([arguments.program, *words], capture_output=True, text=True, check=False,
                          env=rig.clean_environment(home))
    assert done.returncode == 0, f"{words}: {done.stderr}"
    return done.stdout


def load(arguments, store, home, path):
    ratingsctl(arguments, home, "load", path, "--replace", "--store", store.url)


def write_version(path, version):
    with open(path, "w", encoding="utf-8") as file:
        file.write("userId,movieId,rating,timestamp\n")
        for n in range(40):
            file.writelines(f"{user},{n},{version % 10 / 2 + 0.5},{10**9 + version}\n" for user in range(USERS))


class Readers(rig.Crowd):
    """Ask one server for random users until the end of the with block."""

    def __init__(self, server, seed):
        self.server, self.statuses, self.wrong = server, collections.Counter(), []
        self.lock = threading.Lock()
        super().__init__(READERS, seed)

    def ask(self, chooser):
        connection = self.server.connect(30)
        while not self.done.is_set():
            user = chooser.randrange(USERS)
            connection.request("GET", f"/rates/{user}")
            answer = connection.getresponse()
            body = answer.read()
            good = answer.status == 503 and answer.getheader("Retry-After")
            if answer.status == 200:
                rows = json.loads(body)
                good = len(rows) == 40 and len({row["timestamp"] for row in rows}) == 1
            with self.lock:
                self.statuses[answer.status] += 1
                if not good:
                    self.wrong.append(f"user {user}: {answer.status} {body[:80]!r}")


def connections(store):
    """By application name, in this test's database."""
    return collections.Counter({name: int(count) for name, count in rig.psql(
        store.url, "SELECT application_name, count(*) FROM pg_stat_activity WHERE datname = current_database() "
                   "AND application_name LIKE 'ratingsctl/serve%' GROUP BY 1")})


def replace(arguments, store, home, chooser):
    files = [f"{home}/version{n}.csv" for n in range(2)]
    for version, path in enumerate(files):
        write_version(path, version)
    load(arguments, store, home, files[0])
    most, loads = collections.Counter(), 0
    with rig.Server(arguments.program, store.url, home, "--memory-cache", "1M") as server, \
            Readers(server, chooser.randrange(2**32)) as readers:
        until = time.monotonic() + arguments.seconds
        while time.monotonic() < until:
            loads += 1
            loading = threading.Thread(target=load, args=(arguments, store, home, files[loads % 2]))
            loading.start()
            while loading.is_alive():
                most |= connections(store)
                time.sleep(0.01)
            loading.join()
    say(f"replace: {loads} loads of {USERS * 40:,} rows under {sum(readers.statuses.values())} requests: "
        f"statuses {dict(readers.statuses)}, at most {dict(most)} connections")
    assert not readers.wrong, readers.wrong[:3]
    assert set(readers.statuses) <= {200, 503} and readers.statuses[200] > 100, readers.statuses
    assert 0 < most["ratingsctl/serve"] <= POOL, most
    assert 0 < most["ratingsctl/serve/validator"] <= VALIDATING, most


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", required=True)
    parser.add_argument("--servers", required=True)
    parser.add_argument("--clients", type=int, default=1_000)
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**32))
    arguments = parser.parse_args()
    say(f"seed {arguments.seed}")
    chooser = random.Random(arguments.seed)
    settings = rig.server_settings(arguments.servers)
    with tempfile.TemporaryDirectory(prefix="ratingsctl-stampede-") as home:
        os.chmod(home, 0o755)
        store = rig.PostgresStore(settings["POSTGRES_URL"])
        try:
            whale(arguments, store, settings, home, chooser)
            replace(arguments, store, home, chooser)
        finally:
            store.drop()


if __name__ == "__main__":
    try:
        main()
    except AssertionError as error:
        sys.exit(f"stampede_test: {error}")

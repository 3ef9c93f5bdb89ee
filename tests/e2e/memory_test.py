#!/usr/bin/env python3
"""The memory cache is bounded in bytes that the process really uses.

What a cache adds is the difference between two servers that answered the same requests, one without it. Each user is asked
for twice, once with gzip, so that the compressed copies are made too. The answers are several times as large as the limit.
  histories  sizes as in ratings.csv: most have a few records, some thousands, a few 20,000
  whale      one history that takes a third of the limit is kept, and the rest makes room
  nobody     random ids without a rating: negative answers are bounded as well
  readers    clients that take nothing of huge answers: beyond 256 MB of answers under way there is 503, small ones go on
"""
import argparse
import os
import random
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import rig  # noqa: E402

MEGABYTE = 1024 * 1024
# malloc's rounding and the holes between blocks of different sizes that take turns.
ALLOWANCE = 1.15
# By so much do two runs of the same program on the same requests differ, cache or not: threads meet in another order.
NOISE = 4 * MEGABYTE
# Less would mean that the limit is not made use of (a third of each body is set aside for its gzip copy).
USED_AT_LEAST = 0.5
CLIENTS = 8
RECORD = 63  # bytes of one rating in an answer, on average


def say(text):
    print(text, flush=True)


def write_csv(path, users, whale_rows, chooser):
    """Returns the number of bytes that the answers have together, roughly."""
    rows = 0
    with open(path, "w", encoding="utf-8") as file:
        file.write("userId,movieId,rating,timestamp\n")
        for user in range(1, users + 1):
            count = 20_000 if user % 2_000 == 1 else min(20_000, int(chooser.lognormvariate(3.9, 1.2)) + 1)
            rows += count
            file.writelines(f"{user},{chooser.randrange(180_000)},{chooser.randrange(1, 11) / 2},"
                            f"{800_000_000 + chooser.randrange(700_000_000)}\n" for _ in range(count))
        file.writelines(f"{users + 1},{n % 180_000},3.5,{800_000_000 + n}\n" for n in range(whale_rows))
    return rows * RECORD


class Client:
    """A keep-alive connection that reads an answer by its Content-Length and keeps nothing."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self.stream = self.socket.makefile("rb", buffering=256 * 1024)

    def get(self, user, headers=""):
        self.socket.sendall(f"GET /rates/{user} HTTP/1.1\r\nHost: a\r\n{headers}\r\n".encode())
        status = self.stream.readline().split()[1]
        fields = {}
        while (line := self.stream.readline()) != b"\r\n":
            name, value = line.split(b": ", 1)
            fields[name] = value.strip()
        self.stream.read(int(fields[b"Content-Length"]))
        assert status == b"200", f"user {user}: {status.decode()}"
        return fields

    def close(self):
        self.stream.close()
        self.socket.close()


def ask_all(port, users):
    failures = []

    def ask(mine):
        client = Client(port)
        try:
            for user in mine:
                client.get(user)
                client.get(user, "Accept-Encoding: gzip\r\n")
        except (AssertionError, OSError, IndexError) as error:
            failures.append(repr(error))
        finally:
            client.close()

    threads = [threading.Thread(target=ask, args=(users[n::CLIENTS],)) for n in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures, failures[:3]


def resident(process, field="VmRSS"):
    for line in Path(f"/proc/{process.pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1]) * 1024
    raise AssertionError(f"no {field}")


def measure(arguments, store, home, limit, work):
    """Bytes that the cache adds to what the same work needs without one."""
    after = {}
    for size in (0, limit):
        # One worker, so one connection to the store with one page cache, however many requests hit.
        with rig.Server(arguments.program, store.url, home, "--memory-cache", str(size), "--workers", "1") as server:
            work(server.port)
            after[size] = resident(server.process)
    added = after[limit] - after[0]
    say(f"  limit {limit / MEGABYTE:.0f} MB: process {after[0] / MEGABYTE:.1f} MB without, "
        f"{after[limit] / MEGABYTE:.1f} MB with cache: {added / limit:.0%} of the limit")
    return added


def check(added, limit, what):
    assert added <= limit * ALLOWANCE + NOISE, f"{what}: the cache holds {added:,} bytes, its limit is {limit:,}"
    assert added >= limit * USED_AT_LEAST, f"{what}: only {added:,} bytes of {limit:,} are used"


def run(arguments, home):
    chooser = random.Random(arguments.seed)
    store = rig.SqliteStore(home)
    data = f"{home}/ratings.csv"
    limit = arguments.limit * MEGABYTE
    total = write_csv(data, arguments.users, limit // 3 // RECORD, chooser)
    load(arguments, home, data, store)
    users = list(range(1, arguments.users + 1))
    chooser.shuffle(users)
    assert total > 3 * limit, "not beyond the limit"

    say(f"histories: {total / MEGABYTE:.0f} MB of answers")
    check(measure(arguments, store, home, limit, lambda port: ask_all(port, users)), limit, "histories")

    whale = arguments.users + 1

    def with_whale(port):
        ask_all(port, users[: len(users) // 2])
        client = Client(port)
        sources = [client.get(whale)[b"X-Cache"] for _ in range(2)]
        assert sources[1] in (b"memory", b"bypass"), sources
        client.close()
        ask_all(port, users[len(users) // 2:])

    say("with a whale")
    check(measure(arguments, store, home, limit, with_whale), limit, "whale")

    say("nobody")
    half = limit // 2
    nobody = [chooser.randrange(10**6, 2**63) for _ in range(half // 150)]  # an entry needs twice as much at least
    check(measure(arguments, store, home, half, lambda port: ask_all(port, nobody)), half, "nobody")


class Sluggard:
    """Asks for an answer, reads its header, and takes nothing more."""

    def __init__(self, port, path):
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.socket.settimeout(60)
        self.socket.connect(("127.0.0.1", port))
        self.socket.sendall(f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode())

    def head(self):
        received = b""
        while b"\r\n\r\n" not in received:
            received += self.socket.recv(512)
        return received.split(b"\r\n\r\n")[0].decode()


def slow_readers(arguments, home):
    """Each asks for its own order of a history of 32 MB, so that nothing is shared."""
    store = rig.SqliteStore(home)
    data = f"{home}/huge.csv"
    with open(data, "w", encoding="utf-8") as file:
        file.write("userId,movieId,rating,timestamp\n2,7,3.5,1000000000\n")
        file.writelines(f"1,{n % 180_000},3.5,{800_000_000 + n}\n" for n in range(500_000))
    load(arguments, home, data, store)
    with rig.Server(arguments.program, store.url, home, "--memory-cache", "128M") as server:
        Client(server.port).get(1)  # kept from now on
        before = resident(server.process)
        sluggards = [Sluggard(server.port, "/rates/1?order=desc") for _ in range(20)]
        heads = [each.head() for each in sluggards]
        statuses = [int(head.split()[1]) for head in heads]
        peak = resident(server.process, "VmHWM") - before
        Client(server.port).get(2)
        say(f"readers: {statuses.count(200)} of {len(statuses)} get 200, {statuses.count(503)} get 503; "
            f"the process grew by {peak / MEGABYTE:.0f} MB at most")
        assert set(statuses) == {200, 503}, statuses
        assert all(re.search(r"\r\nRetry-After: [1-5](\r\n|$)", head) for head in heads if " 503 " in head), heads
        assert peak < 256 * MEGABYTE * ALLOWANCE, f"the process grew by {peak:,} bytes"
        for each in sluggards:
            each.socket.close()
        deadline = time.monotonic() + 20  # a worker may be computing for one that has gone
        while b"200" not in status_of(server.port, "/rates/1?limit=1"):
            assert time.monotonic() < deadline, "the budget is not given back"
            time.sleep(0.1)


def status_of(port, path):
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
        return connection.recv(64).split(b"\r\n")[0]


def load(arguments, home, data, store):
    subprocess.run([arguments.program, "load", data, "--store", store.url], check=True, capture_output=True,
                   env=rig.clean_environment(home))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", required=True)
    parser.add_argument("--users", type=int, default=10_000)
    parser.add_argument("--limit", type=int, default=16, help="megabytes")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**32))
    arguments = parser.parse_args()
    say(f"seed {arguments.seed}")
    with tempfile.TemporaryDirectory(prefix="ratingsctl-memory-") as home:
        os.chmod(home, 0o755)
        run(arguments, home)
        slow_readers(arguments, home)


if __name__ == "__main__":
    try:
        main()
    except AssertionError as error:
        sys.exit(f"memory_test: {error}")

#!/usr/bin/env python3
"""Clients that do everything wrong, at random, for a while; honest ones among them get right answers all the time.

    abuse_test.py --program build/asan/bin/ratingsctl --seconds 600

Fails when an honest answer is wrong or missing, when the server ends, does not end when told to, or a sanitizer reports.
"""
import argparse
import contextlib
import random
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parent.parent / "e2e"))
import corpus  # noqa: E402
import rig  # noqa: E402

ABUSERS = 12
HONEST = 2
RATINGS = 20_000  # of user 7: an answer of 1 MB, more than a socket takes at once
REPORTS = ("ERROR: AddressSanitizer", "WARNING: ThreadSanitizer", "runtime error:", "ERROR: LeakSanitizer")


def connect(port):
    client = socket.create_connection(("127.0.0.1", port), timeout=3)
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return client


def leave_at_once(client, chooser):
    client.send(chooser.choice(corpus.CASES).sent[:chooser.randrange(40)])


def send_noise(client, chooser):
    client.sendall(chooser.randbytes(chooser.randrange(1, 5_000)))
    client.recv(chooser.randrange(1, 4_000))


def send_from_corpus(client, chooser):
    for case in chooser.choices(corpus.CASES, k=chooser.randrange(1, 8)):
        client.sendall(case.sent)
    client.recv(65536)


def mangle(client, chooser):
    data = bytearray(chooser.choice(corpus.CASES).sent[:20_000])
    for _ in range(chooser.randrange(1, 6)):
        data[chooser.randrange(len(data))] = chooser.randrange(256)
    client.sendall(data)
    client.recv(65536)


def trickle(client, chooser):
    for byte in corpus.request("GET /rates/7 HTTP/1.1")[:chooser.randrange(5, 45)]:
        client.send(bytes([byte]))
        time.sleep(0.002)


def never_read(client, chooser):
    client.sendall(corpus.request("GET /rates/7 HTTP/1.1") * chooser.randrange(1, 40))
    time.sleep(chooser.random() * 0.2)


def read_slowly(client, chooser):
    client.sendall(corpus.request("GET /rates/7 HTTP/1.1"))
    for _ in range(chooser.randrange(1, 30)):
        client.recv(chooser.randrange(1, 30_000))
        time.sleep(0.002)


def end_early(client, chooser):
    client.sendall(corpus.request("GET /rates/7 HTTP/1.1") + corpus.request("GET /rates/1 HTTP/1.1") * chooser.randrange(3))
    client.shutdown(socket.SHUT_WR)
    while client.recv(65536):
        pass


def ask_in_one_go(client, chooser):
    targets = ("/rates/1", "/rates/7", "/rates/1?limit=1", "/ping", "/ready", "/metrics", "/rates/x", "/user/profile/1", "/rates?uid=1,7,8")
    client.sendall(b"".join(corpus.request(f"GET {chooser.choice(targets)} HTTP/1.1") for _ in range(chooser.randrange(1, 60))))
    client.recv(chooser.randrange(1, 65536))


def only_stay(client, chooser):
    time.sleep(chooser.random() * 0.3)


WAYS = (leave_at_once, send_noise, send_from_corpus, mangle, trickle, never_read, read_slowly, end_early, ask_in_one_go, only_stay)


class Crowd:
    def __init__(self, port, seed, seconds):
        self.port = port
        self.until = time.monotonic() + seconds
        self.asked = 0
        self.abused = 0
        self.faults = []
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self.abuse, args=(random.Random(seed + n),)) for n in range(ABUSERS)]
        self.threads += [threading.Thread(target=self.be_honest, args=(random.Random(seed - n - 1),)) for n in range(HONEST)]

    def run(self):
        for thread in self.threads:
            thread.start()
        for thread in self.threads:
            thread.join()

    def abuse(self, chooser):
        while time.monotonic() < self.until:
            with contextlib.suppress(OSError), contextlib.closing(connect(self.port)) as client:
                chooser.choice(WAYS)(client, chooser)
                if chooser.random() < 0.3:  # not an end but a reset
                    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            with self.lock:
                self.abused += 1

    def be_honest(self, chooser):
        expected = {}
        while time.monotonic() < self.until:
            target = chooser.choice(("/rates/1", "/rates/7", "/rates/1?limit=1", "/user/profile/1", "/ping", "/rates/8"))
            try:
                with contextlib.closing(connect(self.port)) as client:
                    client.settimeout(20)
                    client.sendall(corpus.request(f"GET {target} HTTP/1.1", "Connection: close"))
                    answer = b""
                    while data := client.recv(65536):
                        answer += data
                body = answer.split(b"\r\n\r\n", 1)[1]
                if not answer.startswith(b"HTTP/1.1 200 ") or body != expected.setdefault(target, body):
                    raise ValueError(f"{answer[:100]!r}")
            except (OSError, ValueError, IndexError) as error:
                with self.lock:
                    self.faults.append(f"{target}: {error!r}")
            with self.lock:
                self.asked += 1


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", required=True)
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**32))
    options = parser.parse_args()
    print(f"seed {options.seed}")
    with tempfile.TemporaryDirectory() as home:
        store = rig.SqliteStore(home)
        rows = [f"7,{n},{n % 10 / 2},{n}\n" for n in range(RATINGS)]
        (Path(home) / "ratings.csv").write_text("userId,movieId,rating,timestamp\n1,31,2.5,1260759144\n" + "".join(rows))
        subprocess.run([options.program, "load", f"{home}/ratings.csv", "--store", store.url], check=True,
                       capture_output=True, env=rig.clean_environment(home))
        with rig.Server(options.program, store.url, home, "--max-connections", "200", "--drain-timeout", "3") as server:
            crowd = Crowd(server.port, options.seed, options.seconds)
            crowd.run()
            faults = crowd.faults
            if server.process.poll() is not None:
                faults.append(f"the server ended by itself: {server.process.returncode}")
            server.process.send_signal(signal.SIGTERM)
            ended = server.process.wait(60)
            if ended != 0:
                faults.append(f"the server ended with {ended}")
        log = server.log.read_text(errors="replace")
        faults += [f"a sanitizer: {line}" for line in log.splitlines() if any(report in line for report in REPORTS)]
    for fault in faults[:20]:
        print(fault)
    print(f"{crowd.abused} connections abused, {crowd.asked} honest requests, {len(faults)} faults")
    if faults:
        print(log[-6_000:])
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""Each request of corpus.py gets its answer: in one piece, in pieces at random places, and behind a good request.

After each, a kept connection answers a good request, and a closed one is at its end, with nothing more said. The answers of the
three ways are the same bytes, and the server still answers afterwards.
"""
import argparse
import contextlib
import random
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parent.parent / "e2e"))
import corpus  # noqa: E402
import rig  # noqa: E402

GOOD = corpus.request("GET /ping HTTP/1.1")


class Client:
    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.received = b""

    def send(self, data):
        try:
            self.socket.sendall(data)
        except OSError:
            pass  # the server may have closed before the end of what it refused

    def answer(self, head=False):
        """Status, header and body; status 0 when the connection ended instead."""
        while b"\r\n\r\n" not in self.received:
            if not self.more():
                return 0, b"", b""
        top, self.received = self.received.split(b"\r\n\r\n", 1)
        status = int(top.split(b" ", 2)[1])
        length = next((int(line[15:]) for line in top.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0)
        wanted = 0 if head or status == 304 else length
        while len(self.received) < wanted:
            if not self.more():
                return 0, top, self.received
        body, self.received = self.received[:wanted], self.received[wanted:]
        return status, top, body

    def more(self):
        try:
            data = self.socket.recv(65536)
        except ConnectionResetError:
            return False
        self.received += data
        return bool(data)

    def ended(self):
        return not self.received and not self.more()


def without_chance(top):
    """Retry-After is drawn at random, and time passes."""
    return b"\r\n".join(line for line in top.split(b"\r\n") if not line.startswith((b"Retry-After:", b"Date:")))


def pieces(data, chooser):
    cuts = sorted({0, len(data), *(chooser.randrange(len(data) + 1) for _ in range(chooser.randrange(1, 5)))})
    return [data[start:end] for start, end in zip(cuts, cuts[1:])]


def ask(port, case, way, chooser):
    """The answer, or what was wrong."""
    client = Client(port)
    try:
        if way == "pipelined":
            client.send(GOOD + case.sent)
            if client.answer()[0] != 200:
                return None, "the good request before it was not answered"
        elif way == "in pieces":
            for piece in pieces(case.sent, chooser):
                client.send(piece)
                time.sleep(0.001)
        else:
            client.send(case.sent)
        status, top, body = client.answer(case.head)
        if status != case.status:
            return None, f"status {status}, expected {case.status}"
        if case.after == corpus.KEEP:
            client.send(GOOD)
            if client.answer()[0] != 200:
                return None, "the connection did not stay"
        elif not client.ended():
            return None, f"the connection did not end: {client.received[:80]!r}"
        return (without_chance(top), body), None
    except TimeoutError:
        return None, "no answer within 10 s"
    finally:
        client.socket.close()


def try_all(port, seed):
    chooser = random.Random(seed)
    wrong = 0
    for case in corpus.CASES:
        answers = {}
        for way in ("in one piece", "in pieces", "pipelined"):
            answers[way], fault = ask(port, case, way, chooser)
            if fault:
                wrong += 1
                print(f"{case.group}, {way}: {fault}: {case.sent[:120]!r}")
        if len({answer for answer in answers.values() if answer}) > 1:
            wrong += 1
            print(f"{case.group}: the way it is sent changes the answer: {case.sent[:120]!r}: {answers}")
    return wrong


def check_good_answer(server):
    with contextlib.closing(server.connect()) as connection:
        connection.request("GET", "/rates/1")
        if connection.getresponse().status != 200:
            raise RuntimeError("a good request is not answered")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", required=True)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**32))
    options = parser.parse_args()
    print(f"seed {options.seed}")
    with tempfile.TemporaryDirectory() as home:
        store = rig.SqliteStore(home)
        (Path(home) / "ratings.csv").write_text("userId,movieId,rating,timestamp\n1,31,2.5,1260759144\n1,1029,3.0,1260759179\n")
        subprocess.run([options.program, "load", f"{home}/ratings.csv", "--store", store.url], check=True,
                       capture_output=True, env=rig.clean_environment(home))
        with rig.Server(options.program, store.url, home) as server:
            check_good_answer(server)  # and from now on X-Cache says memory
            wrong = try_all(server.port, options.seed)
            check_good_answer(server)
    print(f"{len(corpus.CASES)} requests in 3 ways, {wrong} answered wrongly")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

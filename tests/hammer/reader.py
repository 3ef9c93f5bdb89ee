#!/usr/bin/env python3
"""One reader process of the hammer: asks, and writes down what it was told and when (history.READ records).

Fast readers ask one request after the other over a kept-alive connection. The slow reader has many connections that idle
before a request and in the middle of one: the guarantee counts from a request's last byte, whenever its first one came.
"""
import collections
import heapq
import json
import random
import selectors
import signal
import socket
import sys
import time
import zlib
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import data  # noqa: E402
import history  # noqa: E402

PATIENCE = 1.0  # of a fast reader; a server that is stopped must not stop the readers
SLOW_CONNECTIONS = 36
SLOW_PATIENCE = 6.0  # of the slow reader: answers of a server that was stopped meanwhile count, too
SOURCE = {name.encode(): number for number, name in enumerate(history.SOURCES)}


class Book:
    """What was read, and how often what else happened."""

    def __init__(self, path):
        self.path = Path(path)
        self.file = open(path, "wb")
        self.pending = bytearray()
        self.flushed = time.monotonic()
        self.counts = collections.Counter()
        self.known = {}  # (user, body): content, so that most answers are judged by one look-up
        self.etags = {}  # user: (ETag, content) of the last whole answer

    def read(self, user, content, invoked, returned, server, source):
        self.pending += history.READ.pack(user, content, invoked, returned, server, source)
        if returned - self.flushed > 0.3:
            self.flush()

    def flush(self):
        self.file.write(self.pending)
        self.file.flush()
        self.pending.clear()
        self.flushed = time.monotonic()

    def content(self, user, body):
        key = (user, body)
        content = self.known.get(key)
        if content is None:
            content = data.body_content(user, body)
            if content == data.TORN:
                with open(f"{self.path}.torn", "ab") as file:
                    file.write(b"user %d: %s\n" % (user, body))
            if len(self.known) > 20_000:
                self.known.clear()
            self.known[key] = content
        return content


def field(head, name):
    at = head.find(b"\r\n" + name + b": ")
    if at < 0:
        return b""
    at += len(name) + 4
    return head[at:head.find(b"\r\n", at)]


class Answer:
    """Of the bytes received so far; None as long as it is not complete."""

    @staticmethod
    def of(received):
        end = received.find(b"\r\n\r\n")
        if end < 0:
            return None
        head = received[:end + 2]
        length = 0 if head.startswith(b"HTTP/1.1 304") else int(field(head, b"Content-Length"))
        if len(received) < end + 4 + length:
            return None
        return Answer(head, received[end + 4:end + 4 + length])

    def __init__(self, head, body):
        self.status = int(head[9:12])
        self.source = SOURCE.get(field(head, b"X-Cache"), 0)
        self.etag = field(head, b"ETag")
        self.body = zlib.decompress(body, 31) if field(head, b"Content-Encoding") == b"gzip" else body


def request(path, *fields):
    return b"".join([b"GET ", path, b" HTTP/1.1\r\nHost: hammer\r\n", *(line + b"\r\n" for line in fields), b"\r\n"])


class Fast:
    def __init__(self, settings, book):
        self.ports, self.users, self.book = settings["ports"], settings["users"], book
        self.chooser = random.Random(settings["seed"])
        self.connection = None
        self.server = 0

    def run(self):
        left = 0
        while True:
            if left == 0 or self.connection is None:
                self.connect()
                left = self.chooser.randint(50, 300)
            if self.connection is not None:
                self.ask()
                left -= 1

    def connect(self):
        if self.connection is not None:
            self.connection.close()
            self.connection = None
        self.server = self.chooser.randrange(len(self.ports))
        try:
            self.connection = socket.create_connection(("127.0.0.1", self.ports[self.server]), timeout=PATIENCE)
            self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError as error:
            self.book.counts[f"connect: {type(error).__name__}"] += 1
            time.sleep(0.02)

    def ask(self):
        dice = self.chooser.random()
        users = [self.chooser.randint(1, self.users)]
        etag = None
        if dice < 0.2 and users[0] in self.book.etags:
            etag = self.book.etags[users[0]]
            line = request(b"/rates/%d" % users[0], b"If-None-Match: " + etag[0])
        elif dice < 0.24:
            users = self.chooser.sample(range(1, self.users + 1), 4)
            line = request(b"/rates?uid=" + b",".join(b"%d" % user for user in users))
        elif dice < 0.3:
            line = request(b"/rates/%d" % users[0], b"Accept-Encoding: gzip")
        else:
            line = request(b"/rates/%d" % users[0])
        try:
            invoked = time.monotonic()
            self.connection.sendall(line)
            answer, received = None, b""
            while answer is None:
                part = self.connection.recv(65536)
                if not part:
                    raise ConnectionResetError
                received += part
                answer = Answer.of(received)
            returned = time.monotonic()
        except OSError as error:
            self.book.counts[type(error).__name__] += 1
            self.connection.close()
            self.connection = None
            return
        self.note(answer, users, etag, invoked, returned)

    def note(self, answer, users, etag, invoked, returned):
        book = self.book
        book.counts[str(answer.status)] += 1
        if answer.status == 304 and etag:
            book.read(users[0], etag[1], invoked, returned, self.server, answer.source + history.NOT_MODIFIED)
        elif answer.status == 200 and len(users) > 1:
            several = json.loads(answer.body)
            for user in users:
                book.read(user, data.answered_content(user, several[str(user)]), invoked, returned, self.server, answer.source)
        elif answer.status == 200:
            content = book.content(users[0], answer.body)
            book.etags[users[0]] = (answer.etag, content)
            book.read(users[0], content, invoked, returned, self.server, answer.source)
        elif answer.status == 503:
            time.sleep(0.02)  # a loop of 503s would only take the time of those who recover


class Slow:
    """Every connection goes round: idle ▸ most of a request ▸ pause ▸ its last bytes ▸ answer."""

    def __init__(self, settings, book):
        self.ports, self.users, self.book = settings["ports"], settings["users"], book
        self.chooser = random.Random(settings["seed"])
        self.selector = selectors.DefaultSelector()
        self.timers = []  # a heap of (when, number, step, its arguments)
        self.numbers = 0

    def run(self):
        for number in range(SLOW_CONNECTIONS):
            self.later(number * 0.05, self.open, number % len(self.ports))
        while True:
            now = time.monotonic()
            while self.timers and self.timers[0][0] <= now:
                _, _, step, arguments = heapq.heappop(self.timers)
                step(*arguments)
            pause = max(0.0, self.timers[0][0] - time.monotonic()) if self.timers else 0.1
            for key, _ in self.selector.select(min(pause, 0.1)):
                key.data()
            if now - self.book.flushed > 0.3:
                self.book.flush()

    def later(self, seconds, step, *arguments):
        self.numbers += 1
        heapq.heappush(self.timers, (time.monotonic() + seconds, self.numbers, step, arguments))

    def open(self, server):
        try:
            connection = socket.create_connection(("127.0.0.1", self.ports[server]), timeout=0.2)
        except OSError as error:
            self.book.counts[f"slow connect: {type(error).__name__}"] += 1
            self.later(0.2, self.open, server)
            return
        connection.setblocking(False)
        self.idle(server, connection)

    def idle(self, server, connection):
        # A server closes a connection that idles for 5 s.
        self.later(self.chooser.choice([0.0, 0.3, 4.0]) * self.chooser.random(), self.begin, server, connection)

    def begin(self, server, connection):
        user = self.chooser.randint(1, self.users)
        line = request(b"/rates/%d" % user)
        cut = self.chooser.randint(1, len(line) - 1)
        if self.send(server, connection, line[:cut]):
            self.later(self.chooser.choice([0.0, 2.5]) * self.chooser.random(), self.end, server, connection, user, line[cut:])

    def end(self, server, connection, user, rest):
        invoked = time.monotonic()
        if not self.send(server, connection, rest):
            return
        received = bytearray()
        self.selector.register(connection, selectors.EVENT_READ,
                               lambda: self.receive(server, connection, user, invoked, received))
        self.later(SLOW_PATIENCE, self.give_up, server, connection, received)

    def send(self, server, connection, line):
        try:
            connection.send(line)
            return True
        except OSError as error:
            self.lost(server, connection, f"slow {type(error).__name__}")
            return False

    def receive(self, server, connection, user, invoked, received):
        try:
            part = connection.recv(65536)
        except BlockingIOError:
            return
        except OSError as error:
            received.clear()
            self.lost(server, connection, f"slow {type(error).__name__}")
            return
        if not part:
            self.lost(server, connection, "slow closed")
            return
        received += part
        answer = Answer.of(bytes(received))
        if answer is None:
            return
        returned = time.monotonic()
        self.selector.unregister(connection)
        received[:] = b"answered"
        self.book.counts[str(answer.status)] += 1
        if answer.status == 200:
            self.book.read(user, self.book.content(user, answer.body), invoked, returned, server, answer.source)
        self.idle(server, connection)

    def give_up(self, server, connection, received):
        if connection.fileno() >= 0 and bytes(received) != b"answered":
            self.lost(server, connection, "slow timeout")

    def lost(self, server, connection, why):
        self.book.counts[why] += 1
        if connection.fileno() in self.selector.get_map():
            self.selector.unregister(connection)
        connection.close()
        self.later(0.05, self.open, server)


class Stop(Exception):
    pass


def stop(*_):
    raise Stop


def main():
    settings = json.loads(sys.argv[1])
    book = Book(settings["out"])
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the hammer, which then ends its readers
    signal.signal(signal.SIGTERM, stop)
    try:
        (Slow if settings["slow"] else Fast)(settings, book).run()
    except Stop:
        pass
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    book.flush()
    print(json.dumps(book.counts), flush=True)


if __name__ == "__main__":
    main()

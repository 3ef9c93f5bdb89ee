#!/usr/bin/env python3
"""Three servers behind nginx with docker/nginx: one user, one server; no request is lost when servers are stopped, killed or
restarted one after the other under load; what is refused stays refused; what might change something is sent once.
"""
import argparse
import collections
import contextlib
import http.client
import random
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import rig  # noqa: E402
from balancer import Balancer, error_code, samples  # noqa: E402

USERS = 300
CLIENTS = 8
# Long enough for every client to meet a server that is away; a server is back sooner.
PAUSE = 0.3
# The retries of the two upstreams and the answer that is left when they fail: without them a restart must be seen.
NO_RETRY = [("proxy_next_upstream error timeout;", "proxy_next_upstream off;"), ("error_page 502 = $ratings_otherwise;", "")]


def history_of(user):
    return [(user, user * 100 + n, 3.5, 1_000_000_000 + n) for n in range(1, 5 + user % 20)]


class Clients(rig.Crowd):
    """Ask for random users on connections that are kept, until the end; every answer must be a user's history."""

    def __init__(self, balancer, bodies, seed):
        self.balancer, self.bodies = balancer, bodies
        self.good, self.bad, self.lock = 0, collections.Counter(), threading.Lock()
        super().__init__(CLIENTS, seed)

    def ask(self, chooser):
        connection = self.balancer.connect()
        while not self.done.is_set():
            user = chooser.choice(list(self.bodies))
            try:
                connection.request("GET", f"/rates/{user}")
                answer = connection.getresponse()
                body = answer.read()
                failure = None if (answer.status, body) == (200, self.bodies[user]) else f"status {answer.status}: {body[:80]!r}"
            except (OSError, http.client.HTTPException) as error:
                failure = type(error).__name__
                connection.close()
            with self.lock:
                if failure:
                    self.bad[failure] += 1
                else:
                    self.good += 1
        connection.close()

    def answered(self, more, patience=60):
        """Waits until so many more requests have been answered."""
        wanted, deadline = self.good + more, time.monotonic() + patience
        while self.good + sum(self.bad.values()) < wanted:
            assert time.monotonic() < deadline, f"no {more} answers within {patience} s"
            time.sleep(0.01)


def started(stack, program, store_url, home, *flags):
    return [stack.enter_context(rig.Server(program, store_url, home, *flags)) for _ in range(3)]


def bodies_of(server):
    bodies = {}
    with contextlib.closing(server.connect()) as connection:
        for user in range(1, USERS + 1):
            connection.request("GET", f"/rates/{user}")
            bodies[user] = connection.getresponse().read()
    assert len(set(bodies.values())) == USERS, "each user has a history of their own"
    return bodies


def one_user_one_server(program, store, home):
    with contextlib.ExitStack() as stack:
        servers = started(stack, program, store.url, home)
        balancer = stack.enter_context(Balancer([server.port for server in servers]))
        for user in range(1, USERS + 1):
            for path, expected in ((f"/rates/{user}", "miss"), (f"/rates/{user}/", "memory"), (f"/user/profile/{user}", "memory"),
                                   (f"/rates/{user}?limit=1", "memory")):
                status, headers, _ = balancer.get(path)
                assert (status, headers["X-Cache"]) == (200, expected), f"{path}: {status}, {headers['X-Cache']}, not {expected}"
        misses = [samples(server)['histories_total{source="miss"}'] for server in servers]
        assert sum(misses) == USERS and min(misses) > USERS / 6, f"histories read by each server: {misses}"
        # The same list of users goes to the same server, and nobody's requests go to all.
        assert [balancer.get("/rates?uid=1,2,3")[0] for _ in range(6)] == [200] * 6
        lists = [samples(server)['http_requests_total{route="/rates",code="200"}'] for server in servers]
        assert sorted(lists) == [0, 0, 6], f"requests for a list, by server: {lists}"
        for _ in range(60):
            assert balancer.get("/ping")[0] == 200
        pings = [samples(server)['http_requests_total{route="/ping",code="200"}'] for server in servers]
        assert min(pings) > 1, f"pings by server: {pings}"  # one is rig.Server's own
        print(f"one user, one server: {USERS} users, histories read by each server {[int(n) for n in misses]}", flush=True)

        for path in ("/metrics", "/ops", "/ops.json", "/ops/", "/%6fps", "//metrics"):
            status, _, body = balancer.get(path)
            assert (status, error_code(body)) == (404, "not_found"), f"{path}: {status} {body}"
        assert balancer.get("/rates/1", {"X-Request-Id": "ticket-7"})[1]["X-Request-Id"] == "ticket-7"
        etag = balancer.get("/rates/1")[1]["ETag"]
        assert balancer.get("/rates/1", {"If-None-Match": etag})[0] == 304
        assert balancer.get("/rates/1", {"Accept-Encoding": "gzip"})[1]["Vary"] == "Accept-Encoding"
        status, headers, _ = balancer.request("POST", "/rates/1", body=b"{}")
        assert (status, headers["Allow"]) == (405, "GET, HEAD"), f"POST: {status}"


def refusals_pass(program, home):
    """A 503 of a server is handed on as it is: nobody else is asked, and it is no reason to leave the server alone."""
    with contextlib.ExitStack() as stack:
        servers = started(stack, program, "postgresql://nobody@127.0.0.1:1/none?connect_timeout=1", home)
        balancer = stack.enter_context(Balancer([server.port for server in servers]))
        for n in range(1, 31):
            status, headers, body = balancer.get(f"/rates/{n}")
            assert (status, error_code(body)) == (503, "unavailable"), f"{status} {body}"
            assert "at the moment" in body.decode() and "no server" not in body.decode(), body
            assert 1 <= int(headers["Retry-After"]) <= 5, headers
        refused = sum(samples(server)['http_requests_total{route="/rates/{uid}",code="503"}'] for server in servers)
        assert refused == 30, f"30 requests were asked {refused} times"
        print("refusals pass: 30 requests, 30 × 503 with Retry-After, none asked twice", flush=True)


class Hanger:
    """Takes requests, counts them by method, and closes the connection without an answer."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.seen = collections.Counter()
        self.thread = threading.Thread(target=self.serve)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.thread.join()
        self.listener.close()

    def serve(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                with client, contextlib.suppress(OSError):
                    client.settimeout(5)
                    data = b""
                    while b"\r\n\r\n" not in data and (more := client.recv(4096)):
                        data += more
                    if data:
                        self.seen[data.split(b" ", 1)[0].decode()] += 1


def nothing_that_changes_is_sent_twice():
    with contextlib.ExitStack() as stack:
        hangers = [stack.enter_context(Hanger()) for _ in range(3)]
        balancer = stack.enter_context(Balancer([hanger.port for hanger in hangers]))
        def count(method):
            before = sum(hanger.seen[method] for hanger in hangers)
            status, headers, body = balancer.request(method, "/rates/1", body=b"{}" if method == "POST" else None)
            assert status == 503 and headers["Retry-After"], f"{method}: {status}"
            assert method == "HEAD" or error_code(body) == "unavailable", body
            return sum(hanger.seen[method] for hanger in hangers) - before
        sent = {method: count(method) for method in ("POST", "PATCH", "GET", "HEAD")}
        assert sent["POST"] == 1 and sent["PATCH"] <= 1, f"sent: {sent}"
        assert sent["GET"] >= 3 and sent["HEAD"] >= 3, f"sent: {sent}"
        print(f"servers that take requests and hang up: sent {sent}", flush=True)


def no_request_is_lost(program, store, home, rounds, seed):
    with contextlib.ExitStack() as stack:
        servers = started(stack, program, store.url, home)
        bodies = bodies_of(servers[0])
        balancer = stack.enter_context(Balancer([server.port for server in servers]))

        def under_load(what, act):
            with Clients(balancer, bodies, seed) as clients:
                clients.answered(CLIENTS * 20)
                act(clients)
                clients.answered(CLIENTS * 20)
            assert not clients.bad, f"{what}: {clients.good} good answers, and {dict(clients.bad)}; {balancer.log.read_text(errors='replace')[-3000:]}"
            print(f"{what}: {clients.good} requests, 0 failed", flush=True)

        def restart_each(pause):
            def act(clients):
                for _ in range(rounds):
                    for server in servers:
                        server.__exit__()
                        time.sleep(pause)
                        server.__enter__()
                        clients.answered(CLIENTS)
            return act

        def killed(clients):
            for server in servers:
                server.process.kill()
                server.process.wait()
                clients.answered(CLIENTS * 20)
                server.__enter__()

        def stopped(clients):
            servers[0].__exit__()
            clients.answered(CLIENTS * 100)
            servers[1].__exit__()
            clients.answered(CLIENTS * 100)
            servers[0].__enter__()
            servers[1].__enter__()

        under_load(f"{3 * rounds} restarts, one server after the other, at once", restart_each(0))
        under_load(f"{3 * rounds} restarts with {PAUSE} s in between", restart_each(PAUSE))
        under_load("each server killed once", killed)
        under_load("one server stopped, then two", stopped)
        restarted = [samples(server)["process_start_time_seconds"] for server in servers]
        assert len(set(restarted)) == 3, restarted

        # All away: an answer of the API, not a page of nginx; and back by itself.
        for server in servers:
            server.__exit__()
        status, headers, body = balancer.get("/rates/1")
        assert (status, error_code(body), headers["Content-Type"]) == (503, "unavailable", "application/json"), f"{status} {body}"
        assert headers["Retry-After"] == "2"
        for server in servers:
            server.__enter__()
        assert balancer.get("/rates/1")[::2] == (200, bodies[1]), "not back at once"


def a_balancer_that_does_not_retry_is_found_out(program, store, home, seed):
    with contextlib.ExitStack() as stack:
        servers = started(stack, program, store.url, home)
        bodies = bodies_of(servers[0])
        balancer = stack.enter_context(Balancer([server.port for server in servers], NO_RETRY))
        with Clients(balancer, bodies, seed) as clients:
            clients.answered(CLIENTS * 20)
            servers[0].__exit__()
            clients.answered(CLIENTS * 20)
            servers[0].__enter__()
        assert clients.bad, "a server was away, nginx did not retry, and no request failed: this test sees nothing"
        print(f"without retries: {sum(clients.bad.values())} requests failed, as they must", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", required=True)
    parser.add_argument("--servers", required=True, help="servers.env")
    parser.add_argument("--rounds", type=int, default=4, help="restarts of each server, twice")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**32))
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}", flush=True)
    store = rig.PostgresStore(rig.server_settings(arguments.servers)["POSTGRES_URL"])
    try:
        with tempfile.TemporaryDirectory(prefix="ratingsctl-scale-") as home:
            data = Path(home) / "ratings.csv"
            lines = [",".join(map(str, row)) for user in range(1, USERS + 1) for row in history_of(user)]
            data.write_text("userId,movieId,rating,timestamp\n" + "\n".join(lines) + "\n", encoding="utf-8")
            subprocess.run([arguments.program, "load", data, "--store", store.url], env=rig.clean_environment(home), check=True,
                           stdout=subprocess.DEVNULL)
            one_user_one_server(arguments.program, store, home)
            refusals_pass(arguments.program, home)
            nothing_that_changes_is_sent_twice()
            no_request_is_lost(arguments.program, store, home, arguments.rounds, arguments.seed)
            a_balancer_that_does_not_retry_is_found_out(arguments.program, store, home, arguments.seed)
    finally:
        store.drop()


if __name__ == "__main__":
    try:
        main()
    except AssertionError as error:
        sys.exit(f"scale_test: {error}")

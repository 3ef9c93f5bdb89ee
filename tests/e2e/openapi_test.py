#!/usr/bin/env python3
"""/openapi.json and real servers, both ways: what is described is what happens, and what happens is described."""
import contextlib
import gzip
import http.client
import json
import re
import socket
import sqlite3
import sys
from pathlib import Path

import harness
import openapi

WEB = Path(__file__).parents[2] / "lib/web"
PAGES = {"/", "/ops", "/web/{file}"}  # one label in /metrics


def raw(port, text):
    """What a server says to these bytes, until it closes or has answered."""
    with socket.create_connection(("127.0.0.1", port), timeout=harness.PATIENCE) as connection:
        with contextlib.suppress(ConnectionError, BrokenPipeError):
            connection.sendall(text)
        return read(connection, text.split(b" ", 1)[0].decode())


def read(connection, method):
    answer = http.client.HTTPResponse(connection, method=method)
    answer.begin()
    return answer.status, answer.getheaders(), answer.read()


class Api(harness.Case):
    def setUp(self):
        super().setUp()
        self.run_cli("load", self.csv(*((1, 10 + n % 40, (n % 10 + 1) / 2, 1_200_000_000 + 86_400 * n) for n in range(200)),
                                      (2, 31, 2.5, 1260759144)))
        self.server = harness.Serve(self, "--access-log", "--server-timing")
        self.server.__enter__()
        self.addCleanup(self.server.__exit__, None, None, None)
        self.api = openapi.Description(self.server.get("/openapi.json")[1])
        self.seen = {}  # (path, method): statuses that were provoked
        self.fields = set()

    def example(self, path):
        """Of `path`, one target that is answered with 200."""
        target = path
        for about in self.api.parameters(path, "path"):
            target = target.replace("{%s}" % about["name"], about.get("example") or self.api[about["schema"]]["enum"][0])
        needed = [self.pair(about) for about in self.api.parameters(path, "query") if about.get("required")]
        return target + ("?" + "&".join(needed) if needed else "")

    @staticmethod
    def pair(about):
        value = about["example"]
        return f"{about['name']}={','.join(map(str, value)) if isinstance(value, list) else value}"

    def ask(self, path, method="GET", target=None, server=None, body=None, **headers):
        """Asks, and compares the answer with the description."""
        connection = http.client.HTTPConnection("127.0.0.1", (server or self.server).port, timeout=harness.PATIENCE)
        try:
            connection.request(method, target or self.example(path), body=body,
                               headers={name.replace("_", "-"): value for name, value in headers.items()})
            answer = connection.getresponse()
            return self.check(path, method, (answer.status, answer.getheaders(), answer.read()))
        finally:
            connection.close()

    def check(self, path, method, answer):
        status, fields, body = answer
        plain = gzip.decompress(body) if body and dict(fields).get("Content-Encoding") == "gzip" else body
        self.assertEqual(self.api.objections(path, method, (status, fields, plain)), [], f"{method} {path}: {answer}")
        self.seen.setdefault((path, method), set()).add(status)
        self.fields |= {name for name, _ in fields} - {"Content-Type"}
        return answer

    def walk(self):
        for path in self.api.paths:
            for method in ("GET", "HEAD"):
                yield path, method, self.example(path)

    def test_it_is_what_it_says_it_is(self):
        self.assertEqual(self.api.document["openapi"], "3.1.0")
        self.assertEqual(f"ratingsctl {self.api.document['info']['version']}\n", self.run_cli("--version").out)
        names = re.findall(r'"\$ref": "#/components/(\w+)/([\w-]+)"', json.dumps(self.api.document))
        held = [(kind, name) for kind, part in self.api.document["components"].items() for name in part]
        self.assertEqual(sorted(set(names)), sorted(held), "what is referred to, and what is there")
        operations = [node["operationId"] for path in self.api.paths.values() for node in path.values() if "operationId" in node]
        self.assertEqual(len(operations), len(set(operations)))

    def test_every_route_of_the_server_is_described_and_the_other_way_round(self):
        metrics = self.server.get("/metrics")[1].decode()
        labels = set(re.findall(r'ratingsctl_http_request_duration_seconds_count\{route="([^"]+)"\}', metrics))
        self.assertEqual(labels, (set(self.api.paths) - PAGES) | {"pages", "other"})
        described = {about["schema"]["enum"] and tuple(about["schema"]["enum"]) for about in self.api.parameters("/web/{file}", "path")}.pop()
        self.assertEqual({path.name for path in WEB.iterdir()}, {*described, "index.html", "ops.html", "openapi.json"})
        for name in described:
            self.assertEqual(self.ask("/web/{file}", target=f"/web/{name}")[0], 200)
        for page in ("/", "/ops"):
            needed = set(re.findall(r'(?:src|href)="(/[^"#]*)"', self.server.get(page)[1].decode()))
            for target in needed:
                self.assertEqual(self.server.get(target)[0], 200, target)

    def test_every_status_is_met_with_what_is_described(self):
        for path, method, target in self.walk():
            plain = self.ask(path, method)
            self.assertEqual(plain[0], 200, path)
            self.assertEqual(plain[2] == b"", method == "HEAD")
            with_gzip = self.ask(path, method, Accept_Encoding="gzip")
            self.assertEqual(with_gzip[0], 200)
            tag = dict(plain[1]).get("ETag")
            if tag:
                self.assertEqual(self.ask(path, method, If_None_Match=f'W/"x", {tag}')[0], 304)
            mark = "&" if "?" in target else "?"
            self.assertEqual(self.ask(path, method, target=f"{target}{mark}nonsense=1")[0], 400)
            self.assertEqual(self.ask(path, method, target=f"{target}{mark}{'x' * 9000}")[0], 414)
            self.assertEqual(self.ask(path, method, Filler="x" * 17000)[0], 431)
            self.assertEqual(self.ask(path, method, body=b"hello")[0], 413)
            self.check(path, method, raw(self.server.port, f"{method} {target} HTTP/2.0\r\nHost: x\r\n\r\n".encode()))
            for other in ("POST", "DELETE"):
                self.assertEqual(self.ask(path, other)[0], 405)
        for method in ("GET", "HEAD"):
            self.assertEqual(self.ask("/user/profile/{uid}", method, target="/user/profile/999")[0], 404)
        self.meet_slowness()
        self.meet_crowds()
        self.meet_a_broken_store()
        described = {(path, method): set(self.api.responses(path, method)) for path, method, _ in self.walk()}
        self.assertEqual({key: sorted(self.seen[key]) for key in described}, {key: sorted(value) for key, value in described.items()})

    def meet_slowness(self):
        """A header that does not end, for every path at once."""
        with contextlib.ExitStack() as stack:
            slow = []
            for path, method, target in self.walk():
                connection = stack.enter_context(socket.create_connection(("127.0.0.1", self.server.port), timeout=harness.PATIENCE))
                connection.sendall(f"{method} {target} HTTP/1.1\r\nHost: x\r\n".encode())
                slow.append((path, method, connection))
            for path, method, connection in slow:  # what the method is going to be is not looked at before the header has ended
                self.assertEqual(self.check(path, method, read(connection, "GET"))[0], 408)

    def meet_crowds(self):
        """The answer to a connection too many comes before its request is looked at, so one method stands for both."""
        with harness.Serve(self, "--max-connections", "1") as full, \
                socket.create_connection(("127.0.0.1", full.port), timeout=harness.PATIENCE) as busy:
            busy.sendall(b"GET /ping HTTP/1.1\r\nHost: x\r\n\r\n")
            self.assertEqual(read(busy, "GET")[0], 200)  # so it has its place
            busy.sendall(b"GET /ping HTTP/1.1\r\n")     # and is in the middle of a request
            for path, method, _ in self.walk():
                self.assertEqual(self.check(path, "GET", raw(full.port, b""))[0], 503)
                self.seen.setdefault((path, method), set()).add(503)

    def meet_a_broken_store(self):
        away = f"postgresql://nobody@127.0.0.1:{harness.free_port()}/none"
        with harness.Serve(self, "--store", away) as server:
            for path in ("/rates/{uid}", "/rates", "/user/profile/{uid}", "/ready"):
                answer = self.ask(path, server=server)
                self.assertEqual(answer[0], 503)
                self.assertEqual("Retry-After" in dict(answer[1]), path != "/ready")
            self.assertIsNone(json.loads(self.ask("/ops.json", server=server)[2])["store"])
        with harness.Serve(self, "--memory-cache", "0") as server:
            with contextlib.closing(sqlite3.connect(self.store)) as database, database:
                database.execute("DELETE FROM ratingsctl_position")
            for path in ("/rates/{uid}", "/rates", "/user/profile/{uid}"):
                for method in ("GET", "HEAD"):
                    self.assertEqual(self.ask(path, method, server=server)[0], 500)

    def test_every_parameter_is_taken_and_no_other(self):
        queries = {about["name"] for path in self.api.paths for about in self.api.parameters(path, "query")}
        self.assertGreater(len(queries), 8)
        link = dict(self.ask("/rates/{uid}", target="/rates/1?limit=2")[1])["Link"]
        cursor = re.search(r"cursor=([^>]+)", link).group(1)
        for path in self.api.paths:
            mine = {about["name"]: about for about in self.api.parameters(path, "query")}
            bare = self.example(path).split("?")[0]
            needed = {name: self.pair(about) for name, about in mine.items() if about.get("required")}
            for name, about in mine.items():
                pair = f"cursor={cursor}" if name == "cursor" else self.pair(about)
                target = f"{bare}?{'&'.join((needed | {name: pair}).values())}"
                self.assertEqual(self.ask(path, target=target)[0], 200, target)
                self.assertEqual(self.ask(path, target=f"{target}&{pair}")[0], 400, "twice")
                self.assertEqual(self.ask(path, target=f"{bare}?{name}=%7Bnonsense%7D")[0], 400, f"{path}: {name} takes anything")
                most = about["schema"].get("items", about["schema"]).get("maximum")
                for value, status in ((most, 200), (most + 1, 400)) if most is not None else ():
                    self.assertEqual(self.ask(path, target=f"{bare}?{'&'.join((needed | {name: f'{name}={value}'}).values())}")[0], status, f"{name}={value}")
                for wanted in about["schema"].get("enum", []):
                    self.assertEqual(self.ask(path, target=f"{bare}?{name}={wanted}")[0], 200)
            for name in queries - set(mine):
                answer = self.ask(path, target=f"{bare}?{name}=1")
                self.assertEqual((answer[0], json.loads(answer[2])["error"]["code"]), (400, "unknown_parameter"), f"{path}: {name}")
            for about in self.api.parameters(path, "path"):
                self.assertIn(self.ask_bad_part(path, about["name"]), (400, 404))

    def test_every_movie_id_has_the_same_bounds(self):
        item = self.api.document["components"]["parameters"]["movie_id"]["schema"]["items"]
        self.assertEqual(item, self.api.document["components"]["schemas"]["Rating"]["properties"]["movie_id"])

    def ask_bad_part(self, path, name):
        target = path.replace("{%s}" % name, "nonsense")
        if path == "/web/{file}":  # then it is no path that is described
            return self.server.get(target)[0]
        return self.ask(path, target=target)[0]

    def test_every_header_field_that_is_described_is_sent_by_somebody(self):
        for path, method, _ in self.walk():
            self.ask(path, method)
            self.ask(path, method, Accept_Encoding="gzip")
            self.ask(path, "PUT")
        self.ask("/rates/{uid}", target="/rates/1?limit=2")
        with harness.Serve(self, "--store", f"postgresql://nobody@127.0.0.1:{harness.free_port()}/none") as server:
            self.ask("/rates/{uid}", server=server)
        self.assertEqual(self.fields, set(self.api.document["components"]["headers"]))

    def test_every_state_of_a_batch_is_described(self):
        """Whatever word the library may say, also where no test here brings a batch into that state."""
        source = (WEB.parent / "src/store/batch_state.hpp").read_text()
        said = set(re.findall(r'(?:return|\?|:) "([a-z-]+)"', source))
        store = self.api.document["components"]["schemas"]["Ops"]["properties"]["store"]["anyOf"][0]
        self.assertEqual(set(store["properties"]["batches"]["items"]["properties"]["state"]["enum"]), said)

    def test_a_path_that_is_not_described_is_not_found(self):
        for target in ("/x", "/rates/1/2", "/web", "/web/none.js", "/ops/x", "/openapi.yaml", "/docs", "/favicon.ico"):
            self.assertEqual(self.server.get(target)[0], 404, target)


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    harness.main()

#!/usr/bin/env python3
"""serve and healthcheck as programs: start, addresses, signals, stores that are away or not ours."""
import contextlib
import fcntl
import http.client
import json
import os
import resource
import signal
import socket
import sqlite3

import harness


class Serve(harness.Case):
    def setUp(self):
        super().setUp()
        self.run_cli("load", self.csv((1, 31, 2.5, 1260759144), (1, 10, 4, 1260759145)))

    def test_it_answers_what_query_and_profile_print(self):
        with harness.Serve(self) as server:
            self.assertEqual(server.line, f"listening on http://127.0.0.1:{server.port}\n")
            status, body = server.get("/rates/1")
            self.assertEqual(status, 200)
            self.assertEqual(body.decode(), self.run_cli("query", "1").out.rstrip("\n"))
            self.assertEqual(json.loads(server.get("/user/profile/1")[1]), self.run_json("profile", "1"))
            self.assertEqual(server.get("/rates/999"), (200, b"[]"))
            self.assertEqual(server.stop(), 0)
            self.assertEqual(server.process.returncode, 0)

    def test_a_purge_is_seen_at_once(self):
        with harness.Serve(self) as server:
            server.get("/rates/1")
            server.get("/rates/1")
            batch = self.run_json("purge-user", "1")["batch"]
            self.assertEqual(server.get("/rates/1"), (200, b"[]"))
            self.run_cli("undo", batch)
            self.assertEqual(len(json.loads(server.get("/rates/1")[1])), 2)

    def test_it_starts_on_an_empty_machine(self):
        with harness.Serve(self, "--store", f"sqlite:{self.home}/new/folder/fresh.db") as server:
            self.assertEqual(server.get("/rates/1"), (200, b"[]"))
            self.assertEqual(server.get("/ready")[0], 200)

    def test_both_signals_drain_and_end_it(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            with self.subTest(number), harness.Serve(self) as server:
                server.get("/ping")
                server.process.send_signal(number)
                self.assertEqual(server.process.wait(harness.PATIENCE), 0)

    def test_it_tells_a_service_manager_that_it_listens_and_that_it_ends(self):
        path = str(self.home / "notify")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            manager.bind(path)
            manager.settimeout(harness.PATIENCE)
            with harness.Serve(self, NOTIFY_SOCKET=path) as server:
                self.assertEqual(manager.recv(100), b"READY=1")
                with socket.create_connection(("127.0.0.1", server.port), timeout=harness.PATIENCE) as client:
                    client.sendall(b"GET /rates/1 HTTP/1.1\r\nHost: x\r\n")  # half a request: the end has to wait for it
                    harness.wait_for(lambda: b'connections{state="active"} 2' in server.get("/metrics")[1], "the client")
                    server.process.send_signal(signal.SIGTERM)
                    self.assertEqual(manager.recv(100), b"STOPPING=1")
                    self.assertIsNone(server.process.poll())
                    client.sendall(b"\r\n")
                    self.assertIn(b"200 OK", client.recv(100))
                self.assertEqual(server.process.wait(harness.PATIENCE), 0)

    def test_a_second_signal_ends_it_at_once(self):
        with harness.Serve(self, "--drain-timeout", "3600") as server:
            with socket.create_connection(("127.0.0.1", server.port)) as open_request:
                open_request.sendall(b"GET /ping HTTP/1.1\r\nHost: x\r\n")  # not complete: draining waits for it
                self.assertEqual(server.get("/ping")[0], 200)
                server.process.send_signal(signal.SIGTERM)
                harness.wait_for(lambda: refused(server.port), "the listener to close")
                server.process.send_signal(signal.SIGTERM)
                self.assertIn(server.process.wait(harness.PATIENCE), (0, -signal.SIGTERM))

    def test_a_log_that_nobody_reads_holds_up_nobody(self):
        with harness.Serve(self, "--access-log") as server:
            log = server.process.stderr.fileno()
            room = fcntl.fcntl(log, fcntl.F_GETPIPE_SZ)

            def ask_for_more_than_fits():
                for _ in range(2 * room // 4096):
                    self.assertEqual(server.get("/" + "x" * 5000)[0], 404)  # a line of 4,096 bytes, cut to fit

            ask_for_more_than_fits()
            self.assertRegex(os.read(log, room).decode(), r"GET /x+…\n$")
            self.assertEqual(server.get("/ping")[0], 200)
            self.assertRegex(os.read(log, room).decode(),
                             r" warning log lines dropped, nobody read them count=[1-9][0-9]*\n.* GET /ping 200 .*\n$")
            ask_for_more_than_fits()
            server.process.send_signal(signal.SIGTERM)
            self.assertEqual(server.process.wait(harness.PATIENCE), 0)

    def test_a_json_log_is_json_when_lines_are_cut_and_dropped_too(self):
        with harness.Serve(self, "--access-log", "--log-format", "json") as server:
            log = server.process.stderr.fileno()
            room = fcntl.fcntl(log, fcntl.F_GETPIPE_SZ)
            for _ in range(2 * room // 1024):
                self.assertEqual(server.get("/" + '"' * 4000)[0], 404)  # two bytes each
            lines = os.read(log, room).decode().splitlines()
            self.assertEqual(server.get("/rates/1")[0], 200)
            lines += os.read(log, room).decode().splitlines()
        found = [json.loads(line) for line in lines]
        self.assertTrue(found[0]["target"].startswith('/"""') and found[0]["target"].endswith("…"))
        self.assertRegex(found[-2]["message"], "^log lines dropped, nobody read them count=[1-9]")
        last = {name: found[-1][name] for name in ("level", "message", "method", "target", "status", "cache")}
        self.assertEqual(last, {"level": "info", "message": "request", "method": "GET", "target": "/rates/1", "status": 200, "cache": "miss"})
        self.assertIn("--log-format", self.run_cli("serve", "--log-format", "xml", exit_code=2).err)

    def test_a_request_id_comes_back_and_stands_in_the_log(self):
        with harness.Serve(self, "--access-log") as server:
            connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=harness.PATIENCE)
            for sent, kept in (("shop-4711", True), ("a b", False), ("x" * 129, False), (None, False)):
                connection.request("GET", "/rates/1", headers={"X-Request-Id": sent} if sent else {})
                answer = connection.getresponse()
                answer.read()
                back = answer.getheader("X-Request-Id")
                self.assertEqual(back == sent, kept)
                self.assertRegex(back, "^(shop-4711|[0-9a-f]{16})$")
                self.assertIn(f" id={back}\n", os.read(server.process.stderr.fileno(), 65536).decode())
            connection.close()
        with harness.Serve(self) as server:
            connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=harness.PATIENCE)
            connection.request("GET", "/rates/1")
            self.assertIsNone(connection.getresponse().getheader("X-Request-Id"))
            connection.close()

    def test_an_error_that_is_logged_can_be_found_by_its_id(self):
        store = f"postgresql://nobody@127.0.0.1:{harness.free_port()}/none"
        with harness.Serve(self, "--store", store) as server:
            connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=harness.PATIENCE)
            connection.request("GET", "/rates/1")
            answer = connection.getresponse()
            self.assertEqual(answer.status, 503)
            self.assertEqual(server.stop(), 0)
            connection.close()
        self.assertIn(f"request failed id={answer.getheader('X-Request-Id')} error=", server.stderr)

    def test_a_port_in_use_is_exit_4(self):
        with harness.Serve(self) as server:
            done = self.run_cli("serve", "--port", str(server.port), exit_code=4)
            self.assertIn(str(server.port), done.err)

    def test_it_raises_its_limit_on_open_files(self):
        with harness.Serve(self) as server:
            soft, hard = resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE)
            self.assertEqual(soft, hard)

    def test_it_starts_and_answers_503_while_postgresql_is_away(self):
        store = f"postgresql://nobody@127.0.0.1:{harness.free_port()}/none"
        for cache in ([], ["--cache", f"redis://127.0.0.1:{harness.free_port()}/0"]):
            with self.subTest(cache), harness.Serve(self, "--store", store, *cache) as server:
                self.assertEqual(server.get("/ping")[0], 200)
                self.assertEqual(server.get("/rates/1")[0], 503)
                self.assertEqual(server.get("/ready")[0], 503)
                self.run_cli("healthcheck", "--port", server.port, exit_code=1)
                self.assertEqual(server.stop(), 0)

    def test_a_schema_that_is_not_ours_or_newer_is_refused(self):
        foreign = self.home / "foreign.db"
        with contextlib.closing(sqlite3.connect(foreign)) as database, database:
            database.execute("CREATE TABLE ratings (stars INTEGER)")
        for command in (["serve", "--port", "0"], ["load", self.csv((1, 1, 1, 1))], ["init"]):
            self.run_cli(*command, "--store", f"sqlite:{foreign}", exit_code=5)

    def test_a_full_disk_under_stdout_ends_it(self):
        with open("/dev/full", "wb") as full:
            done = self.run_cli("serve", "--port", "0", stdout=full, exit_code=1)
        self.assertIn("standard output", done.err)


class Healthcheck(harness.Case):
    def test_ready_is_0_and_silent(self):
        with harness.Serve(self) as server:
            for arguments in (["--port", server.port], ["--url", f"http://127.0.0.1:{server.port}"],
                              ["--url", f"http://localhost:{server.port}/ready"]):
                done = self.run_cli("healthcheck", *arguments)
                self.assertEqual((done.out, done.err), ("", ""))
            self.run_cli("healthcheck", RATINGSCTL_PORT=str(server.port))
            self.run_cli("healthcheck", "--port", server.port, RATINGSCTL_URL="http://127.0.0.1:9")  # a flag beats a variable
            self.assertEqual(self.run_json("healthcheck", "--port", server.port), {"ready": True, "status": 200})
            self.assertIn("404", self.run_cli("healthcheck", "--url", f"http://127.0.0.1:{server.port}/x", exit_code=1).err)

    def test_nobody_there_is_1(self):
        port = harness.free_port()
        self.assertIn(str(port), self.run_cli("healthcheck", "--port", port, exit_code=1).err)
        self.assertEqual(json.loads(self.run_cli("healthcheck", "--port", port, "-o", "json", exit_code=1).out), {"ready": False, "status": None})

    def test_a_server_that_does_not_answer_is_1(self):
        with socket.create_server(("127.0.0.1", 0)) as silent:
            self.run_cli("healthcheck", "--port", silent.getsockname()[1], exit_code=1)

    def test_it_needs_neither_home_nor_store(self):
        with harness.Serve(self) as server:
            self.run_cli("healthcheck", "--port", server.port, HOME=None, XDG_DATA_HOME=None, XDG_CONFIG_HOME=None)


def refused(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=harness.PATIENCE).close()
        return False
    except OSError:
        return True


if __name__ == "__main__":
    harness.main()

#!/usr/bin/env python3
"""`serve` while its store is not as it should be at the start.

A PostgreSQL that lets the server in and then says nothing does not keep it from listening, and one whose schema somebody has
locked does not keep it from ending.
"""
import argparse
import contextlib
import http.client
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import harness  # noqa: E402
import rig  # noqa: E402

PATIENCE = 20
READY_FOR_QUERY = b"Z\0\0\0\5I"  # PostgreSQL manual, "Message Formats"
arguments = argparse.Namespace()


class SilentAfterLogin:
    """In front of a PostgreSQL: nothing that a client says after its login gets through. As a pooler whose server hangs."""

    def __init__(self, port):
        self.target = port
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        with contextlib.suppress(OSError):  # closed: the end
            while True:
                client, _ = self.listener.accept()
                server = socket.create_connection(("127.0.0.1", self.target))
                logged_in = threading.Event()
                for pump in (lambda c=client, s=server, e=logged_in: self.forth(c, s, e),
                             lambda c=client, s=server, e=logged_in: self.back(s, c, e)):
                    threading.Thread(target=pump, daemon=True).start()

    @staticmethod
    def forth(client, server, logged_in):
        with contextlib.suppress(OSError), server:
            while data := client.recv(65536):
                if not logged_in.is_set():
                    server.sendall(data)

    @staticmethod
    def back(server, client, logged_in):
        with contextlib.suppress(OSError), client:
            while data := server.recv(65536):
                if READY_FOR_QUERY in data:
                    logged_in.set()
                client.sendall(data)

    def close(self):
        self.listener.close()


class Start(unittest.TestCase):
    def setUp(self):
        home = tempfile.TemporaryDirectory()
        self.addCleanup(home.cleanup)
        self.home = home.name
        self.store = rig.PostgresStore(rig.server_settings(arguments.servers)["POSTGRES_URL"])
        self.addCleanup(self.store.drop)

    def test_it_listens_and_says_503_when_the_store_is_silent_after_the_login(self):
        port = int(re.search(r":(\d+)/", self.store.url).group(1))
        with contextlib.closing(SilentAfterLogin(port)) as silent:
            with rig.Server(arguments.program, self.store.url.replace(f":{port}/", f":{silent.port}/"), self.home) as server:
                connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)
                connection.request("GET", "/rates/1")
                self.assertEqual(connection.getresponse().status, 503)
                connection.close()
                server.process.send_signal(signal.SIGTERM)
                self.assertEqual(server.process.wait(PATIENCE), 0)
            self.assertIn("starting without the store", server.log.read_text())

    def test_a_signal_ends_it_while_it_waits_for_somebody_elses_lock(self):
        holder = subprocess.Popen(["psql", "-X", "-q", "-d", self.store.url], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
        self.addCleanup(self.end, holder)
        holder.stdin.write(b"BEGIN; CREATE SCHEMA ratingsctl;\n")
        holder.stdin.flush()
        self.wait_for_a_session("state = 'idle in transaction'")
        server = subprocess.Popen([arguments.program, "serve", "--port", "0", "--store", self.store.url],
                                  env=rig.clean_environment(self.home), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(self.end, server)
        self.wait_for_a_session("wait_event_type = 'Lock'")  # for 30 s

        server.send_signal(signal.SIGTERM)

        self.assertEqual(server.wait(PATIENCE), -signal.SIGTERM)

    @staticmethod
    def end(process):
        process.kill()
        process.wait()
        if process.stdin:
            process.stdin.close()

    def wait_for_a_session(self, which):
        harness.wait_for(lambda: self.store.rows(f"SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND {which}"),
                         f"a session with {which}", PATIENCE)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", required=True)
    parser.add_argument("--servers", required=True, help="the file that servers.sh wrote")
    rest = parser.parse_known_args(namespace=arguments)[1]
    unittest.main(argv=[sys.argv[0], *rest])

#!/usr/bin/env python3
"""A name server that is gone holds up nobody for longer than a request may take.

Each server runs in a mount namespace of its own, whose resolv.conf names an address where nobody answers (needs root or sudo).
  Redis by name   every answer 200, from the store
  store by name   503 when the request's time is over; SIGTERM ends the server at once
  two addresses   a name with two addresses, of which only the second has a server, works; a second server that is to
                  listen there does not take the address that the first one left
"""
import argparse
import contextlib
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import rig  # noqa: E402

NAME_SERVER = "127.0.0.77"
REQUEST = 2.0  # seconds, kRequestDeadline
SLACK = 2.0    # for a machine with other work; the look-up that nobody ends takes 10 s and more
AS_ROOT = [] if os.geteuid() == 0 else ["sudo", "-n"]


class Namespace:
    """Files under other names, for what is run by it."""

    def __init__(self, home):
        self.home = Path(home)
        (self.home / "resolv.conf").write_text(f"nameserver {NAME_SERVER}\n")
        (self.home / "hosts").write_text("127.0.0.1 localhost\n127.0.0.78 pair\n127.0.0.1 pair\n")

    def program(self, program):
        script = self.home / "program"
        binds = " && ".join(f"mount --bind {self.home}/{name} /etc/{name}" for name in ("resolv.conf", "hosts"))
        script.write_text(f'#!/bin/sh\nexec {" ".join(AS_ROOT)} unshare -m sh -c \'{binds} && exec "$0" "$@"\' {program} "$@"\n')
        script.chmod(0o755)
        return script


@contextlib.contextmanager
def deaf_name_server():
    """Takes questions and answers none; below port 1024, so that somebody with the right to it must hold it."""
    code = f"import socket, sys; s = socket.socket(type=socket.SOCK_DGRAM); s.bind(('{NAME_SERVER}', 53)); print(1, flush=True); sys.stdin.read()"
    process = subprocess.Popen([*AS_ROOT, sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        assert process.stdout.readline() == b"1\n", "no name server"
        yield
    finally:
        process.stdin.close()
        process.wait(20)
        process.stdout.close()


def ask(server, user):
    began = time.monotonic()
    with contextlib.closing(server.connect(timeout=30)) as connection:
        connection.request("GET", f"/rates/{user}")
        answer = connection.getresponse()
        answer.read()
        return answer.status, time.monotonic() - began


def with_name(url, name):
    return url.replace("127.0.0.1", name)


def serve(program, store_url, home, *arguments):
    return rig.Server(program, store_url, home, "--memory-cache", "0", *arguments)


def check_second_server(namespaced, home):
    where = ["--store", f"sqlite:{home}/second.db", "--host", "pair", "--port", str(rig.free_port())]
    with subprocess.Popen([namespaced, "serve", *where], stdout=subprocess.PIPE, env=rig.clean_environment(home)) as first:
        try:
            assert first.stdout.readline().startswith(b"listening on "), "the first server does not listen"
            second = subprocess.run([namespaced, "serve", *where], capture_output=True, env=rig.clean_environment(home), check=False, timeout=30)
            assert (second.returncode, b"Address already in use" in second.stderr) == (4, True), second
        finally:
            first.terminate()


def run(program, settings, home):
    namespaced = Namespace(home).program(program)
    store = rig.PostgresStore(settings["POSTGRES_URL"])
    rows = f"{home}/ratings.csv"
    Path(rows).write_text("userId,movieId,rating,timestamp\n" + "".join(f"{user},1,3,1260759144\n" for user in range(1, 21)))
    subprocess.run([program, "load", rows, "--store", store.url], check=True, capture_output=True, env=rig.clean_environment(home))
    try:
        with deaf_name_server():
            with serve(namespaced, store.url, home, "--cache", with_name(settings["REDIS_URL"], "redis.example")) as server:
                answers = [ask(server, user) for user in range(1, 21)]
                assert {status for status, _ in answers} == {200}, answers
                assert max(took for _, took in answers) < REQUEST + SLACK, answers
                print(f"Redis by name: longest answer {max(took for _, took in answers):.2f} s")
            with serve(namespaced, with_name(store.url, "store.example"), home) as server:
                status, took = ask(server, 1)
                assert (status, took < REQUEST + SLACK) == (503, True), (status, took)
                print(f"store by name: 503 after {took:.2f} s")
                began = time.monotonic()
            assert time.monotonic() - began < REQUEST + SLACK, "it does not end"
            with serve(namespaced, with_name(store.url, "pair"), home, "--cache", with_name(settings["REDIS_URL"], "pair")) as server:
                status, _ = ask(server, 1)
                assert status == 200, status
            check_second_server(namespaced, home)
    finally:
        store.drop()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", required=True)
    parser.add_argument("--servers", required=True, help="the file that servers.sh wrote")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        run(str(Path(arguments.program).resolve()), rig.server_settings(arguments.servers), home)


if __name__ == "__main__":
    try:
        main()
    except AssertionError as error:
        sys.exit(f"names_test: {error}")

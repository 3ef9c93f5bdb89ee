"""Runs the built ratingsctl in a home of its own. RATINGSCTL names the binary.

    class LoadTest(harness.Case):
        def test_something(self):
            self.run_cli("load", self.csv((1, 2, 3.5, 100)))

Each test has an empty temporary folder that is its HOME, so its store is the embedded default and nothing of the caller's
settings reaches it.
"""
import http.client
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

HEADER = "userId,movieId,rating,timestamp"
PATIENCE = 60  # seconds; a busy machine is no failure


def program():
    path = os.environ.get("RATINGSCTL")
    if not path:
        raise SystemExit("set RATINGSCTL to the built binary, for example RATINGSCTL=build/release/bin/ratingsctl")
    return str(Path(path).resolve())


def csv_text(rows, header=HEADER):
    return "".join(line + "\n" for line in [header, *(",".join(map(str, row)) for row in rows)])


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def read_line(process, patience=PATIENCE):
    """One line of a process's stdout, or a failure with what it wrote on stderr."""
    ready, _, _ = select.select([process.stdout], [], [], patience)
    line = process.stdout.readline() if ready else b""
    if not line:
        process.kill()
        raise AssertionError(f"no line on stdout; stderr: {process.communicate()[1].decode(errors='replace')}")
    return line.decode()


class Serve:
    """`ratingsctl serve` on a free port until the end of the with block; ended by its own pid."""

    def __init__(self, case, *arguments, **variables):
        port = [] if "--port" in arguments else ["--port", "0"]
        self.process = case.start("serve", *port, *arguments, **variables)

    def __enter__(self):
        self.line = read_line(self.process)
        self.port = int(self.line.rsplit(":", 1)[1])
        return self

    def get(self, path):
        """Status, body."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        self.stderr = self.process.communicate(timeout=PATIENCE)[1].decode()
        return self.process.returncode

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.stop()


class Case(unittest.TestCase):
    """A test with a home of its own."""

    def setUp(self):
        self.home = Path(tempfile.mkdtemp(prefix="ratingsctl-e2e-"))
        self.addCleanup(shutil.rmtree, self.home)
        self.store = self.home / "data/ratingsctl/ratings.db"

    def environment(self, **variables):
        kept = {name: value for name, value in os.environ.items()
                if not name.startswith(("RATINGSCTL", "XDG_", "PG")) and name not in ("HOME", "NO_COLOR")}
        kept |= {"HOME": str(self.home), "XDG_DATA_HOME": f"{self.home}/data", "XDG_CONFIG_HOME": f"{self.home}/config"}
        kept |= variables
        return {name: value for name, value in kept.items() if value is not None}

    def run_cli(self, *arguments, exit_code=0, stdin=None, stdout=subprocess.PIPE, **variables):
        """Runs to the end; fails unless the exit code is the expected one (None: any). None as a variable's value unsets it."""
        data = stdin.encode() if isinstance(stdin, str) else stdin
        done = subprocess.run([program(), *map(str, arguments)], input=data or b"", stdout=stdout, stderr=subprocess.PIPE,
                              env=self.environment(**variables), cwd=self.home, timeout=PATIENCE * 2, check=False)
        done.out = (done.stdout or b"").decode()
        done.err = done.stderr.decode()
        self.assertEqual(done.returncode, done.returncode if exit_code is None else exit_code,
                         f"ratingsctl {' '.join(map(str, arguments))}\nstdout: {done.out}\nstderr: {done.err}")
        return done

    def run_json(self, *arguments, **more):
        """What a command prints with -o json; stdout must be that one document."""
        return json.loads(self.run_cli(*arguments, "-o", "json", **more).out)

    def start(self, *arguments, **variables):
        process = subprocess.Popen([program(), *map(str, arguments)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, env=self.environment(**variables), cwd=self.home)
        self.addCleanup(self._end, process)
        return process

    @staticmethod
    def _end(process):
        if process.poll() is None:
            process.kill()
            process.wait()
        for pipe in (process.stdin, process.stdout, process.stderr):
            if pipe and not pipe.closed:
                pipe.close()

    def write(self, name, text):
        path = self.home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    def csv(self, *rows, name="ratings.csv"):
        """A file of (user, movie, rating, timestamp)."""
        return self.write(name, csv_text(rows))

    def config(self, text):
        return self.write("config/ratingsctl/config.toml", text)

    def all_rows(self, *users):
        """What the store says about these users, as CSV lines in order."""
        lines = []
        for user in users:
            lines += self.run_cli("query", user, "-o", "csv").out.splitlines()[1:]
        return sorted(lines)


def wait_for(condition, what, patience=PATIENCE):
    deadline = time.monotonic() + patience
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"waited in vain for {what}")
        time.sleep(0.02)


def main():
    unittest.main(verbosity=2)

"""What the benchmarks share: a command's time and memory, the data, and how results are written down."""
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parent.parent / "e2e"))
import rig  # noqa: E402


class Measured(NamedTuple):
    seconds: float
    megabytes: float  # peak
    output: str       # what the command wrote on stdout


class Meanwhile:
    """Does once() again and again, EVERY so many seconds, for as long as a block lasts."""

    EVERY = 1.0

    def __init__(self):
        self.done = threading.Event()
        self.thread = threading.Thread(target=self.go_on)

    def go_on(self):
        while not self.done.wait(self.EVERY):
            self.once()

    def once(self):
        raise NotImplementedError

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.done.set()
        self.thread.join()


def say(text):
    print(text, file=sys.stderr, flush=True)


def measured(command, environment=None, expected=0):
    """A command that ends with `expected`. Through time(1): a child of Python would begin with Python's own peak."""
    with tempfile.NamedTemporaryFile("r") as report:
        begin = time.monotonic()
        done = subprocess.run(["/usr/bin/time", "-f", "%M", "-o", report.name, *command], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, env=environment, check=False)
        seconds = time.monotonic() - begin
        if done.returncode != expected:
            raise RuntimeError(f"{command[0]} ended with {done.returncode}: {done.stdout[-500:]}{done.stderr[-500:]}")
        return Measured(seconds, int(report.read().split()[-1]) / 1024, done.stdout)


def generate(generator, rows, path):
    with open(path, "wb") as file:
        subprocess.run([generator, "--rows", str(rows), "--seed", "42"], stdout=file, check=True)


def plain_table(name="ratings"):
    """The table that somebody without ratingsctl would make."""
    return (f'CREATE TABLE {name} (user_id bigint NOT NULL, movie_id integer NOT NULL, '
            'rating real NOT NULL, "timestamp" bigint NOT NULL)')


def spread(ratios):
    return f"{statistics.median(ratios):.2f}× ({min(ratios):.2f}–{max(ratios):.2f})"


def median_of(values, digits):
    return f"{statistics.median(values):.{digits}f} ({min(values):.{digits}f}–{max(values):.{digits}f})"


def machine(server):
    model = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo", encoding="utf-8")
                  if line.startswith("model name")), platform.machine())
    version = rig.psql(server, "SHOW server_version")[0][0]
    return f"{os.cpu_count()} × {model}; PostgreSQL {version}"

#!/usr/bin/env python3
"""PostgreSQL is restarted without a shutdown (SIGQUIT, as by pg_ctl -m immediate) at random moments of each changing command.

On a PostgreSQL of this test's own, with fsync. The rows afterwards are those of before or those of after; the command says
that it succeeded only when they are those of after; the same command run again ends at what is after, and leaves nothing.
"""
import argparse
import collections
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import rig  # noqa: E402
from kill_test import books_agree, cases, command_line, describe, run, state_of, undisturbed  # noqa: E402

SERVERS = Path(__file__).parents[1] / "support/servers.sh"


class Cluster:
    """servers.sh's PostgreSQL in a folder of its own, until the end of the with block."""

    def __init__(self, folder):
        self.folder, self.env = folder, Path(folder) / "servers.env"

    def __enter__(self):
        subprocess.run([SERVERS, "start", self.folder], check=True)
        return self

    def __exit__(self, *_):
        subprocess.run([SERVERS, "stop", self.folder], check=True)

    def setting(self, name):
        return rig.server_settings(self.env)[name]

    def crash_and_start(self):
        pid = int(self.setting("POSTGRES_PID"))
        os.kill(pid, signal.SIGQUIT)
        deadline = time.monotonic() + 30
        while Path(f"/proc/{pid}").exists():
            if time.monotonic() > deadline:
                raise RuntimeError(f"PostgreSQL (pid {pid}) does not end")
            time.sleep(0.01)
        subprocess.run([SERVERS, "start-postgres", self.folder], check=True)


def restart_during(cluster, program, store, command, home, moment):
    """The exit status of the command, whose server crashed after `moment` seconds."""
    process = subprocess.Popen(command_line(program, store, command), env=rig.clean_environment(home),
                               stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        time.sleep(moment)
        cluster.crash_and_start()
        _, said = process.communicate(timeout=60)
    finally:
        process.kill()
        process.wait()
    assert process.returncode in (0, 1, 4), f"{command[0]} ended with {process.returncode}: {said.strip()}"
    assert process.returncode == 0 or said.strip(), f"{command[0]} ended with {process.returncode} and said nothing"
    return process.returncode


def torture(cluster, program, case, home, restarts, chooser):
    before, after, took = undisturbed(program, case, home)
    seen = collections.Counter()
    for _ in range(restarts):
        store = case.base.copy()
        try:
            status = restart_during(cluster, program, store, case.command, home, took * chooser.random() ** 0.5)
            store.settle()
            found = state_of(store)
            assert found in (before, after), f"{case.name}: neither before nor after: {describe(before, after, found)}"
            assert status != 0 or found == after, f"{case.name}: reported success, but the rows are those of before"
            books_agree(store, found)
            seen["left"] += 1 if store.leftovers() else 0
            run(program, store, case.command, home)
            assert state_of(store) == after, f"{case.name}: the next run did not end at what is after"
            assert not store.leftovers(), f"{case.name}: left behind after the next run: {store.leftovers()}"
            seen[f"{'after' if found == after else 'before'}, exit {status}"] += 1
        finally:
            store.drop()
    return took, seen


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", required=True)
    parser.add_argument("--restarts", type=int, default=2, help="of each changing command")
    parser.add_argument("--only", default="", help="part of a command's name, for example load")
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**32))
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}", flush=True)
    chooser = random.Random(arguments.seed)
    with tempfile.TemporaryDirectory(prefix="ratingsctl-restart-") as home:
        Path(home).chmod(0o755)  # the server's own user must get at its data below
        with Cluster(f"{home}/servers") as cluster:
            url = cluster.setting("POSTGRES_URL")
            for case in cases(arguments.program, lambda: rig.PostgresStore(url), home, arguments.rows, chooser):
                if arguments.only not in case.name:
                    continue
                took, seen = torture(cluster, arguments.program, case, home, arguments.restarts, chooser)
                print(f"{case.name:<26}{took:>6.2f} s  {dict(seen)}", flush=True)


if __name__ == "__main__":
    try:
        main()
    except AssertionError as error:
        sys.exit(f"restart_test: {error}")

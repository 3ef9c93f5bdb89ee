#!/usr/bin/env python3
"""What becomes of a load that the server, or its own machine, lets down; on a PostgreSQL of this test's own.

  lost lock         the connection that holds the writers' lock is ended while rows are copied: the load ends at once
  wraparound        one that nobody may end is named as what it is
"""
import argparse
import contextlib
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import rig  # noqa: E402

SERVERS = Path(__file__).parents[1] / "support/servers.sh"
HEADER = "userId,movieId,rating,timestamp\n"
PATIENCE = 60  # seconds; a busy machine is no failure
IMPATIENT = "?options=-c%20lock_timeout%3D300ms"


@contextlib.contextmanager
def own_postgres(folder):
    subprocess.run([SERVERS, "start", folder], check=True, stdout=subprocess.DEVNULL)
    try:
        yield rig.server_settings(f"{folder}/servers.env")["POSTGRES_URL"]
    finally:
        subprocess.run([SERVERS, "stop", folder], check=True)


def wait_until(store, sql, why):
    deadline = time.monotonic() + PATIENCE
    while not store.rows(sql):
        assert time.monotonic() < deadline, why
        time.sleep(0.02)


def write_csv(path, rows):
    path.write_text(HEADER + "".join(f"{number // 20 + 1},{number % 1000},3.5,{number}\n" for number in range(rows)))
    return str(path)


class Loads:
    """Runs `load` on a store, to the end or beside the test."""

    def __init__(self, program, store, home):
        self.program, self.store, self.home = program, store, home

    def start(self, *arguments, options="", **streams):
        return subprocess.Popen([self.program, "load", "--store", self.store.url + options, "--jobs", "2", *arguments],
                                env=rig.clean_environment(self.home), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                **streams)

    def run(self, *arguments, status=0, **more):
        return self.end(self.start(*arguments, **more), status)

    def end(self, process, status):
        said = process.communicate(timeout=PATIENCE)[1].decode()
        assert process.returncode == status, f"load ended with {process.returncode}, expected {status}: {said}"
        assert said.count("nothing was loaded") == (status != 0), f"not said once that nothing was loaded: {said}"
        return said


def check_lost_lock(loads):
    store, before = loads.store, loads.store.fingerprint()
    process = loads.start("--replace", "-", stdin=subprocess.PIPE)
    rows = b"".join(b"%d,1,3.5,1\n" % user for user in range(100_000))
    process.stdin.write(HEADER.encode() + rows)
    wait_until(store, "SELECT 1 FROM pg_stat_activity WHERE query LIKE 'COPY ratingsctl.%' AND state = 'active'", "no COPY")
    ended = store.rows("SELECT pg_terminate_backend(pid, 5000) FROM pg_locks WHERE locktype = 'advisory' AND objid = 1")
    assert ended == [("t",)], f"one connection holds the lock, ended: {ended}"
    # Far more than the buffers between here and the store hold: without a look at the lock all of it is taken.
    with contextlib.suppress(BrokenPipeError):
        for _ in range(20):
            process.stdin.write(rows)
        raise AssertionError("the load took everything, though its lock was lost")
    print(f"ok: {loads.end(process, 4).splitlines()[-1]}", flush=True)
    assert store.fingerprint() == before, "the rows are not those of before"
    assert not store.leftovers(), f"left behind: {store.leftovers()}"


def a_partition(store):
    return store.rows("SELECT tableoid::regclass FROM ratings LIMIT 1")[0][0]


def begin_slow_vacuum(store, part, due):
    """An autovacuum with a tenth of a second for each page that it touches, so minutes in all. due: what makes it come."""
    store.rows(f"ALTER TABLE {part} SET ({due}, autovacuum_vacuum_cost_delay = 100, autovacuum_vacuum_cost_limit = 1)")
    store.rows("DELETE FROM ratings WHERE movie_id % 2 = 0")
    wait_until(store, f"SELECT 1 FROM pg_stat_progress_vacuum WHERE relid = '{part}'::regclass", "no autovacuum came")


def expect_holder(said, name):
    assert re.search(rf"waited 30 s for PostgreSQL's own {name} \(pid \d+, since \d\d:\d\d:\d\d UTC\); nothing was loaded", said), said
    print(f"ok: {said.splitlines()[-1]}", flush=True)


def check_wraparound(loads, first):
    """Nobody ends this one, so it comes last."""
    store = loads.store
    loads.run("--replace", first)
    store.rows("DO $$BEGIN FOR i IN 1..101000 LOOP PERFORM pg_current_xact_id(); COMMIT; END LOOP; END$$")
    begin_slow_vacuum(store, a_partition(store), "autovacuum_freeze_max_age = 100000")
    expect_holder(loads.run("--replace", "--again", first, options=IMPATIENT, status=5), "autovacuum worker against wraparound")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", required=True)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ratingsctl-load-") as home:
        Path(home).chmod(0o755)  # the server's own user must get at its data below
        first = write_csv(Path(home) / "first.csv", 100_000)
        with own_postgres(f"{home}/servers") as server:
            rig.psql(server, "ALTER SYSTEM SET autovacuum_naptime = '1s'")
            rig.psql(server, "ALTER SYSTEM SET synchronous_commit = off")  # a hundred thousand transactions are used up
            rig.psql(server, "SELECT pg_reload_conf()")
            store = rig.PostgresStore(server)
            loads = Loads(arguments.program, store, home)
            loads.run(first)
            check_lost_lock(loads)
            check_wraparound(loads, first)


if __name__ == "__main__":
    try:
        main()
    except AssertionError as error:
        sys.exit(f"load_faults_test: {error}")

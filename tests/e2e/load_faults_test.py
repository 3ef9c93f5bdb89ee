#!/usr/bin/env python3
"""What becomes of a load that the server, or its own machine, lets down; on a PostgreSQL of this test's own.

  lost lock         the connection that holds the writers' lock is ended while rows are copied: the load ends at once
  slow autovacuum   one that would take minutes over a partition is ended by the swap; who cannot wait is told what it is
  wraparound        one that nobody may end is named as what it is
  stopped program   a program that is stopped in the swap holds readers up for 10 s and no longer
"""
import argparse
import contextlib
import re
import signal
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
IDLE = 10      # kImpatient of lib/src/postgres/swap_lock.cpp
SOON = 15      # seconds, on a busy machine; all tries for the swap's lock take more than 30
IMPATIENT = "?options=-c%20lock_timeout%3D300ms"
HOLD = 4711    # an advisory lock of this test's own, by which it stops the swap


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


def check_slow_autovacuum(loads, other):
    store, part = loads.store, a_partition(loads.store)
    begin_slow_vacuum(store, part, "autovacuum_vacuum_threshold = 0, autovacuum_vacuum_scale_factor = 0")
    said = loads.run("--replace", other, options=IMPATIENT, status=5)
    expect_holder(said, "autovacuum worker")
    assert store.rows(f"SELECT 1 FROM pg_stat_progress_vacuum WHERE relid = '{part}'::regclass"), "the autovacuum is gone"
    began = time.monotonic()
    loads.run("--replace", other)
    took = time.monotonic() - began
    print(f"ok: replaced beside an autovacuum in {took:.1f} s", flush=True)
    assert took < SOON, f"the load waited {took:.1f} s for an autovacuum"


@contextlib.contextmanager
def stopped_swap(store):
    """While this lasts a load waits in its swap, for a lock that is given back at the end."""
    store.rows("CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS "
               f"$$BEGIN PERFORM pg_advisory_xact_lock({HOLD}); RETURN NEW; END$$")
    store.rows("CREATE TRIGGER hold BEFORE INSERT ON ratingsctl.load_ledger FOR EACH ROW EXECUTE FUNCTION hold()")
    holder = subprocess.Popen(["psql", "-X", "-q", "-d", store.url], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    try:
        holder.stdin.write(f"SELECT pg_advisory_lock({HOLD});\n".encode())
        holder.stdin.flush()
        wait_until(store, f"SELECT 1 FROM pg_locks WHERE objid = {HOLD} AND granted", "the lock was not taken")
        yield
    finally:
        holder.stdin.close()
        holder.wait(PATIENCE)


def check_stopped_program(loads, other):
    store, before = loads.store, loads.store.fingerprint()
    with stopped_swap(store):
        process = loads.start("--replace", other)
        wait_until(store, f"SELECT 1 FROM pg_locks WHERE objid = {HOLD} AND NOT granted", "the load did not come to its swap")
        process.send_signal(signal.SIGSTOP)
        began = time.monotonic()
    try:
        rig.psql(store.url + f"?options=-c%20statement_timeout%3D{PATIENCE}s", "SELECT count(*) FROM ratings")
        took = time.monotonic() - began
    finally:
        process.send_signal(signal.SIGCONT)
    said = loads.end(process, 4)
    print(f"ok: readers went on after {took:.1f} s; {said.splitlines()[-1]}", flush=True)
    assert IDLE - 1 < took < IDLE + SOON, f"readers waited {took:.1f} s"
    assert store.fingerprint() == before, "the rows are not those of before"
    assert not store.leftovers(), f"left behind: {store.leftovers()}"


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
        first, other = write_csv(Path(home) / "first.csv", 100_000), write_csv(Path(home) / "other.csv", 1_000)
        with own_postgres(f"{home}/servers") as server:
            rig.psql(server, "ALTER SYSTEM SET autovacuum_naptime = '1s'")
            rig.psql(server, "ALTER SYSTEM SET synchronous_commit = off")  # a hundred thousand transactions are used up
            rig.psql(server, "SELECT pg_reload_conf()")
            store = rig.PostgresStore(server)
            loads = Loads(arguments.program, store, home)
            loads.run(first)
            check_lost_lock(loads)
            check_slow_autovacuum(loads, other)
            check_stopped_program(loads, first)
            check_wraparound(loads, first)


if __name__ == "__main__":
    try:
        main()
    except AssertionError as error:
        sys.exit(f"load_faults_test: {error}")

#!/usr/bin/env python3
"""A standby that answers whoever looks at it and hangs on every read: a report on it holds its replay up, and the replay holds the
lock of a swap. The requests of others must not wait for it, and it is used again when the report has ended.
"""
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from replica_test import Clients, World, checks, figures, main, total, USED_AGAIN_WITHIN, verdict  # noqa: E402
from standby import wait_until  # noqa: E402

REPORT = 12  # seconds; less than max_standby_streaming_delay, 30 s, after which PostgreSQL would end it
NOTICED_WITHIN = 5.0
MEASURED = 4.0  # seconds of the hanging, once it was noticed


class Report(threading.Thread):
    """Holds a lock on `ratings` at the standby, as whoever reads for long."""

    def __init__(self, standby, database):
        super().__init__()
        self.standby, self.database = standby, database

    def run(self):
        self.standby.psql(f"BEGIN; SELECT count(*) FROM ratings; SELECT pg_sleep({REPORT}); COMMIT", self.database)


def replay_waits(standby):
    return lambda: standby.psql("SELECT 1 FROM pg_stat_activity WHERE backend_type = 'startup' AND wait_event_type = 'Lock'") != []


def hangs(world, server, clients, victim):
    report = Report(victim, world.store.name)
    report.start()
    try:
        wait_until(lambda: victim.psql("SELECT 1 FROM pg_stat_activity WHERE query LIKE '%pg_sleep%' AND pid <> pg_backend_pid()"),
                   "the report to begin")
        clients.begin("noticed")
        world.psql("BEGIN; LOCK TABLE ratings IN ACCESS EXCLUSIVE MODE; SELECT pg_current_xact_id(); COMMIT")
        wait_until(replay_waits(victim), "the replay to wait for the report")
        wait_until(lambda: figures(server)["up", victim.address, ""] == 0, "the standby to be left alone", NOTICED_WITHIN)
        assert not checks(server)[2][f"replica {victim.address}"], checks(server)
        before, busy = sum(clients.counts["hanging"].values()), total(server, "fallbacks_total", "busy")
        clients.begin("hanging")
        time.sleep(MEASURED)  # what is asked for meanwhile is the measurement
        asked = sum(clients.counts["hanging"].values()) - before
        late = total(server, "fallbacks_total", "busy") - busy
        assert report.is_alive() and replay_waits(victim)(), "the report has ended too early"
        print(f"  {asked} answers in {MEASURED:.0f} s, {late:.0f} of them after a wait for it", flush=True)
        # Four clients that each wait a second would get 16.
        assert asked > 100 and late * 20 < asked, (asked, late)
    finally:
        report.join()
    clients.begin("after")
    wait_until(lambda: figures(server)["up", victim.address, ""] == 1, "it to be used again", USED_AGAIN_WITHIN)


def day(arguments, home):
    world = World(arguments, home, ["one", "two"])
    with world.server("--memory-cache", "0") as server, Clients(server, world.truth, arguments.seed) as clients:
        clients.begin("use")
        wait_until(lambda: total(server, "up") == 2, "both replicas to be used")
        hangs(world, server, clients, world.standbys[0])
    verdict(world, clients, ["use", "noticed", "hanging", "after"])


if __name__ == "__main__":
    try:
        main(day)
    except AssertionError as error:
        sys.exit(f"replica_hang_test: {error}")

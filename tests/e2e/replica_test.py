#!/usr/bin/env python3
"""Read replicas and failover, on a PostgreSQL with two standbys of this test's own, under clients that ask all the time.

Every row of a user carries the version that wrote it as its time. A client that asks for a user notes first which version
has been reported; an answer with an older one is stale, and fails the test.
  use        misses come from the replicas
  paused     replay stands still: nothing is stale, what was changed comes from the primary
  killed     a replica dies: no error, and it is used again once it is back
  conflict   a replica ends reads in favour of its replay: the primary answers
  promoted   the primary dies and a standby with all commits takes over: nothing is stale, answers are back within 5 s
  lost       the same with a standby that lacks commits: what was cached of them is not used
"""
import argparse
import calendar
import collections
import http.client
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import rig  # noqa: E402
import standby as standbys  # noqa: E402
from standby import Standby, wait_until  # noqa: E402

SERVERS = Path(__file__).parents[1] / "support/servers.sh"
USERS = range(1, 101)
ROWS = 5
CLIENTS = 4
DELTA_MS = 300
# Answers are back after a promotion; the standby itself takes some of it.
BACK_WITHIN = 5.0
# Between two attempts to connect a pool waits 2 s at most (lib/src/postgres/pool.cpp): no error for longer is the end of them.
LONGEST_PAUSE = 2.5
# Looked at once a second; the pool of a replica that was away may wait 2 s more before it connects again.
USED_AGAIN_WITHIN = 10.0


def servers(action, folder, *more):
    subprocess.run([str(SERVERS), action, folder, *more], check=True)


def version_of(body):
    """Of an answer: 0 for no rows, None for one that is torn."""
    times = {row["timestamp"] for row in json.loads(body)}
    if not times:
        return 0
    return calendar.timegm(time.strptime(times.pop(), "%Y-%m-%d %H:%M:%S")) if len(times) == 1 else None


class Truth:
    """Which version of each user has been reported to be visible everywhere."""

    def __init__(self):
        self.lock, self.reported = threading.Lock(), dict.fromkeys(USERS, 1)

    def report(self, users, version):
        with self.lock:
            for user in users:
                self.reported[user] = version

    def of(self, user):
        with self.lock:
            return self.reported[user]


class Clients(rig.Crowd):
    """Ask for random users until the end; count what they get, by phase."""

    def __init__(self, server, truth, seed):
        self.server, self.truth, self.phase = server, truth, "begin"
        self.counts, self.wrong, self.latest, self.last_error = collections.defaultdict(collections.Counter), [], 0.0, 0.0
        self.lock = threading.Lock()
        super().__init__(CLIENTS, seed)

    def ask(self, chooser):
        connection = self.server.connect()
        while not self.done.is_set():
            user, phase = chooser.choice(USERS), self.phase
            expected, began = self.truth.of(user), time.monotonic()
            try:
                connection.request("GET", f"/rates/{user}")
                answer = connection.getresponse()
                body = answer.read().decode()
            except (OSError, http.client.HTTPException) as error:
                self.note(phase, type(error).__name__)
                connection.close()
                connection = self.server.connect()
                continue
            self.note(phase, str(answer.status))
            if answer.status != 200:
                continue
            version = version_of(body)
            with self.lock:
                self.latest = max(self.latest, began)
                if version is None or version < expected:
                    self.wrong.append(f"{phase}: user {user}: version {version}, reported was {expected}")
            time.sleep(0.001)

    def note(self, phase, what):
        with self.lock:
            self.counts[phase][what] += 1
            if what != "200":
                self.last_error = time.monotonic()

    def begin(self, phase):
        self.phase = phase
        print(f"{phase} …", flush=True)

    def errors(self, phase):
        with self.lock:
            return {what: count for what, count in self.counts[phase].items() if what != "200"}

    def back(self, since, within):
        """How long after `since` a request was sent that was answered."""
        wait_until(lambda: self.latest > since, "an answer", within)
        return self.latest - since


class World:
    """Primary, two standbys, a loaded store and a server that reads from the standbys."""

    def __init__(self, arguments, home, names):
        self.program, self.home, self.folder = arguments.program, home, f"{home}/servers"
        self.seed = arguments.seed
        servers("start", self.folder)
        self.settings = rig.server_settings(f"{self.folder}/servers.env")
        self.store = rig.PostgresStore(self.settings["POSTGRES_URL"])
        self.cli("init", "--delta", str(DELTA_MS))
        self.version = 1
        self.psql(f"INSERT INTO ratings SELECT u, u * 100 + n, 3, 1 FROM generate_series(1, {len(USERS)}) u, generate_series(1, {ROWS}) n")
        self.standbys = [Standby(self.folder, name) for name in names]
        self.truth = Truth()

    def cli(self, *arguments):
        done = subprocess.run([self.program, *arguments, "--store", self.store.url], capture_output=True, text=True, check=False,
                              env=rig.clean_environment(self.home))
        assert done.returncode == 0, f"{arguments}: {done.stderr}"
        return done.stdout

    def psql(self, sql):
        return rig.psql(self.store.url, sql)

    def everywhere(self):
        """An address of the store with all hosts: whichever is primary."""
        primary = self.settings["POSTGRES_URL"].split("@")[1].split("/")[0]
        hosts = ",".join([primary, *(one.address for one in self.standbys)])
        return f"postgresql://ratings@{hosts}/{self.store.name}"

    def server(self, *more):
        return rig.Server(self.program, self.everywhere(), self.home, "--store-read",
                          standbys.read_address(self.standbys, self.store.name), *more)

    def write(self, users, url=None):
        """A new version of these users' rows; returns when every server must show it."""
        self.version += 1
        listed = ",".join(map(str, users))
        rig.psql(url or self.store.url, f"UPDATE ratings SET \"timestamp\" = {self.version} WHERE user_id IN ({listed})")
        rig.psql(url or self.store.url, "SELECT ratingsctl.barrier()")
        self.truth.report(users, self.version)


def get(server, path):
    connection = server.connect()
    connection.request("GET", path)
    answer = connection.getresponse()
    return answer.status, answer.getheader("X-Cache"), answer.read().decode()


def figures(server):
    """{(name without prefix, address, reason): number} of the replicas."""
    _, _, page = get(server, "/metrics")
    found = re.findall(r'^ratingsctl_replica_([a-z_]+)\{replica="([^"]*)"(?:,reason="([a-z]*)")?\} (\S+)$', page, re.M)
    return {(name, replica, reason): float(value) for name, replica, reason, value in found}


def total(server, name, reason=""):
    return sum(value for (one, _, why), value in figures(server).items() if one == name and why == reason)


def checks(server):
    status, _, body = get(server, "/ready")
    return status, json.loads(body)["status"], {name: check["ok"] for name, check in json.loads(body)["checks"].items()}


def all_up(server, count):
    return lambda: total(server, "up") == count


def use(world, server, clients):
    clients.begin("use")
    wait_until(all_up(server, 2), "both replicas to be used")
    reads = {key: value for key, value in figures(server).items() if key[0] == "reads_total"}
    wait_until(lambda: all(figures(server)[key] > value + 100 for key, value in reads.items()), "reads from both")
    assert checks(server)[:2] == (200, "ok"), checks(server)
    before = figures(server)
    for _ in range(20):
        world.write(random.Random(world.seed).sample(USERS, 10))
    after = figures(server)
    # What a replica that keeps up has is used while others change, not only in pauses.
    reads, refused = (sum(after[key] - before[key] for key in after if key[0] == name and key[2] == why)
                      for name, why in (("reads_total", ""), ("fallbacks_total", "refused")))
    print(f"  beside 20 changes: {reads:.0f} reads from replicas, {refused:.0f} refused", flush=True)
    assert reads > 10 * refused, (reads, refused)


def paused(world, server, clients):
    clients.begin("paused")
    for one in world.standbys:
        one.pause()
    refused, reads = total(server, "fallbacks_total", "refused"), total(server, "reads_total")
    for _ in range(10):
        world.write([7, 8, 9])
        for user in (7, 8, 9):
            status, _, body = get(server, f"/rates/{user}")
            assert status == 200 and version_of(body) == world.version, (user, body[:100], world.version)
    users = json.loads(get(server, "/rates?uid=6,7,8,9")[2])
    assert [version_of(json.dumps(users[str(user)])) for user in (7, 8, 9)] == [world.version] * 3, users
    assert total(server, "fallbacks_total", "refused") > refused, "nothing was refused"
    assert total(server, "reads_total") > reads, "who did not change was not read from a replica"
    wait_until(lambda: min(value for key, value in figures(server).items() if key[0] == "lag_positions") >= 10, "the lag to show")
    seen = json.loads(world.cli("status", "-o", "json", "--store-read", standbys.read_address(world.standbys, world.store.name)))
    assert all(one["up"] and one["lag_positions"] >= 10 and one["lag_ms"] >= 0 for one in seen["replicas"]), seen["replicas"]
    for one in world.standbys:
        one.resume()
    wait_until(lambda: total(server, "lag_positions") == 0, "the replicas to catch up")


def killed(world, server, clients):
    clients.begin("killed")
    victim, other = world.standbys
    victim.kill()
    wait_until(lambda: figures(server)["up", victim.address, ""] == 0, "the loss to be seen")
    status, word, named = checks(server)
    assert (status, word, named[f"replica {victim.address}"]) == (200, "degraded", False), (status, word, named)
    before = figures(server)["reads_total", other.address, ""]
    wait_until(lambda: figures(server)["reads_total", other.address, ""] > before + 100, "the other one to do the work")
    before = figures(server)["reads_total", victim.address, ""]
    victim.start()
    began = time.monotonic()
    wait_until(lambda: figures(server)["reads_total", victim.address, ""] > before, "it to be used again", USED_AGAIN_WITHIN)
    print(f"  used again {time.monotonic() - began:.2f} s after it was started", flush=True)


def conflict(world, server, clients):
    """Reads of a long history on standbys that wait for nobody, while the primary takes locks that they must give way to."""
    clients.begin("conflict")
    whale = 100_000
    world.psql(f"INSERT INTO ratings SELECT {whale}, n, 3, 1 FROM generate_series(1, 100000) n")
    for one in world.standbys:
        one.catch_up(world.store.url)
        one.psql("ALTER SYSTEM SET max_standby_streaming_delay = 0")
        one.psql("SELECT pg_reload_conf()")
    failed, done = total(server, "fallbacks_total", "failed"), threading.Event()

    def take_locks():
        while not done.is_set():
            world.psql("BEGIN; LOCK TABLE ratings IN ACCESS EXCLUSIVE MODE; COMMIT")

    def cancelled():  # a session reports it up to a second after it happened
        return sum(int(one.psql("SELECT sum(confl_lock) FROM pg_stat_database_conflicts")[0][0]) for one in world.standbys)

    thread = threading.Thread(target=take_locks)
    thread.start()
    try:
        deadline = time.monotonic() + 60
        while total(server, "fallbacks_total", "failed") == failed or not cancelled():
            assert time.monotonic() < deadline, f"no read was cancelled: {figures(server)}"
            status, _, body = get(server, f"/rates/{whale}")
            assert status == 200 and body.count('"movie_id"') == 100_000, (status, len(body))
    finally:
        done.set()
        thread.join()
    print(f"  {cancelled()} reads cancelled, {total(server, 'fallbacks_total', 'failed') - failed:.0f} answered by the primary", flush=True)


def taken_over(server, clients):
    """From the promotion's end: when the first answer came, and the last error. /ready, at the next inspection, may be later."""
    begin = time.monotonic()
    first = clients.back(begin, BACK_WITHIN)
    wait_until(lambda: checks(server)[0] == 200, "the server to be ready")
    wait_until(lambda: time.monotonic() - max(begin, clients.last_error) > LONGEST_PAUSE, "an end of the errors")
    last = max(0.0, clients.last_error - begin)
    print(f"  first answer {first:.2f} s, last error {last:.2f} s after the promotion", flush=True)
    assert last < BACK_WITHIN, f"errors until {last:.2f} s after the promotion"


def promoted(world, server, clients, heir):
    clients.begin("promoted")
    world.write(list(USERS)[:50])
    heir.pause()  # it has received everything, and will replay it only when it takes over
    world.write([1, 2, 3])
    (target,), = world.psql("SELECT pg_current_wal_flush_lsn()")
    wait_until(lambda: heir.psql(f"SELECT pg_last_wal_receive_lsn() >= '{target}'") == [("t",)], "the standby to receive")
    standbys.kill_primary(world.folder)
    heir.promote()
    taken_over(server, clients)
    heir_url = heir.url(world.store.name)
    clients.begin("after the promotion")
    for user in USERS:
        status, _, body = get(server, f"/rates/{user}")
        assert status == 200 and version_of(body) == world.truth.of(user), (user, body[:100])
    world.write([4, 5, 6], heir_url)
    for user in (4, 5, 6):
        assert version_of(get(server, f"/rates/{user}")[2]) == world.version, user
    time.sleep(1)


def lost(world, server, clients, heir):
    """What is reported on the new primary counts; what the old one had beyond it is gone, and must be gone from the caches."""
    kept = {user: world.truth.of(user) for user in USERS}
    heir.catch_up(world.store.url)
    heir.cut_off()
    clients.begin("lost: before")
    gone = list(USERS)[:40]
    world.write(gone[:20])
    world.write(gone[20:])
    for user in USERS:  # into memory and Redis
        assert version_of(get(server, f"/rates/{user}")[2]) == world.truth.of(user), user
    world.truth.report(gone, 0)  # nobody can promise anything about these any more
    clients.begin("lost: promotion")
    standbys.kill_primary(world.folder)
    heir.promote()
    taken_over(server, clients)
    time.sleep(2 * DELTA_MS / 1000)  # checks of the old primary have run out
    clients.begin("lost: after")
    heir_url = heir.url(world.store.name)
    for user in gone:
        status, _, body = get(server, f"/rates/{user}")
        assert status == 200 and version_of(body) == kept[user], (user, body[:100], kept[user])
    world.truth.report(gone, kept[gone[0]])
    for user in gone[:10]:  # the same positions once more
        world.write([user], heir_url)
        for each in gone:
            found = version_of(get(server, f"/rates/{each}")[2])
            expected = world.truth.of(each) if each in gone[:10] and world.truth.of(each) > kept[each] else kept[each]
            assert found == expected, (user, each, found, expected)
    hits = sum(get(server, f"/rates/{user}")[1] == "memory" for user in list(USERS)[40:])
    assert hits == 60, f"{hits} of 60 from memory"


def verdict(world, clients, quiet):
    for phase, counts in clients.counts.items():
        print(f"{phase:<22}" + ", ".join(f"{what}: {count}" for what, count in sorted(counts.items())))
    assert not clients.wrong, clients.wrong[:5]
    for phase in quiet:
        assert not clients.errors(phase), (phase, clients.errors(phase))
        assert clients.counts[phase], f"nobody asked in phase {phase}"


def first_day(arguments, home):
    world = World(arguments, home, ["one", "two"])
    one, two = world.standbys
    with world.server("--memory-cache", "0") as server, Clients(server, world.truth, arguments.seed) as clients:
        use(world, server, clients)
        paused(world, server, clients)
        killed(world, server, clients)
        conflict(world, server, clients)
        promoted(world, server, clients, one)
        before = figures(server)["reads_total", two.address, ""]
        wait_until(lambda: figures(server)["reads_total", two.address, ""] > before, "the other standby to be read still")
    verdict(world, clients, ["use", "paused", "killed", "conflict", "after the promotion"])


def second_day(arguments, home):
    world = World(arguments, home, ["one"])
    with world.server("--cache", world.settings["REDIS_URL"]) as server, Clients(server, world.truth, arguments.seed) as clients:
        clients.begin("begin")
        wait_until(all_up(server, 1), "the replica to be used")
        lost(world, server, clients, world.standbys[0])
    verdict(world, clients, ["begin", "lost: before", "lost: after"])


def main(*days):
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", required=True)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**32))
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}", flush=True)
    for day in days:
        with tempfile.TemporaryDirectory(prefix="ratingsctl-replica-") as home:
            os.chmod(home, 0o755)  # PostgreSQL runs as another user than root
            try:
                day(arguments, home)
            finally:
                servers("stop", f"{home}/servers")


if __name__ == "__main__":
    try:
        main(first_day, second_day)
    except AssertionError as error:
        sys.exit(f"replica_test: {error}")

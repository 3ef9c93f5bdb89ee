#!/usr/bin/env python3
"""Redis and PostgreSQL are killed under requests: what clients see, and that it mends itself.

On a PostgreSQL and a Redis of this test's own. Throughout, every 200 must carry exactly the user's history.
  Redis killed       all answers 200; after its restart it is used again
  terminated         an administrator ends every connection: no word of it outside the lines of the log
  PostgreSQL killed  200 from the cache for at most Δ after the last check, then 503 with Retry-After and nothing else;
                     after its restart 200 within seconds
"""
import argparse
import collections
import http.client
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import rig  # noqa: E402

SERVERS = Path(__file__).parents[1] / "support/servers.sh"
USERS = 200
CLIENTS = 4
# A check may be Δ old (1 s) when PostgreSQL dies; 2 s more for a machine with other work.
HITS_END_WITHIN = 3.0
# "Recovery by itself within seconds": the back-off of connections, and PostgreSQL's own recovery, which comes first.
MENDS_WITHIN = 15.0
# Between attempts to connect 2 s at most (lib/src/postgres/pool.cpp), and the attempt itself.
LONGEST_PAUSE = 2.5
LOG_LINE = re.compile(r"listening on |\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")


class Clients(rig.Crowd):
    """Ask for random users until the end; count what they get, by phase."""

    def __init__(self, server, bodies, seed):
        self.server, self.bodies, self.phase = server, bodies, "warm"
        self.counts = collections.defaultdict(collections.Counter)
        self.wrong, self.latest, self.lock = [], {}, threading.Lock()
        super().__init__(CLIENTS, seed)

    def ask(self, chooser):
        connection = self.server.connect()
        while not self.done.is_set():
            user = chooser.choice(list(self.bodies))
            phase = self.phase
            try:
                connection.request("GET", f"/rates/{user}")
                answer = connection.getresponse()
                body = answer.read().decode()
                self.note(phase, user, answer, body)
            except (OSError, http.client.HTTPException) as error:
                with self.lock:
                    self.counts[phase][type(error).__name__] += 1
                connection.close()
                connection = self.server.connect()
            time.sleep(0.002)  # 2,000 requests a second over all: enough to see, and room for the servers to recover

    def note(self, phase, user, answer, body):
        what = f"{answer.status} {answer.getheader('X-Cache') or ''}".strip()
        with self.lock:
            self.counts[phase][what] += 1
            self.latest[what] = time.monotonic()
            if answer.status == 200 and body != self.bodies[user]:
                self.wrong.append(f"{phase}: user {user} got another history")
            if answer.status == 503 and not answer.getheader("Retry-After"):
                self.wrong.append(f"{phase}: a 503 without Retry-After")

    def statuses(self, phase):
        with self.lock:
            return {what.split()[0] for what in self.counts[phase]}

    def wait_for(self, wanted, seconds, why):
        """Until an answer of that kind comes that began after now."""
        begin = time.monotonic()
        while time.monotonic() < begin + seconds:
            with self.lock:
                if any(what.startswith(wanted) and at > begin for what, at in self.latest.items()):
                    return time.monotonic() - begin
            time.sleep(0.02)
        raise AssertionError(f"{why}: no {wanted!r} within {seconds} s; {dict(self.counts[self.phase])}")


def servers(action, folder):
    subprocess.run([str(SERVERS), action, folder], check=True)


def children(pid):
    found = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True, check=False)
    return [int(line) for line in found.stdout.split()]


def kill_group(pid):
    """A process and its children, as a power cut would; returns when they are gone."""
    every = [pid, *children(pid)]
    for each in every:
        try:
            os.kill(each, signal.SIGKILL)
        except ProcessLookupError:
            pass
    deadline = time.monotonic() + 20
    while any(is_running(each) for each in every):
        assert time.monotonic() < deadline, "a killed server is still there"
        time.sleep(0.02)


def is_running(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def write_csv(path):
    with open(path, "w", encoding="utf-8") as file:
        file.write("userId,movieId,rating,timestamp\n")
        for user in range(1, USERS + 1):
            for n in range(30):
                file.write(f"{user},{(user * 37 + n * 11) % 5000},{(user + n) % 10 / 2 + 0.5},{user * 1000 + n}\n")


def expected_bodies(server):
    connection, bodies = server.connect(), {}
    for user in range(1, USERS + 1):
        connection.request("GET", f"/rates/{user}")
        bodies[user] = connection.getresponse().read().decode()
        assert bodies[user].count('"movie_id"') == 30, f"user {user}: {bodies[user][:100]}"
    return bodies


def redis_dies(clients, folder, settings):
    clients.phase = "Redis dead"
    kill_group(int(settings["REDIS_PID"]))
    time.sleep(3)
    clients.wait_for("200", 2, "without Redis")
    assert clients.statuses("Redis dead") == {"200"}, clients.counts["Redis dead"]
    clients.phase = "Redis back"
    servers("start-redis", folder)
    mended = clients.wait_for("200 redis", MENDS_WITHIN, "Redis is back")
    assert clients.statuses("Redis back") == {"200"}, clients.counts["Redis back"]
    return mended


def terminated(clients, server, store):
    """What PostgreSQL tells a waiting connection comes without being asked; libpq's default puts it on stderr as it is."""
    clients.phase = "terminated"
    rig.psql(store.url, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'ratingsctl%'")
    clients.wait_for("200", MENDS_WITHIN, "new connections")
    lines = server.log.read_text(errors="replace").splitlines()
    assert any("terminating connection" in line for line in lines), lines[-20:]
    stray = [line for line in lines if not LOG_LINE.match(line)]
    assert not stray, stray[:5]


def postgres_dies(clients, folder, settings):
    clients.phase = "PostgreSQL dying"
    kill_group(int(settings["POSTGRES_PID"]))
    gone = clients.wait_for("503", HITS_END_WITHIN, "without PostgreSQL")
    time.sleep(HITS_END_WITHIN)
    clients.phase = "PostgreSQL dead"
    time.sleep(2)
    clients.wait_for("503", 2, "without PostgreSQL")
    clients.phase = "PostgreSQL starting"
    assert clients.statuses("PostgreSQL dying") <= {"200", "503"}, clients.counts["PostgreSQL dying"]
    # The first requests of a phase may have begun in the one before; statuses are the same then.
    assert clients.statuses("PostgreSQL dead") == {"503"}, clients.counts["PostgreSQL dead"]
    servers("start-postgres", folder)
    mended = clients.wait_for("200", MENDS_WITHIN, "PostgreSQL is back")
    # That may have come from Redis: the validator and the pool of readers try again each at their own time.
    time.sleep(LONGEST_PAUSE)
    clients.phase = "PostgreSQL back"
    clients.wait_for("200 redis", MENDS_WITHIN, "PostgreSQL is back")
    assert clients.statuses("PostgreSQL back") == {"200"}, clients.counts["PostgreSQL back"]
    return gone, mended


def run(arguments, home):
    folder = f"{home}/servers"
    servers("start", folder)
    try:
        settings = rig.server_settings(f"{folder}/servers.env")
        store = rig.PostgresStore(settings["POSTGRES_URL"])
        data = f"{home}/ratings.csv"
        write_csv(data)
        subprocess.run([arguments.program, "load", data, "--store", store.url], check=True, capture_output=True,
                       env=rig.clean_environment(home))
        with rig.Server(arguments.program, store.url, home, "--cache", settings["REDIS_URL"], "--memory-cache", "0",
                        "--log-level", "info") as server:
            bodies = expected_bodies(server)
            with Clients(server, bodies, arguments.seed) as clients:
                clients.wait_for("200 redis", 10, "with everything in place")
                terminated(clients, server, store)
                redis_back = redis_dies(clients, folder, settings)
                gone, postgres_back = postgres_dies(clients, folder, settings)
            report(clients, redis_back, gone, postgres_back)
            assert not clients.wrong, clients.wrong[:5]
    finally:
        servers("stop", folder)


def report(clients, redis_back, gone, postgres_back):
    for phase, counts in clients.counts.items():
        print(f"{phase:<22}" + ", ".join(f"{what}: {count}" for what, count in sorted(counts.items())))
    print(f"Redis used again after {redis_back:.2f} s; first 503 {gone:.2f} s after PostgreSQL's end; "
          f"200 again {postgres_back:.2f} s after it was started", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", required=True)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**32))
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="ratingsctl-outage-") as home:
        os.chmod(home, 0o755)  # PostgreSQL runs as another user than root
        run(arguments, home)


if __name__ == "__main__":
    try:
        main()
    except AssertionError as error:
        sys.exit(f"outage_test: {error}")

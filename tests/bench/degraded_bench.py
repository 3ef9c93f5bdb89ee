#!/usr/bin/env python3
"""See tests/bench/degraded. The server under test has no memory cache, so that every answer needs Redis or the store."""
import argparse
import http.client
import os
import random
import signal
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Callable, NamedTuple

sys.path.insert(0, str(Path(__file__).parent))
from fault_proxy import Proxy  # noqa: E402
from measuring import say      # noqa: E402
import rig                     # noqa: E402

SERVERS = Path(__file__).parents[1] / "support/servers.sh"
USERS = 20_000
CLIENTS = 8
PAUSE = 0.002      # between an answer and the next question of a client
BEFORE = 3         # seconds without a fault, what "as before" is measured by
AFTER = 8          # seconds watched after a fault
RECOVERED = 5.0    # the bar, seconds
SLOW = 0.1         # an answer that takes longer is not as before; healthy ones take a millisecond


class Answer(NamedTuple):
    asked: float
    came: float
    status: int  # 0: the connection broke or nothing came
    source: str


class Clients(rig.Crowd):
    """Ask for random users, one request at a time each, until the end of the with block."""

    def __init__(self, server, seed):
        self.server, self.answers = server, []
        super().__init__(CLIENTS, seed)

    def ask(self, chooser):
        connection = self.server.connect(30)
        while not self.done.is_set():
            asked, status, source = time.monotonic(), 0, ""
            try:
                connection.request("GET", f"/rates/{chooser.randrange(1, USERS)}")
                answer = connection.getresponse()
                answer.read()
                status, source = answer.status, answer.getheader("X-Cache") or ""
            except (OSError, http.client.HTTPException):
                connection.close()
                connection = self.server.connect(30)
            self.answers.append(Answer(asked, time.monotonic(), status, source))
            time.sleep(PAUSE)


class Fault(NamedTuple):
    server: str
    name: str
    begin: Callable[[], None]
    end: Callable[[], None]
    restart: bool = False  # the fault is over as soon as it has begun


class Rig:
    """The faults, on servers of the benchmark's own behind two proxies."""

    def __init__(self, settings, work):
        self.settings, self.folder = settings, f"{work}/servers"
        self.postgres = Proxy(self.port("POSTGRES_URL"))
        self.redis = Proxy(self.port("REDIS_URL"))

    def port(self, name):
        return int(self.settings[name].rsplit(":", 1)[1].split("/")[0])

    def through(self, name, proxy):
        return self.settings[name].replace(f":{self.port(name)}/", f":{proxy.port}/")

    def close(self):
        self.postgres.close()
        self.redis.close()

    def support(self, action):
        subprocess.run([str(SERVERS), action, self.folder], check=True)
        self.settings = rig.server_settings(f"{self.folder}/servers.env") if action.startswith("start") else self.settings

    def redis_says(self, *words):
        answer = subprocess.run(["redis-cli", "-p", str(self.port("REDIS_URL")), *words], capture_output=True, text=True,
                                check=True).stdout.strip()
        assert answer == "OK", f"{words}: {answer}"

    def kill_redis(self):
        os.kill(int(self.settings["REDIS_PID"]), signal.SIGKILL)

    def kill_postgres(self):
        """As pg_ctl stop -m immediate: the postmaster ends all backends and leaves recovery to the next start."""
        pid = int(self.settings["POSTGRES_PID"])
        os.kill(pid, signal.SIGQUIT)
        while Path(f"/proc/{pid}/stat").exists() and Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z":
            time.sleep(0.01)

    def restart_postgres(self):
        self.kill_postgres()
        self.support("start-postgres")

    def fill_redis(self):
        self.redis_says("CONFIG", "SET", "maxmemory-policy", "noeviction")
        self.redis_says("CONFIG", "SET", "maxmemory", "1mb")

    def empty_redis(self):
        self.redis_says("CONFIG", "SET", "maxmemory", "128mb")
        self.redis_says("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")

    def faults(self):
        def line(proxy, state):
            return lambda: proxy.line(state)
        return [
            Fault("Redis", "killed", self.kill_redis, lambda: self.support("start-redis")),
            Fault("Redis", "answers 100 ms late", line(self.redis, "slow"), line(self.redis, "good")),
            Fault("Redis", "behind a dead line", line(self.redis, "dead"), line(self.redis, "good")),
            Fault("Redis", "full (noeviction)", self.fill_redis, self.empty_redis),
            Fault("Redis", "refuses writes (min-replicas-to-write)",
                  lambda: self.redis_says("CONFIG", "SET", "min-replicas-to-write", "1"),
                  lambda: self.redis_says("CONFIG", "SET", "min-replicas-to-write", "0")),
            Fault("Redis", "a read-only replica without its master",
                  lambda: self.redis_says("REPLICAOF", "127.0.0.1", str(rig.free_port())),
                  lambda: self.redis_says("REPLICAOF", "NO", "ONE")),
            Fault("PostgreSQL", "killed", self.kill_postgres, lambda: self.support("start-postgres")),
            Fault("PostgreSQL", "answers 100 ms late", line(self.postgres, "slow"), line(self.postgres, "good")),
            Fault("PostgreSQL", "behind a dead line", line(self.postgres, "dead"), line(self.postgres, "good")),
            Fault("PostgreSQL", "restarted (immediate)", self.restart_postgres, lambda: None, restart=True),
        ]


def milliseconds(answers):
    took = sorted(answer.came - answer.asked for answer in answers)
    return statistics.median(took) * 1000, took[int(len(took) * 0.99)] * 1000, took[-1] * 1000


def recovery(answers, ended, source):
    """Seconds from the fault's end to the last answer that was not as before, and to the first from Redis again."""
    late = [a.came for a in answers if a.came > ended and (a.status != 200 or a.came - a.asked > SLOW)]
    again = [a.came for a in answers if a.asked > ended and a.status == 200 and a.source == source]
    assert again, f"no answer from {source} any more"
    return max([0.0, min(again) - ended] + [came - ended for came in late])


def measure(fault, clients, seconds):
    time.sleep(BEFORE)
    begun = time.monotonic()
    fault.begin()
    if fault.restart:
        ended = time.monotonic()
        time.sleep(seconds)
    else:
        time.sleep(seconds)
        fault.end()
        ended = time.monotonic()
        time.sleep(AFTER)
    answers = list(clients.answers)
    until = begun + seconds if fault.restart else ended
    return [a for a in answers if begun <= a.asked < until], recovery(answers, ended, "redis")


def row(server, name, answers, normal):
    bad = [a for a in answers if a.status not in (200, 503)]
    shed = sum(a.status == 503 for a in answers)
    p50, p99, most = milliseconds(answers)
    print(f"| {server} | {name} | {len(answers):,} | {shed:,} | {len(bad):,} | {p50:.1f} | {p99:.1f} | {most:,.0f} | {normal} |",
          flush=True)
    return shed, len(bad)


def write_csv(path):
    with open(path, "w", encoding="utf-8") as file:
        file.write("userId,movieId,rating,timestamp\n")
        for user in range(1, USERS + 1):
            file.writelines(f"{user},{n},3.5,{10**9 + n}\n" for n in range(30))


def run(arguments, servers):
    store = rig.PostgresStore(servers.settings["POSTGRES_URL"])
    data = f"{arguments.work}/ratings.csv"
    write_csv(data)
    environment = rig.clean_environment(arguments.work)
    subprocess.run([arguments.program, "load", data, "--store", store.url], check=True, capture_output=True, env=environment)
    proxied = store.url.replace(f":{servers.port('POSTGRES_URL')}/", f":{servers.postgres.port}/")
    missed = []
    print(f"{CLIENTS} connections, no memory cache, faults of {arguments.seconds} s.\n")
    print("| server | fault | requests | 503 | other errors | p50 ms | p99 ms | longest ms | as before after s |")
    print("| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    with rig.Server(arguments.program, proxied, arguments.work, "--memory-cache", "0",
                    "--cache", servers.through("REDIS_URL", servers.redis)) as server:
        for fault in [Fault("none", "", lambda: None, lambda: None), *servers.faults()]:
            if arguments.only not in f"{fault.server} {fault.name}":
                continue
            say(f"{fault.server} {fault.name}")
            with Clients(server, arguments.seed) as clients:
                answers, normal = measure(fault, clients, arguments.seconds)
            shed, bad = row(fault.server, fault.name, answers, f"{normal:.1f}")
            if bad or (shed and fault.server != "PostgreSQL") or normal > RECOVERED:
                missed.append(f"{fault.server} {fault.name}: {shed} × 503, {bad} other errors, as before after {normal:.1f} s")
    store.drop()
    return missed


def main():
    parser = argparse.ArgumentParser()
    for name in ("program", "generator", "servers", "work"):
        parser.add_argument(f"--{name}", required=name not in ("generator",))
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--only", default="", help="faults whose name holds this")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**32))
    arguments = parser.parse_args()
    say(f"seed {arguments.seed}")
    servers = Rig(rig.server_settings(arguments.servers), arguments.work)
    try:
        missed = run(arguments, servers)
    finally:
        servers.close()
    if missed:
        sys.exit("bars missed:\n" + "\n".join(missed))


if __name__ == "__main__":
    main()

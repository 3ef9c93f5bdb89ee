#!/usr/bin/env python3
"""See tests/bench/redis_cluster."""
import argparse
import contextlib
import os
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "e2e"))
from redis_cluster import Redis, RedisCluster, Twemproxy  # noqa: E402

THREADS = 16


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", required=True)
    parser.add_argument("--rounds", type=int, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    arguments = parser.parse_args()
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        cluster = stack.enter_context(RedisCluster(folder))
        one = stack.enter_context(Redis())
        proxied = [stack.enter_context(Redis()) for _ in range(3)]
        proxy = stack.enter_context(Twemproxy([server.port for server in proxied]))
        print(f"{arguments.rounds} rounds of {arguments.seconds:g} s, {THREADS} threads, histories of 6,000 bytes, "
              f"everything on {os.cpu_count()} cores.\n", flush=True)
        subprocess.run([arguments.program, str(arguments.rounds), str(arguments.seconds), str(THREADS), f"one Redis={one.url}",
                        f"Redis Cluster, 3 nodes={cluster.url}", f"twemproxy over 3 Redis={proxy.url}"], check=True)


if __name__ == "__main__":
    main()

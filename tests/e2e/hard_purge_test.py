#!/usr/bin/env python3
"""purge-user --hard leaves no copy in Redis, also when a request under way puts one back after COMMIT, or Redis was away.

And what a purge says of Redis: without --hard it asks Redis for nothing when it changes nobody's ratings.

On the PostgreSQL and Redis of the fixture. The late request is played by this test: it removes nothing and waits for
nothing, it only puts back, once the first removal has been seen, the very bytes that a server had put there.
"""
import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import rig  # noqa: E402

ROWS = "userId,movieId,rating,timestamp\n1,2,3.5,4\n1,5,4,6\n2,2,1,4\n3,2,5,4\n"
AWAY = "redis://127.0.0.1:1/0"  # nobody listens there


def redis(url, *words, data=None):
    """redis-cli's answer as bytes; `data` goes into the last argument (-x)."""
    done = subprocess.run(["redis-cli", "-u", url, "--raw", *(["-x"] if data is not None else []), *words],
                          input=data, capture_output=True, check=True)
    return done.stdout


def key_of(store_id, user):
    return f"ratings:{store_id}:v1:u:{user}"


class Purge:
    """purge-user on one store: its exit code, what it says of Redis, and its stderr."""

    def __init__(self, program, store, environment):
        self.program, self.store, self.environment = program, store, environment

    def __call__(self, cache, *words):
        done = subprocess.run([self.program, "purge-user", *words, "-o", "json", "--store", self.store, "--cache", cache],
                              capture_output=True, env=self.environment, text=True, check=False)
        return done.returncode, json.loads(done.stdout)["redis"], done.stderr


def who_changes_nothing_asks_redis_for_nothing(purge, cache):
    for address in (cache, AWAY):
        code, said, complaints = purge(address, "999999")
        assert (code, said) == (3, "none"), (address, code, said)
        assert complaints == "ratingsctl: user 999999 is unknown\n", complaints
    assert purge(cache, "2")[:2] == (0, "removed")
    assert purge(AWAY, "2")[:2] == (0, "none"), "there was nothing left to take"
    code, said, complaints = purge(AWAY, "3")
    assert (code, said) == (0, "unreachable") and "expire within 66 minutes" in complaints, (code, said, complaints)


def a_hard_purge_is_repeated_when_redis_was_away(purge, cache, key):
    assert purge(AWAY, "3", "--hard", "--yes")[:2] == (3, "unreachable")
    redis(cache, "SET", key, data=b"the copy that stayed")
    assert purge(AWAY, "3", "--hard", "--yes")[:2] == (3, "unreachable"), "nothing left in the store, a copy in Redis"
    assert purge(cache, "3", "--hard", "--yes")[:2] == (0, "removed")
    assert redis(cache, "EXISTS", key) == b"0\n", "the copy is still there"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", required=True)
    parser.add_argument("--servers", required=True)
    arguments = parser.parse_args()
    settings = rig.server_settings(arguments.servers)
    cache = settings["REDIS_URL"]
    store = rig.PostgresStore(settings["POSTGRES_URL"])
    with tempfile.TemporaryDirectory() as home:
        environment = rig.clean_environment(home)
        file = Path(home) / "ratings.csv"
        file.write_text(ROWS, encoding="utf-8")
        try:
            subprocess.run([arguments.program, "load", file, "--store", store.url], check=True, env=environment,
                           stdout=subprocess.DEVNULL)
            store_id = store.rows("SELECT store_id FROM ratingsctl.position")[0][0]
            key = key_of(store_id, 1)
            with rig.Server(arguments.program, store.url, home, "--cache", cache) as server:
                connection = server.connect()
                connection.request("GET", "/rates/1")
                assert b"3.5" in connection.getresponse().read()
                connection.close()
                copy = redis(cache, "GET", key)
                assert b"3.5" in copy, "the server has put its answer into Redis"

                begin = time.monotonic()
                purge = subprocess.Popen([arguments.program, "purge-user", "1", "--hard", "--yes", "-o", "json",
                                          "--store", store.url, "--cache", cache],
                                         stdout=subprocess.PIPE, env=environment, text=True)
                while redis(cache, "EXISTS", key) != b"0\n":
                    assert purge.poll() is None, "the command ended without removing the copy"
                    time.sleep(0.01)
                # redis-cli adds a newline to what it prints, and -x takes all it gets.
                redis(cache, "SET", key, data=copy.removesuffix(b"\n"))
                assert redis(cache, "EXISTS", key) == b"1\n"
                output, _ = purge.communicate(timeout=60)
                took = time.monotonic() - begin

                assert purge.returncode == 0, f"exit {purge.returncode}"
                assert redis(cache, "EXISTS", key) == b"0\n", "a copy that was put back late is still in Redis"
                report = json.loads(output.splitlines()[0])
                assert report["redis"] == "removed", report
                # Visible nowhere after Δ; the rest of the time goes to requests that had begun before.
                assert report["visible_ms"] < took * 1000 - 1500, (report, took)
                connection = server.connect()
                connection.request("GET", "/rates/1")
                assert connection.getresponse().read() == b"[]"
            purge = Purge(arguments.program, store.url, environment)
            who_changes_nothing_asks_redis_for_nothing(purge, cache)
            a_hard_purge_is_repeated_when_redis_was_away(purge, cache, key_of(store_id, 3))
        finally:
            store.drop()
    print(f"removed for good after {took:.1f} s, visible nowhere after {report['visible_ms']} ms")


if __name__ == "__main__":
    main()

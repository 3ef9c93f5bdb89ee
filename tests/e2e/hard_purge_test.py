#!/usr/bin/env python3
"""purge-user --hard leaves no copy in Redis, also when a request under way puts one back after COMMIT.

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

ROWS = "userId,movieId,rating,timestamp\n1,2,3.5,4\n1,5,4,6\n2,2,1,4\n"


def redis(url, *words, data=None):
    """redis-cli's answer as bytes; `data` goes into the last argument (-x)."""
    done = subprocess.run(["redis-cli", "-u", url, "--raw", *(["-x"] if data is not None else []), *words],
                          input=data, capture_output=True, check=True)
    return done.stdout


def key_of(store_id, user):
    return f"ratings:{store_id}:v1:u:{user}"


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
            key = key_of(store.rows("SELECT store_id FROM ratingsctl.position")[0][0], 1)
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
        finally:
            store.drop()
    print(f"removed for good after {took:.1f} s, visible nowhere after {report['visible_ms']} ms")


if __name__ == "__main__":
    main()

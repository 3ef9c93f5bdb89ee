#!/usr/bin/env python3
"""The memory of `load` does not grow with the file, on either store.

The peak of a load of four million rows against that of a million; both are beyond what the store's own caches take. The users of
a file are counted exactly, 40 bytes for each, which is 0.4 and 1.7 MB here.
"""
import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import rig  # noqa: E402

SMALL, LARGE = 1_000_000, 4_000_000
# MB. The file grows by 80; loads of one file differ by 0.4.
MORE_AT_MOST = 4


def peak_of_load(program, store, path, home):
    """In MB. A forked process begins with the peak of this interpreter, some 15 MB, and a load needs more than that."""
    process = subprocess.Popen([program, "--store", store.url, "load", path, "--progress", "off"], stdout=subprocess.DEVNULL,
                               env=rig.clean_environment(home))
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, f"load ended with {process.returncode}"
    return usage.ru_maxrss / 1024


def main():
    parser = argparse.ArgumentParser()
    for name in ("program", "servers", "generator"):
        parser.add_argument(f"--{name}", required=True)
    arguments = parser.parse_args()
    server = rig.server_settings(arguments.servers)["POSTGRES_URL"]
    with tempfile.TemporaryDirectory(prefix="ratingsctl-load-memory-") as home:
        peaks = {}
        for rows in (SMALL, LARGE):
            path = Path(home) / f"{rows}.csv"
            subprocess.run([arguments.generator, "--rows", str(rows), "--out", path], check=True)
            for make in (lambda: rig.SqliteStore(home), lambda: rig.PostgresStore(server)):
                store = make()
                try:
                    peaks[store.kind, rows] = peak_of_load(arguments.program, store, path, home)
                finally:
                    store.drop()
        for kind in (rig.SqliteStore.kind, rig.PostgresStore.kind):
            small, large = peaks[kind, SMALL], peaks[kind, LARGE]
            print(f"{kind}: {small:.1f} MB for {SMALL:,} rows, {large:.1f} MB for {LARGE:,}", flush=True)
            assert large < small + MORE_AT_MOST, f"{kind}: {large - small:.1f} MB more for {LARGE - SMALL:,} rows more"


if __name__ == "__main__":
    try:
        main()
    except AssertionError as error:
        sys.exit(f"load_memory_test: {error}")

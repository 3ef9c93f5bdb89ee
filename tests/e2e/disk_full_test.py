#!/usr/bin/env python3
"""A disk that is full: each load ends with a clear message, the rows stay what they were, and it works once there is room.
And one that is read-only: SQLite cannot read its file there, and the reason is said.

On file systems of 24 MB that this test mounts (tmpfs): for PostgreSQL a tablespace, for SQLite the folder of the file, and
for the rejects their folder. Mounting takes root, or sudo.
"""
import argparse
import contextlib
import os
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import rig  # noqa: E402

SMALL_DISK = "24m"
ROWS = 1_000_000  # 24 bytes each and more: no store gets them into 24 MB


def as_root(*command):
    subprocess.run([*([] if os.geteuid() == 0 else ["sudo", "-n"]), *command], check=True)


@contextlib.contextmanager
def small_disk(path, owner=None):
    path.mkdir()
    as_root("mount", "-t", "tmpfs", "-o", f"size={SMALL_DISK},mode=0777", "ratingsctl-test", path)
    try:
        if owner:
            as_root("chown", owner, path)
        yield path
    finally:
        as_root("umount", path)


def run(program, home, store, *arguments, status):
    done = subprocess.run([program, *arguments, "--store", store], env=rig.clean_environment(home),
                          capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == status, f"{arguments[0]} ended with {done.returncode}, expected {status}: {done.stderr}"
    return done.stderr.strip()


def load(program, home, store, *arguments, status):
    return run(program, home, store, "load", *arguments, status=status)


def expect(text, *parts):
    for part in parts:
        assert part in text, f"expected '{part}' in: {text}"
    assert "\n" not in text, f"more than a line: {text}"
    print(f"ok: {text}", flush=True)


def write_csv(path, rows):
    with open(path, "w", encoding="utf-8") as file:
        file.write("userId,movieId,rating,timestamp\n")
        for number in range(rows):
            file.write(f"{number // 100 + 1},{number % 1000},3.5,{number}\n")
    return str(path)


def check_sqlite(program, home, small, large):
    with small_disk(Path(home) / "sqlite") as disk:
        store = rig.SqliteStore(disk)
        load(program, home, store.url, small, status=0)
        before = store.fingerprint()
        for way in ("--append", "--replace"):
            expect(load(program, home, store.url, large, way, status=1), "full", "nothing was")
            assert store.fingerprint() == before, f"{way}: the rows are not those of before"
        load(program, home, store.url, small, "--append", "--again", status=0)

        as_root("mount", "-o", "remount,ro", disk)
        expect(run(program, home, store.url, "query", "1", status=4), "must be writable")


def check_postgres(program, home, server, small, large):
    owner = "postgres" if os.geteuid() == 0 else None
    with small_disk(Path(home) / "postgres", owner) as disk:
        rig.psql(server, f"CREATE TABLESPACE ratingsctl_small LOCATION '{disk}'")
        store = rig.PostgresStore(server)
        try:
            rig.psql(server, f"ALTER DATABASE {store.name} SET default_tablespace = 'ratingsctl_small'")
            load(program, home, store.url, small, status=0)
            before = store.fingerprint()
            for way in ("--append", "--replace"):
                expect(load(program, home, store.url, large, way, status=1), "No space left on device", "nothing was changed")
                assert store.fingerprint() == before, f"{way}: the rows are not those of before"
                assert not store.leftovers(), f"{way}: left behind: {store.leftovers()}"
            as_root("mount", "-o", "remount,size=256m", disk)
            load(program, home, store.url, small, "--append", "--again", status=0)
        finally:
            store.drop()
            rig.psql(server, "DROP TABLESPACE ratingsctl_small")


def check_rejects(program, home, small):
    bad = Path(home) / "bad.csv"
    bad.write_text("userId,movieId,rating,timestamp\n" + ("x" * 1000 + "\n") * 40_000, encoding="utf-8")
    with small_disk(Path(home) / "rejects") as disk:
        store = rig.SqliteStore(home)
        load(program, home, store.url, small, status=0)
        before = store.fingerprint()
        said = load(program, home, store.url, str(bad), "--append", "--max-errors", "1000000", "--rejects",
                    f"{disk}/rejects.csv", "--progress", "json", status=1)
        expect(said.splitlines()[-1], "writing rejects", "No space left on device")
        assert store.fingerprint() == before, "the rows are not those of before"
        assert not list(disk.iterdir()), f"left behind: {list(disk.iterdir())}"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", required=True)
    parser.add_argument("--servers", required=True)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ratingsctl-full-") as home:
        Path(home).chmod(0o755)  # the server's own user must get at its tablespace below
        small, large = write_csv(Path(home) / "small.csv", 10_000), write_csv(Path(home) / "large.csv", ROWS)
        check_sqlite(arguments.program, home, small, large)
        check_postgres(arguments.program, home, rig.server_settings(arguments.servers)["POSTGRES_URL"], small, large)
        check_rejects(arguments.program, home, small)


if __name__ == "__main__":
    try:
        main()
    except AssertionError as error:
        sys.exit(f"disk_full_test: {error}")

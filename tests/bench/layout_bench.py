#!/usr/bin/env python3
"""Measures layouts of the table ratings against each other; called by `layout`, prints Markdown.

Each layout is a fresh database with the program's own schema, whose children are made here as the layout wants them, from
ready binary files, in order of users. Everything else goes through the program and sees only the parent.
"""
import argparse
import glob
import json
import os
import random
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "e2e"))
import rig  # noqa: E402

COLUMNS = 'user_id, movie_id, rating, "timestamp"'
FIRST_CHILD = 100  # of our own children: beyond any number that the program's sequence reaches here
APPENDED = 100_000
PURGED = 1000
SECONDS = 5


@dataclass(frozen=True)
class Layout:
    name: str
    children: int
    index: str = "btree (user_id)"
    fillfactor: int = 100


LAYOUTS = [
    Layout("1 table, B-tree", 1),
    Layout("2 children, B-tree", 2),
    Layout("8 children, B-tree", 8),
    Layout("2 children, covering B-tree", 2, 'btree (user_id) INCLUDE (movie_id, rating, "timestamp")'),
    Layout("2 children, BRIN, 16 pages", 2, "brin (user_id) WITH (pages_per_range = 16)"),
    Layout("2 children, B-tree, fillfactor 90", 2, fillfactor=90),
]
MEASURES = ["load s", "table B/row", "index B/row", "histories/s", "append ms", "histories/s after", "purge ms", "undo ms",
            "dedupe ms", "inserts/s"]


def say(text):
    print(text, file=sys.stderr, flush=True)


def ratingsctl(arguments, store, *words):
    """The JSON that a changing command reports."""
    done = subprocess.run([arguments.program, words[0], "--store", store.url, "-o", "json", *words[1:]],
                          env=rig.clean_environment(arguments.work), capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{words[0]} ended with {done.returncode}: {done.stderr.strip()}")
    return json.loads(done.stdout)


def pgbench():
    """Debian does not link it into the path."""
    return sorted(glob.glob("/usr/lib/postgresql/*/bin/pgbench"))[-1]


def per_second(store, arguments, script, clients):
    path = Path(arguments.work) / "script.sql"
    path.write_text(script, encoding="utf-8")
    done = subprocess.run([pgbench(), "-n", "-M", "prepared", "-c", str(clients), "-j", str(min(clients, os.cpu_count())),
                           "-T", str(SECONDS), "-f", str(path), "-d", store.url], capture_output=True, text=True, check=True)
    return float(re.search(r"tps = ([0-9.]+)", done.stdout).group(1))


def export_children(arguments, source, layouts):
    """work/N.i.bin: the rows of child i of N, in order of users."""
    for children in sorted({layout.children for layout in layouts}):
        for number in range(children):
            rig.psql(source.url, f"\\copy (SELECT {COLUMNS} FROM ratings WHERE satisfies_hash_partition("
                                 f"'ratings'::regclass, {children}, {number}, user_id) ORDER BY user_id) "
                                 f"TO '{arguments.work}/{children}.{number}.bin' (FORMAT binary)")


def fill_child(arguments, store, layout, number):
    child = f"ratingsctl.ratings_{FIRST_CHILD + number}"
    oid = rig.psql(store.url, "SELECT 'ratings'::regclass::oid")[0][0]
    steps = ["BEGIN", "SET LOCAL maintenance_work_mem = '64MB'", "SET LOCAL max_parallel_maintenance_workers = 0",
             f"CREATE TABLE {child} (LIKE ratings INCLUDING DEFAULTS, CONSTRAINT fits CHECK (satisfies_hash_partition({oid}, "
             f"{layout.children}, {number}, user_id))) WITH (fillfactor = {layout.fillfactor})",
             f"\\copy {child} FROM '{arguments.work}/{layout.children}.{number}.bin' (FORMAT binary, FREEZE)",
             f"CREATE INDEX ON {child} USING {layout.index}", f"ANALYZE {child}", "COMMIT"]
    words = [word for step in steps for word in ("-c", step)]
    return subprocess.Popen(["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", store.url, *words])


def load(arguments, store, layout):
    rig.psql(store.url, "DROP INDEX ratings_user_id")
    rig.psql(store.url, f"CREATE INDEX ratings_user_id ON ratings USING {layout.index}")
    rig.psql(store.url, "CHECKPOINT")
    begin = time.monotonic()
    filling = [fill_child(arguments, store, layout, number) for number in range(layout.children)]
    if any([process.wait() for process in filling]):
        raise RuntimeError(f"{layout.name}: a child could not be filled")
    names = ",".join(f"ratingsctl.ratings_{FIRST_CHILD + number}" for number in range(layout.children))
    rig.psql(store.url, f"SELECT ratingsctl.swap_children('{{{names}}}'::text[]::regclass[])")
    return time.monotonic() - begin


def write_appended(path, users):
    chooser = random.Random(7)
    with open(path, "w", encoding="utf-8") as file:
        file.write("userId,movieId,rating,timestamp\n")
        for number in range(APPENDED):
            file.write(f"{chooser.randint(1, users)},{number % 5000},3.5,{1_600_000_000 + number}\n")


def measure(arguments, layout, users):
    say(layout.name)
    store = rig.PostgresStore(rig.server_settings(arguments.servers)["POSTGRES_URL"])
    try:
        subprocess.run([arguments.program, "init", "--delta", "0", "--store", store.url], check=True,
                       stdout=subprocess.DEVNULL, env=rig.clean_environment(arguments.work))
        found = {"load s": load(arguments, store, layout)}
        table, index, rows = rig.psql(store.url, "SELECT sum(pg_table_size(inhrelid)), sum(pg_indexes_size(inhrelid)), "
                                      "(SELECT count(*) FROM ratings) FROM pg_inherits WHERE inhparent = 'ratings'::regclass")[0]
        if int(rows) != arguments.rows:
            raise RuntimeError(f"{layout.name}: {rows} rows instead of {arguments.rows}")
        found["table B/row"], found["index B/row"] = int(table) / int(rows), int(index) / int(rows)
        history = f'\\set u random(1, {users})\nSELECT movie_id, rating, "timestamp" FROM ratings WHERE user_id = :u;\n'
        found["histories/s"] = per_second(store, arguments, history, 8)
        found["append ms"] = ratingsctl(arguments, store, "load", f"{arguments.work}/more.csv", "--append")["committed_ms"]
        found["histories/s after"] = per_second(store, arguments, history, 8)
        victims = [str(user) for user in random.Random(3).sample(range(1, users + 1), PURGED)]
        purged = ratingsctl(arguments, store, "purge-user", *victims)
        found["purge ms"] = purged["committed_ms"]
        found["undo ms"] = ratingsctl(arguments, store, "undo", purged["batch"])["committed_ms"]
        begin = time.monotonic()
        ratingsctl(arguments, store, "dedupe")
        found["dedupe ms"] = (time.monotonic() - begin) * 1000
        found["inserts/s"] = per_second(
            store, arguments, f"\\set u random(1, {users})\nINSERT INTO ratings VALUES (:u, 1, 1, 1);\n", 1)
        return found
    finally:
        store.drop()


def with_spread(values):
    """The middle one alone where all are the same to the eye."""
    shown = [f"{value:,.1f}" if max(values) < 100 else f"{value:,.0f}" for value in sorted(values)]
    middle = shown[len(shown) // 2]
    return middle if shown[0] == shown[-1] else f"{middle} ({shown[0]}–{shown[-1]})"


def main():
    parser = argparse.ArgumentParser()
    for name in ("program", "generator", "servers", "work"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--rows", type=int, required=True)
    parser.add_argument("--rounds", type=int, required=True)
    arguments = parser.parse_args()
    path = f"{arguments.work}/ratings.csv"
    with open(path, "wb") as file:
        subprocess.run([arguments.generator, "--rows", str(arguments.rows), "--seed", "42"], stdout=file, check=True)
    source = rig.PostgresStore(rig.server_settings(arguments.servers)["POSTGRES_URL"])
    try:
        ratingsctl(arguments, source, "load", path)
        users = int(rig.psql(source.url, "SELECT max(user_id) FROM ratings")[0][0])
        export_children(arguments, source, LAYOUTS)
    finally:
        source.drop()
    write_appended(f"{arguments.work}/more.csv", users)
    found = {layout.name: [] for layout in LAYOUTS}
    for number in range(arguments.rounds):
        say(f"round {number + 1} of {arguments.rounds}")
        for layout in LAYOUTS:
            found[layout.name].append(measure(arguments, layout, users))
    print(f"{arguments.rows:,} rows, {users:,} users; {APPENDED:,} appended, {PURGED:,} users purged; "
          f"medians of {arguments.rounds}, in turns, with the spread.\n")
    print(f"| layout | {' | '.join(MEASURES)} |\n| --- |{' ---: |' * len(MEASURES)}")
    for name, rounds in found.items():
        print(f"| {name} | " + " | ".join(with_spread([one[what] for one in rounds]) for what in MEASURES) + " |")


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""suspects on made-up data whose bots are known, and on real ratings: who is listed, and who is not, on both stores.

    suspects_test.py --program … --generator … [--servers servers.env] [--rows N] [--seed N]

Precision and recall are printed kind by kind. The list then goes through `purge-user -`, as an operator would send it.
"""
import argparse
import collections
import csv
import io
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import rig  # noqa: E402

BOTS = ("push", "nuke", "clone", "burst", "lock-step")
PRECISION, RECALL = 0.95, 0.9
SMALL = 100_000  # rows: ten bots of each kind
# One of 671 real people: half of the pauses are 5 s long, seven scores in ten are the lowest or the highest, and they are
# more than twice as far from the films' means as usual.
REAL_SUSPECTS = [207]


def check(condition, what):
    if not condition:
        raise AssertionError(what)


class Operator:
    def __init__(self, program, store, home):
        self.command = [str(program), "--store", store.url]
        self.environment = rig.clean_environment(home)

    def run(self, *words, stdin=""):
        done = subprocess.run([*self.command, *map(str, words)], env=self.environment, input=stdin, capture_output=True,
                              text=True, check=False)
        check(done.returncode == 0, f"{words[0]} ended with {done.returncode}: {done.stderr}")
        return done.stdout


def listed(report):
    return [suspect["user_id"] for suspect in report["suspects"]]


def judge_the_judge(report, kinds, label):
    """Precision and recall against the generator's own list."""
    there = collections.Counter(kinds.values())
    found = collections.Counter(kinds.get(user, "ordinary") for user in listed(report))
    right = sum(found[kind] for kind in BOTS)
    precision = right / max(1, sum(found.values()))
    recall = right / sum(there[kind] for kind in BOTS)
    print(f"{label}: {report['ratings']} ratings, precision {precision:.3f}, recall {recall:.3f}: "
          + ", ".join(f"{kind} {found[kind]}/{there[kind]}" for kind in sorted(there)), flush=True)
    check(precision >= PRECISION, f"precision {precision}")
    check(recall >= RECALL, f"recall {recall}")
    check(not found["honest-burst"], f"{found['honest-burst']} people who only rate fast are listed")
    check(not found["honest-heavy"], f"{found['honest-heavy']} people who only rate much are listed")


def forms_agree(operator, report):
    ids = [int(line) for line in operator.run("suspects", "-o", "ids").split()]
    check(ids == listed(report), "-o ids lists others than -o json")
    rows = list(csv.DictReader(io.StringIO(operator.run("suspects", "-o", "csv"))))
    check([int(row["userId"]) for row in rows] == ids, "-o csv lists others than -o json")
    words = ["; ".join(reason["words"] for reason in suspect["reasons"]) for suspect in report["suspects"]]
    check([row["reasons"] for row in rows] == words, "-o csv gives other reasons than -o json")
    for suspect in report["suspects"]:
        check(suspect["score"] == min(100, sum(reason["points"] for reason in suspect["reasons"])),
              f"the points of {suspect['user_id']} do not add up")
    top = json.loads(operator.run("suspects", "-o", "json", "--top", 3))
    check(listed(top) == ids[:3], "--top 3 are not the first three")


def needs_a_folder(operator):
    done = subprocess.run([*operator.command, "suspects"], env=operator.environment | {"TMPDIR": "/nowhere"},
                          capture_output=True, text=True, check=False)
    check(done.returncode == 1 and "in /nowhere: No such file or directory; set TMPDIR" in done.stderr,
          f"without room for its file it ended with {done.returncode}: {done.stderr}")
    check(done.stdout == "", f"without room for its file it printed {done.stdout}")


def begins_with_a_film(operator, report, kinds):
    attacked = report["attacks"][0]["movie_id"]
    found = listed(json.loads(operator.run("suspects", "--movie", attacked, "-o", "json")))
    honest = [user for user in found if kinds.get(user, "ordinary") not in BOTS]
    check(len(found) >= 10, f"--movie {attacked} lists {len(found)} accounts, and the attack has more")
    check(len(honest) <= len(found) // 10, f"--movie {attacked} lists honest accounts: {honest}")


def generated(arguments, rows, operator, home):
    path, bots = Path(home) / "bots.csv", Path(home) / "list.csv"
    command = [arguments.generator, "--rows", str(rows), "--seed", str(arguments.seed), "--bots", "all:1",
               "--out", str(path), "--bots-list", str(bots)]
    print("seed", arguments.seed, flush=True)
    subprocess.run(command, check=True)
    with open(bots, encoding="utf-8") as file:
        kinds = {int(row["userId"]): row["kind"] for row in csv.DictReader(file)}
    operator.run("load", path)
    return kinds


def on_generated(arguments, store, home):
    operator = Operator(arguments.program, store, home)
    kinds = generated(arguments, arguments.rows, operator, home)
    before = store.fingerprint()
    begin = time.monotonic()
    report = json.loads(operator.run("suspects", "-o", "json"))
    judge_the_judge(report, kinds, f"{store.kind} in {time.monotonic() - begin:.1f} s")
    check(store.fingerprint() == before, "suspects changed rows")
    forms_agree(operator, report)
    begins_with_a_film(operator, report, kinds)
    needs_a_folder(operator)

    purged = json.loads(operator.run("purge-user", "-", "--reason", "votes rigged", "-o", "json",
                                     stdin=operator.run("suspects", "-o", "ids")))
    check(len(purged["users"]) == len(report["suspects"]), "purge-user took others than suspects listed")
    left = json.loads(operator.run("suspects", "-o", "json"))
    check(not set(listed(left)) & set(listed(report)), "who was purged is still a suspect")
    operator.run("undo", purged["batch"])
    check(store.fingerprint() == before, "undo did not bring them back")
    return report


def on_few(arguments, store, home):
    operator = Operator(arguments.program, store, home)
    kinds = generated(arguments, SMALL, operator, home)
    report = json.loads(operator.run("suspects", "-o", "json"))
    judge_the_judge(report, kinds, store.kind)
    return report


def on_real(arguments, store, home):
    real = Path(arguments.real)
    if not real.exists():
        check(os.environ.get("CI") != "true", f"{real} is missing, and CI=true asks for it")
        print(f"{real} is not there: made-up data alone", flush=True)
        return None
    operator = Operator(arguments.program, store, home)
    operator.run("load", real)
    report = json.loads(operator.run("suspects", "-o", "json"))
    for suspect in report["suspects"]:
        print(f"{store.kind}, {real.name}: {suspect['user_id']} ({suspect['score']}): "
              + "; ".join(reason["words"] for reason in suspect["reasons"]), flush=True)
    check(listed(report) == REAL_SUSPECTS, f"{real.name}: suspects are {listed(report)}")
    check(report["attacks"] == [], f"{real.name}: attacks {report['attacks']}")
    return report


def moved(ratings, path, when):
    """The same people, films and scores; `when` says at which time, from the rating's, its user's first one and its user."""
    with open(ratings, encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    first = {}
    for row in rows:
        first[row["userId"]] = min(first.get(row["userId"], 2 ** 62), int(row["timestamp"]))
    with open(path, "w", encoding="utf-8") as file:
        file.write("userId,movieId,rating,timestamp\n")
        for row in rows:
            user, time_then = row["userId"], int(row["timestamp"])
            file.write(f"{user},{row['movieId']},{row['rating']},{when(time_then, first[user], int(user))}\n")


def on_a_crowd(arguments, store, home):
    """Real people who all came on one day, and such as were imported with one time for all that they ever rated."""
    real, path = Path(arguments.real), Path(home) / "crowd.csv"
    if not real.exists():
        return None
    operator = Operator(arguments.program, store, home)
    begin = 1_300_000_000 // 3600 * 3600
    chance = random.Random(arguments.seed)
    starts = collections.defaultdict(lambda: begin + chance.randrange(24 * 3600))
    whens = {"came on one day": lambda then, first, user: starts[user] + then - first,
             "came in one hour": lambda then, first, user: begin + starts[user] % 3600 + then - first,
             "were imported in one hour": lambda then, first, user: begin + user}
    reports = []
    for label, when in whens.items():
        moved(real, path, when)
        operator.run("load", "--replace", path)
        reports.append(json.loads(operator.run("suspects", "-o", "json")))
        print(f"{store.kind}, people who {label}: {listed(reports[-1])} are listed", flush=True)
        check(set(listed(reports[-1])) <= set(REAL_SUSPECTS), f"people who {label} are listed: {reports[-1]['suspects']}")
    return reports


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", required=True)
    parser.add_argument("--generator", required=True)
    parser.add_argument("--servers", help="servers.env; without it SQLite alone")
    parser.add_argument("--rows", type=int, default=300_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--real", default=str(Path(__file__).parents[3] / "shared/data/ratings_small.csv"))
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ratingsctl-suspects-") as home:
        makers = [lambda: rig.SqliteStore(home)]
        if arguments.servers:
            makers.append(lambda: rig.PostgresStore(rig.server_settings(arguments.servers)["POSTGRES_URL"]))
        for work in (on_generated, on_few, on_real, on_a_crowd):
            reports = []
            for make in makers:
                store = make()
                try:
                    reports.append(work(arguments, store, home))
                finally:
                    store.drop()
            check(all(report == reports[0] for report in reports), "the stores' reports differ")


if __name__ == "__main__":
    try:
        main()
    except (AssertionError, OSError) as error:
        sys.exit(f"suspects_test: {type(error).__name__}: {error}")

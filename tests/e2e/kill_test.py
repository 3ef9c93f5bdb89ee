#!/usr/bin/env python3
"""kill -9 at random moments: each changing command either happened or did not, and the next run works.

For each store and command: what one undisturbed run does and how long it takes; then, on fresh copies of the same store,
the command is killed after a random part of that time. The rows must be those of before or those of after, the records
beside them must agree with the rows, and the same command run again must end at what is after; it also removes the tables
that a killed load left behind (the last line counts those).
"""
import argparse
import collections
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import rig  # noqa: E402

MOVIES = 3000
State = collections.namedtuple("State", "rows quarantine ledger batches exclusions")
Case = collections.namedtuple("Case", "name base command")  # one command against copies of one prepared store


def write_csv(path, rows, first_user, chooser):
    """Histories of about 100 records; one record in fifty stands there twice."""
    lines, user = ["userId,movieId,rating,timestamp"], first_user
    while len(lines) <= rows:
        for _ in range(chooser.randint(50, 150)):
            line = f"{user},{chooser.randint(1, MOVIES)},{chooser.randint(1, 10) / 2},{chooser.randint(0, 10**9)}"
            lines.append(line)
            if chooser.random() < 0.02:
                lines.append(line)
        user += 1
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return user - first_user


def state_of(store):
    # Without the batches' numbers: PostgreSQL's sequence does not go back with a transaction that does.
    return State(
        store.fingerprint(),
        store.fingerprint(f'SELECT user_id, movie_id, rating, "timestamp" FROM {store.prefix}quarantine'),
        store.rows(f"SELECT name, loaded FROM {store.prefix}load_ledger WHERE live ORDER BY id"),
        store.rows(f"SELECT kind, users, rows, undone_at IS NULL, pruned_at IS NULL FROM {store.prefix}batch ORDER BY seq"),
        store.rows(f"SELECT user_id FROM {store.prefix}exclusion ORDER BY 1"))


def books_agree(store, state):
    """What the records say about themselves, whatever state it is."""
    loaded = sum(int(row[-1]) for row in state.ledger)
    pruned = int(store.rows(f"SELECT coalesce(sum(rows), 0) FROM {store.prefix}batch WHERE pruned_at IS NOT NULL")[0][0])
    total = state.rows[0] + state.quarantine[0] + pruned
    assert loaded == total, f"the ledger has {loaded} rows, table and quarantine and what was pruned {total}"
    if state.batches:
        wrong = store.rows(
            f"SELECT b.seq, b.rows, count(q.batch) FROM {store.prefix}batch b LEFT JOIN {store.prefix}quarantine q "
            "ON q.batch = b.seq WHERE b.undone_at IS NULL AND b.pruned_at IS NULL GROUP BY b.seq, b.rows HAVING b.rows <> count(q.batch)")
        assert not wrong, f"batches and quarantine disagree: {wrong}"


def command_line(program, store, command):
    return [program, command[0], "--store", store.url, *command[1:]]


def run(program, store, command, home):
    done = subprocess.run(command_line(program, store, command), env=rig.clean_environment(home), capture_output=True,
                          text=True, check=False, timeout=120)
    assert done.returncode == 0, f"{command[0]} ended with {done.returncode}: {done.stderr.strip()}"


def run_killed(program, store, command, home, moment):
    """True when the command was still running at that moment."""
    process = subprocess.Popen(command_line(program, store, command), env=rig.clean_environment(home),
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        process.wait(moment)
        assert process.returncode == 0, f"{command[0]} ended with {process.returncode} before it was killed"
        return False
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        process.wait()
        return True
    finally:
        store.settle()


def undisturbed(program, case, home):
    """What one run does that nobody disturbs, and how long it takes."""
    before, model = state_of(case.base), case.base.copy()
    try:
        begin = time.monotonic()
        run(program, model, case.command, home)
        took = time.monotonic() - begin
        after = state_of(model)
    finally:
        model.drop()
    assert before != after, f"{case.name}: the command changes nothing, so disturbing it shows nothing"
    return before, after, took


def torture(program, case, home, kills, chooser):
    before, after, took = undisturbed(program, case, home)

    seen = collections.Counter()
    for _ in range(kills):
        store = case.base.copy()
        try:
            moment = took * chooser.random() ** 0.5  # denser towards the end, where the commit is
            killed = run_killed(program, store, case.command, home, moment)
            found = state_of(store)
            assert found in (before, after), f"{case.name}: neither before nor after: {describe(before, after, found)}"
            assert killed or found == after, f"{case.name}: reported success, but the rows are those of before"
            books_agree(store, found)
            left = store.leftovers()
            run(program, store, case.command, home)
            assert state_of(store) == after, f"{case.name}: the next run did not end at what is after"
            assert not store.leftovers(), f"{case.name}: left behind after the next run: {store.leftovers()}"
            seen["left"] += 1 if left else 0
            seen["ended" if not killed else "before" if found == before else "after"] += 1
        finally:
            store.drop()
    return took, seen


def describe(*states):
    return "; ".join(f"rows {s.rows[0]}, quarantine {s.quarantine[0]}, ledger {s.ledger}, batches {s.batches}"
                     for s in states)


def cases(program, make_store, home, rows, chooser):
    """Yields each case; its base store lives while it is used."""
    first, second = Path(home) / "first.csv", Path(home) / "second.csv"
    users = write_csv(first, rows, 1, chooser)
    write_csv(second, rows, users // 2, chooser)
    empty, loaded = make_store(), make_store()
    purged = None
    try:
        # Without Δ a command ends with its commit, and the kills fall into its work.
        for store in (empty, loaded):
            run(program, store, ["init", "--delta", "0"], home)
        run(program, loaded, ["load", str(first)], home)
        victims = [str(user) for user in chooser.sample(range(1, users + 1), users // 3)]
        yield Case("load into an empty table", empty, ["load", str(first)])
        yield Case("load --append", loaded, ["load", "--append", str(second)])
        yield Case("load --replace", loaded, ["load", "--replace", str(second)])
        yield Case("purge-user", loaded, ["purge-user", *victims])
        yield Case("dedupe", loaded, ["dedupe"])
        purged = loaded.copy()
        run(program, purged, ["purge-user", *victims], home)
        yield Case("undo", purged, ["undo", "purge-1"])
        yield Case("batches --prune-older-than", purged, ["batches", "--prune-older-than", "0d", "--yes"])
    finally:
        if purged is not None:
            purged.drop()
        empty.drop()
        loaded.drop()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", required=True)
    parser.add_argument("--servers", help="servers.env; without it SQLite alone")
    parser.add_argument("--kills", type=int, default=10, help="of each command on each store")
    parser.add_argument("--rows", type=int, default=60000)
    parser.add_argument("--only", default="", help="part of a command's name, for example load")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**32))
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}", flush=True)
    chooser = random.Random(arguments.seed)
    with tempfile.TemporaryDirectory(prefix="ratingsctl-kill-") as home:
        makers = [lambda: rig.SqliteStore(home)]
        if arguments.servers:
            server = rig.server_settings(arguments.servers)["POSTGRES_URL"]
            makers.append(lambda: rig.PostgresStore(server))
        print(f"{'store':<11}{'command':<26}{'takes':>8}{'kills':>7}{'before':>8}{'after':>7}{'ended':>7}{'left':>6}", flush=True)
        for make_store in makers:
            for case in cases(arguments.program, make_store, home, arguments.rows, chooser):
                if arguments.only not in case.name:
                    continue
                took, seen = torture(arguments.program, case, home, arguments.kills, chooser)
                print(f"{case.base.kind:<11}{case.name:<26}{took:>6.2f} s{arguments.kills:>7}{seen['before']:>8}"
                      f"{seen['after']:>7}{seen['ended']:>7}{seen['left']:>6}", flush=True)


if __name__ == "__main__":
    try:
        main()
    except AssertionError as error:
        sys.exit(f"kill_test: {error}")

#!/usr/bin/env python3
"""The cache never lies, under faults: three servers, PostgreSQL and Redis of our own, eight readers, many writers.

    hammer.py --program build/release/bin/ratingsctl [--delta 1000|0] [--seconds 30] [--standbys 2] [--redis-cluster] [--seed N]

Exit 1 on a violation, on a server that ended by itself, and when too little happened to mean anything. Faults, readers and
writers choose by the seed; what then meets in time is the machine's choice. See ARCHITECTURE.md, "The hammer".
"""
import argparse
import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import data  # noqa: E402
import history  # noqa: E402
import stage  # noqa: E402
from faults import Faults  # noqa: E402
from people import People  # noqa: E402
from writers import Writers  # noqa: E402

# What one second must bring at least, or the run means nothing. A third of what two cores do in strict mode with four times
# their work already on them.
LEAST_A_SECOND = {"reads": 100, "users purged": 0.5, "faults": 0.3}
WRITERS = {1000: 24, 0: 6}  # a command waits out Δ: more of them are needed to keep the store busy
CALM = 2.0  # seconds without faults and writers at the end, so that last states are read, too


def prepare(settings, stack):
    """PostgreSQL, Redis, links and servers over a loaded table; the stack ends them."""
    contents = {user: data.content_of(1) for user in range(1, settings.users + 1)}
    path = Path(settings.home) / "first.csv"
    path.write_text("\n".join([data.HEADER, *data.csv_lines(contents)]) + "\n", encoding="utf-8")
    backends = stage.Backends(settings.home, settings.redis_cluster)
    stack.callback(backends.stop)
    for command in (["init", "--delta", str(settings.delta)], ["load", str(path)]):
        subprocess.run([settings.program, *command, "--store", backends.store.url], check=True, capture_output=True,
                       env=stage.rig.clean_environment(settings.home))
    backends.add_standbys(settings.standbys)
    links = stage.Links(backends, len(stage.SERVER_ARGUMENTS))
    stack.callback(links.stop)
    servers = []
    for number in range(len(stage.SERVER_ARGUMENTS)):
        servers.append(stage.Server(number, settings.program, backends, links, settings.home))
        stack.callback(servers[-1].kill_quietly)
    return contents, backends, links, servers


def check_alive(*parts):
    for part in parts:
        assert not part.errors, "\n".join(part.errors)


def run(settings, stack):
    contents, backends, links, servers = prepare(settings, stack)
    began = time.monotonic()
    histories = history.Histories(contents, settings.delta / 1000)
    people = People(contents, random.Random(f"{settings.seed} people"))
    writers = Writers(settings.program, backends, people, histories, settings)
    faults = Faults(backends, links, servers, people, histories, writers, settings)
    checker = history.Checker(histories, began)
    readers = stage.Readers(servers, settings.users, settings.seed, settings.home)
    stack.callback(readers.kill)
    writers.start(settings.writers or WRITERS.get(settings.delta, 12), settings.seed)
    faults.start(settings.seed)
    caught = None
    while time.monotonic() < began + settings.seconds and caught is None:
        time.sleep(0.5)
        check_alive(writers, faults)
        readers.assert_run()
        checker.round(readers.paths)
        if checker.violations or writers.lies:
            caught = time.monotonic() - began
    faults.stop()
    writers.stop()
    check_alive(writers, faults)
    time.sleep(CALM)
    answers = readers.stop()
    took = time.monotonic() - began
    checker.round(readers.paths, final=True)
    if not checker.violations:
        checker.again(readers.paths)
    lost = disagreements(people, writers)
    races = sum(server.races() for server in servers)
    replicas = [sum(counts) for counts in zip(*(server.replica_reads() for server in servers))]
    for server in servers:
        server.assert_runs()
        server.stop()
    return report(settings, checker, writers, faults, answers, took, caught, lost, races, replicas)


def disagreements(people, writers):
    """Where the store does not hold what the hammer believes at the end: a lost or doubled row, or a fault of the hammer."""
    found = writers.look(people.states)
    return [f"user {user}: the store has {data.describe(content)}, expected {data.describe(people.states[user].content)}"
            for user, (content, _) in found.items() if content != people.states[user].content]


def numbers(counter):
    return ", ".join(f"{what} {count:,}" for what, count in sorted(counter.items()) if count)


def report(settings, checker, writers, faults, answers, took, caught, lost, races, replicas):
    done = {"reads": checker.reads, "users purged": writers.counts["purge-user: rows of users"],
            "faults": sum(faults.counts.values()) + sum(n for what, n in writers.counts.items() if what.endswith("killed"))}
    least = {what: settings.least.get(what) or int(rate * settings.seconds) for what, rate in LEAST_A_SECOND.items()}
    fives = sum(count for what, count in answers.items() if what.startswith("5"))
    odd = {what: count for what, count in answers.items() if what.isdigit() and what not in ("200", "304", "503")}
    mode = "strict" if settings.delta == 0 else f"Δ = {settings.delta} ms"
    bad = len(checker.violations) + len(writers.lies) + len(lost)
    print(f"{mode}: {checker.reads:,} reads ({checker.reads / took:,.0f}/s), {writers.counts['purge-user']:,} purges of "
          f"{done['users purged']:,} users, {done['faults']} faults, {bad} violations; {took:.0f} s, seed {settings.seed}")
    print(f"  answers from: {numbers(checker.sources)}; 5xx: {fives:,}")
    print(f"  answers: {numbers(answers)}")
    print(f"  writes: {numbers(writers.counts)}")
    print(f"  faults: {numbers(faults.counts)}")
    if settings.standbys:
        print(f"  since the servers' last starts: {replicas[0]:,} histories from standbys, {replicas[1]:,} times the primary instead")
    problems = []
    if checker.violations:
        problems.append("shown what may not be shown:\n" + "\n".join(checker.violations))
        problems += [f"  torn: {Path(f'{path}.torn').read_text(errors='replace')[:1000]}" for path in checker.files
                     if Path(f"{path}.torn").exists()]
    if writers.lies:
        problems.append("a command said what was not so:\n  " + "\n  ".join(writers.lies))
    if lost:
        problems.append("the store holds what nobody wrote:\n  " + "\n  ".join(lost[:5]))
    if odd:
        problems.append(f"answers that no request of a reader deserves: {odd}")
    if races:
        problems.append(f"{races} reports of the thread sanitizer, see {settings.home}/server*.log (--keep)")
    if caught is not None:
        problems.append(f"caught after {caught:.1f} s")
    elif not settings.bug:
        problems += [f"too little happened: {done[what]} {what}, at least {least[what]} are asked for"
                     for what in least if done[what] < least[what]]
        if settings.standbys and 0 in replicas:
            problems.append("no standby was read, or none was ever too old")
        problems += [f"nothing was answered from {tier}" for tier in ("memory", "redis", "miss") if not checker.sources[tier]]
    for problem in problems:
        print(f"hammer: {problem}", flush=True)
    return not problems


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", required=True)
    parser.add_argument("--delta", type=int, action="append", help="ms; 0 is strict mode; may be repeated (default: 1000 and 0)")
    parser.add_argument("--seconds", type=float, default=30, help="of each mode")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**32))
    parser.add_argument("--users", type=int, default=400)
    parser.add_argument("--writers", type=int, help="threads that purge, undo, edit")
    parser.add_argument("--standbys", type=int, default=0, help="that misses are read from; paused, killed, made anew and promoted meanwhile")
    parser.add_argument("--redis-cluster", action="store_true", help="instead of one Redis; resharded, nodes lost meanwhile")
    parser.add_argument("--kills", type=float, default=0.08, help="share of the commands that are killed")
    parser.add_argument("--pause", type=float, default=1.0, help="between faults: 0.3 to 1 times this, in seconds")
    parser.add_argument("--only-faults", default="", help="those whose name contains this, for example Redis")
    parser.add_argument("--bug", choices=["partition-without-triggers", "in-the-binary"],
                        help="a planted bug: the first is planted by this program")
    for what, name in (("reads", "reads"), ("purges", "users purged"), ("faults", "faults")):
        parser.add_argument(f"--{what}", dest=name, type=int, help="less than this is a failure (default: by the seconds)")
    parser.add_argument("--keep", action="store_true", help="leave the servers' logs behind, and say where")
    settings = parser.parse_args()
    settings.program = str(Path(settings.program).resolve())
    settings.least = {name: getattr(settings, name) for name in LEAST_A_SECOND}
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("hammer: ended by SIGTERM"))  # what was started must be ended
    print(f"seed {settings.seed}", flush=True)
    good = True
    for settings.delta in settings.delta or [1000, 0]:
        settings.home = tempfile.mkdtemp(prefix="ratingsctl-hammer-")
        os.chmod(settings.home, 0o755)  # PostgreSQL runs as another user than root
        try:
            with contextlib.ExitStack() as stack:
                good = run(settings, stack) and good
        finally:
            if settings.keep:
                print(f"kept: {settings.home}", flush=True)
            else:
                shutil.rmtree(settings.home, ignore_errors=True)
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    try:
        main()
    except AssertionError as error:
        sys.exit(f"hammer: {error}")

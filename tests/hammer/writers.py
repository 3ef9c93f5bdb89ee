"""Everything that changes ratings: the command line, psql, and what became of commands that were killed.

Each operation takes its users, says to Histories when it began and what it will leave behind, and settles when that is due.
Where the outcome is unknown (killed, connection lost, any failure) the store is asked once the command's sessions are gone:
it must hold what was before or what should be after, for all users of the command, and a command that said "nothing was
changed" must have told the truth.
"""
import collections
import concurrent.futures
import functools
import itertools
import json
import random
import signal
import threading
import time
import traceback

import data
import rig
from people import State
from stage import run_tool

LOOK = """
SELECT u.id, (SELECT count(*) FROM ratings r WHERE r.user_id = u.id),
       coalesce((SELECT min("timestamp") FROM ratings r WHERE r.user_id = u.id), 0),
       coalesce((SELECT max("timestamp") FROM ratings r WHERE r.user_id = u.id), 0),
       coalesce((SELECT max(b.name) FROM ratingsctl.exclusion e JOIN ratingsctl.batch b ON b.seq = e.batch
                 WHERE e.user_id = u.id), '')
FROM unnest(ARRAY[%s]::bigint[]) AS u (id)
WHERE NOT EXISTS (SELECT 1 FROM pg_stat_activity WHERE application_name = '%s')
"""
# The update reaches a user's rows through the child that holds them, past the parent and its triggers.
STRAIGHT = """DO $$ DECLARE child regclass; BEGIN
FOR child IN SELECT inhrelid::regclass FROM pg_inherits WHERE inhparent = 'public.ratings'::regclass LOOP
  {before} EXECUTE format('UPDATE %s SET "timestamp" = {version} WHERE user_id IN ({users})', child); {after}
END LOOP; END $$;"""
# The planted bug: the triggers are away for this one transaction, so that no inspection can notice.
WITHOUT_TRIGGERS = {
    "before": "EXECUTE format('ALTER TABLE %s DISABLE TRIGGER USER', child);",
    "after": "EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER ratingsctl_insert, ENABLE ALWAYS TRIGGER ratingsctl_update, "
             "ENABLE ALWAYS TRIGGER ratingsctl_delete, ENABLE ALWAYS TRIGGER ratingsctl_truncate', child);"}
OUTCOME_KNOWN_WITHIN = 90  # seconds, a restart of PostgreSQL in them


class Writers:
    def __init__(self, program, backends, people, histories, settings):
        self.program, self.backends, self.people, self.histories = program, backends, people, histories
        self.home, self.delta, self.bug = settings.home, settings.delta / 1000, settings.bug
        self.kills = settings.kills
        self.versions = itertools.count(2)  # 1 is the first load's
        self.runs = itertools.count(1)
        self.counts = collections.Counter()
        self.lies = []  # what commands said and was not so
        self.errors = []
        self.stopping = threading.Event()
        self.commit_takes = 0.05  # seconds from a command's start to its COMMIT, as the last ones said
        self.load_takes = 0.3  # the same of a load
        self.threads = []

    # The threads
    def start(self, number, seed):
        for n in range(number):
            self._thread(self._small, random.Random(f"{seed} small {n}"))
        self._thread(self._large, random.Random(f"{seed} large"))

    def _thread(self, body, chooser):
        def guarded():
            try:
                body(chooser)
            except Exception:  # noqa: BLE001  reported by the main thread, which ends the run
                self.errors.append(traceback.format_exc())
        thread = threading.Thread(target=guarded, daemon=True)
        self.threads.append(thread)
        thread.start()

    def stop(self):
        self.stopping.set()
        for thread in self.threads:
            thread.join(OUTCOME_KNOWN_WITHIN + 60)
            assert not thread.is_alive(), "a writer does not end"

    def _small(self, chooser):
        operations = {self.purge: 42, self.purge_twice: 3, self.undo: 42, self.edit: 16, self.refill: 5, self.dedupe: 5}
        while not self.stopping.is_set():
            operation = chooser.choices(list(operations), list(operations.values()))[0]
            if not operation(chooser):
                self.stopping.wait(0.02)

    def _large(self, chooser):
        """What touches everybody stops everybody else, so not too often."""
        operations = []
        while not self.stopping.wait(chooser.uniform(5, 10)):
            operations = operations or chooser.sample([functools.partial(self.replace, chooser), self.truncate, self.update_all], 3)
            operation = operations.pop()
            self.people.give_back_all(operation(self.people.take_all()))

    # The command line
    def purge(self, chooser):
        users = self.people.take(8, lambda state: state.batch is None and state.content != data.EMPTY)
        if users:
            after = {user: State(data.EMPTY, "?", self.people.states[user].content) for user in users}
            self._command("purge-user", ["purge-user", *users], after, chooser)
        return users

    def undo(self, chooser):
        taken = self.people.take_batch()
        if taken is None:
            return False
        batch, users = taken
        states = [self.people.states[user] for user in users]
        lift = ["--lift"] if any(state.superseded for state in states) else []
        after = {user: State(state.held) for user, state in zip(users, states)}
        self._command("undo", ["undo", batch, *lift], after, chooser)
        return True

    def dedupe(self, chooser):
        users = self.people.take(4, lambda state: state.batch is None and state.content % 2 == 1)
        if not users:
            return False
        before = {user: self.people.states[user] for user in users}
        after = {user: State(before[user].content - 1) for user in users}
        flags = [word for user in users for word in ("--user", user)]
        done = self._command("dedupe", ["dedupe", *flags], after, chooser, give_back=False)
        if done and chooser.random() < 0.5:
            self._command("undo", ["undo", done], before, chooser)
        else:
            self.people.give_back({user: self.people.states[user] for user in users})
        return True

    def _store(self, name):
        """The store's URL for a command whose sessions can be told from all others."""
        return f"{self.backends.store.url}?application_name={name}"

    def _command(self, what, words, after, chooser, give_back=True):
        """The batch, if it reported success."""
        users = list(after)
        name = f"hammer-{next(self.runs)}"
        ending = self._ending(self.commit_takes, chooser)
        command = [self.program, words[0], "--store", self._store(name),
                   "--cache", self.backends.cache.url, *map(str, words[1:]), "-o", "json"]
        write = self.histories.begin(what, users)
        code, out, err, ended = run_tool(command, rig.clean_environment(self.home), **ending)
        batch = None
        if code == 0 or (code == 3 and "--lift" in words):  # 3: nothing was left to give back to some
            answer = json.loads(out)
            batch = answer["batch"]
            self.commit_takes = 0.9 * self.commit_takes + 0.1 * answer["committed_ms"] / 1000
            self.counts[f"{what}: rows of users"] += len(users)
            states = {user: State(s.content, batch if s.batch else None, s.held, s.superseded) for user, s in after.items()}
            self._settle(write, states, ended)
        else:
            states = self._find_out(write, after, name, err)
        self.counts[what] += 1
        self.counts[f"{what}: " + ("killed" if code is None else f"exit {code}")] += 1
        self.people.states.update(states)  # ours until they are given back
        if give_back:
            self.people.give_back(states)
        return batch

    def _ending(self, commit_takes, chooser):
        """Of some commands: killed or asked to end, when they may just be at their COMMIT."""
        if chooser.random() >= self.kills:
            return {}
        return {"kill_after": commit_takes * chooser.uniform(0.5, 1.7), "end_by": chooser.choice([signal.SIGKILL, signal.SIGINT])}

    def purge_twice(self, chooser):
        """The same at the same time: whoever finds it done must not say so before it can be seen everywhere."""
        users = self.people.take(8, lambda state: state.batch is None and state.content != data.EMPTY)
        if not users:
            return users
        after = {user: State(data.EMPTY, "?", self.people.states[user].content) for user in users}
        name = f"hammer-{next(self.runs)}"
        command = [self.program, "purge-user", "--store", self._store(name), *map(str, users), "-o", "json"]
        write = self.histories.begin("purge-user twice", users)
        with concurrent.futures.ThreadPoolExecutor(2) as both:
            first = both.submit(run_tool, command, rig.clean_environment(self.home))
            time.sleep(chooser.uniform(0, 2 * self.commit_takes))
            second = both.submit(run_tool, command, rig.clean_environment(self.home))
        (code, out, _, ended), (other_code, other_out, _, other_ended) = first.result(), second.result()
        if code == 0 and other_code == 0:
            batches = [json.loads(each)["batch"] for each in (out, other_out)]
            if batches.count(None) != 1:
                self.lies.append(f"two purges of {users} at once made the batches {batches}")
            batch = batches[0] or batches[1]
            states = {user: State(state.content, batch, state.held) for user, state in after.items()}
            self._settle(write, states, min(ended, other_ended))
        else:
            states = self._find_out(write, after, name, "")
        self.counts["purge-user twice"] += 1
        self.people.give_back(states)
        return users

    # psql
    def edit(self, chooser):
        users = self.people.take(4, lambda state: state.batch is None and state.content != data.EMPTY)
        if not users:
            return False
        listed = ",".join(map(str, users))
        way = chooser.choice(["update", "straight", "insert"])
        if self.bug == "partition-without-triggers":
            way = "straight"
        content = data.content_of(next(self.versions), way == "insert" and chooser.random() < 0.5)
        if way == "update":
            sql = f'UPDATE ratings SET "timestamp" = {content // 2} WHERE user_id IN ({listed});'
            content_of = {user: content | self.people.states[user].content & 1 for user in users}
        elif way == "straight":
            planted = WITHOUT_TRIGGERS if self.bug == "partition-without-triggers" else {"before": "", "after": ""}
            sql = STRAIGHT.format(version=content // 2, users=listed, **planted)
            content_of = {user: content | self.people.states[user].content & 1 for user in users}
        else:
            sql = f"DELETE FROM ratings WHERE user_id IN ({listed});\n" + self._copy({user: content for user in users})
            content_of = {user: content for user in users}
        self._psql(f"psql {way}", sql, {user: State(content_of[user]) for user in users}, chooser.random() < 0.5)
        return True

    def refill(self, chooser):
        """Users whose rows are gone and whom nothing excludes."""
        users = self.people.take(4, lambda state: state.batch is None and state.content == data.EMPTY)
        if users:
            content = data.content_of(next(self.versions), chooser.random() < 0.5)
            self._psql("psql insert", self._copy({user: content for user in users}),
                       {user: State(content) for user in users}, chooser.random() < 0.5)
        return users

    @staticmethod
    def _copy(contents):
        return "COPY ratings FROM STDIN (FORMAT csv);\n" + "".join(f"{line}\n" for line in data.csv_lines(contents)) + "\\.\n"

    def _psql(self, what, sql, after, barrier, give_back=True):
        """In one transaction; with a barrier behind it, or due Δ later."""
        name = f"hammer-{next(self.runs)}"
        script = f"BEGIN;\n{sql}\nCOMMIT;\n" + ("SELECT ratingsctl.barrier();\n" if barrier else "")
        command = ["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", self._store(name)]
        write = self.histories.begin(what, list(after))
        code, _, err, ended = run_tool(command, rig.clean_environment(self.home), script)
        if code == 0:
            states = after
            self._settle(write, states, ended if barrier else ended + self.delta)
        else:
            states = self._find_out(write, after, name, err)
        self.counts[what] += 1
        self.people.states.update(states)
        if give_back:
            self.people.give_back(states)
        return states

    # Everybody
    def _everybody(self, users, content, held):
        """After the table was replaced: whoever is excluded has no rows, and would get back what was held back."""
        batches = {user: self.people.states[user].batch for user in users}
        return {user: State(data.EMPTY, batch, held, True) if batch else State(content) for user, batch in batches.items()}

    def replace(self, chooser, users):
        content = data.content_of(next(self.versions))
        path = f"{self.home}/replace.csv"
        with open(path, "w", encoding="utf-8") as file:
            file.writelines(f"{line}\n" for line in [data.HEADER, *data.csv_lines({user: content for user in users})])
        name = f"hammer-{next(self.runs)}"
        after = self._everybody(users, content, held=content)
        write = self.histories.begin("load --replace", users)
        command = [self.program, "load", "--replace", path, "--store", self._store(name), "-o", "json"]
        code, out, err, ended = run_tool(command, rig.clean_environment(self.home), **self._ending(self.load_takes, chooser))
        self.counts["load --replace"] += 1
        self.counts["load --replace: " + ("killed" if code is None else f"exit {code}")] += 1
        if code == 0:
            self.load_takes = json.loads(out)["committed_ms"] / 1000
        else:
            return self._find_out(write, after, name, err)
        self._settle(write, after, ended)
        return after

    def truncate(self, users):
        content = data.content_of(next(self.versions))
        after = self._everybody(users, content, held=data.EMPTY)
        kept = {user: content for user in users if after[user].batch is None}
        return self._psql("psql truncate + copy", "TRUNCATE ratings;\n" + self._copy(kept), after, barrier=True,
                          give_back=False)

    def update_all(self, users):
        version = next(self.versions)
        after = {}
        for user in users:
            state = self.people.states[user]
            content = data.content_of(version, state.content % 2) if state.content else data.EMPTY
            after[user] = State(content, state.batch, state.held, state.superseded)
        return self._psql("psql update of all", f'UPDATE ratings SET "timestamp" = {version};', after, barrier=False,
                          give_back=False)

    # Outcomes
    def _settle(self, write, states, due):
        self.histories.settle(write, {user: state.content for user, state in states.items()}, due)

    def look(self, users, name="nobody"):
        """(content, batch) of each, once no session of that name is left; waits while PostgreSQL is away."""
        deadline = time.monotonic() + OUTCOME_KNOWN_WITHIN
        while True:
            try:
                found = rig.psql(self.backends.store.url, LOOK % (",".join(map(str, users)), name))
                if len(found) == len(users):
                    return {int(user): (data.stored_content(int(user), int(count), int(first), int(last)), batch or None)
                            for user, count, first, last, batch in found}
            except RuntimeError:  # PostgreSQL is away
                pass
            assert time.monotonic() < deadline, f"PostgreSQL did not come back, or {name} does not end"
            time.sleep(0.1)

    def _find_out(self, write, after, name, err):
        users = list(after)
        before = {user: self.people.states[user] for user in users}
        found = self.look(users, name)
        looked = time.monotonic()
        self.counts["outcomes looked up"] += 1
        if all(after[user].same(content, batch is not None) for user, (content, batch) in found.items()):
            if "nothing was changed" in err or "nothing was loaded" in err:
                self.lies.append(f"{write.what} of {users} was done, but said: {err.strip()}")
            states = {user: State(s.content, found[user][1], s.held, s.superseded) for user, s in after.items()}
            self._settle(write, states, looked + self.delta)
            return states
        if not all(before[user].same(content, batch is not None) for user, (content, batch) in found.items()):
            self.lies.append(f"{write.what} was done by half: found {found}; before {[vars_of(s) for s in before.values()]}; "
                             f"after {[vars_of(s) for s in after.values()]}; it said: {err.strip()}")
        self.histories.forget(write, users)
        return before


def vars_of(state):
    return {name: getattr(state, name) for name in State.__slots__}

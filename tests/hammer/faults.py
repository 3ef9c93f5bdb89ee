"""What goes wrong meanwhile. Three threads, four with standbys, each with a shuffled deck of its kinds, so that every kind comes; all end well."""
import collections
import os
import random
import signal
import subprocess
import threading
import time
import traceback


class Faults:
    def __init__(self, backends, links, servers, people, histories, writers, settings):
        self.backends, self.links, self.servers = backends, links, servers
        self.cache = backends.cache
        self.people, self.histories, self.writers = people, histories, writers
        self.delta = settings.delta / 1000
        self.pause = settings.pause
        self.only = settings.only_faults
        self.counts = collections.Counter()
        self.errors = []
        self.stopping = threading.Event()
        self.threads = []
        self.standbys_free = threading.Lock()  # one fault of standbys at a time: a promotion needs them whole

    def start(self, seed):
        redis = {"Redis stopped": self.redis_stopped, "Redis killed": self.redis_killed, "Redis flushed": self.redis_flushed,
                 "Redis from an old dump": self.redis_old_dump, "Redis clients paused": self.redis_paused}
        if len(self.backends.cache.nodes) > 1:
            redis |= {"Redis node lost": self.redis_node_lost, "Redis resharded": self.redis_resharded}
        links = {"link delayed": self.link_delayed, "link cut": self.link_cut, "link reset": self.link_reset,
                 "answers late, then cut": self.answers_late}
        processes = {"server killed": self.server_killed, "server stopped": self.server_stopped,
                     "PostgreSQL restarted": self.postgres_restarted, "PostgreSQL killed": self.postgres_killed,
                     "PostgreSQL restored": self.postgres_restored}
        standbys = {}
        if self.backends.standbys:
            processes |= {"PostgreSQL promotion": self.promotion, "PostgreSQL promotion that loses": self.promotion_that_loses}
            standbys = {kind: self._alone(fault)
                        for kind, fault in (("standby paused", self.standby_paused), ("standby killed", self.standby_killed),
                                            ("standby made anew", self.standby_made_anew))}
        for name, deck in (("redis", redis), ("links", links), ("processes", processes), ("standbys", standbys)):
            deck = {kind: fault for kind, fault in deck.items() if self.only in kind}
            if deck:
                thread = threading.Thread(target=self._play, args=(deck, random.Random(f"{seed} {name}")), daemon=True)
                self.threads.append(thread)
                thread.start()

    def stop(self):
        self.stopping.set()
        for thread in self.threads:
            thread.join(120)
            assert not thread.is_alive(), "a fault does not end"

    def _play(self, deck, chooser):
        try:
            cards = []
            while not self.stopping.wait(chooser.uniform(0.3, 1.0) * self.pause):
                cards = cards or self._shuffled(deck, chooser)
                kind = cards.pop()
                deck[kind](chooser)
                self.counts[kind] += 1
        except Exception:  # noqa: BLE001  reported by the main thread, which ends the run
            self.errors.append(traceback.format_exc())

    @staticmethod
    def _shuffled(deck, chooser):
        """Without PostgreSQL nobody can write or miss: two other faults of processes for each of its own."""
        cards = [kind for kind in deck for _ in range(1 if kind.startswith("PostgreSQL") else 3)]
        return chooser.sample(cards, len(cards))

    def _last(self, seconds):
        self.stopping.wait(seconds)

    # Redis
    def redis_stopped(self, chooser):
        pid = self.cache.pid(self._node(chooser))
        with signalled(lambda number: os.kill(pid, number)):
            self._last(chooser.uniform(0.1, 1.5))

    def redis_killed(self, chooser):
        self._last(chooser.uniform(0, 0.3))
        self.cache.restart(self._node(chooser))

    def redis_flushed(self, chooser):
        for _ in range(chooser.randint(1, 3)):
            self.cache.ask(self._node(chooser), "FLUSHALL")

    def redis_old_dump(self, chooser):
        node = self._node(chooser)
        self.cache.keep(node)
        self._last(chooser.uniform(1, 4))
        self.cache.restart(node, old=True)

    def redis_paused(self, chooser):
        milliseconds = chooser.randint(100, 1000)
        self.cache.ask(self._node(chooser), "CLIENT", "PAUSE", str(milliseconds), "ALL")
        self._last(milliseconds / 1000)

    def redis_node_lost(self, chooser):
        node = self._node(chooser)
        self.cache.lose(node)
        self._last(chooser.uniform(1, 5))
        self.cache.restart(node)

    def redis_resharded(self, chooser):
        source, target = chooser.sample(self.cache.nodes, 2)
        self.cache.move(source, target, chooser.randint(1, 2000))

    def _node(self, chooser):
        return chooser.choice(self.cache.nodes)

    # Links between a server and its stores
    def _link(self, chooser):
        return f"{chooser.choice(self.links.kinds)}{chooser.randrange(len(self.servers))}"

    def link_delayed(self, chooser):
        link = self._link(chooser)
        self.links.set(link, "delay", chooser.choice([0, 0.005, 0.03, 0.2]), chooser.choice([0.005, 0.03, 0.2]))
        self._last(chooser.uniform(0.3, 1.5))
        self.links.set(link, "pass")

    def link_cut(self, chooser):
        link = self._link(chooser)
        self.links.set(link, "hold")
        self._last(chooser.uniform(0.05, 3))
        self.links.set(link, chooser.choice(["pass", "drop"]))

    def link_reset(self, chooser):
        link = self._link(chooser)
        self.links.set(link, "reset")
        self._last(chooser.choice([0, 0.5, 1.5]) * chooser.random())
        self.links.set(link, "pass")

    def answers_late(self, chooser):
        """A validation answered late, and then none for a while: its age is what matters now."""
        link = f"postgres{chooser.randrange(len(self.servers))}"
        self.links.set(link, "delay", 0, chooser.uniform(0.2, 0.42))
        self._last(chooser.uniform(0.8, 1.6))
        self.links.set(link, "hold")
        self._last(chooser.uniform(1.2, 2.2))
        self.links.set(link, chooser.choice(["pass", "drop"]))

    # Processes
    def server_killed(self, chooser):
        server = chooser.choice(self.servers)
        server.kill()
        self._last(chooser.uniform(0, 0.5))
        server.start()

    def server_stopped(self, chooser):
        server = chooser.choice(self.servers)
        with signalled(server.send):
            self._last(chooser.uniform(0.1, 3))

    def postgres_restarted(self, chooser):
        self.backends.stop_postgres()
        self._last(chooser.uniform(0, 1.5))
        self.backends.start_postgres()

    def postgres_killed(self, chooser):
        self.backends.stop_postgres(crash=True)
        self._last(chooser.uniform(0, 0.5))
        self.backends.start_postgres()

    def postgres_restored(self, chooser):
        """History forks: a state is kept, then lost history is made and cached, then the state is put back and another history
        begins, with the same positions. Only its salts tell them apart."""
        users = self.people.take_all()
        self.backends.stop_postgres(crash=chooser.random() < 0.5)
        self.backends.keep_postgres()
        self.backends.start_postgres()
        self._fork(chooser, users, "restore of PostgreSQL", self._put_back)

    def _put_back(self):
        self.backends.stop_postgres()
        gone = time.monotonic()
        self.backends.put_back_postgres()
        self.backends.start_postgres()
        return gone

    def _fork(self, chooser, users, what, take_back):
        """From a state that is kept elsewhere, with all users taken; take_back returns when the one that knew more had gone."""
        kept = dict(self.people.states)
        self.people.give_back_all(self.writers.update_all(users))
        self._last(chooser.uniform(1, 3))
        users = self.people.take_all()
        fork = self.histories.begin(what, users)
        gone = take_back()  # no server can have asked later than this
        self.histories.settle(fork, {user: state.content for user, state in kept.items()}, gone + self.delta)
        self.people.states = kept
        self.people.give_back_all(self.writers.update_all(users))

    # Promotions. The heir is made anew first: after a restore a standby may hold what was taken back.
    def promotion(self, chooser):
        """Nothing is lost: a primary that is ended, not killed, sends its standbys all there is."""
        with self.standbys_free:
            heir = self._heir(chooser)
            self.backends.end_postgres()
            heir.has_all_of(self.backends.end_of_wal())
            self._last(chooser.uniform(0, 1))
            self.backends.hand_over(heir, self.links)

    def promotion_that_loses(self, chooser):
        """History forks as by a restore, but the one that forgot is another server, and a standby may still remember."""
        with self.standbys_free:
            heir = self._heir(chooser)
            users = self.people.take_all()
            heir.catch_up(self.backends.store.url)
            heir.cut_off()
            self._fork(chooser, users, "promotion", lambda: self._hand_over_after_a_crash(heir))

    def _hand_over_after_a_crash(self, heir):
        self.backends.stop_postgres(crash=True)
        gone = time.monotonic()
        self.backends.hand_over(heir, self.links)
        return gone

    def _heir(self, chooser):
        heir = chooser.choice(self.backends.standbys)
        self.backends.make_anew(heir)
        heir.catch_up(self.backends.store.url)
        return heir

    def _alone(self, fault):
        def guarded(chooser):
            with self.standbys_free:
                fault(chooser)
        return guarded

    # Standbys; one that has replayed what a restore of the primary took back keeps telling of it until it is made anew.
    def standby_paused(self, chooser):
        one = chooser.choice(self.backends.standbys)
        one.pause()
        self._last(chooser.uniform(0.2, 3))
        one.resume()

    def standby_killed(self, chooser):
        one = chooser.choice(self.backends.standbys)
        one.kill()
        self._last(chooser.uniform(0, 0.5))
        try:
            one.start()
        except subprocess.CalledProcessError:
            # It remembers more than the primary that took over: PostgreSQL does not start such a standby again.
            self.backends.make_anew(one)

    def standby_made_anew(self, chooser):
        self.backends.make_anew(chooser.choice(self.backends.standbys))


class signalled:
    """SIGSTOP until the end of the block."""

    def __init__(self, send):
        self.send = send

    def __enter__(self):
        self.send(signal.SIGSTOP)

    def __exit__(self, *_):
        self.send(signal.SIGCONT)

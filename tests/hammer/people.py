"""Who may write whom: each user's present state, and one writer at a time for a user.

A user is in at most one exclusion batch. What an undo of the batch would give back is kept beside it.
"""
import threading

import data


class State:
    __slots__ = ("content", "batch", "held", "superseded")

    def __init__(self, content, batch=None, held=data.EMPTY, superseded=False):
        self.content = content
        self.batch = batch  # name of the purge that excludes the user
        self.held = held  # what its undo would give back
        self.superseded = superseded  # the table was replaced since; undo needs --lift

    def same(self, content, excluded):
        return self.content == content and (self.batch is not None) == excluded


class People:
    """Thread-safe. Whoever took users gives them back with what has become of them."""

    def __init__(self, contents, chooser):
        self.states = {user: State(content) for user, content in contents.items()}
        self.chooser = chooser
        self.changed = threading.Condition()
        self.busy = set()
        self.everybody = False  # somebody has all, or wants to

    def take(self, most, wanted):
        """Up to so many free users whose state is wanted; empty if there are none."""
        with self.changed:
            self.changed.wait_for(lambda: not self.everybody)
            free = [user for user, state in self.states.items() if user not in self.busy and wanted(state)]
            taken = self.chooser.sample(free, min(len(free), self.chooser.randint(1, most)))
            self.busy.update(taken)
            return taken

    def take_batch(self):
        """A batch and its users; None if nobody is purged."""
        with self.changed:
            self.changed.wait_for(lambda: not self.everybody)
            batches = {}
            for user, state in self.states.items():
                if state.batch is not None:
                    batches.setdefault(state.batch, []).append(user)
            free = [batch for batch, users in batches.items() if not self.busy.intersection(users)]
            if not free:
                return None
            batch = self.chooser.choice(sorted(free))
            self.busy.update(batches[batch])
            return batch, batches[batch]

    def take_all(self):
        with self.changed:
            self.changed.wait_for(lambda: not self.everybody)
            self.everybody = True  # nobody takes anybody from now on
            self.changed.wait_for(lambda: not self.busy)
            return list(self.states)

    def give_back_all(self, states):
        with self.changed:
            self.states = states
            self.everybody = False
            self.changed.notify_all()

    def give_back(self, states):
        with self.changed:
            self.states.update(states)
            self.busy.difference_update(states)
            self.changed.notify_all()

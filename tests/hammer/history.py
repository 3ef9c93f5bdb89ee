"""What each user's history was, when, and whether an answer may say so.

Writes of one user never overlap. A write is known by three things: when it was invoked, what each user's content is after it,
and `due`: from then on every answer to a request must be of it or of something later (its command had reported success, or
Δ has passed since a time at which it was committed). A read that was invoked at a and returned at b may see the newest write
that was due before a, and all those after it that were invoked before b.

O(n): a read looks at the user's last few writes, of which at most a handful are not due; reads may come in any order.
"""
import bisect
import math
import struct
import threading
import time

import data

SOURCES = ["?", "memory", "redis", "miss", "bypass"]
NOT_MODIFIED = 16  # added to a read's source: the answer was a 304
READ = struct.Struct("<iqddBB")  # user, content, invoked, returned, server, source


class Write:
    __slots__ = ("what", "invoked", "due", "after", "settled")

    def __init__(self, what):
        self.what = what
        self.invoked = time.monotonic()
        self.due = math.inf
        self.after = {}  # user: content
        self.settled = False


class Histories:
    """Thread-safe."""

    def __init__(self, contents, delta):
        self.delta = delta  # seconds
        self.lock = threading.Lock()
        first = Write("the first load")
        first.due, first.after, first.settled = first.invoked, dict(contents), True
        self.writes = {user: [first] for user in contents}

    def begin(self, what, users):
        with self.lock:  # with the lock held, so that no read that returns later is judged before the write stands here
            write = Write(what)
            for user in users:
                assert self.writes[user][-1].settled, f"two writes of user {user} at once"
                self.writes[user].append(write)
        return write

    def settle(self, write, after, due):
        with self.lock:
            write.after, write.due, write.settled = after, due, True

    def forget(self, write, users):
        """It has not happened, and never will."""
        with self.lock:
            for user in users:
                assert self.writes[user].pop() is write

    def judge(self, user, content, invoked, returned):
        """None: too early to say; else whether the answer is true."""
        writes = self.writes[user]
        last = writes[-1]
        if not last.settled and last.invoked < returned:
            return None
        index = bisect.bisect_left(writes, returned, key=lambda write: write.invoked) - 1
        seen = None
        while index >= 0:
            write = writes[index]
            if write.after[user] == content:
                seen = write  # the oldest it can be
            if write.due < invoked:
                break
            index -= 1
        if seen is None:
            return False
        # It was committed when somebody saw it, so it is due Δ later, whatever its command does.
        seen.due = min(seen.due, returned + self.delta)
        return True

    def evidence(self, user, content, invoked, returned):
        """The writes around a read, in seconds before it was invoked."""
        lines, due_before = [], False
        for write in reversed(self.writes[user]):
            if write.invoked >= returned:
                continue
            lines.append(f"    {write.what}: {data.describe(write.after[user])}; invoked {write.invoked - invoked:+.3f} s, "
                         f"due {write.due - invoked:+.3f} s")
            if due_before and (write.after[user] == content or len(lines) > 6):
                break
            due_before = due_before or write.due < invoked
        return lines


class Checker:
    """Judges what the readers wrote down. One caller."""

    def __init__(self, histories, began):
        self.histories = histories
        self.began = began
        self.files = {}  # path: [open file, rest of a record]
        self.waiting = []
        self.violations = []
        self.reads = 0
        self.sources = dict.fromkeys(SOURCES + ["304"], 0)

    def round(self, paths, final=False):
        """Everything new in the files; in the final round nothing may remain undecided."""
        waiting, self.waiting = self.waiting, []
        with self.histories.lock:
            for read in waiting:
                self._judge(read)
        for path in paths:
            for read in self._new(path):
                self.reads += 1
                self.sources[SOURCES[read[5] % NOT_MODIFIED]] += 1
                self.sources["304"] += read[5] // NOT_MODIFIED
                with self.histories.lock:
                    self._judge(read)
        assert not (final and self.waiting), "a write was never settled"

    def again(self, paths):
        """All reads once more, now that is known of each write when it was first seen."""
        for path in paths:
            with open(path, "rb") as file, self.histories.lock:
                for read in READ.iter_unpack(file.read()):
                    self._judge(read)

    def _new(self, path):
        if path not in self.files:
            self.files[path] = [open(path, "rb"), b""]
        entry = self.files[path]
        chunk = entry[1] + entry[0].read()
        whole = len(chunk) // READ.size * READ.size
        entry[1] = chunk[whole:]
        return READ.iter_unpack(chunk[:whole])

    def _judge(self, read):
        user, content, invoked, returned, server, source = read
        verdict = self.histories.judge(user, content, invoked, returned)
        if verdict is None:
            self.waiting.append(read)
        elif not verdict and len(self.violations) < 20:
            how = SOURCES[source % NOT_MODIFIED] + (" 304" if source >= NOT_MODIFIED else "")
            self.violations.append("\n".join(
                [f"  {returned - self.began:.3f} s: user {user} was shown {data.describe(content)} by server {server} ({how}); "
                 f"request took {(returned - invoked) * 1000:.1f} ms. Newest writes first:",
                 *self.histories.evidence(user, content, invoked, returned)]))

"""The textbook's ways to remove doubles, the doubles themselves, and the server's memory; for cleanup_bench.py."""
import subprocess
from pathlib import Path

from measuring import Meanwhile, rig, say

DOUBLED_EVERY = 100
COLUMNS = 'user_id, movie_id, rating, "timestamp"'


def row_number(table):
    return (f"DELETE FROM {table} AS r USING (SELECT tableoid AS home, ctid AS place, row_number() OVER (PARTITION BY {COLUMNS}) "
            f"AS copy FROM {table}) AS n WHERE n.copy > 1 AND r.tableoid = n.home AND r.ctid = n.place")


def group_by(table):
    same = " AND ".join(f"r.{column.strip()} = g.{column.strip()}" for column in COLUMNS.split(","))
    return (f"DELETE FROM {table} AS r USING (SELECT {COLUMNS}, min(ctid) AS kept FROM {table} GROUP BY {COLUMNS} "
            f"HAVING count(*) > 1) AS g WHERE {same} AND r.ctid <> g.kept")


def explain_ways():
    print(f"\nThe textbook's ways:\n\n    {row_number('ratings')}\n\n    {group_by('ratings')}")


def double(store):
    """Appends every hundredth record of the file to both tables; how many those are."""
    path, count = store.work / "doubles.csv", 0
    with open(store.csv, encoding="ascii") as source, open(path, "w", encoding="ascii") as target:
        target.write(next(source))
        for number, line in enumerate(source):
            if number % DOUBLED_EVERY == 0:
                target.write(line)
                count += 1
    say(f"appending {count:,} doubles")
    store.ours("load", "--append", str(path))
    rig.psql(store.store.url, f"\\copy plain.ratings FROM '{path}' (FORMAT csv, HEADER)")
    store.settle()
    return count


class ServerMemory(Meanwhile):
    """The largest sum of private memory of the server's processes while the block runs; shared buffers are not counted."""

    EVERY = 0.05  # seconds

    def __init__(self, env_file):
        super().__init__()
        self.pid = self.first_line(Path(rig.server_settings(env_file)["SERVERS_DATA"]) / "postgres" / "postmaster.pid")
        self.megabytes = 0.0

    @staticmethod
    def first_line(path):
        return int(path.read_text(encoding="ascii").split("\n", 1)[0])

    def once(self):
        processes = subprocess.run(["pgrep", "-P", str(self.pid)], capture_output=True, text=True, check=False).stdout.split()
        self.megabytes = max(self.megabytes, sum(map(self.private, processes)) / 1024)

    @staticmethod
    def private(pid):
        try:
            lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
        except OSError:
            return 0  # it has just ended
        return next((int(line.split()[1]) for line in lines if line.startswith("RssAnon")), 0)

"""The same rows in every form that a way to load reads; made once, outside of every timing."""
import itertools
import os
import subprocess
from pathlib import Path

from measuring import generate, plain_table, rig, say

BAD_EVERY = 100  # lines


class Inputs:
    def __init__(self, arguments, server):
        say("making the inputs")
        self.folder = Path(arguments.work) / "inputs"
        self.folder.mkdir()
        self.rows = arguments.rows
        self.csv = self.folder / "ratings.csv"
        generate(arguments.generator, self.rows, self.csv)
        self.zst = self._packed("ratings.csv.zst", "zstd", "-q", self.csv, "-o")
        self.zip = self._packed("ratings.csv.zip", "zip", "-q", "-j", reads=[self.csv])
        self.bad, self.bad_rows = self._spoiled()
        self.binary = self.folder / "ratings.bin"
        self.parts = [self.folder / f"part{number}.bin" for number in range(os.cpu_count() or 1)]
        self._dump(server)

    def _packed(self, name, *command, reads=()):
        path = self.folder / name
        subprocess.run([*command, path, *reads], check=True)
        return path

    def _spoiled(self):
        """A copy with the rating of every hundredth line replaced by x; how many those are."""
        path, count = self.folder / "bad.csv", 0
        with open(self.csv, encoding="ascii") as source, open(path, "w", encoding="ascii") as target:
            target.write(next(source))
            while lines := list(itertools.islice(source, BAD_EVERY)):
                if len(lines) == BAD_EVERY:
                    user, movie, _, rest = lines[-1].split(",")
                    lines[-1] = f"{user},{movie},x,{rest}"
                    count += 1
                target.writelines(lines)
        return path, count

    def _dump(self, server):
        """COPY's own binary files: one in the order of the csv, and one a core, split by user and sorted by user."""
        store = rig.PostgresStore(server)
        try:
            rig.psql(store.url, plain_table())
            rig.psql(store.url, f"\\copy ratings FROM '{self.csv}' (FORMAT csv, HEADER)")
            rig.psql(store.url, f"\\copy ratings TO '{self.binary}' (FORMAT binary)")
            rig.psql(store.url, f"ALTER DATABASE {store.name} SET work_mem = '256MB'")
            for number, path in enumerate(self.parts):
                rig.psql(store.url, f"\\copy (SELECT * FROM ratings WHERE mod(user_id, {len(self.parts)}) = {number} "
                                    f"ORDER BY user_id) TO '{path}' (FORMAT binary)")
        finally:
            store.drop()

    def remove(self):
        for path in self.folder.iterdir():
            path.unlink()
        self.folder.rmdir()

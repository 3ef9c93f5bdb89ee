"""dedupe on the embedded store against what somebody would type into sqlite3; for cleanup_bench.py."""
import json
import shutil
from pathlib import Path

from cleanup_ways import COLUMNS, DOUBLED_EVERY
from measuring import generate, measured, median_of, rig, say, spread

TEXTBOOK = {
    "sqlite3, `row_number()` DELETE": "DELETE FROM ratings WHERE rowid IN (SELECT place FROM (SELECT rowid AS place, row_number() "
                                      f"OVER (PARTITION BY {COLUMNS}) AS copy FROM ratings) WHERE copy > 1)",
    "sqlite3, `NOT IN (SELECT min(rowid) … GROUP BY)`": "DELETE FROM ratings WHERE rowid NOT IN (SELECT min(rowid) FROM ratings "
                                                        f"GROUP BY {COLUMNS})",
}


class Files:
    def __init__(self, arguments):
        self.arguments, self.work = arguments, Path(arguments.work)
        self.environment = rig.clean_environment(self.work)
        self.ours, self.plain, self.copy = (self.work / name for name in ("ours.db", "plain.db", "copy.db"))
        csv = self.work / "ratings.csv"
        if not csv.exists():
            generate(arguments.generator, arguments.rows, csv)
        self.run("load", str(csv))
        columns = 'user_id INTEGER NOT NULL, movie_id INTEGER NOT NULL, rating REAL NOT NULL, "timestamp" INTEGER NOT NULL'
        self.sqlite3(self.plain, "PRAGMA journal_mode = WAL", f"ATTACH '{self.ours}' AS ours", f"CREATE TABLE ratings ({columns})",
                     f"INSERT INTO ratings SELECT {COLUMNS} FROM ours.ratings", "CREATE INDEX ratings_user ON ratings (user_id)",
                     "ANALYZE")

    def run(self, command, *words):
        done = measured([self.arguments.program, command, "--store", f"sqlite:{self.ours}", "-o", "json", *words],
                        self.environment)
        return json.loads(done.output), done

    def sqlite3(self, path, *statements):
        return measured(["sqlite3", "-bail", str(path), *(f"{statement};" for statement in statements)], self.environment)

    def double(self):
        query = f"SELECT {COLUMNS} FROM ratings WHERE rowid % {DOUBLED_EVERY} = 1"
        doubles = self.work / "doubles.csv"
        with open(doubles, "w", encoding="ascii") as file:
            file.write("userId,movieId,rating,timestamp\n")
            file.write(measured(["sqlite3", "-csv", str(self.plain), query], self.environment).output.replace("\r", ""))
        self.run("load", "--append", str(doubles))
        self.sqlite3(self.plain, f"INSERT INTO ratings {query}")


def measure_sqlite(arguments):
    files = Files(arguments)
    print(f"\n## The embedded store, {arguments.rows:,} rows\n\n| doubles | way | median s | peak MB | ratio |\n"
          "| --- | --- | ---: | ---: | ---: |")
    for doubles in ("none", f"of every {DOUBLED_EVERY}th"):
        if doubles != "none":
            files.double()
        found = {}
        for number in range(arguments.rounds):
            say(f"SQLite, doubles: {doubles}, round {number + 1}")
            measure_round(files, found)
        ours = [done.seconds for done in found["`ratingsctl dedupe`"]]
        for way, runs in found.items():
            seconds = [done.seconds for done in runs]
            print(f"| {doubles} | {way} | {median_of(seconds, 2)} | {max(done.megabytes for done in runs):.0f} "
                  f"| {spread([other / mine for mine, other in zip(ours, seconds)])} |")
    for path in (files.ours, files.plain, files.copy):
        path.unlink()


def measure_round(files, found):
    result, done = files.run("dedupe")
    found.setdefault("`ratingsctl dedupe`", []).append(done)
    say(f"  dedupe: {done.seconds:.2f} s, {result['rows']:,} rows")
    if result["batch"]:
        files.run("undo", result["batch"])
    for way, statement in TEXTBOOK.items():
        shutil.copy(files.plain, files.copy)
        done = files.sqlite3(files.copy, statement, "SELECT changes()")
        if int(done.output.split()[-1]) != result["rows"]:
            raise RuntimeError(f"{way}: {done.output.strip()} rows, ratingsctl says {result['rows']:,}")
        found.setdefault(way, []).append(done)
        say(f"  {way}: {done.seconds:.2f} s")

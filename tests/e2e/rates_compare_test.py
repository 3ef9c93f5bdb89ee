#!/usr/bin/env python3
"""Every user's /rates and /user/profile against what this script computes from the CSV on its own.

Exact arithmetic (fractions) and the standard library's csv and datetime stand against the program's; bodies of /rates are
compared byte by byte, profiles value by value. Over both stores, over connections that stay open, twice: from the store
and from the cache.
"""
import argparse
import csv
import datetime
import decimal
import fractions
import http.client
import json
import os
import struct
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import rig  # noqa: E402

EPOCH = datetime.datetime(1970, 1, 1)
HALF_STARS = [fractions.Fraction(n, 2) for n in range(1, 11)]
# A double's way to a result that ends in …5 exactly may round either way; beyond this distance it may not.
TIE = fractions.Fraction(1, 10**9)


def as_float32(text):
    return struct.unpack("f", struct.pack("f", float(text)))[0]


def shortest(value):
    """The fewest digits that read back as the same float32; nine always do."""
    for digits in range(1, 10):
        text = f"{value:.{digits}g}"
        if as_float32(text) == value:
            plain = format(decimal.Decimal(text), "f")
            plain = plain.rstrip("0").rstrip(".") if "." in plain else plain
            return min(plain, text, key=len)
    raise AssertionError(value)


def time_text(timestamp):
    return str(EPOCH + datetime.timedelta(seconds=timestamp))


class Record:
    __slots__ = ("movie", "score", "timestamp")

    def __init__(self, movie, score, timestamp):
        self.movie, self.score, self.timestamp = movie, score, timestamp

    def text(self):
        return f'{{"movie_id":{self.movie},"rating":{shortest(self.score)},"timestamp":"{time_text(self.timestamp)}"}}'


def read_histories(path):
    users = defaultdict(list)
    with open(path, newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            users[int(row["userId"])].append(
                Record(int(row["movieId"]), as_float32(row["rating"]), int(row["timestamp"])))
    for history in users.values():
        history.sort(key=lambda record: (record.timestamp, record.movie, record.score))
    return users


def rates_body(history):
    return "[" + ",".join(record.text() for record in history) + "]"


def hundredths(value):
    """The allowed results of rounding an exact value to two decimals, halves up."""
    scaled = value * 100
    return {fractions.Fraction((scaled + offset + fractions.Fraction(1, 2)).__floor__(), 100)
            for offset in (-TIE, 0, TIE)}


def mean(scores):
    return sum(map(fractions.Fraction, scores), fractions.Fraction()) / len(scores)


def deviation(scores):
    middle = mean(scores)
    variance = sum((fractions.Fraction(score) - middle) ** 2 for score in scores) / len(scores)
    with decimal.localcontext(decimal.Context(prec=60)):
        return fractions.Fraction((decimal.Decimal(variance.numerator) / variance.denominator).sqrt())


def median(scores):
    ordered, middle = sorted(scores), len(scores) // 2
    if len(ordered) % 2:
        return shortest(ordered[middle])
    return shortest(as_float32((ordered[middle - 1] + ordered[middle]) / 2))


def expected_profile(user, history):
    scores = [record.score for record in history]
    years = defaultdict(list)
    for record in history:
        years[(EPOCH + datetime.timedelta(seconds=record.timestamp)).year].append(record.score)
    counts = Counter(shortest(score) for score in scores)
    return {
        "user_id": user, "num_rating": len(history), "avg_rating": hundredths(mean(scores)),
        "distinct_movies": len({record.movie for record in history}),
        "re_ratings": len(history) - len({record.movie for record in history}),
        "stddev": hundredths(deviation(scores)), "median": number(median(scores)),
        "min": number(shortest(min(scores))), "max": number(shortest(max(scores))),
        "histogram": {shortest(float(star)): 0 for star in HALF_STARS} | counts,
        "first": time_text(history[0].timestamp), "last": time_text(history[-1].timestamp),
        "active_days": len({record.timestamp // 86400 for record in history}),
        "by_year": [{"year": year, "count": len(years[year]), "avg": hundredths(mean(years[year]))}
                    for year in sorted(years)],
        "recent": json.loads(rates_body(history[-1:-6:-1]), parse_float=number, parse_int=number),
    }


def number(text):
    return fractions.Fraction(text)


def same(found, wanted):
    """Equality; a set of allowed values stands for one of them."""
    if isinstance(wanted, set):
        return found in wanted
    if isinstance(wanted, dict):
        return isinstance(found, dict) and found.keys() == wanted.keys() and all(
            same(found[key], wanted[key]) for key in wanted)
    if isinstance(wanted, list):
        return len(found) == len(wanted) and all(map(same, found, wanted))
    return found == wanted


class Comparison:
    def __init__(self, server):
        self.connection = server.connect()
        self.sources = Counter()
        self.requests = 0

    def get(self, path, status=200):
        self.connection.request("GET", path)
        answer = self.connection.getresponse()
        body = answer.read().decode()
        self.requests += 1
        if answer.status != status:
            raise AssertionError(f"GET {path}: {answer.status}, not {status}: {body[:200]}")
        if answer.getheader("X-Cache"):
            self.sources[answer.getheader("X-Cache")] += 1
        return body

    def rates(self, user, wanted):
        body = self.get(f"/rates/{user}")
        if body != wanted:
            at = next((i for i, pair in enumerate(zip(body, wanted)) if pair[0] != pair[1]), min(len(body), len(wanted)))
            raise AssertionError(f"/rates/{user} differs at byte {at}: {body[at - 40:at + 40]!r}, "
                                 f"not {wanted[at - 40:at + 40]!r}")

    def profile(self, user, wanted):
        found = json.loads(self.get(f"/user/profile/{user}"), parse_float=number, parse_int=number)
        for key in wanted.keys() | found.keys():
            if not same(found.get(key), wanted.get(key)):
                raise AssertionError(f"/user/profile/{user}: {key} is {found.get(key)}, not {wanted.get(key)}")


def compare(arguments, store, path, histories, home):
    environment = rig.clean_environment(home)
    done = subprocess.run([arguments.program, "load", str(path), "--store", store.url], env=environment,
                          capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise AssertionError(f"load ended with {done.returncode}: {done.stderr}")
    bodies = {user: rates_body(history) for user, history in histories.items()}
    profiles = {user: expected_profile(user, history) for user, history in histories.items()}
    with rig.Server(arguments.program, store.url, home) as server:
        comparison = Comparison(server)
        for _ in range(2):
            for user, body in bodies.items():
                comparison.rates(user, body)
                comparison.profile(user, profiles[user])
        users = list(bodies)
        for begin in range(0, len(users), 100):
            part = users[begin:begin + 100]
            wanted = "{" + ",".join(f'"{user}":{bodies[user]}' for user in part) + "}"
            found = comparison.get("/rates?uid=" + ",".join(map(str, part)))
            if found != wanted:
                raise AssertionError(f"/rates?uid={part[0]},… differs from the single answers")
        unknown = max(users) + 1
        comparison.rates(unknown, "[]")
        comparison.get(f"/user/profile/{unknown}", status=404)
    if not comparison.sources["miss"] or not comparison.sources["memory"]:
        raise AssertionError(f"both ways to an answer were to be compared: {dict(comparison.sources)}")
    print(f"{store.kind}, {path.name}: {len(users)} users, {comparison.requests} answers alike, "
          f"X-Cache {dict(comparison.sources)}", flush=True)


def inputs(arguments, home):
    generated = Path(home) / "generated.csv"
    with open(generated, "wb") as file:
        subprocess.run([arguments.generator, *arguments.generator_arguments.split()], stdout=file, check=True)
    yield generated
    real = Path(arguments.real)
    if real.exists():
        yield real
    elif os.environ.get("CI") == "true":
        raise AssertionError(f"{real} is missing, and CI=true asks for it")
    else:
        print(f"{real} is not there: the generated file alone is compared", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", required=True)
    parser.add_argument("--generator", required=True)
    parser.add_argument("--generator-arguments", default="--rows 20000 --seed 7")
    parser.add_argument("--servers", help="servers.env; without it SQLite alone")
    parser.add_argument("--real", default=str(Path(__file__).parents[3] / "shared/data/ratings_small.csv"))
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ratingsctl-compare-") as home:
        for path in inputs(arguments, home):
            histories = read_histories(path)
            stores = [lambda: rig.SqliteStore(home)]
            if arguments.servers:
                stores.append(lambda: rig.PostgresStore(rig.server_settings(arguments.servers)["POSTGRES_URL"]))
            for make in stores:
                store = make()
                try:
                    compare(arguments, store, path, histories, home)
                finally:
                    store.drop()


if __name__ == "__main__":
    try:
        main()
    except (AssertionError, http.client.HTTPException, OSError) as error:
        sys.exit(f"rates_compare_test: {type(error).__name__}: {error}")

"""What a user's history looks like in the hammer: every row of it carries the version that wrote it.

A content is one number: 0 is "no rows"; version * 2 is the user's rows with timestamp = version; version * 2 + 1 the same
with every row standing there twice (work for dedupe). A version is used for one write only, so an answer tells which write
it has seen; movie ids tell whose rows they are.
"""
import calendar
import json
import time

EMPTY = 0
TORN = -1  # no content at all: rows of two versions, of another user, too few, too many
MOVIES_PER_USER = 10_000
HEADER = "userId,movieId,rating,timestamp"


def content_of(version, doubled=False):
    return version * 2 + (1 if doubled else 0)


def size(user):
    """Rows of a user: most have few; some answers are long enough for gzip, some for several packets."""
    return 1_000 if user % 50 == 0 else 60 if user % 7 == 0 else 5


def rows(user, content):
    """(user, movie, rating, timestamp), in the order of an answer."""
    if content == EMPTY:
        return
    version, doubled = divmod(content, 2)
    for n in range(size(user)):
        for _ in range(1 + doubled):
            yield user, user * MOVIES_PER_USER + n, (user + n) % 10 / 2 + 0.5, version


def csv_lines(contents):
    """Of a whole table: {user: content}."""
    for user, content in contents.items():
        for row in rows(user, content):
            yield ",".join(map(str, row))


def stored_content(user, count, first, last):
    """Of what the store holds: number of rows, smallest and largest timestamp."""
    if count == 0:
        return EMPTY
    if first != last or count not in (size(user), 2 * size(user)):
        return TORN
    return content_of(first, count != size(user))


def answered_content(user, answer):
    """Of the array in an answer; TORN unless it is exactly one version of that user's rows."""
    if not answer:
        return EMPTY
    when = answer[0]["timestamp"]
    version = calendar.timegm(time.strptime(when, "%Y-%m-%d %H:%M:%S"))
    content = content_of(version, len(answer) == 2 * size(user))
    expected = [{"movie_id": movie, "rating": rating, "timestamp": when} for _, movie, rating, _ in rows(user, content)]
    return content if answer == expected else TORN


def body_content(user, body):
    try:
        return answered_content(user, json.loads(body))
    except (ValueError, KeyError, TypeError, IndexError):
        return TORN


def describe(content):
    if content == EMPTY:
        return "no rows"
    if content == TORN:
        return "a torn answer"
    return f"version {content // 2}" + (" doubled" if content % 2 else "")

"""The comparison: the service as a Python team would write it, with Flask, psycopg2 and redis-py.

The same JSON from the same table: GET /rates/UID, oldest first, rows of one user by the index, the answer kept in Redis for an
hour unless CACHE is off. No answer here is checked for being out of date; it has that advantage.
Settings: DATABASE_URL, REDIS_URL, CACHE=on|off. Run: gunicorn --workers 2 --threads 8 flask_app:app
"""
import datetime
import json
import os
import threading

import flask
import psycopg2
import redis

HISTORY = 'SELECT movie_id, rating, "timestamp" FROM ratings WHERE user_id = %s ORDER BY "timestamp", movie_id, rating'
HOUR = 3600

app = flask.Flask(__name__)
cache = redis.Redis.from_url(os.environ["REDIS_URL"]) if os.environ.get("CACHE", "on") == "on" else None
local = threading.local()


def cursor():
    """One connection a thread, kept: psycopg2 may be shared, but then statements wait for each other."""
    if not hasattr(local, "connection"):
        local.connection = psycopg2.connect(os.environ["DATABASE_URL"])
        local.connection.autocommit = True
    return local.connection.cursor()


def time_text(seconds):
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime("%Y-%m-%d %H:%M:%S")


def history(user):
    with cursor() as rows:
        rows.execute(HISTORY, (user,))
        return json.dumps([{"movie_id": movie, "rating": int(score) if score == int(score) else score,
                            "timestamp": time_text(seconds)} for movie, score, seconds in rows], separators=(",", ":"))


@app.get("/rates/<int:user>")
def rates(user):
    key = f"rates:{user}"
    body = cache.get(key) if cache else None
    if body is None:
        body = history(user)
        if cache:
            cache.set(key, body, ex=HOUR)
    return flask.Response(body, mimetype="application/json")


@app.get("/ping")
def ping():
    return {"message": "pong"}

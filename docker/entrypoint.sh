#!/bin/sh
# The server container: loads /data/ratings.csv when it is there, else the shipped sample, then serves.
# With arguments it is the command line: docker compose run --rm server status
set -eu
if [ $# -gt 0 ]; then exec ratingsctl "$@"; fi

file=/data/ratings.csv
[ -f "$file" ] || file=/usr/local/share/ratingsctl/ratings_sample.csv

# A shell that is process 1 ignores SIGTERM unless it is trapped: `docker stop` must reach the load.
loading=
trap '[ -z "$loading" ] || kill -TERM "$loading"; stopping=yes' TERM INT
stopping=

load() {
  ratingsctl load "$file" --progress plain &
  loading=$!
  status=0
  wait "$loading" || status=$?
  # The trap interrupts the first wait; the load then ends by itself, rolled back.
  if [ -n "$stopping" ]; then wait "$loading" || status=$?; exit "$status"; fi
  loading=
}

# Exit 4: PostgreSQL cannot be reached. After a restart of the whole host it may need some time for recovery.
tries=30
load
while [ "$status" -eq 4 ] && [ "$tries" -gt 0 ]; do
  tries=$((tries - 1))
  sleep 2
  load
done

# A refused or failed load is no reason to answer nothing: what was there before is still there.
if [ "$status" -ne 0 ]; then echo "ratingsctl load $file ended with exit code $status; serving what the store holds" >&2; fi
exec ratingsctl serve --host 0.0.0.0 --port 5001

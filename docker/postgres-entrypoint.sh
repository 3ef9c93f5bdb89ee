#!/bin/sh
# In front of the image's own entrypoint: makes the password that PostgreSQL and the server share, the first time, so that
# `docker compose up` is all there is to do. It lies in ./secrets beside ./pg_data, because each is worthless without the
# other. Readable for any user in a container, whose numbers we do not choose; the folder cannot be listed.
set -eu
file=${POSTGRES_PASSWORD_FILE:?}
if [ ! -s "$file" ]; then
  if [ -s "${PGDATA:-/var/lib/postgresql/data}/PG_VERSION" ]; then
    echo "$file is missing, but the database was made with it: put it back into ./secrets, or remove ./pg_data" >&2
    exit 1
  fi
  # 24 random bytes: 192 bits, and no character that a URL or a shell would read differently.
  head -c 24 /dev/urandom | od -An -tx1 | tr -d ' \n' >"$file.new"
  chmod 444 "$file.new"
  mv "$file.new" "$file"
  chmod 711 "$(dirname "$file")"
fi
exec docker-entrypoint.sh "$@"

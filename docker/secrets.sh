#!/bin/sh
# Makes the password that docker-compose.yml hands to PostgreSQL and to the server, unless there is one already.
# The folder keeps others on this machine out; the file itself is readable, because it is mounted into containers
# whose users are not the one who runs this.
set -eu
cd "$(dirname "$0")/.."
umask 077
mkdir -p secrets
if [ -s secrets/postgres_password ]; then
  echo "secrets/postgres_password is there already; left as it is"
  exit 0
fi
# 24 random bytes: 192 bits, and no character that a URL or a shell would read differently.
head -c 24 /dev/urandom | od -An -tx1 | tr -d ' \n' >secrets/postgres_password
chmod 644 secrets/postgres_password
echo "wrote a random password to secrets/postgres_password"

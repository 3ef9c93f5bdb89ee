#!/usr/bin/env bash
# A PostgreSQL cluster and a Redis of our own, on loopback, on free ports; everything they own is under DIR.
#   servers.sh start DIR   starts them (a stale pair left in DIR is ended first) and writes DIR/servers.env
#   servers.sh stop DIR    ends them; nothing to do when they are gone
#   servers.sh start-postgres|stop-postgres|start-redis|stop-redis DIR   one of them, on the port it had
#   servers.sh start-standby|stop-standby DIR NAME   a PostgreSQL that streams from DIR's (made when there is none of that
#                          name), on a port of its own; DIR/NAME.env says how to reach it. stop ends the standbys too
#   servers.sh promote DIR NAME   that standby is DIR's PostgreSQL from now on; the one before must have ended
# fsync stays on: the kill tests rely on it.
set -euo pipefail
# A setting of the caller's psql must not reach our cluster.
unset PGHOST PGHOSTADDR PGPORT PGUSER PGDATABASE PGPASSWORD PGPASSFILE PGSERVICE PGOPTIONS

fail() { printf 'servers.sh: %s\n' "$*" >&2; exit 1; }
[ $# -eq 2 ] || [ $# -eq 3 ] || fail 'usage: servers.sh start|stop DIR, servers.sh start-standby DIR NAME'
action=$1
if [ $# -eq 3 ] && ! [[ $3 =~ ^[a-z0-9]+$ ]]; then fail "'$3' is no name of a standby"; fi
mkdir -p "$2"
dir=$(cd "$2" && pwd)
env_file=$dir/servers.env

# PostgreSQL refuses to run as root; its package brings the user postgres.
if [ "$(id -u)" -eq 0 ]; then as=(runuser -u postgres --); else as=(); fi

# Data directories under a path that the user postgres cannot enter (say, /root/…) would not work.
place_data() {
  data=$dir/data
  if [ "$(id -u)" -eq 0 ] && ! { mkdir -p "$data" && "${as[@]}" test -x "$data"; }; then
    data=/tmp/ratingsctl-servers-$(printf '%s' "$dir" | cksum | cut -d' ' -f1)
  fi
  mkdir -p "$data"
  if [ "$(id -u)" -eq 0 ]; then chown postgres "$data"; fi
}

free_port() {
  python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

postgres_bin() {
  local newest
  newest=$(find /usr/lib/postgresql -mindepth 2 -maxdepth 2 -name bin 2>/dev/null | sort -V | tail -1)
  [ -n "$newest" ] || fail 'no PostgreSQL server found; ./test.sh --deps installs one'
  printf '%s' "$newest"
}

# True while process $1 runs and its command name is $2: a pid may have been given to another since.
alive() { [ -n "$1" ] && [ "$(cat "/proc/$1/comm" 2>/dev/null)" = "$2" ]; }

# end PID NAME SIGNAL: waits until the process is gone, at most 30 s.
end() {
  alive "$1" "$2" || return 0
  kill "-$3" "$1"
  for _ in $(seq 300); do alive "$1" "$2" || return 0; sleep 0.1; done
  kill -KILL "$1"
}

# Which of them is the primary: the first is called postgres.
primary() { cat "$data/primary" 2>/dev/null || printf postgres; }

first_line() { { head -n 1 "$1" 2>/dev/null || true; } | tr -d ' '; }

stop_postgres() { end "$(first_line "$data/$1/postmaster.pid")" postgres INT; }
stop_redis() { end "$(first_line "$data/redis.pid")" redis-server TERM; }

start_postgres() {
  local bin port who=$1
  bin=$(postgres_bin)
  port=$(cat "$data/$who.port")
  # No Unix socket: its path may hold 107 bytes, and a build directory can be deeper than that.
  "${as[@]}" "$bin/pg_ctl" -s -w -t 60 -D "$data/$who" -l "$data/$who.log" -o "-p $port -h 127.0.0.1 -c unix_socket_directories=''" start \
    || { tail -20 "$data/$who.log" >&2; fail "PostgreSQL ($who) did not start on port $port"; }
}

make_postgres() {
  local bin
  bin=$(postgres_bin)
  rm -rf "$data/postgres" "$data/primary"
  "${as[@]}" "$bin/initdb" -D "$data/postgres" -U ratings -A trust -E UTF8 --locale=C -N >"$dir/initdb.log" 2>&1 \
    || { cat "$dir/initdb.log" >&2; fail 'initdb failed'; }
  cat >>"$data/postgres/postgresql.conf" <<CONF
fsync = on
shared_buffers = 64MB
max_connections = 100
max_wal_size = 512MB
max_prepared_transactions = 10
wal_keep_size = 64MB
logging_collector = off
log_min_messages = warning
timezone = UTC
CONF
  free_port >"$data/postgres.port"
}

make_standby() {
  [ ! -d "$data/$name" ] || return 0
  "${as[@]}" "$(postgres_bin)/pg_basebackup" -h 127.0.0.1 -p "$(cat "$data/$(primary).port")" -U ratings -D "$data/$name" -R -X stream -c fast -N \
    >"$dir/$name.log" 2>&1 || { cat "$dir/$name.log" >&2; fail "no base backup for $name"; }
  [ -s "$data/$name.port" ] || free_port >"$data/$name.port"
}

write_standby_env() {
  {
    printf 'STANDBY_URL=postgresql://ratings@127.0.0.1:%s/postgres\n' "$(cat "$data/$name.port")"
    printf 'STANDBY_PID=%s\n' "$(first_line "$data/$name/postmaster.pid")"
  } >"$dir/$name.env"
}

# Standbys first: a primary that ends waits for them.
stop_all_postgres() {
  local port one first
  first=$(primary)
  for port in "$data"/*.port; do
    one=$(basename "$port" .port)
    case $one in
      redis | '*' | "$first") ;;
      *) stop_postgres "$one"; rm -f "$dir/$one.env" ;;
    esac
  done
  stop_postgres "$first"
}

start_redis() {
  local port
  port=$(cat "$data/redis.port")
  "${as[@]}" redis-server --port "$port" --bind 127.0.0.1 --dir "$data" --daemonize yes --pidfile "$data/redis.pid" \
    --logfile "$data/redis.log" --save '' --appendonly no --maxmemory 128mb --maxmemory-policy allkeys-lru >/dev/null
  for _ in $(seq 100); do
    if redis-cli -h 127.0.0.1 -p "$port" ping 2>/dev/null | grep -q PONG; then return 0; fi
    sleep 0.1
  done
  tail -20 "$data/redis.log" >&2
  fail "Redis did not start on port $port"
}

write_env() {
  local tmp=$env_file.$$  # one of the two servers may be started while the other is
  {
    printf 'POSTGRES_URL=postgresql://ratings@127.0.0.1:%s/postgres\n' "$(cat "$data/$(primary).port")"
    printf 'REDIS_URL=redis://127.0.0.1:%s/0\n' "$(cat "$data/redis.port")"
    printf 'POSTGRES_PID=%s\n' "$(first_line "$data/$(primary)/postmaster.pid")"
    printf 'REDIS_PID=%s\n' "$(first_line "$data/redis.pid")"
    printf 'SERVERS_DATA=%s\n' "$data"
  } >"$tmp"
  mv "$tmp" "$env_file"
}

place_data
name=${3:-$(primary)}
case $action in
  start)
    stop_all_postgres
    stop_redis
    make_postgres
    start_postgres postgres
    free_port >"$data/redis.port"
    start_redis
    write_env
    ;;
  stop)
    stop_all_postgres
    stop_redis
    rm -f "$env_file"
    rm -rf "$data"
    ;;
  start-postgres) start_postgres "$(primary)"; write_env ;;
  stop-postgres) stop_postgres "$(primary)" ;;
  start-standby) make_standby; start_postgres "$name"; write_standby_env ;;
  stop-standby) stop_postgres "$name" ;;
  promote)
    "${as[@]}" "$(postgres_bin)/pg_ctl" -s -w -t 60 -D "$data/$name" promote
    printf %s "$name" >"$data/primary"
    write_env
    ;;
  start-redis) start_redis; write_env ;;
  stop-redis) stop_redis ;;
  *) fail "unknown action $action" ;;
esac

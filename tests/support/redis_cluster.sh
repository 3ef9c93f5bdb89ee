#!/usr/bin/env bash
# A Redis Cluster of three masters of our own on loopback, on free ports; everything they own is under DIR.
#   redis_cluster.sh start DIR             starts it (one left in DIR is ended first) and writes DIR/cluster.env
#   redis_cluster.sh stop DIR              ends it; nothing to do when it is gone
#   redis_cluster.sh kill DIR NODE         at once and without a word, like a crash; NODE is 1, 2 or 3
#   redis_cluster.sh restart DIR NODE [DUMP]   on the port it had, as the node it was: empty, or with an old dump
#   redis_cluster.sh keep DIR NODE DUMP    saves what it holds
#   redis_cluster.sh move DIR FROM TO N    a live reshard of N slots from node FROM to node TO
# REDIS_CLUSTER_PASSWORD: every node asks for it, also each other.
# What is left serves when a node is gone (cluster-require-full-coverage no): a cache would rather have two thirds.
set -euo pipefail

fail() { printf 'redis_cluster.sh: %s\n' "$*" >&2; exit 1; }
[ $# -ge 2 ] || fail 'usage: redis_cluster.sh start|stop|kill|restart|keep|move DIR …'
action=$1
mkdir -p "$2"
dir=$(cd "$2" && pwd)
env_file=$dir/cluster.env
nodes=3
password=${REDIS_CLUSTER_PASSWORD:-}
[ -z "$password" ] || export REDISCLI_AUTH=$password

# Nodes talk to each other on port + 10000. Both below 32768, where connections going out take theirs (ip_local_port_range).
free_ports() {
  python3 - "$nodes" <<'PYTHON'
import random, socket, sys

def free(port):
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
            return True
        except OSError:
            return False

found = []
for port in random.sample(range(11000, 22000), 2000):
    if len(found) < int(sys.argv[1]) and free(port) and free(port + 10000):
        found.append(port)
print(*found)
PYTHON
}

port_of() { sed -n "${1}p" "$dir/ports"; }
pid_of() { { cat "$dir/node$1/redis.pid" 2>/dev/null || true; } | tr -d ' '; }
ask() { local node=$1; shift; redis-cli -h 127.0.0.1 -p "$(port_of "$node")" "$@"; }

# True while process $1 runs and is a redis-server: a pid may have been given to another since.
alive() { [ -n "$1" ] && [ "$(cat "/proc/$1/comm" 2>/dev/null)" = redis-server ]; }

wait_until() {  # SECONDS COMMAND…
  local tenths=$(($1 * 10)); shift
  for _ in $(seq "$tenths"); do if "$@"; then return 0; fi; sleep 0.1; done
  fail "waited in vain for: $*"
}

gone() { ! alive "$1"; }
kill_node() {
  local pid
  pid=$(pid_of "$1")
  if alive "$pid"; then
    kill -KILL "$pid"
    wait_until 20 gone "$pid"
  fi
  rm -f "$dir/node$1/redis.pid"
}

answers() { [ "$(ask "$1" ping 2>/dev/null)" = PONG ]; }
start_node() {
  local port
  port=$(port_of "$1")
  mkdir -p "$dir/node$1"
  (cd "$dir/node$1" && redis-server --port "$port" --bind 127.0.0.1 --dir "$dir/node$1" --daemonize yes \
    --pidfile "$dir/node$1/redis.pid" --logfile "$dir/node$1/log" --save '' --appendonly no \
    --maxmemory 128mb --maxmemory-policy allkeys-lru --cluster-enabled yes --cluster-config-file nodes.conf \
    --cluster-node-timeout 15000 --cluster-require-full-coverage no --cluster-allow-reads-when-down no \
    ${password:+--requirepass "$password" --masterauth "$password"} >/dev/null)
  wait_until 20 answers "$1"
}

# Each node knows of all slots: before that it would answer CLUSTERDOWN.
whole() {
  local node
  for node in $(seq "$nodes"); do
    ask "$node" cluster info 2>/dev/null | tr -d '\r' | grep -qx 'cluster_state:ok' || return 1
    ask "$node" cluster info | tr -d '\r' | grep -qx 'cluster_slots_assigned:16384' || return 1
  done
}

# Every node tells the same of every slot, and none is on its way: what a reshard asks for.
agree() { redis-cli --cluster check "127.0.0.1:$(port_of "$1")" >/dev/null 2>&1; }

# False when one of the two was out of the other's sight just then, so that nothing has begun.
moved() {  # FROM TO SLOTS
  redis-cli --cluster reshard "127.0.0.1:$(port_of "$1")" --cluster-from "$(ask "$1" cluster myid)" \
    --cluster-to "$(ask "$2" cluster myid)" --cluster-slots "$3" --cluster-yes >"$dir/move.log" 2>&1 && return 0
  grep -q 'is not known or not a master' "$dir/move.log" && return 1
  tail -5 "$dir/move.log" >&2
  fail "moving $3 slots from node $1 to node $2"
}

write_env() {
  local node first
  first=$(for node in $(seq "$nodes"); do printf ',127.0.0.1:%s' "$(port_of "$node")"; done)
  {
    printf 'REDIS_CLUSTER_URL=redis-cluster://%s%s\n' "${password:+:$password@}" "${first#,}"
    printf 'REDIS_CLUSTER_PORTS=%s\n' "$(tr '\n' ' ' <"$dir/ports" | sed 's/ $//')"
  } >"$env_file"
}

stop() {
  local node
  for node in $(seq "$nodes"); do kill_node "$node"; done
  rm -f "$env_file"
  rm -rf "$dir"/node[0-9]* "$dir/ports"
}

start() {
  stop
  free_ports | tr ' ' '\n' >"$dir/ports"
  local node
  for node in $(seq "$nodes"); do start_node "$node"; done
  local -a addresses=()
  for node in $(seq "$nodes"); do addresses+=("127.0.0.1:$(port_of "$node")"); done
  redis-cli --cluster create "${addresses[@]}" --cluster-yes >"$dir/create.log" 2>&1 || { cat "$dir/create.log" >&2; fail 'no cluster'; }
  wait_until 20 whole
  write_env
}

case $action in
  start) start ;;
  stop) stop ;;
  kill) kill_node "$3" ;;
  restart)
    kill_node "$3"
    rm -f "$dir/node$3/dump.rdb"
    [ -z "${4:-}" ] || cp "$4" "$dir/node$3/dump.rdb"
    start_node "$3"
    ;;
  keep)
    ask "$3" save >/dev/null
    cp "$dir/node$3/dump.rdb" "$4"
    ;;
  move)
    # A node that has just come back answers CLUSTERDOWN to what is moved to it, though the others agree already.
    wait_until 30 whole
    wait_until 30 agree "$3"
    wait_until 30 moved "$3" "$4" "$5"
    ;;
  *) fail "unknown action $action" ;;
esac

#!/usr/bin/env bash
# The hammer over both modes: run.sh [SECONDS] [SEED] [OPTION…]; SECONDS in all (default 60), options as of hammer.py, for example
#   run.sh 1200 '' --standbys 2 --redis-cluster
# RATINGSCTL names the binary (default: build/release/bin/ratingsctl). Exit 1 on a violation or when too little happened.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
seconds=${1:-60}
seed=${2:-}
exec python3 "$here/hammer.py" --program "${RATINGSCTL:-$here/../../build/release/bin/ratingsctl}" --seconds "$((seconds / 2))" \
  ${seed:+--seed "$seed"} "${@:3}"

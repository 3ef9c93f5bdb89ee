#!/usr/bin/env bash
# The figures of the README, on this machine, by one command; the result is a Markdown page on stdout.
#   tests/bench/run.sh [ROWS] [ROUNDS]     default: 26024289 rows (the full ratings.csv), 3 rounds
# Both sides of each comparison run on the same servers and the same data, in turns. Needs 10 GB of disk for the full size.
set -euo pipefail
cd "$(dirname "$0")/../.."
. docker/packages.sh

rows=${1:-26024289}
rounds=${2:-3}
build=${RATINGS_BENCH_BUILD:-build/release}
# shellcheck disable=SC2046  # the lists are words
install_packages $(build_packages) $(run_packages) $(bench_packages) doctest-dev >&2
if [ ! -x "$build/bin/ratingsctl" ] || [ ! -x "$build/bin/ratings-generate" ]; then
  cmake --preset release >&2
  cmake --build --preset release --target ratingsctl ratings-generate >&2
fi
work=$(mktemp -d "${RATINGS_BENCH_DIR:-/var/tmp}/ratingsctl-bench.XXXXXX")
chmod 755 "$work"
trap 'tests/support/servers.sh stop "$work/servers" >&2; rm -rf "$work"' EXIT
tests/support/servers.sh start "$work/servers"
python3 tests/bench/bench.py --program "$build/bin/ratingsctl" --generator "$build/bin/ratings-generate" \
  --servers "$work/servers/servers.env" --work "$work" --rows "$rows" --rounds "$rounds"

#!/usr/bin/env bash
# The figures of the README, on this machine, by one command; the result is a Markdown page on stdout.
#   tests/bench/run.sh [ROWS] [ROUNDS]     default: 26024289 rows (the full ratings.csv), 3 rounds
# Both sides of each comparison run on the same servers and the same data, in turns. Needs 10 GB of disk for the full size.
set -euo pipefail
cd "$(dirname "$0")/../.."
. docker/packages.sh
. tests/bench/prepare.sh

rows=${1:-26024289}
rounds=${2:-3}
prepare bench
measure bench.py --rows "$rows" --rounds "$rounds"

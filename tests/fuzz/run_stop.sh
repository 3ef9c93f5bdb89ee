#!/usr/bin/env bash
# The CSV reader against the reference under libFuzzer, with the address and undefined behaviour sanitizers.
#   tests/fuzz/run.sh [SECONDS]          builds, replays the corpus, then fuzzes a copy of it; default: 60 s
#   tests/fuzz/run.sh --keep [SECONDS]   adds what reached new code to the corpus afterwards
# Fails on a difference, a crash, 5 s or 512 MB for one input; that input is left in build/fuzz/findings, its path printed.
# Needs clang (with libclang-rt-NN-dev, its runtime) besides what the project itself is built with.
set -euo pipefail
cd "$(dirname "$0")/../.."

keep=no
if [ "${1:-}" = --keep ]; then keep=yes; shift; fi
seconds=${1:-60}
build=build/fuzz
findings=$build/findings
corpus=tests/fuzz/corpus/csv
fuzzer=$build/csv_fuzz

fail() { printf 'fuzz: %s\n' "$*" >&2; exit 1; }
if [ $# -gt 1 ] || ! [[ $seconds =~ ^[1-9][0-9]*$ ]]; then fail 'usage: tests/fuzz/run.sh [--keep] [SECONDS]'; fi

mkdir -p "$findings"
cmake -S tests/fuzz -B "$build" -G Ninja -DCMAKE_CXX_COMPILER=clang++ >"$build/configure.log" 2>&1 || {
  cat "$build/configure.log" >&2
  fail 'cannot be configured; are clang and libclang-rt-NN-dev installed?'
}
cmake --build "$build"
work=$(mktemp -d "${TMPDIR:-/tmp}/ratings-fuzz.XXXXXX")
trap 'rm -rf "$work"' EXIT
mkdir "$work/corpus"
cp "$corpus"/* "$work/corpus"

# The memory that has been freed is watched for long enough with 16 MB; with the default, it alone would be 256 MB.
export ASAN_OPTIONS=quarantine_size_mb=16
limits=(-timeout=5 -rss_limit_mb=512 -artifact_prefix="$findings/")

# fuzz WHAT ARGUMENT…: without a word, unless it fails. The fuzzer keeps its own time, unless it is stopped or stuck.
fuzz() {
  local what=$1 log=$work/log input
  shift
  if ! timeout --foreground --kill-after=10 $((seconds + 5)) "$fuzzer" "${limits[@]}" "$@" >"$log" 2>&1; then
    tail -n 60 "$log" >&2
    input=$(grep -o "$findings/[^ ]*" "$log" | tail -n 1 || true)
    fail "$what failed${input:+; the input: $input}"
  fi
}

# One by one, so that it can be said which file failed.
replayed=0
for file in "$corpus"/*; do
  fuzz "replaying $file" "$file"
  replayed=$((replayed + 1))
done
echo "fuzz: $replayed inputs of the corpus replayed"

fuzz 'the run' -dict=tests/fuzz/csv.dict -max_len=400 -max_total_time="$seconds" -print_final_stats=1 "$work/corpus"
grep '^stat::' "$work/log"
echo "fuzz: $(sed -n 's/^stat::number_of_executed_units: *//p' "$work/log") executions in $seconds s, no finding"

if [ "$keep" = yes ]; then
  before=$(find "$corpus" -type f | wc -l)
  # One for each new edge; counts of the same edge would add hundreds.
  fuzz 'the merge' -merge=1 -use_counters=0 "$corpus" "$work/corpus"
  echo "fuzz: $(($(find "$corpus" -type f | wc -l) - before)) inputs added to $corpus"
fi

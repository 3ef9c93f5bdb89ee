#!/usr/bin/env bash
# What reads bytes from strangers, under libFuzzer, with the address and undefined behaviour sanitizers: the CSV reader
# against its reference, and the gate before HTTP against what it promises.
#   tests/fuzz/run.sh [--keep] [--only csv|gate] [SECONDS]
# Builds, replays the corpora, then fuzzes copies of them, side by side; default: 60 s.
# --keep adds what reached new code to the corpus afterwards.
# Fails on a broken promise, a crash, 5 s or 512 MB for one input; that input is left in build/fuzz/findings, its path
# printed. Needs clang (with libclang-rt-NN-dev, its runtime) besides what the project itself is built with.
set -euo pipefail
cd "$(dirname "$0")/../.."

build=build/fuzz
findings=$build/findings

fail() { printf 'fuzz: %s\n' "$*" >&2; exit 1; }
usage() { fail 'usage: tests/fuzz/run.sh [--keep] [--only csv|gate] [SECONDS]'; }

keep=no
targets=(csv gate)
seconds=60
while [ $# -gt 0 ]; do
  case $1 in
    --keep) keep=yes ;;
    --only) [[ ${2:-} =~ ^(csv|gate)$ ]] || usage; targets=("$2"); shift ;;
    *) [[ $1 =~ ^[1-9][0-9]*$ ]] || usage; seconds=$1 ;;
  esac
  shift
done

mkdir -p "$findings"
cmake -S tests/fuzz -B "$build" -G Ninja -DCMAKE_CXX_COMPILER=clang++ >"$build/configure.log" 2>&1 || {
  cat "$build/configure.log" >&2
  fail 'cannot be configured; are clang and libclang-rt-NN-dev installed?'
}
cmake --build "$build"
work=$(mktemp -d "${TMPDIR:-/tmp}/ratings-fuzz.XXXXXX")
trap 'rm -rf "$work"' EXIT

# The memory that has been freed is watched for long enough with 16 MB; with the default, it alone would be 256 MB.
export ASAN_OPTIONS=quarantine_size_mb=16

# fuzz TARGET WHAT ARGUMENT…: without a word, unless it fails. The fuzzer keeps its own time, unless it is stopped or stuck.
fuzz() {
  local target=$1 what=$2 log=$work/$1.log input
  shift 2
  if ! timeout --foreground --kill-after=10 $((seconds + 120)) "$build/${target}_fuzz" -timeout=5 -rss_limit_mb=512 \
      -artifact_prefix="$findings/$target-" "$@" >"$log" 2>&1; then
    tail -n 60 "$log" >&2
    input=$(grep -o "$findings/[^ ]*" "$log" | tail -n 1 || true)
    fail "$target: $what failed${input:+; the input: $input}"
  fi
}

# Inputs of the CSV fuzzer take a hundred times as long when they are long; a header is refused at 16 KiB.
options() {
  if [ "$1" = csv ]; then echo -max_len=400; else echo -max_len=20000; fi
}

run() {
  local target=$1 corpus=tests/fuzz/corpus/$1 replayed=0 before file
  # One by one, so that it can be said which file failed.
  for file in "$corpus"/*; do
    fuzz "$target" "replaying $file" "$file"
    replayed=$((replayed + 1))
  done
  echo "fuzz: $target: $replayed inputs of the corpus replayed"
  mkdir "$work/$target"
  cp "$corpus"/* "$work/$target"
  fuzz "$target" 'the run' "-dict=tests/fuzz/$target.dict" "$(options "$target")" -max_total_time="$seconds" \
    -print_final_stats=1 "$work/$target"
  echo "fuzz: $target: $(sed -n 's/^stat::number_of_executed_units: *//p' "$work/$target.log") executions in $seconds s, \
$(sed -n 's/^stat::peak_rss_mb: *//p' "$work/$target.log") MB, no finding"
  if [ "$keep" = yes ]; then
    before=$(find "$corpus" -type f | wc -l)
    # One for each new edge; counts of the same edge would add hundreds.
    fuzz "$target" 'the merge' -merge=1 -use_counters=0 "$corpus" "$work/$target"
    echo "fuzz: $target: $(($(find "$corpus" -type f | wc -l) - before)) inputs added to $corpus"
  fi
}

runs=()
for target in "${targets[@]}"; do
  run "$target" &
  runs+=($!)
done
for one in "${runs[@]}"; do wait "$one"; done

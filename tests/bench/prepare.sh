# Sourced by the benchmarks, from the root of the tree, after docker/packages.sh: packages, programs, and servers of their own.
# shellcheck shell=bash

build=${RATINGS_BENCH_BUILD:-build/release}

# prepare NAME: afterwards $work is a folder, removed at the end, with the servers of tests/support/servers.sh below it.
prepare() {
  # shellcheck disable=SC2046  # the lists are words
  install_packages $(build_packages) $(run_packages) $(bench_packages) doctest-dev >&2
  if [ ! -x "$build/bin/ratingsctl" ] || [ ! -x "$build/bin/ratings-generate" ]; then
    cmake --preset release >&2
    cmake --build --preset release --target ratingsctl ratings-generate >&2
  fi
  work=$(mktemp -d "${RATINGS_BENCH_DIR:-/var/tmp}/ratingsctl-$1.XXXXXX")
  chmod 755 "$work"
  trap 'tests/support/servers.sh stop "$work/servers" >&2; rm -rf "$work"' EXIT
  tests/support/servers.sh start "$work/servers"
}

# measure SCRIPT ARGUMENT…: runs a benchmark's Python with what prepare() made.
measure() {
  local script=$1
  shift
  python3 "tests/bench/$script" --program "$build/bin/ratingsctl" --generator "$build/bin/ratings-generate" \
    --servers "$work/servers/servers.env" --work "$work" "$@"
}

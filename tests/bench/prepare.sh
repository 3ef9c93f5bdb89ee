# Sourced by the benchmarks, from the root of the tree, after docker/packages.sh: packages, programs, and servers of their own.
# shellcheck shell=bash

build=${RATINGS_BENCH_BUILD:-build/release}
autogroups=/proc/sys/kernel/sched_autogroup_enabled
[ -e "$autogroups" ] || autogroups=/dev/null  # a kernel without them

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
  trap 'tests/support/servers.sh stop "$work/servers" >&2; rm -rf "$work"; echo "$autogroup" | as_root tee "$autogroups" >/dev/null' EXIT
  # The kernel shares the processors between sessions (sched(7), autogroup). PostgreSQL has one of its own, and with two
  # processors full of clients it was left waiting for up to 0.8 s; in one group with the others, for 4 ms.
  autogroup=$(cat "$autogroups" 2>/dev/null || echo 0)
  echo 0 | as_root tee "$autogroups" >/dev/null
  tests/support/servers.sh start "$work/servers"
}

# measure SCRIPT ARGUMENT…: runs a benchmark's Python with what prepare() made.
measure() {
  local script=$1
  shift
  python3 "tests/bench/$script" --program "$build/bin/ratingsctl" --generator "$build/bin/ratings-generate" \
    --servers "$work/servers/servers.env" --work "$work" "$@"
}

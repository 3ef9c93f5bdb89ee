#!/usr/bin/env bash
# Everything that must hold before a change is merged, on Debian 12 or 13; asks nothing, leaves nothing running.
#   ./test.sh          installs what is missing, builds, runs every test; ends with the summary of ctest
#   ./test.sh --deps   installs what is missing and stops
# The compose test needs a container engine. Without one it is left out, and said so; with CI=true that is a failure.
set -euo pipefail
cd "$(dirname "$0")"
. docker/packages.sh

jobs=$(nproc)
offline_images=../shared/docker/offline-images.sh   # makes an engine and the base images where no registry can be reached
say() { printf '\n== %s\n' "$*"; }
fail() { printf 'test.sh: %s\n' "$*" >&2; exit 1; }

install_everything() {
  # shellcheck disable=SC2046  # the lists are words
  install_packages $(build_packages) $(run_packages) $(test_packages)
}

engine_answers() { docker info >/dev/null 2>&1 && docker compose version >/dev/null 2>&1; }

engine_pid() { cat /run/docker.pid 2>/dev/null || true; }

stop_engine() {
  local pid
  pid=$(engine_pid)
  if [ -z "$pid" ] || ! as_root kill "$pid"; then return 0; fi
  while as_root kill -0 "$pid" 2>/dev/null; do sleep 0.2; done
}

# An engine that was not there before ends with this script.
started_engine=''
prepare_engine() {
  local before
  before=$(engine_pid)
  if [ -x "$offline_images" ]; then
    as_root "$offline_images" >/dev/null || fail "$offline_images failed"
  fi
  [ "$(engine_pid)" = "$before" ] || started_engine=yes
  if engine_answers; then return 0; fi
  [ "${CI:-}" != true ] || fail 'no Docker Engine with Compose v2 answers, and CI=true asks for the compose test'
  say 'compose test left out: no Docker Engine with Compose v2 answers (docker info, docker compose version)'
}

# The thread sanitizer of gcc 12 cannot live with the address randomisation of newer kernels; switched off where allowed.
plain_addresses=()
if setarch "$(uname -m)" -R true 2>/dev/null; then plain_addresses=(setarch "$(uname -m)" -R); fi

# build PRESET [WRAPPER…]: the wrapper counts too, since the build runs each test program once to list its cases.
# Under the thread sanitizer only what has threads is built: the programs with the label `threads`.
build() {
  local preset=$1
  shift
  say "build: $preset"
  cmake --preset "$preset" "${launcher[@]}" >/dev/null
  local -a targets=()
  [ "$preset" != tsan ] || targets=(--target http_server_test service_threads_test side_by_side_test load_lanes_test)
  "$@" cmake --build --preset "$preset" "${targets[@]}"
}

check_format() {
  say 'clang-format'
  git ls-files -z --cached --others --exclude-standard '*.cpp' '*.hpp' | xargs -0 clang-format --dry-run -Werror
}

# The sources of the tree, the last changed first. A header stands for the source of its name, or else for one that includes it.
sources_by_age() {
  local -a kinds=('lib/*.[ch]pp' 'cmd/*.[ch]pp' 'data/*.[ch]pp' 'tests/*.[ch]pp')
  local file
  { git diff --name-only HEAD -- "${kinds[@]}"
    git ls-files --others --exclude-standard -- "${kinds[@]}"
    git log --format= --name-only -- "${kinds[@]}"; } | awk '!seen[$0]++' |
    while read -r file; do
      [ -f "$file" ] || continue
      case $file in
        *.cpp) echo "$file" ;;
        *) if [ -f "${file%.hpp}.cpp" ]; then echo "${file%.hpp}.cpp"
           else git grep -lE "include \"([a-z_]+/)*${file##*/}\"" -- '*.cpp' | sed -n 1p || continue; fi ;;  # of no source: none
      esac
    done | awk '!seen[$0]++'
}

# As many as fit into about three minutes, at some 20 s a file. What is fuzzed, and the consumer, are projects of their own: no
# command line of them is known here.
check_tidy() {
  local -a files
  cmake --preset tidy >/dev/null  # for its list of commands: one a file, which release has not
  mapfile -t files < <(sources_by_age | grep -vE '^tests/(fuzz|consumer)/')
  local all=${#files[@]}
  [ "${TIDY:-}" = all ] || files=("${files[@]:0:$((8 * jobs))}")
  say "clang-tidy: ${#files[@]} of $all sources, the last changed first (TIDY=all reads all)"
  # gcc's own options are not clang's; the counts of what it suppressed in system headers tell nobody anything.
  printf '%s\0' "${files[@]}" | xargs -0 -n 1 -P "$jobs" clang-tidy --quiet -p build/tidy 2> >(grep -v 'warnings generated' >&2)
}

static_checks() {
  # Other versions know other checks and break lines elsewhere; version 14 of Debian 12 is the reference.
  if [ "$(debian_release)" != 12 ]; then
    say 'clang-format and clang-tidy left out: their reference version is that of Debian 12'
    return 0
  fi
  check_format
  check_tidy
}

# What a run that was ended in the middle has left: at the end of a whole one, ctest's fixtures have stopped them.
stop_servers() {
  local fixture left
  for fixture in servers redis_cluster; do
    for left in build/*/tests/"$fixture"; do
      if [ -d "$left" ]; then "tests/support/$fixture.sh" stop "$left"; fi
    done
  done
}

leave_nothing() {
  local status=$?
  set +e
  stop_servers
  [ -z "$started_engine" ] || stop_engine
  exit "$status"
}

main() {
  case $* in
    '') ;;
    --deps) install_everything; exit 0 ;;
    *) fail "unknown argument: $* (only --deps is known)" ;;
  esac
  install_everything
  trap leave_nothing EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
  prepare_engine
  if command -v ccache >/dev/null; then launcher=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache); else launcher=(); fi
  export CTEST_PARALLEL_LEVEL=$jobs

  build release
  static_checks
  build asan
  say 'tests under the address and undefined behaviour sanitizers'
  ctest --preset asan
  build tsan "${plain_addresses[@]}"
  say 'tests under the thread sanitizer'
  "${plain_addresses[@]}" ctest --preset tsan
  say 'what reads bytes from strangers, under libFuzzer, 60 s'
  tests/fuzz/run.sh 60
  say 'all tests, as released'
  ctest --preset release
}
main "$@"

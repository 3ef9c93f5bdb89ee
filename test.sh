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
prepare_engine() {
  local before
  before=$(engine_pid)
  if [ -x "$offline_images" ]; then
    as_root "$offline_images" >/dev/null || fail "$offline_images failed"
  fi
  [ "$(engine_pid)" = "$before" ] || trap stop_engine EXIT
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

# The sources that clang-tidy reads: those changed since TIDY_BASE (default: the last commit's parent, with what is not
# committed yet), a changed header standing for the source of the same name. Without a parent: the sources of lib/src/core.
# TIDY_BASE=all reads everything; that takes five minutes on two cores.
files_to_tidy() {
  local base=${TIDY_BASE:-HEAD~1} file
  if [ "$base" = all ]; then
    git ls-files --cached --others --exclude-standard 'lib/*.cpp' 'cmd/*.cpp' 'data/*.cpp'
  elif git rev-parse -q --verify "$base^{commit}" >/dev/null; then
    { git diff --name-only --diff-filter=d "$base" -- 'lib/*.[ch]pp' 'cmd/*.[ch]pp' 'data/*.[ch]pp' 'tests/*.[ch]pp'
      git ls-files --others --exclude-standard 'lib/*.[ch]pp' 'cmd/*.[ch]pp' 'data/*.[ch]pp' 'tests/*.[ch]pp'; } |
      while read -r file; do
        file=${file%.hpp}; file=${file%.cpp}.cpp
        # What is fuzzed is a project of its own, built by clang: no command line of it is known here.
        if [ -f "$file" ] && [[ $file != tests/fuzz/* ]]; then echo "$file"; fi
      done
  else
    git ls-files 'lib/src/core/*.cpp'
  fi | sort -u
}

# Newest first, and no more than fit into about two minutes: 6 s a file.
check_tidy() {
  local -a files
  mapfile -t files < <(files_to_tidy | xargs -r ls -t)
  if [ "${TIDY_BASE:-}" != all ] && [ ${#files[@]} -gt $((20 * jobs)) ]; then
    say "clang-tidy: the $((20 * jobs)) newest of ${#files[@]} changed files (TIDY_BASE=all reads all)"
    files=("${files[@]:0:$((20 * jobs))}")
  else
    say "clang-tidy: ${#files[@]} files"
  fi
  if [ ${#files[@]} -eq 0 ]; then return 0; fi
  cmake --preset tidy >/dev/null  # for its list of commands: one a file, which release has not
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

main() {
  case $* in
    '') ;;
    --deps) install_everything; exit 0 ;;
    *) fail "unknown argument: $* (only --deps is known)" ;;
  esac
  install_everything
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

#!/usr/bin/env bash
# The hammer can fail: runs it against planted bugs, each of which it must catch within 60 s.
#   planted.sh [NAME…]   all, or these: the names of bugs/*.patch, and partition-without-triggers
# A patched copy of the tree is built in a temporary folder (PLANTED_DIR keeps it). The line "hammer: …" of a patch says how
# to run. RATINGSCTL names the binary for the bug that needs no build (default: build/release/bin/ratingsctl). SEED=N.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
seconds=60
seed=(${SEED:+--seed "$SEED"})

fail() { printf 'planted.sh: %s\n' "$*" >&2; exit 1; }

work=${PLANTED_DIR:-}
if [ -z "$work" ]; then
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
fi
mkdir -p "$work"

# build NAME: prints the binary. The copy is of the working tree, so that a bug is planted into what is being changed.
build() {
  local tree=$work/$1
  rm -rf "$tree"
  mkdir -p "$tree"
  (cd "$root" && git ls-files -z --cached --others --exclude-standard | tar --null -T - -cf -) | tar -xf - -C "$tree"
  (
    cd "$tree"
    patch -p1 --no-backup-if-mismatch <"$here/bugs/$1.patch"
    export CCACHE_BASEDIR=$tree CCACHE_NOHASHDIR=1
    launcher=()
    if command -v ccache; then launcher=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache); fi
    cmake --preset release "${launcher[@]}"
    cmake --build --preset release --target ratingsctl
  ) >"$work/$1.log" 2>&1 || { tail -20 "$work/$1.log" >&2; fail "$1 cannot be built"; }
  printf '%s' "$tree/build/release/bin/ratingsctl"
}

# The hammer must end with 1 and say that it has caught something.
hammer() {
  local name=$1
  shift
  if python3 "$here/hammer.py" --seconds "$seconds" "${seed[@]}" "$@" >"$work/$name.out" 2>&1; then
    printf '%-42s missed within %s s\n' "$name" "$seconds"
    return 1
  fi
  local caught
  caught=$(grep -o 'caught after [0-9.]* s' "$work/$name.out") || { tail -30 "$work/$name.out" >&2; fail "$name: the hammer failed"; }
  printf '%-42s %s\n' "$name" "$caught"
}

names=("$@")
if [ $# -eq 0 ]; then
  mapfile -t names < <(echo partition-without-triggers; cd "$here/bugs" && ls -- *.patch | sed 's/\.patch$//')
fi
missed=0
for name in "${names[@]}"; do
  if [ "$name" = partition-without-triggers ]; then
    hammer "$name" --program "${RATINGSCTL:-$root/build/release/bin/ratingsctl}" --delta 1000 --bug "$name" || missed=1
    continue
  fi
  [ -f "$here/bugs/$name.patch" ] || fail "there is no bug $name"
  mapfile -t how < <(sed -n 's/^hammer: //p' "$here/bugs/$name.patch" | tr ' ' '\n')
  program=$(build "$name")
  hammer "$name" --program "$program" --bug in-the-binary "${how[@]}" || missed=1
done
exit "$missed"

#!/usr/bin/env bash
# The Debian packages, from source to purge, in clean containers:
#   tests/packages.sh [bookworm] [trixie]        both, when none is named; 15 minutes on two cores, nearly all of it compiling
# For each Debian: builds the packages in a fresh debian:…-slim, installs them in another, does there what people do
# (tests/support/package_in_container.sh), once without systemd and once with the real one, and builds tests/consumer
# against libratings-dev. Needs a Docker Engine and those two base images. Ends with the figures that it measured.
#   PACKAGES_DIR=DIR   keeps the packages and logs there, and takes packages that lie there already
set -euo pipefail
source_dir=$(cd "$(dirname "$0")/.." && pwd)
work=${PACKAGES_DIR:-$(mktemp -d "${TMPDIR:-/tmp}/ratingsctl-packages.XXXXXX")}
mkdir -p "$work"
name=ratingsctl-packages-$$

say() { printf '\n== %s\n' "$*"; }
fail() { printf 'packages.sh: %s\n' "$*" >&2; exit 1; }

clean_up() {
  local status=$?
  for container in build try systemd; do docker rm -f "$name-$container" >/dev/null 2>&1 || true; done
  if [ -n "${PACKAGES_DIR:-}" ] || [ "$status" -ne 0 ]; then echo "logs and packages: $work"; else rm -rf "$work"; fi
  exit "$status"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

# What is in the working tree and not ignored, so that no build of this machine gets in.
copy_sources() {
  rm -rf "$work/source"
  mkdir -p "$work/source"
  git -C "$source_dir" ls-files -z --cached --others --exclude-standard |
    tar -C "$source_dir" --null --files-from - --ignore-failed-read -cf - | tar -C "$work/source" -xf -
}

# in_container NAME IMAGE [OPTION…] -- COMMAND…
in_container() {
  local container=$name-$1 image=$2
  shift 2
  local -a options=()
  while [ "$1" != -- ]; do options+=("$1"); shift; done
  shift
  docker run --name "$container" "${options[@]}" -v "$work/source:/source:ro" "$image" "$@"
}

build() { # SUITE
  if compgen -G "$work/$1/ratingsctl_*.deb" >/dev/null; then say "$1: packages are there already"; return; fi
  say "$1: build"
  mkdir -p "$work/$1"
  local began=$SECONDS
  # A warning of a compiler that we have not seen is for developers, and no reason for a user to have no package.
  # shellcheck disable=SC2016  # for the shell in the container
  in_container build "debian:$1-slim" --rm -v "$work/$1:/out" -- bash -euo pipefail -c '
    . /source/docker/packages.sh
    install_packages $(build_packages) $(package_packages)
    cmake -S /source -B /build -G Ninja -DCMAKE_BUILD_TYPE=Release -DRATINGS_TESTS=OFF -DRATINGS_WERROR=OFF
    cmake --build /build
    cd /build
    cpack -B /out
    rm -rf /out/_CPack_Packages
    apt-get -qq install -y /out/*.deb
    cmake -S /source/tests/consumer -B /consumer -G Ninja
    cmake --build /consumer
    HOME=/root XDG_CONFIG_HOME=/root ratingsctl --store sqlite:/tmp/consumer.db load /source/data/ratings_sample.csv
    /consumer/consumer sqlite:/tmp/consumer.db 1 | tee /out/consumer.txt' >"$work/$1/build.log" 2>&1 ||
    { tail -40 "$work/$1/build.log" >&2; fail "$1: the build failed"; }
  grep -q "^[0-9.]* $(grep -c '^1,' "$source_dir/data/ratings_sample.csv") " "$work/$1/consumer.txt" ||
    fail "$1: the consumer's answer is wrong: $(cat "$work/$1/consumer.txt")"
  echo "figure: packages to build with, build, cpack, consumer, s: $((SECONDS - began))" >>"$work/$1/build.log"
}

try_without_systemd() { # SUITE
  say "$1: a fresh container without systemd"
  in_container try "debian:$1-slim" --rm -v "$work/$1:/debs:ro" -- \
    bash /source/tests/support/package_in_container.sh /debs /source >"$work/$1/plain.log" 2>&1 ||
    { tail -40 "$work/$1/plain.log" >&2; fail "$1: without systemd"; }
  grep -c '^ok:' "$work/$1/plain.log" | sed 's/$/ checks passed/'
}

# systemd wants its control groups writable. Where the engine cannot give it that, this part is left out, and said so.
try_with_systemd() { # SUITE
  say "$1: a fresh container with systemd"
  # The two variables are for hosts with version 1 of the control groups, which Debian 13's systemd otherwise refuses.
  in_container systemd "debian:$1-slim" -d --cap-add SYS_ADMIN --security-opt seccomp=unconfined --security-opt apparmor=unconfined \
    --cgroupns=private --tmpfs /run --tmpfs /run/lock -e SYSTEMD_CGROUP_ENABLE_LEGACY_FORCE=1 \
    -e 'SYSTEMD_PROC_CMDLINE=systemd.unified_cgroup_hierarchy=0 SYSTEMD_CGROUP_ENABLE_LEGACY_FORCE=1' -v "$work/$1:/debs:ro" -- \
    bash -c '. /source/docker/packages.sh; install_packages systemd dbus; mount -o remount,rw /sys/fs/cgroup; exec /lib/systemd/systemd' >/dev/null
  local until=$((SECONDS + 120)) state=''
  while [ "$SECONDS" -lt "$until" ]; do
    state=$(docker exec "$name-systemd" systemctl is-system-running 2>/dev/null || true)
    case $state in running | degraded) break ;; esac
    sleep 1
  done
  case $state in
    running | degraded)
      docker exec "$name-systemd" bash /source/tests/support/package_in_container.sh /debs /source >"$work/$1/systemd.log" 2>&1 ||
        { tail -40 "$work/$1/systemd.log" >&2; fail "$1: with systemd"; }
      grep -c '^ok:' "$work/$1/systemd.log" | sed 's/$/ checks passed/'
      ;;
    *) echo "left out: systemd does not start in a container of this engine (state: ${state:-none})" ;;
  esac
  docker rm -f "$name-systemd" >/dev/null
}

docker info >/dev/null 2>&1 || fail 'no Docker Engine answers (docker info)'
suites=("$@")
[ $# -gt 0 ] || suites=(bookworm trixie)
copy_sources
for suite in "${suites[@]}"; do
  case $suite in bookworm | trixie) ;; *) fail "unknown Debian '$suite': bookworm or trixie" ;; esac
  build "$suite"
  try_without_systemd "$suite"
  try_with_systemd "$suite"
done
for suite in "${suites[@]}"; do
  say "figures: $suite"
  # Both runs in containers measure much of the same; with packages that were there already there is no log of a build.
  for log in build plain systemd; do
    if [ -e "$work/$suite/$log.log" ]; then sed -n "s/^figure: /$log: /p" "$work/$suite/$log.log"; fi
  done
done
printf '\npackages.sh: all steps passed\n'

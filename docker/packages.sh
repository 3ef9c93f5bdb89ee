# The one place that names Debian packages. Sourced by quickstart.sh, test.sh, tests/bench and docker/Dockerfile.
# Debian 12 and 13 name their shared libraries differently; everything else is the same.
# shellcheck shell=bash

debian_release() { (. /etc/os-release && printf '%s' "${VERSION_ID:-}"); }

require_debian() {
  case $(. /etc/os-release && printf '%s-%s' "${ID:-}" "${VERSION_ID:-}") in
    debian-12 | debian-13) ;;
    *) echo "this script installs packages on Debian 12 and 13 only; see README.md for building elsewhere" >&2; return 1 ;;
  esac
}

build_packages() {
  echo g++ cmake ninja-build pkg-config \
    libpqxx-dev libpq-dev libhiredis-dev libcpp-httplib-dev libsqlite3-dev \
    libcli11-dev libfmt-dev libspdlog-dev nlohmann-json3-dev libarchive-dev zlib1g-dev libxxhash-dev
}

# For cpack: dpkg-shlibdeps, and what tells a program from a text.
package_packages() { echo dpkg-dev file; }

run_packages() {
  local common='ca-certificates libpq5 libsqlite3-0 libxxhash0 zlib1g libbrotli1'
  case $(debian_release) in
    12) echo "$common" libpqxx-6.4 libhiredis0.14 libcpp-httplib0.11 libfmt9 libspdlog1.10 libarchive13 ;;
    *) echo "$common" libpqxx-7.10 libhiredis1.1.0 libcpp-httplib0.18 libfmt10 libspdlog1.15 libarchive13t64 ;;
  esac
}

test_packages() {
  local fuzzing='clang libclang-rt-19-dev'
  if [ "$(debian_release)" = 12 ]; then fuzzing='clang libclang-rt-14-dev'; fi
  echo doctest-dev postgresql postgresql-client redis-server redis-tools nutcracker haproxy python3 curl jq git procps \
    ccache clang-tidy clang-format "$fuzzing" mandoc gzip zstd xz-utils zip sqlite3 shellcheck systemd \
    bash zsh fish "$(package_packages)" "$(balancer_packages)" \
    chromium prometheus  # for the pages, and for promtool: 25 s and 18 s to install on two cores
}

bench_packages() {
  echo wrk python3-flask python3-psycopg2 python3-redis gunicorn postgresql postgresql-client redis-server redis-tools python3 time \
    pgloader zstd zip sqlite3
}

# In front of several servers: the container of the profile `scale`, and the tests of its configuration.
balancer_packages() { echo nginx; }

# For tests/bench/http alone.
http_bench_packages() { echo nginx-light webdis strace; }

# Runs a command as root: directly, or through sudo, or says what is missing.
as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    echo "installing packages needs root: run as root, or install sudo, or install by hand: ${missing[*]:-}" >&2
    return 1
  fi
}

# install_packages NAME…: those that are missing, and nothing else. Asks nothing and starts no service.
install_packages() {
  local package deny=/usr/sbin/policy-rc.d cluster_conf=/etc/postgresql-common/createcluster.conf
  local -a missing=()
  for package in "$@"; do
    dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
  done
  if [ ${#missing[@]} -eq 0 ]; then return 0; fi
  require_debian || return 1
  echo "installing: ${missing[*]}" >&2
  # A package's own service would take port 5432 or 6379; policy-rc.d(8) keeps it down.
  if [ -e "$deny" ]; then
    install_quietly
  else
    (deny_services && install_quietly)  # a subshell: its traps are not the caller's
  fi
}

# Until this subshell ends, however it ends: a file that stays would keep down what is installed later.
deny_services() {
  trap allow_services EXIT
  trap 'end_of HUP' HUP
  trap 'end_of INT' INT
  trap 'end_of TERM' TERM
  as_root sh -c "printf '#!/bin/sh\nexit 101\n' >$deny && chmod +x $deny"
}

allow_services() {
  trap '' HUP INT TERM
  as_root rm -f "$deny"
}

# The caller must see that a signal ended us, to end by it too.
end_of() {
  allow_services
  trap - EXIT "$1"
  kill -s "$1" "$BASHPID"
}

# apt-get with what install_packages found missing. The tests make clusters of their own: none is wanted in /var/lib.
install_quietly() {
  local -a get=(as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0 -o Acquire::Retries=3)
  "${get[@]}" update || return 1
  case " ${missing[*]} " in
    *' postgresql '*)
      "${get[@]}" install -y --no-install-recommends postgresql-common >/dev/null || return 1
      as_root sed -i 's/^#*create_main_cluster *=.*/create_main_cluster = false/' "$cluster_conf" || return 1
      ;;
  esac
  "${get[@]}" install -y --no-install-recommends "${missing[@]}" >/dev/null || return 1
  # Not at the next boot either; only on a machine that has an init system.
  if [ ! -d /run/systemd/system ]; then return 0; fi
  local service
  for service in redis-server nutcracker haproxy prometheus nginx; do
    case " ${missing[*]} " in
      *" $service "*) as_root systemctl disable --quiet "$service" || return 1 ;;
    esac
  done
}

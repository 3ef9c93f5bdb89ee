#!/usr/bin/env bash
# From a fresh clone on Debian 12 or 13 to answers over HTTP: installs the packages, builds, loads the shipped sample into
# the embedded store and serves it here, in the foreground. Asks nothing. A second run takes seconds.
set -euo pipefail
cd "$(dirname "$0")"
. docker/packages.sh

build=build/quickstart
program=$build/bin/ratingsctl
port=${RATINGSCTL_PORT:-5001}
fail() { printf 'quickstart.sh: %s\n' "$*" >&2; exit 1; }

port_is_taken() { (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; }
if port_is_taken; then
  fail "something listens on port $port already; end it, or choose another: RATINGSCTL_PORT=5002 ./quickstart.sh"
fi

# shellcheck disable=SC2046  # the lists are words
install_packages $(build_packages) $(run_packages) curl

if command -v ccache >/dev/null; then launcher=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache); else launcher=(); fi
echo 'building ratingsctl (some minutes the first time) …' >&2
# A warning of a compiler that we have not seen must not stop a user; ./test.sh treats it as an error.
cmake --preset release -B "$build" -DRATINGS_TESTS=OFF -DRATINGS_WERROR=OFF "${launcher[@]}" >/dev/null
cmake --build "$build" --target ratingsctl >&2

# 5: refused, most likely because the store holds ratings of your own. What it holds stays, and is served.
status=0
"$program" load data/ratings_sample.csv || status=$?
case $status in
  0) ;;
  5) echo 'the sample was not loaded, for the reason above; serving what the store holds' >&2 ;;
  *) fail "the sample could not be loaded (exit $status)" ;;
esac

cat >&2 <<TEXT

Serving on http://127.0.0.1:$port; end it with Ctrl-C. In another terminal, try:

  curl http://127.0.0.1:$port/rates/1
  curl http://127.0.0.1:$port/user/profile/1

TEXT
exec "$program" serve --port "$port"

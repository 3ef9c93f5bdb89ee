# Sourced by the scripts beside it. The program is `ratingsctl` of the PATH, or what RATINGSCTL names.
# Exit codes are those of ratingsctl(1), handed on: 0 done, 1 failed, 2 usage, 3 done with a remainder, 4 a server cannot be
# reached, 5 refused by a guard.
# shellcheck shell=sh

# shellcheck disable=SC2034  # for whoever sources this
program=${RATINGSCTL:-ratingsctl}
script=$(basename "$0")

# fail STATUS TEXT: one line, and out.
fail() {
  printf '%s: %s\n' "$script" "$2" >&2
  exit "$1"
}

# usage TEXT
usage() {
  printf 'usage: %s %s\n' "$script" "$1" >&2
  exit 2
}

# at_end FUNCTION: runs it however this script ends; after a signal, once what was in the foreground has ended. sh itself runs
# no EXIT trap on a signal.
at_end() {
  # shellcheck disable=SC2064 # the name as it is now
  trap "$1" EXIT
  trap 'fail 129 "ended by SIGHUP"' HUP
  trap 'fail 130 "ended by SIGINT"' INT
  trap 'fail 143 "ended by SIGTERM"' TERM
}

# whole_number VALUE NAME
whole_number() {
  case $1 in
    '' | *[!0-9]*) fail 2 "$2: '$1' is not a whole number" ;;
  esac
}

# make_folder DIR: for files that name users, so for nobody else to read.
make_folder() {
  umask 027
  mkdir -p "$1" || fail 1 "$1 cannot be made; give the user $(id -un) a folder to write to"
  [ -w "$1" ] || fail 1 "$1 cannot be written to by the user $(id -un)"
}

# json_text KEY: the text value of a key of the JSON on standard input; nothing when it is null or missing.
json_text() { sed -n 's/.*"'"$1"'": *"\([^"]*\)".*/\1/p' | head -n 1; }

# json_number KEY
json_number() { sed -n 's/.*"'"$1"'": *\([0-9][0-9]*\).*/\1/p' | head -n 1; }

# keep_result FILE TEXT: whole or not at all.
keep_result() {
  printf '%s\n' "$2" >"$1.part" && mv "$1.part" "$1"
}

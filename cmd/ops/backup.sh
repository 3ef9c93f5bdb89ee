#!/bin/sh
# Backs up the store that ratingsctl uses, while everything runs: DIR/ratings-TIME.dump (PostgreSQL, by pg_dump) or
# DIR/ratings-TIME.db (SQLite, by VACUUM INTO).
#   backup.sh [-k NUMBER] DIR
# Keeps the NUMBER newest, this one among them (default: all); files under other names stay. The backup appears whole or not at
# all; its path is printed. It holds what was purged too, and users who were erased after it: see ratingsctl-purge-user(1).
set -eu
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"
# shellcheck source-path=SCRIPTDIR source=store.sh
. "$(dirname "$0")/store.sh"

how='[-k NUMBER] DIR'
keep=
while getopts k: option; do
  case $option in
    k) keep=$OPTARG ;;
    *) usage "$how" ;;
  esac
done
shift $((OPTIND - 1))
[ $# -eq 1 ] || usage "$how"
dir=$1
[ -z "$keep" ] || whole_number "$keep" -k
case $keep in
  '' | *[1-9]*) ;;
  *) fail 2 '-k: 0 would keep none, not even this one' ;;
esac
find_store
make_folder "$dir"

remove_part() { rm -f "$part"; }

# Whoever makes the part has the name; another backup of the same second takes that of a later one.
for attempt in 1 2 3 4 5 6 7 8 9 10; do
  backup=$dir/ratings-$(date -u +%Y%m%dT%H%M%SZ).$ending
  part=$backup.part
  if (set -C && : >"$part") 2>/dev/null; then
    at_end remove_part
    [ -e "$backup" ] || break
    trap - EXIT
    remove_part
  fi
  [ "$attempt" -lt 10 ] || fail 1 "$part cannot be made; remove what bars the way, or give another folder"
  sleep 1
done
case $kind in
  # One snapshot: ratings, quarantine and the position that the caches are compared with belong together.
  postgresql) pg_dump --format=custom --no-password --file "$part" --dbname "$address" || fail 1 'pg_dump failed (see above)' ;;
  sqlite)
    [ -f "$address" ] || fail 1 "no store at $address"
    sqlite3 -cmd '.timeout 30000' "$address" "VACUUM INTO $(sql_text "$part")" ||
      fail 1 'VACUUM INTO failed (see above)'
    ;;
esac
mv "$part" "$backup" || fail 1 "the backup could not be put at $backup"
if [ -n "$keep" ]; then
  # The time in the name sorts them. This one counts as the newest, whatever a clock that was wrong has left there.
  day='[0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9]' second='[0-9][0-9][0-9][0-9][0-9][0-9]'
  find "$dir" -maxdepth 1 -type f -name "ratings-${day}T${second}Z.$ending" ! -name "$(basename "$backup")" | sort -r |
    tail -n "+$keep" | while IFS= read -r old; do rm -f "$old"; done
fi
printf '%s\n' "$backup"

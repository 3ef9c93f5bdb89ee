#!/bin/sh
# Works off tickets: every DIR/NAME.ids is the list of ticket NAME.
#   purge-spool.sh [-m ROWS] DIR
# Write a list under another name and rename it when it is whole. What is done goes to DIR/done, beside its result; what
# cannot be understood goes to DIR/refused; everything else stays and is tried again, also a list that would take more than
# ROWS (1000000) rows: look at it, and give it to purge-ticket.sh yourself. Ends with the first status that was not 0, after
# all lists.
set -eu
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"

how='[-m ROWS] DIR'
rows=1000000
while getopts m: option; do
  case $option in
    m) rows=$OPTARG ;;
    *) usage "$how" ;;
  esac
done
shift $((OPTIND - 1))
[ $# -eq 1 ] || usage "$how"
dir=$1
whole_number "$rows" -m
make_folder "$dir/done"
make_folder "$dir/refused"

# One at a time: two would give the same list to ratingsctl twice, and the second result would be kept.
exec 9>"$dir/done/.lock"
flock -n 9 || fail 5 "another purge-spool.sh is at work in $dir"
# A mistake in the settings must not be taken for one in each list.
status=0
"$program" batches >/dev/null || status=$?
[ "$status" -eq 0 ] || fail "$status" 'the store cannot be used (see above); every list stays'

worst=0
for list in "$dir"/*.ids; do
  [ -e "$list" ] || continue # no list: the pattern itself
  name=$(basename "$list" .ids)
  status=0
  "$(dirname "$0")/purge-ticket.sh" -m "$rows" "$name" "$list" "$dir/done" || status=$?
  case $status in
    0 | 3) mv "$list" "$dir/done/" || fail 1 "$list is done, but cannot be moved to $dir/done" ;;
    2) mv "$list" "$dir/refused/" || fail 1 "$list cannot be moved to $dir/refused" ;;
    *) ;; # a server is away, or another command holds the store
  esac
  if [ "$worst" -eq 0 ]; then worst=$status; fi
done
exit "$worst"

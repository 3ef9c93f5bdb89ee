#!/bin/sh
# Takes out the users that a ticket names, and keeps the result.
#   purge-ticket.sh [-m ROWS] TICKET FILE DIR
# FILE holds one user id a line (`#` begins a comment). A dry run comes first: its summary goes to standard error, and a list
# that ratingsctl does not understand, or that would take more than ROWS rows, ends it there. The reason kept with the batch
# is "ticket TICKET". The result goes to DIR/ticket-TICKET-TIME.json; the line that takes it all back is printed.
# Run again, it finds the users excluded and changes nothing. Exit 3: done, but the list names users who are unknown.
set -eu
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"

how='[-m ROWS] TICKET FILE DIR'
guard=
while getopts m: option; do
  case $option in
    m) guard=$OPTARG ;;
    *) usage "$how" ;;
  esac
done
shift $((OPTIND - 1))
[ $# -eq 3 ] || usage "$how"
ticket=$1
list=$2
dir=$3
case $ticket in
  '' | .* | *[!A-Za-z0-9._-]*) fail 2 "ticket '$ticket': only letters, digits, dots, dashes and underscores" ;;
esac
if [ ! -f "$list" ] || [ ! -r "$list" ]; then fail 2 "$list: no file that can be read"; fi
make_folder "$dir"

# purge OPTION…
purge() {
  if [ -n "$guard" ]; then set -- --max-rows "$guard" "$@"; fi
  "$program" purge-user --from-file "$list" --reason "ticket $ticket" "$@"
}
[ -z "$guard" ] || whole_number "$guard" -m

status=0
purge --dry-run >&2 || status=$?
case $status in
  0 | 3) ;;
  *) fail "$status" "ticket $ticket: nothing was changed, the dry run ended with $status (its message is above)" ;;
esac

# The file exists before anything is taken out: a full disk must be found now.
kept=$dir/ticket-$ticket-$(date -u +%Y%m%dT%H%M%SZ)
result=$kept.json
again=1
while [ -e "$result" ] || [ -e "$result.part" ]; do # twice in one second
  again=$((again + 1))
  result=$kept-$again.json
done
: >"$result.part" || fail 1 "$dir cannot be written to; nothing was changed"
status=0
json=$(purge -o json) || status=$?
case $status in
  0 | 3) ;;
  *)
    rm -f "$result.part"
    fail "$status" "ticket $ticket: ratingsctl purge-user ended with $status (its message is above)"
    ;;
esac
undo=$(printf '%s\n' "$json" | json_text undo)
# First what the operator needs, whatever happens to the file.
if [ -n "$undo" ]; then printf '%s\n' "$undo"; else echo "ticket $ticket: nothing to do"; fi
keep_result "$result" "$json" || fail 1 "done, but the result could not be kept at $result"
exit "$status"

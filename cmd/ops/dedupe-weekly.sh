#!/bin/sh
# Collapses doubled records and keeps the result in DIR/dedupe-TIME.json; the line that takes it back is printed.
#   dedupe-weekly.sh [-m ROWS] DIR
# More than ROWS doubles (default: any number) are refused with 5 and left alone: so many come from a file that was loaded
# twice, and then somebody should look.
set -eu
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"

how='[-m ROWS] DIR'
guard=
while getopts m: option; do
  case $option in
    m) guard=$OPTARG ;;
    *) usage "$how" ;;
  esac
done
shift $((OPTIND - 1))
[ $# -eq 1 ] || usage "$how"
dir=$1
make_folder "$dir"

# dedupe OPTION…: its JSON, or out.
dedupe() {
  status=0
  json=$("$program" dedupe -o json "$@") || status=$?
  [ "$status" -eq 0 ] || fail "$status" "ratingsctl dedupe ended with $status (its message is above)"
}

if [ -n "$guard" ]; then
  whole_number "$guard" -m
  dedupe --dry-run
  found=$(printf '%s\n' "$json" | json_number rows)
  [ "$found" -le "$guard" ] || fail 5 "$found doubles are more than $guard: nothing was changed; see ratingsctl dedupe --dry-run"
fi
result=$dir/dedupe-$(date -u +%Y%m%dT%H%M%SZ).json
: >"$result.part" || fail 1 "$dir cannot be written to; nothing was changed"
dedupe
undo=$(printf '%s\n' "$json" | json_text undo)
if [ -n "$undo" ]; then printf '%s\n' "$undo"; else echo 'no doubles'; fi
keep_result "$result" "$json" || fail 1 "done, but the result could not be kept at $result"

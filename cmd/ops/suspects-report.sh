#!/bin/sh
# A report of the accounts that look like vote-rigging, into DIR/suspects-DATE.txt (or .csv, .json). Changes no rating.
#   suspects-report.sh [-f table|csv|json] [-k DAYS] DIR [OPTION…]
# OPTION goes to `ratingsctl suspects`, such as --top 50 or --since 2024-01-01. Reports older than DAYS (90) are removed;
# a second run on one day takes the place of the first. The report appears whole or not at all; its path is printed.
set -eu
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"

how='[-f table|csv|json] [-k DAYS] DIR [OPTION...]'
format=table
days=90
while getopts f:k: option; do
  case $option in
    f) format=$OPTARG ;;
    k) days=$OPTARG ;;
    *) usage "$how" ;;
  esac
done
shift $((OPTIND - 1))
[ $# -ge 1 ] || usage "$how"
dir=$1
shift
case $format in
  table) ending=txt ;;
  csv | json) ending=$format ;;
  *) usage "$how" ;;
esac
whole_number "$days" -k
make_folder "$dir"

report=$dir/suspects-$(date -u +%Y-%m-%d).$ending
part=$report.part
remove_part() { rm -f "$part"; }
at_end remove_part
status=0
"$program" suspects -o "$format" "$@" >"$part" || status=$?
[ "$status" -eq 0 ] || fail "$status" "no report: ratingsctl suspects ended with $status (its message is above)"
mv "$part" "$report" || fail 1 "the report could not be put at $report"
find "$dir" -maxdepth 1 -type f -name 'suspects-[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9].*' -mtime "+$days" -exec rm -f {} +
printf '%s\n' "$report"

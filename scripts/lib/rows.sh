# The one form of every `scripts/bench`: a table on stdout, and JSON with --json FILE:
#   {"bench": NAME, "date": TIME, "rows": [{"measure", "ours", "peer", "peerName", "ratio", "goal", "met"}]}
# A goal is for the ratio or for our own figure: "ratio >= 1.0", "ours <= 5". What a row doesn't have is
# "-" in the table and null in JSON. Sourced, never run; needs common.sh and jq.
# shellcheck shell=bash

rows=()

# require_writable FILE: before a measurement of many minutes, not after it.
require_writable() {
  if [ -d "$1" ] || [ ! -w "$(dirname "$1")" ] || { [ -e "$1" ] && [ ! -w "$1" ]; }; then
    die "--json: cannot write the file $1" 2
  fi
}

table_line() { printf '%-52s %12s %12s  %-23s %6s  %-13s %s\n' "$@" | sed 's/ *$//'; }

table_head() { table_line measure ours peer "peer's name" ratio goal ""; }

# row MEASURE OURS PEER PEER-NAME RATIO GOAL: a line of the table.
row() {
  local json cells
  # Each argument as it is, a number as such.
  json=$(jq -nc '
    def given: if . == "-" or . == "" then null else . end;
    def figure: if given | . == null then null else tonumber end;
    def met($goal): if $goal == null then null
      else ($goal | capture("^(?<of>ours|ratio) (?<sign>[<>]=) (?<bound>[0-9.]+)$")) as $asked
        | .[$asked.of] as $figure | ($asked.bound | tonumber) as $bound
        | $figure != null and (if $asked.sign == ">=" then $figure >= $bound else $figure <= $bound end)
      end;
    $ARGS.positional
    | {measure: .[0], ours: (.[1] | figure), peer: (.[2] | figure), peerName: (.[3] | given),
       ratio: (.[4] | figure), goal: (.[5] | given)}
    | .met = met(.goal)' --args "$@") || die "no row of a bench: $*"
  rows+=("$json")
  mapfile -t cells < <(jq -r '
    def decimals($by): . * $by | round / $by;
    def short: if . == null then "-" elif . >= 1000 then round elif . >= 10 then decimals(10)
      else decimals(1000) end | tostring;
    .measure, (.ours | short), (.peer | short), .peerName // "-",
    (.ratio | if . == null then "-" else decimals(100) | tostring end), .goal // "-",
    (if .met == null then "" elif .met then "met" else "MISSED" end)' <<<"$json")
  table_line "${cells[@]}"
}

# ratio A B: A / B, "-" where that is no number.
ratio() { awk -v a="$1" -v b="$2" 'BEGIN { if (b > 0) printf "%.4f", a / b; else print "-" }'; }

# write_rows BENCH FILE: nothing where no file is given.
write_rows() {
  [ -n "$2" ] || return 0
  printf '%s\n' "${rows[@]}" | jq -s --arg bench "$1" --arg date "$(date --utc +%FT%TZ)" \
    '{$bench, $date, rows: .}' >"$2"
}

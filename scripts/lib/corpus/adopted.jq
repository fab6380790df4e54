# What came of one project that was taken over while it ran: what differs between its stages, in `wrong`.

# A difference between what two stages have kept or served.
def differ($a; $b; $what; $key):
  if $seen[$a] == null or $seen[$b] == null then empty
  elif $seen[$a][$key] == $seen[$b][$key] then empty
  else "\($what): \($key) \($seen[$a][$key] | tojson) before, \($seen[$b][$key] | tojson) after" end;
def rows($a; $b; $what): differ($a; $b; $what; "kept", "databases");

([$clients | split("\n")[] | select(. != "") | capture("^(?<at>[0-9]+) (?<took>[0-9]+) (?<what>.*)$") | .took |= tonumber]) as $tries
| ([$stages[] | {key: .stage, value: .}] | from_entries) as $by
| [ rows("original"; "adopted"; "adopt"), differ("original"; "adopted"; "adopt"; "answers"),
    rows("adopted-more"; "upgraded"; "upgrade"),
    (if $seen.upgraded == null then empty
     elif ($seen.upgraded.answers | keys) != ($seen.original.answers | keys) then "upgrade: other ports answer" else empty end),
    rows("upgraded-more"; "back"; "rollback"), differ("original"; "back"; "rollback"; "answers"),
    rows("original"; "undone"; "undo"), differ("original"; "undone"; "undo"; "answers"),
    ($stages[] | select(.code != 0) | "\(.stage): exit code \(.code): \(.words)"),
    (if $problem != "" then "plain Compose: \($problem)" else empty end) ] as $wrong
| ([$tries[] | select(.what != "ok")]) as $failed
# Refused by the plan, with all reasons, and the project serves on.
| ($by.plan.code == 3) as $turned
| { name: $name, about: $about, undecided: ($problem != ""), refused: $turned,
    wrong: $wrong, right: ($problem != "" or ($turned and $expected != "") or ($wrong == [] and $failed == [])),
    stages: ($by | map_values({code, millis})),
    rows: ([$seen.original // {} | (.kept // {} | to_entries[] | .value | split("\n")[] | select(. != "")), (.databases // [] | .[] | select(. != ""))] | length),
    ports: ($seen.original.answers // {} | length),
    clients: {tries: ($tries | length), longest: ([$tries[].took] | max), failed: ($failed | length),
      what: ([$failed[].what] | group_by(.) | map("\(length) × \(.[0])"))} }

# The table of the manual, in Markdown, and what was said to those that were refused.
def seconds: if . == null then "–" elif type == "number" then "\(. / 100 | round / 10) s" else "–" end;
def cell: gsub("\\s*\n\\s*"; "; ") | gsub("[|]"; "\\|");
def result: if .code == 0 then "yes" elif .code == 3 then "refused" else "failed in \(.step)" end;
# The reasons of a refusal or failure, without the run's and the version's name before them.
def reasons: gsub("\\s*\n\\s*"; " | ") | sub("^.*?(problems: [|] |of stack [a-z-]+: |healthy after|error: )"; "") | split(" | ")
  | map(select(. != "" and (test("^[0-9]+ problems:$") | not))) | unique | map(if length > 220 then .[:220] + "…" else . end);
def list: map("    - \(gsub("(?<s>[<>*_`])"; "\\\(.s)"))")[];
sort_by(.name)
| "| kind | as it is | with grants.conf | hold | true time + stop | clients: tries, longest, failed | in silence | announced |",
  "| --- | --- | --- | --- | --- | --- | --- | --- |",
  (.[] | [
    "**\(.name)**: \(.about | cell)",
    (.asis // . | if .grants then "" else result end),
    (if .undecided then "not decided: privileged" elif .grants then result else "" end),
    (.hold | seconds),
    (if (.plain.again | type) == "number" then ((.plain.again + .plain.stop) | seconds) else "–" end),
    (if .clients.tries > 0 then "\(.clients.tries), \(.clients.longest | seconds), \(.clients.failed)" else "–" end),
    (if .code == 0 then "\(.silent | length)" else "–" end),
    (if .code == 0 then "\(.announced | length)" else "–" end)
  ] | "| " + join(" | ") + " |"),
  "",
  "The words, where one was refused or failed:",
  "",
  (.[] | select(.asis and .asis.code != 0 or .code != 0)
    | "- **\(.name)**", (if .asis and .asis.code != 0 then "  - as it is:", (.asis.words | reasons | list) else empty end),
      (if .code != 0 then "  - \(if .grants then "with grants.conf" else "as it is" end):", (.words | reasons | list) else empty end)),
  (if any(.[]; .silent != []) then "", "What differs in silence:", "",
    (.[] | select(.silent != []) | "- **\(.name)**: " + ([.silent[] | "\(.service) \(.key)"] | unique | join(", "))) else empty end)

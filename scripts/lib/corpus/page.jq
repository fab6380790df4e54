# The table of the manual, in Markdown.
def seconds: if . == null then "–" elif type == "number" then "\(. / 100 | round / 10) s" else "\(.)" end;
def cell: gsub("\\s*\n\\s*"; "; ") | gsub("[|]"; "\\|");
def result: if .code == 0 then "yes" elif .code == 3 then "refused" else "failed in \(.step)" end;
def kinds: [.[] | "\(.service)\(if .service == "" then "" else ": " end)\(.key)"] | unique;
sort_by(.name)
| "| kind | as it is | with | hold | true time + stop | clients | differs in silence | announced |",
  "| --- | --- | --- | --- | --- | --- | --- | --- |",
  (.[] | [
    "**\(.name)**: \(.about | cell)",
    (if .asis then .asis | result else result end),
    (if .grants then "\(result)" else "" end),
    (.hold | seconds),
    (if (.plain.again | type) == "number" then "\((.plain.again + .plain.stop) | seconds)" else "–" end),
    "\(.clients.tries) tries, longest \(.clients.longest | seconds), \(.clients.failed) failed",
    "\(.silent | length)",
    "\(.announced | length)"
  ] | "| " + join(" | ") + " |")

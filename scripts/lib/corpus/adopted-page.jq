# The table of the manual about projects that were taken over while they ran, in Markdown.
def seconds: if . == null then "–" else "\(. / 100 | round / 10) s" end;
def cell: gsub("\\s*\n\\s*"; "; ") | gsub("[|]"; "\\|");
sort_by(.name)
| "| kind | as the original | adopt | upgrade | rollback | undo | rows compared | clients: tries, longest, failed |",
  "| --- | --- | --- | --- | --- | --- | --- | --- |",
  (.[] | [
    "**\(.name)**: \(.about | cell)",
    (if .undecided then "not decided" elif .refused then "refused" elif .right then "yes" else "no" end),
    (.stages.adopt.millis | seconds), (.stages.upgrade.millis | seconds), (.stages.rollback.millis | seconds), (.stages.undo.millis | seconds),
    "\(.rows)",
    "\(.clients.tries), \(.clients.longest | seconds), \(.clients.failed)"
  ] | "| " + join(" | ") + " |")

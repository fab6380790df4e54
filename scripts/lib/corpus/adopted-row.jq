def seconds: if . == null then "-" else "\(. / 100 | round / 10) s" end;
"\(if .undecided then "?" elif .right then "✓" else "✗" end) \(.name): \(.about)",
"   adopt \(.stages.adopt.millis | seconds), upgrade \(.stages.upgrade.millis | seconds), rollback \(.stages.rollback.millis | seconds), undo \(.stages.undo.millis | seconds)",
"   \(.rows) rows, in files and databases; \(.ports) ports that speak HTTP; clients: \(.clients.tries) tries, longest \(.clients.longest | seconds), \(.clients.failed) failed \(.clients.what | join(", "))",
(.wrong[] | "     - \(gsub("\\s*\n\\s*"; " | ") | .[:900])")

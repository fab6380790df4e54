def seconds: if . == null then "-" elif type == "number" then "\(. / 100 | round / 10) s" else "\(.)" end;
def result: if .code == 0 then "up, upgrade, rollback"
  else "\(.step) \(if .code == 3 then "refused" else "FAILED (\(.code))" end): \(.words | gsub("\\s*\n\\s*"; " | ") | .[:700])" end;
"\(if .undecided then "?" elif .right then "✓" else "✗" end) \(.name): \(.about)",
(if .asis then "   as it is: \(.asis | result)" else empty end),
"   \(if .grants then "with grants" else "as it is" end): \(result)",
"   hold \(.hold | seconds); plain: healthy in \(.plain.again | seconds), stop \(.plain.stop | seconds)\(if (.plain.error // "") != "" then ", ERROR \(.plain.error)" else "" end); clients: \(.clients.tries) tries, longest \(.clients.longest | seconds), \(.clients.failed) failed \(.clients.what | join(", "))",
"   differs in silence: \(.silent | length); announced: \(.announced | length)",
(.silent[] | "     - \(.service) | \(.key) | plain: \(.plain) | here: \(.here)"),
(.announced[] | "     + \(.service) | \(.key) | plain: \(.plain) | here: \(.here)")

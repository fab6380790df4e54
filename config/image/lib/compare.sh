# shellcheck shell=bash
# FROM, TO, WORK, STATE, OURS, RSYNC, protect, full, entries and content are the caller's.
#
# Compares a copy with its original. Of all entries everything but the content; the content of
# databases and of a sample of the other files, or of all with `full`. Content that was compared while
# the original was in use need not be read again where neither side has changed since: the change
# times of both sides tell.

# What databases keep.
readonly DATABASES='.*\(\.\(db\|db3\|sqlite\|sqlite3\|ibd\|frm\|MYD\|MYI\|MAD\|MAI\|mdb\|wal\)\|-wal\|-shm\|-journal\|/ib_logfile[0-9]*\|/ibdata[0-9]*\|/undo[0-9]*\|/aria_log.*\|/pg_wal/.*\|/base/[0-9]*/[0-9_a-z.]*\)'
# Of the other files so many, none larger than that.
readonly SAMPLE=64 SAMPLE_SIZE=4M

# Without the orchestrator's own and what the new version has that the old one hadn't.
own() {
  printf '%s\0' "(" -path "./$OURS"
  sed 's#^#./#' "$STATE/fresh" | while read -r path; do printf '%s\0' -o -path "$path"; done
  printf '%s\0' ")" -prune
}

# listing ROOT: one entry a record, sorted: type, mode, owner, size, times, links, target, name. A
# directory's own size and link count are the file system's business. In layers a file's names may
# have been parted by a write, and the count doesn't tell; rsync, which looks at the inodes, does.
listing() {
  local skip names=%n
  [[ ! -d $BELOW ]] || names=-
  mapfile -d '' -t skip < <(own)
  cd "$1" || return
  find . "${skip[@]}" -o \( -type d -printf '%P\td %m %U %G %T@\0' \) \
    -o -printf "%P\t%y %m %U %G %s %T@ $names %l\0" | LC_ALL=C sort -z
}

# The first name in which two listings differ, in a form that fits in a line. A folder differs with
# what is in it, and says less.
first_difference() {
  local lines name
  lines=$(LC_ALL=C diff --text <(tr '\n\0' '?\n' <"$1") <(tr '\n\0' '?\n' <"$2") |
    LC_ALL=C sed -n 's/^[<>] //p')
  name=$(LC_ALL=C grep --text -v $'\td ' <<<"$lines" | head -n 1 | cut -f 1)
  name=${name:-$(head -n 1 <<<"$lines" | cut -f 1)}
  printf %s "${name:-.}" | LC_ALL=C tr -c '[:print:]' '?'
}

# Files whose content is to be compared, sorted.
chosen() {
  if [[ -n $full ]]; then
    (cd "$FROM" && find . -path "./$OURS" -prune -o -type f -print0) | LC_ALL=C sort -z
    return
  fi
  [[ -e $STATE/sample ]] || (cd "$FROM" &&
    find . -path "./$OURS" -prune -o -type f -size "-$SAMPLE_SIZE" -print0) |
    shuf --zero-terminated --head-count="$SAMPLE" >"$STATE/sample"
  {
    (cd "$FROM" && find . -path "./$OURS" -prune -o -type f -regex "$DATABASES" -print0)
    cat "$STATE/sample"
  } | LC_ALL=C sort -zu
}

# stamps ROOT <NAMES: "CHANGE-TIME NAME", sorted by name; what isn't there is left out.
stamps() {
  (cd "$1" && { xargs -0 -r stat --printf '%.9Z %n\0' -- 2>/dev/null || true; }) | LC_ALL=C sort -z
}

# digests ROOT <NAMES
digests() {
  (cd "$1" && { xargs -0 -r sha256sum --zero -- 2>/dev/null || true; }) | LC_ALL=C sort -z
}

# both COMMAND FILE: runs it on both sides at once, for the names in FILE; leaves from and to.
both() {
  local first
  "$1" "$FROM" <"$2" >"$WORK/from" &
  first=$! # it changes with every process substitution
  "$1" "$TO" <"$2" >"$WORK/to"
  wait "$first"
}

# What is at rest: not changed since the last pass began. What differs is left to the end.
compare_early() {
  local count
  suspects | LC_ALL=C sort -z >"$WORK/suspects"
  LC_ALL=C comm -z -23 <(chosen) "$WORK/suspects" >"$WORK/chosen"
  both stamps "$WORK/chosen"
  mv "$WORK/from" "$WORK/before-from"
  mv "$WORK/to" "$WORK/before-to"
  both digests "$WORK/chosen"
  LC_ALL=C comm -z -12 "$WORK/from" "$WORK/to" | cut -z -c 67- | LC_ALL=C sort -z >"$WORK/same"
  # Not changed while they were read either.
  both stamps "$WORK/same"
  LC_ALL=C comm -z -12 "$WORK/before-from" "$WORK/from" >"$STATE/compared-from"
  LC_ALL=C comm -z -12 "$WORK/before-to" "$WORK/to" >"$STATE/compared-to"
  count=$(tr -cd '\0' <"$STATE/compared-to" | wc -c)
  echo "{\"content\": $count}"
}

# Names that were compared and have not changed since, on either side.
compared() {
  [[ -e $STATE/compared-to ]] || return 0
  both stamps "$1"
  LC_ALL=C comm -z -12 <(known from) <(known to)
}

known() {
  LC_ALL=C comm -z -12 "$WORK/$1" "$STATE/compared-$1" | cut -z -d ' ' -f 2- | LC_ALL=C sort -z
}

# compare_all: leaves entries and content, the numbers of what was compared.
compare_all() {
  local extra
  both listing /dev/null
  cmp --silent "$WORK/from" "$WORK/to" ||
    die "the copy differs from the original: $(first_difference "$WORK/from" "$WORK/to")"
  entries=$(tr -cd '\0' <"$WORK/from" | wc -c)
  # Hard links, ACLs and extended attributes, which the listings don't show.
  extra=$("${RSYNC[@]}" "${protect[@]}" --dry-run --itemize-changes --delete "$FROM/" "$TO/" | head -n 1)
  [[ -z $extra ]] || die "the copy differs from the original: $extra"
  chosen >"$WORK/chosen"
  content=$(tr -cd '\0' <"$WORK/chosen" | wc -c)
  compared "$WORK/chosen" >"$WORK/compared"
  {
    LC_ALL=C comm -z -23 "$WORK/chosen" "$WORK/compared"
    [[ ! -e $STATE/since ]] || suspects
  } | LC_ALL=C sort -zu >"$WORK/rest"
  both digests "$WORK/rest"
  cmp --silent "$WORK/from" "$WORK/to" ||
    die "the copy's content differs from the original's: $(LC_ALL=C diff --text \
      <(tr '\n\0' '?\n' <"$WORK/from") <(tr '\n\0' '?\n' <"$WORK/to") |
      sed -n 's/^[<>] [0-9a-f]*  //p' | head -n 1 | LC_ALL=C tr -c '[:print:]\n' '?')"
  rm -rf "${STATE:?}"
}

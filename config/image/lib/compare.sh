# shellcheck shell=bash
# FROM, TO, WORK, STATE, OURS, RSYNC, protect, full, entries, content and changed are the caller's.
#
# Compares a copy with its original. Of all entries everything but the content; the content of
# databases, of a sample of the other files, and of what changed after it was first copied; with `full`
# the content of all. What was compared while the original was in use need not be looked at again where
# neither side has changed since: see settled.sh.

# What databases keep.
readonly DATABASES='.*\(\.\(db\|db3\|sqlite\|sqlite3\|ibd\|frm\|MYD\|MYI\|MAD\|MAI\|mdb\|wal\)\|-wal\|-shm\|-journal\|/ib_logfile[0-9]*\|/ibdata[0-9]*\|/undo[0-9]*\|/aria_log.*\|/pg_wal/.*\|/base/[0-9]*/[0-9_a-z.]*\)'
# Of the other files so many, none larger than that.
readonly SAMPLE=64 SAMPLE_SIZE=4M

# The first name in which two sorted lists of descriptions differ, in a form that fits in a line. A
# folder differs with what is in it, and says less.
first_difference() {
  local lines name
  lines=$(LC_ALL=C diff --text <(tr '\n\0' '?\n' <"$1") <(tr '\n\0' '?\n' <"$2") |
    LC_ALL=C sed -n 's/^[<>] //p')
  name=$(LC_ALL=C grep --text -v '// d [^/]*$' <<<"$lines" | head -n 1)
  name=${name:-$(head -n 1 <<<"$lines")}
  name=${name%//*}
  printf %s "${name#./}" | LC_ALL=C tr -c '[:print:]' '?'
}

# Files whose content is to be compared, sorted.
chosen() {
  if [[ -n $full ]]; then
    (cd "$FROM" && find . -ignore_readdir_race -path "./$OURS" -prune -o -type f -print0) | LC_ALL=C sort -z
    return
  fi
  [[ -e $STATE/sample ]] || (cd "$FROM" &&
    find . -ignore_readdir_race -path "./$OURS" -prune -o -type f -size "-$SAMPLE_SIZE" -print0) |
    shuf --zero-terminated --head-count="$SAMPLE" >"$STATE/sample"
  {
    (cd "$FROM" && find . -ignore_readdir_race -path "./$OURS" -prune -o -type f -regex "$DATABASES" -print0)
    cat "$STATE/sample"
  } | LC_ALL=C sort -zu
}

# digests ROOT <NAMES
digests() {
  (cd "$1" && { xargs -0 -r sha256sum --zero -- 2>/dev/null || true; }) | LC_ALL=C sort -z
}

# both COMMAND FILE: runs it on both sides at once, for the names in FILE; leaves from and to.
both() {
  local first code=0
  "$1" "$FROM" <"$2" >"$WORK/from" &
  first=$! # it changes with every process substitution
  "$1" "$TO" <"$2" >"$WORK/to" || code=$?
  wait "$first" || code=$?
  return "$code"
}

# compare_early: while /from is in use. What differs, or changes, is left to the end. Prints the number
# of files whose content was compared.
compare_early() {
  note_fresh
  spare_fresh
  unsettle
  # Before the comparison: what changes during it has another note in the end.
  both entries_of /dev/null
  mv "$WORK/from" "$WORK/entries-from"
  mv "$WORK/to" "$WORK/entries-to"
  settle "$WORK/entries-from" "$WORK/entries-to"
  chosen >"$WORK/chosen"
  both digests "$WORK/chosen"
  LC_ALL=C comm -z -12 "$WORK/from" "$WORK/to" | cut -z -c 67- | LC_ALL=C sort -z >"$STATE/content"
  mv "$WORK/chosen" "$STATE/chosen-$full"
  echo "{\"content\": $(count <"$STATE/content")}"
}

# compare_all: leaves entries, content and changed, the numbers of what was compared.
compare_all() {
  local extra
  both all_descriptions /dev/null
  entries=$(count <"$WORK/from")
  changed=$entries
  cmp --silent "$WORK/from" "$WORK/to" ||
    die "the copy differs from the original: $(first_difference "$WORK/from" "$WORK/to")"
  # What the descriptions don't show.
  extra=$("${RSYNC[@]}" "${protect[@]}" --dry-run --itemize-changes --delete "$FROM/" "$TO/" | head -n 1)
  [[ -z $extra ]] || die "the copy differs from the original: $extra"
  chosen >"$WORK/chosen"
  content=$(count <"$WORK/chosen")
  { cat "$WORK/chosen"; [[ ! -e $STATE/since ]] || suspects; } | LC_ALL=C sort -zu >"$WORK/rest"
  compare_content "$WORK/rest"
  rm -rf "${STATE:?}"
}

# compare_changed NAMES: the same, where all else was compared early. Of what is there, $WORK/there and
# $WORK/regular have the names.
compare_changed() {
  local extra
  if [[ -s $1 ]]; then
    both comparable "$1"
    cmp --silent "$WORK/from" "$WORK/to" ||
      die "the copy differs from the original: $(first_difference "$WORK/from" "$WORK/to")"
    extra=$("${RSYNC[@]}" --dry-run --itemize-changes --dirs --no-implied-dirs --from0 \
      --files-from="$WORK/there" "$FROM/" "$TO/" | head -n 1)
    [[ -z $extra ]] || die "the copy differs from the original: $extra"
  fi
  LC_ALL=C sort -zu "$STATE/chosen-$full" "$WORK/regular" >"$WORK/chosen"
  content=$(count <"$WORK/chosen")
  LC_ALL=C comm -z -23 "$STATE/content" "$1" | LC_ALL=C comm -z -13 - "$WORK/chosen" >"$WORK/rest"
  compare_content "$WORK/rest"
  rm -rf "${STATE:?}"
}

# comparable ROOT <NAMES: in the form of descriptions. Of a link count in layers: see described_as.
comparable() {
  local names='\6'
  link_counts_tell || names=-
  status_of "$1" | LC_ALL=C sed -z -e "s#^\([^4][^ ]* \)\([^ ]*\) \([^ ]*\) \([^ ]*\) \([^ ]*\) \([^ ]*\) [^ ]* \(.*\)\$#\7// \1\2 \3 \4 \5 $names#" \
    -e 's#^\(4[^ ]* [^ ]* [^ ]*\) [^ ]* \([^ ]*\) [^ ]* [^ ]* \(.*\)$#\3// d \1 \2#'
}

compare_content() {
  [[ -s $1 ]] || return 0
  both digests "$1"
  cmp --silent "$WORK/from" "$WORK/to" ||
    die "the copy's content differs from the original's: $(LC_ALL=C diff --text \
      <(tr '\n\0' '?\n' <"$WORK/from") <(tr '\n\0' '?\n' <"$WORK/to") |
      sed -n 's/^[<>] [0-9a-f]*  //p' | head -n 1 | LC_ALL=C tr -c '[:print:]\n' '?')"
}

# shellcheck shell=bash
# FROM, TO, WORK, STATE, OURS, BELOW, RSYNC, protect, full, entries and changed are the caller's.
#
# What is known to be the same on both sides, so that the last pass need not look into it. An entry is
# settled when both sides were found to be the same while neither changed. Noted are the change time and
# the inode on both sides: as long as they stay, the entry is the same. A name that is new, gone, or now
# another file's has no note or another inode. So one listing of each side finds all that has to be
# looked at, and asks the kernel for nothing but the status of each entry.

# The last pass looks at single entries up to so many, and at all where there are more.
readonly SINGLE_ENTRIES=20000

# Without the orchestrator's own, and what the new version has that the old one hadn't.
own() {
  printf '%s\0' "(" -path "./$OURS"
  sed 's#^#./#' "$STATE/fresh" | while read -r path; do printf '%s\0' -o -path "$path"; done
  printf '%s\0' ")" -prune
}

# As arguments of find: what both sides of an entry must have in common; then, after two slashes, more.
# A folder's own size and link count are the file system's business. In layers a file's names may have
# been parted by a write, and the count doesn't tell; rsync, which looks at the inodes, does.
described_as() {
  local names=%n
  link_counts_tell || names=-
  printf '%s\0' "(" -type d -printf "%p// d %m %U %G %T@$1\\0" ")" \
    -o -printf "%p// %y %m %U %G %s %T@ $names$1\\0"
}

# entries_of ROOT: all entries, sorted, each with its description and what is one side's own.
entries_of() {
  local skip print
  mapfile -d '' -t skip < <(own)
  mapfile -d '' -t print < <(described_as '// %C@ %i')
  (cd "$1" && find . -ignore_readdir_race "${skip[@]}" -o "${print[@]}") | LC_ALL=C sort -z
}

all_descriptions() {
  local skip print
  mapfile -d '' -t skip < <(own)
  mapfile -d '' -t print < <(described_as '')
  (cd "$1" && find . -ignore_readdir_race "${skip[@]}" -o "${print[@]}") | LC_ALL=C sort -z
}

# notes_of ROOT: "CHANGE-TIME INODE NAME" of all entries, sorted.
notes_of() {
  local skip
  mapfile -d '' -t skip < <(own)
  (cd "$1" && find . -ignore_readdir_race "${skip[@]}" -o -printf '%C@ %i %p\0') | LC_ALL=C sort -z
}

# status_of ROOT <NAMES: "TYPE-AND-MODE OWNER GROUP SIZE TIME LINKS INODE NAME" of those that are there,
# in their order. A name that isn't there is no failure; what can't be read is one.
status_of() {
  local errors=$WORK/errors-$BASHPID
  (cd "$1" && LC_ALL=C xargs -0 -r stat --printf '%f %u %g %s %.9Y %h %i %n\0' -- 2>"$errors") ||
    ! grep -v -e ': No such file or directory$' -e ': Not a directory$' "$errors" >&2
}

count() { LC_ALL=C grep -zc '' || true; }

# As lines for programs that know no others. A name with a line end is left out: it is never settled.
lines() { LC_ALL=C sed -z '/\n/d' | tr '\0' '\n'; }

# The size of all files among the entries on stdin, each file once.
bytes_in() {
  LC_ALL=C sed -z -n 's#^.*// f [^ ]* [^ ]* [^ ]* \([0-9]*\) [^/]*// [^ ]* \([0-9]*\)$#\1 \2#p' |
    tr '\0' '\n' | LC_ALL=C sort -u | awk '{ sum += $1 } END { printf "%.0f\n", sum }'
}

unsettle() { rm -f "$STATE"/settled-* "$STATE"/chosen-* "$STATE/content"; }

# settle FROM-ENTRIES TO-ENTRIES: notes what is the same and did not change since before the last pass
# began. What rsync would still do is not settled: it knows of hard links, ACLs, extended attributes and
# links' targets.
settle() {
  local since
  since=$(<"$STATE/since")
  todo >"$WORK/todo"
  (($(count <"$WORK/todo") <= SINGLE_ENTRIES)) || return 0
  lines <"$WORK/todo" >"$WORK/todo-lines"
  LC_ALL=C comm -z -12 "$1" "$STATE/entries" | lines |
    LC_ALL=C awk -v since="$since" -v todo="$WORK/todo-lines" '
      BEGIN { while ((getline name <todo) > 0) undone[name] }
      $(NF - 1) < since {
        sub(/\/\/ [^\/]*$/, "")
        name = $0
        sub(/\/\/ [^\/]*$/, "", name)
        if (!(name in undone)) print
      }' >"$WORK/at-rest"
  LC_ALL=C comm -12 "$WORK/at-rest" <(lines <"$2" | sed 's#// [^/]*$##') >"$WORK/same"
  notes_of_same <"$1" >"$WORK/settled-from"
  notes_of_same <"$2" >"$WORK/settled-to"
  mv "$WORK/settled-to" "$WORK/settled-from" "$STATE/"
}

# The names of what rsync would still change, which writes some bytes as \#012.
todo() {
  local line
  { "${RSYNC[@]}" "${protect[@]}" --dry-run --delete --8-bit-output --out-format='%i ./%n' \
    "$FROM/" "$TO/" 2>/dev/null || true; } |
    LC_ALL=C sed -n 's#^[^ ]* *\./#./#; s#^\./\./$#.#; s#/$##; s#\\#\\\\#g; s#\\\\\#\([0-7][0-7][0-7]\)#\\0\1#g; /^\./p' |
    while IFS= read -r line; do printf '%b\0' "$line"; done
}

# Of the entries on stdin those in $WORK/same, in the form of notes_of. Both are in the same order.
notes_of_same() {
  lines | LC_ALL=C awk -v same="$WORK/same" '
    BEGIN { more = getline wanted <same }
    more > 0 {
      at = match($0, /\/\/ [^\/]*$/)
      if (substr($0, 1, at - 1) == wanted) {
        name = wanted
        sub(/\/\/ [^\/]*$/, "", name)
        print substr($0, at + 3) " " name
        more = getline wanted <same
      }
    }' | tr '\n' '\0' | LC_ALL=C sort -z
}

# changed_since_settled: leaves the names of what has changed, and of the folders that they are in, whose
# times change with what is done in them, in $WORK/changed; and the numbers entries and changed. Fails
# where too little is known, or too much has changed, to look at single entries.
changed_since_settled() {
  local side
  [[ -e $STATE/settled-from && -e $STATE/chosen-$full && ! -s $STATE/fresh ]] || return 1
  both notes_of /dev/null || return 1
  entries=$(count <"$WORK/from")
  for side in from to; do
    LC_ALL=C comm -z -3 "$WORK/$side" "$STATE/settled-$side"
  done | LC_ALL=C sed -z 's/^\t\?[^ ]* [^ ]* //; p; s#\(.\)/[^/]*$#\1#' | LC_ALL=C sort -zu >"$WORK/changed"
  mv "$WORK/from" "$WORK/notes"
  changed=$(count <"$WORK/changed")
  ((changed <= SINGLE_ENTRIES))
}

# add_names_of_linked: to $WORK/changed, all names of the files with the numbers in $WORK/inodes. Where a
# file's folder was renamed, its other names don't show a change. What else has such a number in its name
# is looked at too, which does no harm.
add_names_of_linked() {
  LC_ALL=C grep -z -F -f "$WORK/inodes" "$WORK/notes" |
    LC_ALL=C sed -z 's/^[^ ]* [^ ]* //; p; s#\(.\)/[^/]*$#\1#' |
    LC_ALL=C sort -zu - "$WORK/changed" >"$WORK/all-names"
  mv "$WORK/all-names" "$WORK/changed"
}

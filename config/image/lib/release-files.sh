# shellcheck shell=bash
# Files of the release that services write to. They live in the data volume, below /data/binds, and go
# from version to version with it. Beside them, in each volume, is a record of what was seeded
# (.orchestrator/release-files.json): what nobody changed since becomes this release's at the start of
# its services, what was changed is kept. The rule is in release-files.jq.
#
# All of it may be cut off and run again: a file is replaced by a rename, the record comes last, and a
# file that is this release's already needs nothing. A volume that is attached, and goes back to an
# older version, goes back by the same rule.

readonly MANIFEST=$STACK/release-files.json
readonly RULES=$LIB/release-files.jq
readonly RECORD=.orchestrator/release-files.json
# Roots whose seeding has begun and not ended: their content is ours.
readonly SEEDING=.orchestrator/release-files.seeding
# A diff is for a person: of so many files, so many bytes of each.
readonly DIFFS=20 DIFF_BYTES=4000 DIFF_FILE=1048576

# The volume that a path is in.
volume_of() {
  if [[ $1 == "$DATA"/extra/*/* ]]; then
    local name=${1#"$DATA/extra/"}
    echo "$DATA/extra/${name%%/*}"
  else
    echo "$DATA"
  fi
}

# look_at <PATHS: "PATH VALUE" of each that is there; all ended by zero bytes.
look_at() {
  local path
  local -a files=()
  while IFS= read -r -d '' path; do
    if [[ -L $path ]]; then
      printf '%s\0link:%s\0' "$path" "$(readlink -- "$path")"
    elif [[ -d $path ]]; then
      printf '%s\0folder\0' "$path"
    elif [[ -f $path ]]; then
      files+=("$path")
    elif [[ -e $path ]]; then
      printf '%s\0other\0' "$path"
    fi
  done
  ((${#files[@]} == 0)) || printf '%s\0' "${files[@]}" | xargs -0 sha256sum --zero -- |
    while IFS= read -r -d '' path; do
      printf '%s\0file:%s\0' "${path:66}" "${path:0:64}"
    done
}

# rules STEP INPUT [OPTION...]
rules() {
  jq --arg step "$1" "${@:3}" --from-file "$RULES" <<<"$2"
}

# known_files [PATH=VALUE...]: as JSON, by path.
known_files() {
  printf '%s\0' "$@" | jq -Rsc 'split("\u0000") | map(select(. != "") | capture("^(?<path>[^=]*)=(?<value>.*)$"; "m"))
    | reduce .[] as $each ({}; .[$each.path] += [$each.value])'
}

# files_input OVERRIDE [PATH=VALUE...]: what the rules begin with, without what is found.
files_input() {
  local override=$1 to volume records='{}' record known
  local -a absent=()
  shift
  while IFS= read -r -d '' to; do
    volume=$(volume_of "$to")
    if [[ ! -e $to && ! -L $to ]] || grep -sqxF -- "$to" "$volume/$SEEDING"; then absent+=("$to"); fi
    record=$(jq -c 'select(type == "object")' "$volume/$RECORD" 2>/dev/null) || record=
    # As files: an argument may have 128 KiB.
    records=$(jq -c --arg volume "$volume" --slurpfile record <(echo "${record:-null}") \
      '.[$volume] = $record[0]' <<<"$records")
  done < <(jq -j '.roots[] | .to, "\u0000"' "$MANIFEST")
  known=$(known_files "$@")
  printf '%s\0' "${absent[@]}" | jq -Rsc --slurpfile manifest "$MANIFEST" --arg override "$override" \
    --slurpfile records <(echo "$records") --slurpfile known <(echo "$known") '{
      manifest: $manifest[0], records: $records[0], known: $known[0], override: $override, found: {},
      absent: (split("\u0000") | map(select(. != "")))}'
}

# with_found INPUT <PATHS
with_found() {
  look_at | jq -Rsc --slurpfile input <(echo "$1") 'split("\u0000") as $all
    | [range(0; ($all | length) - 1; 2) as $i | {key: $all[$i], value: $all[$i + 1]}]
    | $input[0] + {found: from_entries}'
}

# apply_files [release|keep] [PATH=VALUE...]: makes them this release's. With a word, that is what
# becomes of files that were changed; with pairs, what earlier releases had where there is no record.
# Leaves the report for files_report.
apply_files() {
  local override='' input decision volume
  [[ -e $MANIFEST ]] || return 0
  if [[ ${1:-} == release || ${1:-} == keep ]]; then
    override=$1
    shift
  fi
  input=$(files_input "$override" "$@")
  if [[ -z $override ]] && jq -e '.manifest.content as $content
      | .absent == [] and all(.records[]; .content == $content)' <<<"$input" >/dev/null; then
    return 0 # they are this release's already
  fi
  input=$(rules look "$input" -j | with_found "$input")
  decision=$(rules decide "$input" -c)
  begin_seeding "$input"
  set_aside "$decision"
  put_files "$decision"
  remove_files "$decision"
  while IFS= read -r -d '' volume; do
    write_record "$volume" "$(jq -c --arg volume "$volume" '.records[$volume]' <<<"$decision")"
    rm -f "$volume/$SEEDING"
  done < <(jq -j '.records | keys[] | ., "\u0000"' <<<"$decision")
  jq -c .report <<<"$decision" | with_diffs >"$RUN/files.json.new"
  mv "$RUN/files.json.new" "$RUN/files.json"
}

begin_seeding() {
  local to volume
  while IFS= read -r -d '' to; do
    volume=$(volume_of "$to")
    mkdir -p "$volume/.orchestrator"
    grep -sqxF -- "$to" "$volume/$SEEDING" || echo "$to" >>"$volume/$SEEDING"
  done < <(jq -j '.absent[] | ., "\u0000"' <<<"$1")
}

set_aside() {
  local to
  while IFS= read -r -d '' to; do
    mv -fT -- "$to" "$to.orchestrator-old"
  done < <(jq -j '.aside[] | ., "\u0000"' <<<"$1")
}

# rsync renames each file into its place once it is written.
put_files() {
  local volume
  while IFS= read -r -d '' volume; do
    mkdir -p "$volume/binds"
    jq -j --arg prefix "$volume/binds/" '.put[] | select(startswith($prefix)) | ltrimstr($prefix), "\u0000"' \
      <<<"$1" >"$RUN/put"
    [[ -s $RUN/put ]] || continue
    rsync --archive --no-recursive --no-implied-dirs --ignore-times --fsync --numeric-ids \
      --from0 --files-from="$RUN/put" "$STACK/release/" "$volume/binds/" 2>"$RUN/put.err" ||
      die 1 "files of the release can't be written below $volume: $(head -n 1 "$RUN/put.err")"
  done < <(jq -j '.records | keys[] | ., "\u0000"' <<<"$1")
}

remove_files() {
  local to
  while IFS= read -r -d '' to; do
    if [[ -d $to && ! -L $to ]]; then
      rmdir -- "$to" 2>/dev/null || true # a service has put something into it
    else
      rm -f -- "$to"
    fi
  done < <(jq -j '.remove[] | ., "\u0000"' <<<"$1")
}

write_record() {
  mkdir -p "$1/.orchestrator"
  echo "$2" >"$1/$RECORD.new"
  sync "$1/$RECORD.new"
  mv "$1/$RECORD.new" "$1/$RECORD"
  sync "$1/.orchestrator"
}

# with_diffs <REPORT: adds a diff, from what is there to what the release has, where both are text.
with_diffs() {
  local report diffs='{}' path to from
  report=$(cat)
  while IFS= read -r -d '' path && IFS= read -r -d '' to && IFS= read -r -d '' from; do
    diffs=$(jq -c --arg path "$path" --arg diff "$(diff_of "$to" "$STACK/release/$from")" \
      '.[$path] = $diff' <<<"$diffs")
  done < <(jq -j --argjson most "$DIFFS" \
    '(.kept? // .) | map(select(.from))[:$most][] | .path, "\u0000", .to, "\u0000", .from, "\u0000"' <<<"$report")
  jq -c --slurpfile diffs <(echo "$diffs") 'def each: map({path, why, diff: ($diffs[0][.path] // "")}
      + (if has("kept") then {kept} else {} end));
    if type == "array" then each else .kept |= each end' <<<"$report"
}

diff_of() {
  local file
  for file in "$@"; do
    [[ -f $file && ! -L $file && $(stat -c %s -- "$file") -le $DIFF_FILE ]] || return 0
  done
  { diff -u --label here --label release -- "$1" "$2" || true; } | without_secrets | head -c "$DIFF_BYTES" || true
}

# A report must not tell passwords.
without_secrets() {
  LC_ALL=C sed -E 's/^(.*(pass(word|wd|phrase)?|secret|token|credential|(api|private|access|auth)[-_. ]?key|salt)[^=:]{0,40}[=:]).*/\1 .../I;
    s#(://[^/ :@]*):[^/ @]*@#\1:...@#'
}

files_report() {
  cat "$RUN/files.json" 2>/dev/null || echo '{}'
}

# As JSON: the files that differ from this release's.
files_differences() {
  local input
  [[ -e $MANIFEST ]] || { echo '[]'; return; }
  input=$(files_input '')
  input=$(jq -j '.files[] | select(.value != "folder") | .to, "\u0000"' "$MANIFEST" | with_found "$input")
  rules differences "$input" -c | with_diffs
}

# seed_for COMMAND...: runs it while what this release seeds is there, and takes that away again. The
# services' containers can't be created without; but a copy will fill this volume.
seed_for() {
  local input volume
  if [[ ! -e $MANIFEST ]]; then
    "$@"
    return
  fi
  input=$(files_input '')
  begin_seeding "$input"
  put_files "$(jq -c '{records, put: [.absent as $absent | .manifest.files[].to
    | select(. as $to | any($absent[]; . as $root | $to == $root or ($to | startswith($root + "/"))))]}' \
    <<<"$input")"
  "$@"
  unseed "$input"
}

unseed() {
  local to volume
  while IFS= read -r -d '' to; do
    rm -rf -- "$to"
    volume=$(volume_of "$to")
    rm -f "$volume/$SEEDING"
  done < <(jq -j '.absent[] | ., "\u0000"' <<<"$1")
}

# shellcheck shell=bash
# What services keep outside their volumes, and what their databases say of themselves.

# Written by the engine or at each start, by tools that edit accounts and the time zone: nothing that a
# service keeps.
readonly NOT_KEPT='["/etc/passwd", "/etc/group", "/etc/shadow", "/etc/gshadow", "/etc/subuid", "/etc/subgid",
  "/etc/passwd-", "/etc/group-", "/etc/shadow-", "/etc/gshadow-", "/etc/subuid-", "/etc/subgid-",
  "/etc/.pwd.lock", "/etc/timezone", "/etc/localtime", "/etc/hosts", "/etc/hostname", "/etc/resolv.conf",
  "/etc/mtab", "/etc/ld.so.cache", "/.dockerenv", "/sbin/docker-init", "/usr/sbin/docker-init"]'
# A file of the image that is written so soon after its container's start is made from the settings, and
# will be again.
readonly START_SECONDS=60

# services_diff [PATH...]: what they wrote into their containers instead of their volumes, as JSON:
# lost with the version. What is below one of the paths doesn't count.
services_diff() {
  local ignore id service apart upper lowers started
  ignore=$(printf '%s\n' "$@" | jq -Rnc '[inputs | select(. != "") | rtrimstr("/")]')
  # Beside mounts: files that Compose itself puts into a container.
  inspect_services | jq -r --slurpfile stack "$STACK/compose.json" --argjson ignore "$ignore" \
    --argjson notKept "$NOT_KEPT" 'select(.Id)
    | .Config.Labels["com.docker.compose.service"] as $service
    | ($stack[0].services[$service]? // {}) as $settings
    | [.Id, $service,
       ([.Mounts[]?.Destination, (.HostConfig.Tmpfs // {} | keys[]), .HostConfig.Mounts[]?.Target,
         ($settings.configs[]? | .target // "/\(.source)"),
         ($settings.secrets[]? | .target // .source | if startswith("/") then . else "/run/secrets/\(.)" end)]
        + $ignore + $notKept | unique | tojson),
       (.GraphDriver.Data.UpperDir // "" | if . == "" then "-" else . end),
       (.GraphDriver.Data.LowerDir // "" | if . == "" then "-" else . end),
       (.State.StartedAt // "" | try (sub("\\.[0-9]*"; "") | fromdate) catch 0)] | @tsv' |
    while IFS=$'\t' read -r id service apart upper lowers started; do
      api "/containers/$id/changes" 60 | outside "$apart" | sized "${upper#-}" "${lowers#-}" "$started" |
        jq -Rsc --arg service "$service" 'split("\u0000") as $all | range(0; ($all | length) - 1; 5) as $i
          | {$service, path: $all[$i + 1], kind: $all[$i], folder: ($all[$i + 2] == "true"),
             bytes: ($all[$i + 3] | tonumber), mount: $all[$i + 4]}'
    done | jq -sc 'sort_by(-.bytes) | .[:500]'
}

# outside APART: of a container's changes those that may count, "KIND PATH", each ended by a zero byte:
# folders that are new as a whole, without what is in them; of what changed the deepest paths alone. A
# file that is deleted is the image's. A folder that a mount is in was made for the mount.
outside() {
  jq -j --argjson apart "$1" '
    ["changed", "added"] as $kinds
    | [.[]? | select(.Kind != 2) | select(.Path as $path | $apart
        | any(. as $at | $path == $at or ($path | startswith($at + "/"))) | not)
        | select(.Path | test("/__pycache__(/|$)|[.]pyc$") | not)]
    | (map(select(.Kind == 1) | select(.Path as $path | $apart | any(startswith($path + "/")) | not)
        | {key: .Path, value: true}) | from_entries) as $new
    | sort_by(.Path | split("/")) as $all
    | range($all | length) as $i | $all[$i]
    | select(if .Kind == 1 then $new[.Path] and ($new[.Path | sub("/[^/]*$"; "")] | not)
        else .Path as $p | ($all[$i + 1].Path // "") | startswith($p + "/") | not end)
    | "\($kinds[.Kind])\u0000\(.Path)\u0000"'
}

# sized UPPER LOWERS STARTED: reads what `outside` prints, and prints of what a service keeps "KIND PATH
# FOLDER BYTES MOUNT", each ended by a zero byte. MOUNT is the folder for a volume: one that is new, or that
# the image has and nothing in it; else empty. UPPER is the folder of the container's own files, LOWERS
# those of its image, empty where the engine tells none; STARTED the second of its start. There may be
# 100,000 paths: no program is started for a single one.
sized() {
  local upper=$1 started=$3 kind path bytes i mount written
  local -a kinds=() paths=() lowers=()
  local -A folders=() sizes=() filled=() times=() images=() inside=()
  IFS=: read -r -a lowers <<<"$2"
  while IFS= read -r -d '' kind && IFS= read -r -d '' path; do
    if [[ -n $upper ]]; then
      [[ ! -L $upper$path ]] || continue # says where something is, and holds nothing
      if [[ -d $upper$path ]]; then
        # It changed by what doesn't count: a volume's mount point, or what is left out.
        [[ $kind != changed ]] || continue
        folders[$path]=true
      elif [[ ! -s $upper$path ]]; then
        continue # gone meanwhile, or nothing in it
      fi
    fi
    kinds+=("$kind")
    paths+=("$path")
  done
  if [[ -n $upper ]]; then
    while IFS=$'\t' read -r -d '' bytes path; do
      sizes[${path#"$upper"}]=$bytes
    done < <(
      for path in "${paths[@]}"; do printf '%s\0' "$upper$path"; done |
        du --summarize --null --block-size=1 --files0-from=- 2>/dev/null
    )
    while IFS= read -r -d '' path; do
      filled[${path#"$upper"}]=true
    done < <(
      for path in "${!folders[@]}"; do printf '%s\0' "$upper$path"; done | files_below | LC_ALL=C sort -zu
    )
    while IFS=' ' read -r -d '' bytes written path; do
      times[${path#"$upper"}]="$bytes $written"
    done < <(changed_files | files_stat)
    while IFS=' ' read -r -d '' bytes written path; do
      images[${path#*$'\t'}]="$bytes $written"
    done < <(changed_files | lower_files | files_stat | without_lower)
  fi
  for ((i = 0; i < ${#paths[@]}; i++)); do
    path=${paths[i]}
    [[ -z ${folders[$path]:-} || -n ${filled[$path]:-} ]] || continue
    if [[ ${kinds[i]} == changed && -n ${times[$path]:-} ]]; then
      # Its owner or mode alone, or it was made at the start.
      [[ ${times[$path]} != "${images[$path]:-}" ]] || continue
      written=${times[$path]#* }
      ((started == 0 || ${written%.*} < started || ${written%.*} > started + START_SECONDS)) || continue
    fi
    mount=''
    if [[ -n ${folders[$path]:-} ]]; then
      mount=$path
    elif [[ ${kinds[i]} == added && ${#lowers[@]} -gt 0 && -n ${path%/*} ]] && ! image_fills "${path%/*}"; then
      mount=${path%/*}
    fi
    printf '%s\0' "${kinds[i]}" "$path" "${folders[$path]:-false}" "${sizes[$path]:-0}" "$mount"
  done
}

# Of the folders on stdin those that have a file with something in it, once for each such file.
files_below() {
  # shellcheck disable=SC2016 # for the inner shell
  xargs -0 -r sh -c 'exec find "$@" -type f -size +0 -printf "%H\0"' sh
}

files_stat() {
  xargs -0 -r stat --printf '%s %.9Y %n\0' -- 2>/dev/null || true
}

# With kinds, paths and upper of the caller.
changed_files() {
  local i
  for ((i = 0; i < ${#paths[@]}; i++)); do
    [[ ${kinds[i]} != changed ]] || printf '%s\0' "$upper${paths[i]}"
  done
}

# Of files in UPPER those that the image has, in its nearest layer. With lowers and upper of the caller.
lower_files() {
  local path lower
  while IFS= read -r -d '' path; do
    for lower in "${lowers[@]}"; do
      [[ ! -e $lower${path#"$upper"} ]] || { printf '%s\0' "$lower${path#"$upper"}"; break; }
    done
  done
}

# "SIZE TIME PATH" with the path in the container alone, behind a tab. With lowers of the caller.
without_lower() {
  local bytes written path lower
  while IFS=' ' read -r -d '' bytes written path; do
    for lower in "${lowers[@]}"; do
      [[ $path != "$lower"/* ]] || { printf '%s %s \t%s\0' "$bytes" "$written" "${path#"$lower"}"; break; }
    done
  done
}

# Whether the image has something in a folder, which a volume there would hide. With lowers and inside
# of the caller.
image_fills() {
  [[ -n ${inside[$1]:-} ]] || inside[$1]=$(image_has "$1" && echo yes || echo no)
  [[ ${inside[$1]} == yes ]]
}

image_has() {
  local lower entry
  for lower in "${lowers[@]}"; do
    for entry in "$lower$1"/* "$lower$1"/.[!.]*; do
      [[ ! -e $entry || -c $entry ]] || return 0 # a device stands for what a later layer has deleted
    done
  done
  return 1
}

# The tables of the services' databases that can be asked without a password that is not in their own
# container, as JSON: rows as the server estimates them; of MariaDB and MySQL when a table was last
# written, of PostgreSQL how many writes it has seen.
database_tables() {
  local id service
  docker ps --filter label=com.docker.compose.oneoff=False --format '{{.ID}} {{.Label "com.docker.compose.service"}}' |
    while read -r id service; do
      # One that has no shell or can't be asked has no tables to tell of: no failure of the others.
      { docker exec -i "$id" sh <"$LIB/tables-of" 2>/dev/null || true; } | jq -Rc --arg service "$service" '
        split("\t") | select(length == 4) | {$service, table: .[0], rows: (.[1] | tonumber? // 0),
          writes: (.[2] | tonumber? // 0), updated: (.[3] | tonumber? // 0)}'
    done | jq -sc .
}

# shellcheck shell=bash
# What services keep outside their volumes, and what their databases say of themselves.

# services_diff [PATH...]: what they wrote into their containers instead of their volumes, as JSON:
# lost with the version. What is below one of the paths doesn't count.
services_diff() {
  local ignore id service mounts upper
  ignore=$(printf '%s\n' "$@" | jq -Rnc '[inputs | select(. != "") | rtrimstr("/")]')
  inspect_services | jq -r 'select(.Id)
    | [.Id, .Config.Labels["com.docker.compose.service"], ([.Mounts[].Destination] | tojson),
       (.GraphDriver.Data.UpperDir // "")] | @tsv' |
    while IFS=$'\t' read -r id service mounts upper; do
      api "/containers/$id/changes" 60 | outside "$ignore" "$mounts" | sized "$upper" |
        jq -Rsc --arg service "$service" 'split("\u0000") as $all | range(0; ($all | length) - 1; 4) as $i
          | {$service, path: $all[$i + 1], kind: $all[$i], folder: ($all[$i + 2] == "true"),
             bytes: ($all[$i + 3] | tonumber)}'
    done | jq -sc 'sort_by(-.bytes) | .[:500]'
}

# outside IGNORE MOUNTS: of a container's changes those that count, "KIND PATH", each ended by a zero
# byte: folders that are new as a whole, without what is in them; of what changed the deepest paths
# alone.
outside() {
  jq -j --argjson ignore "$1" --argjson mounts "$2" '
    ["changed", "added", "deleted"] as $kinds
    | [.[]? | select(.Path as $path | $ignore + $mounts
        | any(. as $at | $path == $at or ($path | startswith($at + "/"))) | not)]
    | (map(select(.Kind == 1) | {key: .Path, value: true}) | from_entries) as $new
    | sort_by(.Path | split("/")) as $all
    | range($all | length) as $i | $all[$i]
    | select(if .Kind == 1 then $new[.Path | sub("/[^/]*$"; "")] | not
        else .Path as $p | ($all[$i + 1].Path // "") | startswith($p + "/") | not end)
    | "\($kinds[.Kind])\u0000\(.Path)\u0000"'
}

# sized UPPER: reads what `outside` prints, and prints "KIND PATH FOLDER BYTES", each ended by a zero
# byte. UPPER is the folder of the container's own files, empty where the engine tells none. There may
# be 100,000 paths: no program is started for a single one.
sized() {
  local upper=$1 kind path bytes i
  local -a kinds=() paths=()
  local -A folders=() sizes=()
  while IFS= read -r -d '' kind && IFS= read -r -d '' path; do
    if [[ -n $upper && -d $upper$path ]]; then
      # It changed by what doesn't count: a volume's mount point, or what is left out.
      [[ $kind != changed ]] || continue
      folders[$path]=true
    fi
    kinds+=("$kind")
    paths+=("$path")
  done
  if [[ -n $upper ]]; then
    # What is deleted is a device in UPPER, and what has gone meanwhile is not there: neither has a size.
    while IFS=$'\t' read -r -d '' bytes path; do
      sizes[${path#"$upper"}]=$bytes
    done < <(
      for ((i = 0; i < ${#paths[@]}; i++)); do
        [[ ${kinds[i]} == deleted ]] || printf '%s\0' "$upper${paths[i]}"
      done | du --summarize --null --block-size=1 --files0-from=- 2>/dev/null
    )
  fi
  for ((i = 0; i < ${#paths[@]}; i++)); do
    path=${paths[i]}
    printf '%s\0' "${kinds[i]}" "$path" "${folders[$path]:-false}" "${sizes[$path]:-0}"
  done
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

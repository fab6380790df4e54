# shellcheck shell=bash
# What services keep outside their volumes, and what their databases say of themselves.

# services_diff [PATH...]: what they wrote into their containers instead of their volumes, as JSON:
# lost with the version. What is below one of the paths doesn't count.
services_diff() {
  local ignore id service mounts upper path kind folder bytes
  ignore=$(printf '%s\n' "$@" | jq -Rnc '[inputs | select(. != "") | rtrimstr("/")]')
  inspect_services | jq -r 'select(.Id)
    | [.Id, .Config.Labels["com.docker.compose.service"], ([.Mounts[].Destination] | tojson),
       (.GraphDriver.Data.UpperDir // "")] | @tsv' |
    while IFS=$'\t' read -r id service mounts upper; do
      api "/containers/$id/changes" 60 | outside "$ignore" "$mounts" |
        while IFS=$'\t' read -r kind path; do
          path=$(printf '%b' "$path")
          bytes=0
          folder=false
          [[ -z $upper || ! -d $upper$path ]] || folder=true
          # It changed by what doesn't count: a volume's mount point, or what is left out.
          [[ $kind != changed || $folder == false ]] || continue
          [[ $kind == deleted || -z $upper ]] ||
            bytes=$(du --summarize --block-size=1 "$upper$path" 2>/dev/null | cut -f 1)
          jq -nc --arg service "$service" --arg kind "$kind" --arg path "$path" \
            --argjson bytes "${bytes:-0}" --argjson folder "$folder" \
            '{$service, $path, $kind, $folder, $bytes}'
        done
    done | jq -sc 'sort_by(-.bytes) | .[:500]'
}

# outside IGNORE MOUNTS: of a container's changes those that count, "KIND PATH" a line: folders that
# are new as a whole, without what is in them; of what changed the deepest paths alone.
outside() {
  jq -r --argjson ignore "$1" --argjson mounts "$2" '
    ["changed", "added", "deleted"] as $kinds
    | [.[]? | select(.Path as $path | $ignore + $mounts
        | any(. as $at | $path == $at or ($path | startswith($at + "/"))) | not)]
    | (map(select(.Kind == 1) | {key: .Path, value: true}) | from_entries) as $new
    | sort_by(.Path | split("/")) as $all
    | range($all | length) as $i | $all[$i]
    | select(if .Kind == 1 then $new[.Path | sub("/[^/]*$"; "")] | not
        else .Path as $p | ($all[$i + 1].Path // "") | startswith($p + "/") | not end)
    | [$kinds[.Kind], .Path] | @tsv'
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

# The quickstart's clients: one writes rows to MariaDB (from a container, which has the client
# program), one posts to WordPress. Sourced, never run; needs common.sh.
# shellcheck shell=bash

readonly sql_client=orchestrator-quickstart-sql
client_name=

# start_clients FOLDER: they write until stop_clients; what was acknowledged is in FOLDER.
start_clients() {
  local folder=$1 image
  stop_clients
  client_name=q$(date +%s)
  image=$(docker image ls --filter label=dev.orchestrator.role=inner \
    --format '{{.Repository}}:{{.Tag}}' orchestrator/demo-db | head -n 1)
  docker run --detach --name "$sql_client" --label dev.orchestrator=1 \
    --label dev.orchestrator.role=client --network host --entrypoint bash \
    --volume "$root/scripts/lib/sql-client:/sql-client:ro" --volume "$folder:/out" \
    "$image" /sql-client "$client_name" >/dev/null
  "$root/scripts/lib/web-client" "$folder" "$client_name" &
  echo "$!" >"$cache/web-client"
  await_writes "$folder"
}

stop_clients() {
  local pid
  if [ -e "$cache/web-client" ]; then
    pid=$(<"$cache/web-client")
    if grep -qs web-client "/proc/$pid/cmdline"; then
      kill "$pid"
      wait "$pid" 2>/dev/null || true
    fi
    rm -f "$cache/web-client"
  fi
  docker container rm --force "$sql_client" >/dev/null 2>&1 || true
}

count() { [ -e "$1" ] && wc -l <"$1" || echo 0; }

# Waits until both have written some more.
await_writes() {
  local folder=$1 end=$((SECONDS + 90)) rows posts
  rows=$(count "$folder/sql.ok")
  posts=$(count "$folder/web.ok")
  until (($(count "$folder/sql.ok") >= rows + 20 && $(count "$folder/web.ok") >= posts + 5)); do
    ((SECONDS < end)) || die "the clients could not write for 90 s: $(tail -qn 1 "$folder"/*.failed 2>/dev/null)"
    sleep 0.2
  done
}

# check_clients FOLDER: what was acknowledged is there, and nobody was refused.
check_clients() {
  local folder=$1 kind refused longest missing
  for kind in sql web; do
    # The acknowledged ones first: those that come meanwhile are not asked for.
    cut -d ' ' -f 1 "$folder/$kind.ok" | sort >"$folder/$kind.acknowledged"
    read_back "$kind" | sort >"$folder/$kind.found"
    missing=$(comm -23 "$folder/$kind.acknowledged" "$folder/$kind.found" | wc -l)
    longest=$(cut -d ' ' -f 2 "$folder/$kind.ok" | sort -n | tail -n 1)
    refused=$(grep -cE '\(111\)|\(111 |curl 7,' "$folder/$kind.failed" 2>/dev/null || true)
    verdict "$kind: $(wc -l <"$folder/$kind.acknowledged") acknowledged, $missing missing, ${refused:-0} connections refused, $(count "$folder/$kind.failed") failed; the longest took $longest ms" \
      test "$missing" = 0 -a "${refused:-0}" = 0
  done
}

read_back() {
  case $1 in
    web) "$root/scripts/lib/web-client" read "$client_name" ;;
    sql)
      docker run --rm --label dev.orchestrator=1 --network host --entrypoint bash \
        --volume "$root/scripts/lib/sql-client:/sql-client:ro" \
        "$(docker image ls --filter label=dev.orchestrator.role=inner \
          --format '{{.Repository}}:{{.Tag}}' orchestrator/demo-db | head -n 1)" \
        /sql-client read "$client_name"
      ;;
  esac
}

# How a project of the corpus is taken over while it runs. Sourced by scripts/corpus, never run.
# shellcheck shell=bash
# shellcheck disable=SC2154 # variables of scripts/corpus

# Databases of each kind, several services, bind mounts, env files, profiles, a job that ends, replicas,
# several compose files, secrets, images pinned by digest, paths of the host.
# shellcheck disable=SC2034 # of scripts/corpus
readonly adopted_by_default=(documents wiki workflow feeds photos)
readonly compose=orchestrator-corpus-compose

# The project as a user has it: in a folder of its name, brought up by Compose on the host's engine.
host_compose() {
  docker run --rm --name "$compose" --label "$label=1" --hostname user-host --entrypoint docker \
    --volume /var/run/docker.sock:/var/run/docker.sock --volume "$work/$name/host:$work/$name/host" \
    --workdir "$work/$name/host/$name" --env "PWD=$work/$name/host/$name" "$base" compose --ansi never --progress quiet "$@"
}

host_containers() { docker ps --all --quiet --filter "label=com.docker.compose.project=$project"; }

# Its networks that are not its own: those that the folder's file `host` names.
host_networks() {
  local kind path rest
  [ -e "$corpus/$name/host" ] || return 0
  while read -r kind path rest; do
    if [ "$kind" = network ]; then
      case $1 in
        make) docker network create --label "$label=1" "$path" >/dev/null ;;
        remove) docker network ls --quiet --filter "name=^$path$" --filter "label=$label" | xargs -r docker network rm >/dev/null ;;
      esac
    fi
  done <"$corpus/$name/host"
}

# The published ports, as {protocol, address, listen, port}.
host_ports() {
  host_containers | xargs -r docker inspect | jq -c '[.[] | (.NetworkSettings.Networks | [.[].IPAddress | select(. != "")][0] // "") as $inside
    | .NetworkSettings.Ports // {} | to_entries[]
    | (.key | split("/")) as [$port, $protocol] | .value[]? | select(.HostIp | contains(":") | not)
    | {protocol: $protocol, address: (if .HostIp == "0.0.0.0" or .HostIp == "" then "127.0.0.1" else .HostIp end),
       listen: (.HostPort | tonumber), port: ($port | tonumber), inside: $inside}] | unique'
}

# Waits until all that should run does and accepts connections, before its first health check where that
# is a minute away; prints what is not so.
host_settled() {
  local end=$((SECONDS + settle_seconds)) wrong inside port
  while :; do
    wrong=$(host_containers | xargs -r docker inspect | jq -r '.[] | select(
        if .State.Running then (.State.Restarting or (.State.Health.Status == "unhealthy"))
        elif .State.Status == "exited" then (.State.ExitCode != 0)
        else true end)
      | "\(.Config.Labels["com.docker.compose.service"]) \(.State.Status) \(.State.Health.Status // "") \(.State.ExitCode)"')
    if [ -z "$wrong" ]; then
      wrong=$(while read -r inside port; do
        timeout 1 bash -c "exec 3<>/dev/tcp/$inside/$port" 2>/dev/null || echo "nobody listens on $inside:$port"
      done < <(host_ports | jq -r '.[] | select(.protocol == "tcp" and .inside != "") | "\(.inside) \(.port)"'))
    fi
    [ -n "$wrong" ] || return 0
    if ((SECONDS >= end)); then
      tr '\n' ';' <<<"$wrong"
      return
    fi
    sleep 0.3
  done
}

# ask_http METHOD PATH: at each published port that speaks HTTP: {"PORT": "answer"}.
ask_http() {
  local address port answer
  while read -r address port; do
    if answer=$(curl -fsS --max-time 20 --request "$1" "http://$address:$port$2" 2>/dev/null); then
      # How often it was started, and what else the engine runs, are no part of what it serves.
      jq -n --arg port "$port" --arg answer "$(sed -E 's/ (starts|containers)=[0-9]+//g' <<<"$answer")" '{($port): $answer}'
    fi
  done < <(jq -r '.[] | select(.protocol == "tcp") | "\(.address) \(.listen)"' "$work/$name/routes.json") | jq -s 'add // {}'
}

# databases [TEXT]: the rows of the databases of what serves now; with TEXT adds one.
databases() {
  local capsule
  # Where nothing serves as a stack there is none to ask for.
  capsule=$(container 2>/dev/null) || capsule=
  if [ -n "$capsule" ]; then
    docker exec -i "$capsule" bash -s "" "${1:-}" <"$lib/rows"
  else
    "$lib/rows" "$project" "${1:-}"
  fi
}

# keep TEXT: writes a row through each published port that keeps any, and into each database.
keep() {
  ask_http POST "/rows/$1" >/dev/null
  databases "$1"
}

# see STAGE: what is served and kept now.
see() {
  jq -n --argjson answers "$(ask_http GET /)" --argjson kept "$(ask_http GET /rows)" \
    --arg databases "$(databases)" '{answers: $answers, kept: $kept, databases: ($databases | split("\n"))}' \
    >"$work/$name/seen-$1.json"
}

# stage NAME COMMAND...: the command, timed; returns its exit code, with its words in the result.
stage() {
  local begun code=0
  begun=$(now_ms)
  orchestrator "${@:2}" >"$work/$name/adopt.$1" 2>&1 || code=$?
  jq -n --arg stage "$1" --argjson code "$code" --argjson millis $(($(now_ms) - begun)) \
    --arg words "$( ((code == 0)) || words "$work/$name/adopt.$1")" '{stage: $stage, code: $code, millis: $millis, words: $words}' \
    >>"$work/$name/stages"
  return "$code"
}

# Adopts, upgrades, goes back, undoes; stops at the first that fails, but for the undo.
stages() {
  stage plan adopt "$project" --plan || return 0
  stage adopt adopt "$project" || return 0
  see adopted
  keep two
  see adopted-more
  cp -a "$work/$name/releases/v2" "$work/$name/stacks/$project/releases/v2"
  if stage upgrade upgrade v2; then
    see upgraded
    keep three
    see upgraded-more
    if stage rollback rollback --data carry; then see back; fi
  fi
  if stage undo adopt --undo --yes; then see undone; fi
}

adopt_one() {
  local problem files
  name=$1
  say "$name: $(cat "$corpus/$name/about")"
  mkdir -p "$work/$name" "$results"
  take_down
  rm -rf "${work:?}/$name"/{home,host,stacks,stages,said,clients} "${work:?}/$name"/seen-*.json
  mapfile -t files < <(printf '%s\n' "$corpus/$name/images"; find "$corpus/$name" -name Dockerfile)
  base_images "${files[@]}"
  stack_images "$name" >/dev/null
  base=$("$root/config/image/build")
  make_release "$name" "$work/$name/releases"
  mkdir -p "$work/$name/host" "$work/$name/stacks"
  cp -a "$work/$name/releases/v1" "$work/$name/host/$name"
  project=$(host_compose config --format json 2>/dev/null | jq -r .name)
  cat >"$work/$name/orchestrator.conf" <<END
stacks-folder = "$work/$name/stacks"
home = "$work/$name/home"
api.listen = "127.0.0.1:0"
image.folder = "$root/config/image"
upgrade.rehearse = off
upgrade { bake = 3s, verify.deadline = 90s }
END
  [ -z "$(host_containers)" ] || host_compose down --volumes --timeout 5 # what a run that was killed has left
  host_has "$name"
  host_networks make
  : >"$work/$name/stages"
  echo '[]' >"$work/$name/routes.json"
  problem=
  if host_compose up --detach >"$work/$name/adopt.up" 2>&1; then
    problem=$(host_settled)
  else
    problem=$(tail -n 1 "$work/$name/adopt.up")
  fi
  host_ports >"$work/$name/routes.json"
  if [ -z "$problem" ] && orchestrator serve --detach >"$work/$name/adopt.serve" 2>&1; then
    keep one
    see original
    start_clients
    stages
    stop_clients
  fi
  cat "$work/$name"/client-* 2>/dev/null | sort -n >"$work/$name/clients" || true
  jq -n --arg name "$name" --arg about "$(cat "$corpus/$name/about")" --arg problem "$problem" \
    --arg expected "$(cat "$corpus/$name/refused" 2>/dev/null)" \
    --slurpfile stages "$work/$name/stages" --rawfile clients "$work/$name/clients" \
    --argjson seen "$(for each in "$work/$name"/seen-*.json; do
      [ ! -e "$each" ] || jq --arg stage "$(basename "$each" .json)" '{($stage | ltrimstr("seen-")): .}' "$each"
    done | jq -s 'add // {}')" -f "$lib/adopted.jq" >"$results/adopted-$name.json"
  jq -r -f "$lib/adopted-row.jq" "$results/adopted-$name.json"
  jq -e .right "$results/adopted-$name.json" >/dev/null || wrong+=("$name")
  adopt_down
}

# Removes the stack and the project.
adopt_down() {
  take_down
  # One that has refused the project has no journal, and runs.
  [ ! -d "$work/$name/home" ] || orchestrator serve --stop >/dev/null 2>&1 || true
  [ ! -d "$work/$name/host/$name" ] || host_compose down --volumes --remove-orphans --timeout 5 >"$work/$name/adopt.down" 2>&1 ||
    say "$name: docker compose down: $(tail -n 1 "$work/$name/adopt.down")"
  host_networks remove
  host_clean
  rm -rf "${work:?}/$name"/{host,stacks}
}

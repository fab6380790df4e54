# shellcheck shell=bash
# Starts the services' containers in the order of their dependencies, each at the moment at which what it
# depends on is there: what depends on nothing in common is started at the same time. The rules are
# Compose's. Its own way looks twice a second whether a service is healthy that another one waits for;
# here the engine's events are waited for. A stop is Compose's: it waits for nothing but the services.
#
# This is for containers as `compose create` has made them in this boot. Where anything is not as that
# has left it, or a service needs what Compose alone can do, Compose does all of it.

# What the containers were made from, while they are as they were made.
readonly CREATED=$RUN/created
# What has happened to the services in this boot, a line each: "NANOSECONDS ACTION SERVICE [EXIT-CODE]".
readonly TIMES=$RUN/times
readonly MOST_TIMES=1000
readonly START_ANSWER_SECONDS=120
# What the engine has answered to each request to start a container.
readonly STARTS=$RUN/starts

# {"type":["container"],"event":["start","die","health_status"]}
readonly ORDER_EVENTS='%7B%22type%22%3A%5B%22container%22%5D%2C%22event%22%3A%5B%22start%22%2C%22die%22%2C%22health_status%22%5D%7D'

# By container: its service and name; whether it was started, and runs; how it has ended for good; what its
# check says.
declare -A service_of name_of started runs ended health
# By service: its containers; "SERVICE CONDITION REQUIRED" of what it depends on, in lines.
declare -A containers_of needs_of

# note_time ACTION SERVICE [EXIT-CODE] [NANOSECONDS]
note_time() {
  echo "${4:-${EPOCHREALTIME/[.,]/}000} $1 $2${3:+ $3}" >>"$TIMES"
}

# keep_times: no more than the last ones, looked at as often as so many have come.
times_noted=0
keep_times() {
  ((++times_noted % MOST_TIMES == 0)) || return 0
  tail -n "$MOST_TIMES" "$TIMES" >"$TIMES.new"
  mv "$TIMES.new" "$TIMES"
}

# read_event LINE: leaves the caller's action, id, service, code and at; fails where it is no service's.
# Without a process of its own for each line.
read_event() {
  [[ $1 =~ \"Action\":\ ?\"([^\"]*)\" ]] || return 1
  action=${BASH_REMATCH[1]#health_status: }
  [[ $1 =~ \"ID\":\ ?\"([0-9a-f]+)\" ]] || return 1
  id=${BASH_REMATCH[1]}
  [[ $1 =~ \"com\.docker\.compose\.service\":\ ?\"([^\"]*)\" ]] || return 1
  service=${BASH_REMATCH[1]}
  code=0
  [[ ! $1 =~ \"exitCode\":\ ?\"([0-9]+)\" ]] || code=${BASH_REMATCH[1]}
  at=0
  [[ ! $1 =~ \"timeNano\":\ ?([0-9]+) ]] || at=${BASH_REMATCH[1]}
}

# next_event SECONDS: leaves the caller's line, of its events; fails as read does. What has come of a line
# when the time is over is kept in the caller's begun_line: a line's rest alone would be no event.
next_event() {
  local code=0
  read -r -t "$1" -u "$events" line || code=$?
  line=$begun_line$line
  begun_line=
  ((code <= 128)) || begun_line=$line
  return "$code"
}

note_created() { cp "$COMPOSE" "$CREATED"; }

# read_services: what there is. Fails where Compose has to do it.
read_services() {
  local kind a b c d e
  service_of=() name_of=() started=() runs=() ended=() health=() containers_of=() needs_of=()
  cmp -s "$COMPOSE" "$CREATED" || return 1
  while IFS=$'\t' read -r kind a b c d e; do
    case $kind in
      container)
        service_of[$a]=$b
        name_of[$a]=$c
        containers_of[$b]+=" $a"
        if [[ $d == running ]]; then
          started[$a]=yes
          runs[$a]=yes
        fi
        health[$a]=$e
        ;;
      need) needs_of[$a]+="$b $c $d"$'\n' ;;
      *) return 1 ;;
    esac
  done < <(inspect_services | jq -rs --slurpfile model "$COMPOSE" '
    $model[0] as $model
    | map(select(.Id) | . + {service: .Config.Labels["com.docker.compose.service"]}
        | select($model.services[.service])) as $all
    | (($model.secrets // {}) + ($model.configs // {}) | any(.[]; .environment or .content)) as $injected
    | ([$all[].State.Status] - ["created", "exited", "running"] != []) as $odd
    | if $injected or $odd
        or any($model.services | to_entries[];
            .key as $name | .value
            | .post_start or .pre_stop or .provider
              or (.scale // .deploy.replicas // 1) as $count
                | $count < 1 or ([$all[] | select(.service == $name)] | length) != $count)
        or any($model.services[].depends_on // {} | to_entries[];
            .key as $on | .value.condition == "service_healthy"
              and any($all[]; .service == $on
                and ((.Config.Healthcheck.Test // ["NONE"])[0] == "NONE")))
      then "compose"
      else
        ($all[] | ["container", .Id, .service, (.Name | ltrimstr("/")), .State.Status,
          # What has ended keeps what its last check has said.
          if .State.Status == "running" then .State.Health.Status // "none" else "starting" end]),
        ($model.services | to_entries[] | .key as $name | .value.depends_on // {} | to_entries[]
          | ["need", $name, .key, .value.condition // "service_started",
            if .value.required == false then "no" else "yes" end])
        | @tsv
      end')
  ((${#service_of[@]} > 0))
}

# satisfied SERVICE: whether all that it needs is there. What it needs and can't come any more ends the
# start, in Compose's words.
satisfied() {
  local on condition required id
  while read -r on condition required; do
    [[ -n $on && -n ${containers_of[$on]:-} ]] || continue
    for id in ${containers_of[$on]}; do
      case $condition in
        service_healthy)
          if [[ -n ${ended[$id]:-} ]]; then
            impossible "$required" "dependency failed to start: container ${name_of[$id]} exited (${ended[$id]})"
          elif [[ ${health[$id]} == unhealthy ]]; then
            impossible "$required" "dependency failed to start: container ${name_of[$id]} is unhealthy"
          elif [[ -z ${runs[$id]:-} || ${health[$id]} != healthy ]]; then
            return 1
          fi
          ;;
        service_completed_successfully)
          if [[ -z ${ended[$id]:-} ]]; then
            return 1
          elif ((ended[$id] != 0)); then
            impossible "$required" "service \"$on\" didn't complete successfully: exit ${ended[$id]}"
          fi
          ;;
        *) [[ -n ${started[$id]:-} ]] || return 1 ;;
      esac
    done
  done <<<"${needs_of[$1]:-}"
}

impossible() {
  [[ $1 == no ]] || fail_start "$2"
}

# start_in_order: returns when every service is started. Fails, with nothing done, where Compose has to
# do it.
start_in_order() {
  local events listener begun line begun_line='' action id service code at
  local -A asked=()
  local -a starts=()
  begun=${EPOCHREALTIME/[.,]/}000
  exec {events}< <(exec curl --silent --no-buffer --unix-socket "$SOCKET" \
    "http://engine/events?since=${begun::-9}&filters=$ORDER_EVENTS")
  listener=$!
  if ! read_services; then
    kill "$listener" 2>/dev/null || true
    exec {events}<&-
    return 1
  fi
  # shellcheck disable=SC2153 # of services.sh
  touch "$START.$BASHPID"
  rm -rf "$STARTS"
  mkdir -p "$STARTS"
  until all_started; do
    for service in "${!containers_of[@]}"; do
      if [[ -z ${asked[$service]:-} ]] && satisfied "$service"; then
        asked[$service]=yes
        note_time ask "$service"
        for id in ${containers_of[$service]}; do
          if [[ -z ${started[$id]:-} ]]; then
            post_start "$id" >"$STARTS/$id" &
            starts+=("$!")
          fi
        done
      fi
    done
    # Why a start has failed comes by no event.
    if next_event 0.25; then
      note_change "$line"
    elif (($? <= 128)); then
      fail_start "the inner engine has closed its events"
    else
      check_answers "$STARTS" fail_start
    fi
  done
  ((${#starts[@]} == 0)) || wait "${starts[@]}"
  check_answers "$STARTS" fail_start
  end_start
}

# With events and listener of start_in_order.
end_start() {
  kill "$listener" 2>/dev/null || true
  exec {events}<&-
  rm -rf "$STARTS" "$START.$BASHPID"
}

fail_start() {
  end_start
  die 1 "compose up: $1"
}

# check_answers FOLDER COMMAND: runs it with what a request has failed of.
check_answers() {
  local answer
  for answer in "$1"/*; do
    [[ ! -s $answer ]] || "$2" "$(<"$answer")"
  done
}

# note_change EVENT: with begun of start_in_order.
note_change() {
  read_event "$1" && [[ -n ${service_of[$id]:-} ]] && ((at >= begun)) || return 0
  case $action in
    start)
      started[$id]=yes
      runs[$id]=yes
      health[$id]=starting
      unset "ended[$id]"
      ;;
    healthy | unhealthy) health[$id]=$action ;;
    die) note_end "$id" ;;
  esac
}

all_started() {
  local id
  for id in "${!service_of[@]}"; do
    [[ -n ${started[$id]:-} ]] || return 1
  done
}

# note_end ID: whether it has ended for good; the engine starts again what has a policy for that.
note_end() {
  local state code
  unset "runs[$1]"
  read -r state code < <(api "/containers/$1/json" | jq -r '.State | "\(.Status) \(.ExitCode)"') || return 0
  [[ $state != exited ]] || ended[$1]=$code
}

# post_start ID: its output is why it has failed.
post_start() {
  local answer
  answer=$(curl --silent --show-error --max-time "$START_ANSWER_SECONDS" --request POST \
    --write-out '\n%{http_code}' --unix-socket "$SOCKET" "http://engine/containers/$1/start" 2>&1) || {
    echo "${name_of[$1]}: ${answer//$'\n'/ }"
    return
  }
  [[ ${answer##*$'\n'} == [23]* ]] ||
    echo "${name_of[$1]}: $(jq -r .message <<<"${answer%$'\n'*}" 2>/dev/null || echo "$answer")"
}

# services_times NANOSECONDS: what has happened since, and what depends on what, as JSON.
services_times() {
  awk -v since="$1" '$1 >= since' "$TIMES" 2>/dev/null |
    jq -Rnc --slurpfile model "$STACK/compose.json" '
      {
        events: [inputs | split(" ")
          | {at: (.[0] | tonumber / 1000000 | floor), action: .[1], service: .[2]}],
        dependsOn: ($model[0].services // {} | map_values(.depends_on // {} | keys))
      }'
}

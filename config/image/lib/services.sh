# shellcheck shell=bash
# The stack's services in the inner engine.

# A file for each start that is under way: its name ends in the process's id.
readonly START=$RUN/compose-up

# As a filter of the engine's API: all of Compose's containers but those of `compose run`. There is
# one project in a capsule.
readonly SERVICES='%7B%22label%22%3A%5B%22com.docker.compose.oneoff%3DFalse%22%5D%7D'

# compose ARGUMENT...: its progress is kept aside; when it fails, its last line is the error. A start
# and a stop may run side by side: each has files of its own.
compose() {
  local log=$RUN/compose-$BASHPID.log code=0 pid error
  [[ -e $STACK/compose.json ]] || die 1 "there is no stack in this image"
  docker compose --ansi never --progress plain --project-directory "$STACK" \
    --file "$STACK/compose.json" "$@" >"$log" 2>&1 &
  pid=$!
  [[ $1 != up ]] || touch "$START.$pid"
  wait "$pid" || code=$?
  error=$(grep -v '^ *$' "$log" | tail -n 1) || true
  rm -f "$START.$pid" "$log"
  ((code == 0)) || die 1 "compose $1: $error"
}

require_ready() {
  [[ -e $RUN/ready ]] || die 1 "not ready: $(cat "$RUN/status" 2>/dev/null || echo starting)"
}

# Directories that the services expect below the data volume.
prepare_data() {
  local to
  while read -r to; do
    mkdir -p "$to"
  done < <(jq -r '.dirs[]? | sub("^/data/?"; "") | "/data/" + .' "$STACK/stack.json")
}

create_services() {
  prepare_data
  seed_for compose create --no-build
}

start_services() {
  # shellcheck disable=SC2119 # without "new"
  mount_volumes || die 1 "a data volume could not be mounted"
  take_lease
  prepare_data
  apply_files
  compose up --detach --no-build
}

# stop_services [SERVICE...]: all unless some are named. Ends a start that is still under way: its
# services would come up behind our back.
stop_services() {
  local file
  [[ -e $STACK/compose.json ]] || return 0
  for file in "$START".*; do
    [[ -e $file ]] || continue # no start is under way
    kill -TERM "${file##*.}" 2>/dev/null || continue
    timeout 5 tail --pid="${file##*.}" -f /dev/null || true
  done
  compose stop "$@"
  flush_data
  (($# > 0)) || unmount_clones || say "a clone could not be unmounted"
}

# freeze_services SERVICE...: those that run.
freeze_services() {
  compose pause "$@"
  flush_data
}

# What is frozen goes on as if nothing had been.
thaw_services() {
  local ids
  mapfile -t ids < <(docker ps --quiet --filter status=paused)
  ((${#ids[@]} == 0)) || docker unpause "${ids[@]}" >/dev/null
}

# The services' containers, as the engine's API describes each, one JSON document after the other.
inspect_services() {
  local urls
  mapfile -t urls < <(api "/containers/json?all=1&filters=$SERVICES" |
    grep -o '"Id":"[0-9a-f]*"' | sed 's#"Id":"\(.*\)"#http://engine/containers/\1/json#')
  ((${#urls[@]} == 0)) ||
    curl --silent --max-time 10 --unix-socket "$SOCKET" "${urls[@]}"
}

services_state() {
  inspect_services | jq -sc --slurpfile stack "$STACK/compose.json" '
    map(select(.Id) | {
      service: .Config.Labels["com.docker.compose.service"],
      id: .Id,
      state: .State.Status,
      health: (.State.Health.Status // "none"),
      exitCode: .State.ExitCode,
      restarts: .RestartCount,
      startedAt: .State.StartedAt,
      checkOutput: (if (.State.Health.Status // "healthy") == "healthy" then ""
        else .State.Health.Log // [] | last | .Output // "" end)
    }) as $found
    | ($stack[0].services | keys) - [$found[].service]
    | {services: ($found + map({service: ., state: "missing", health: "none"})
        | sort_by(.service, .id))}'
}

# The id of a service's running container.
container_of() {
  local id
  id=$(docker ps --quiet --filter "label=com.docker.compose.service=$1" \
    --filter label=com.docker.compose.oneoff=False)
  [[ -n $id ]] || die 1 "the service $1 is not running"
  echo "${id%%$'\n'*}"
}

# shellcheck shell=bash
# The stack's services in the inner engine.

# A file for each start that is under way: its name ends in the process's id.
readonly START=$RUN/compose-up

# Longer than the grace time of a service that is slow to stop.
readonly STOP_WAIT_SECONDS=600
# So long the roots of containers that have ended stay mounted: longer than clients wait.
readonly ROOT_SECONDS=120

# As a filter of the engine's API: all of Compose's containers but those of `compose run`. There is
# one project in a capsule.
readonly SERVICES='%7B%22label%22%3A%5B%22com.docker.compose.oneoff%3DFalse%22%5D%7D'

# The variables that the stack takes secrets and configs from, each ended by a zero byte, as the container
# was started with them: these scripts have variables of their own, some of the same names.
stack_variables() {
  local names pair
  names=" $(jq -r '.variables // [] | join(" ")' "$STACK/stack.json") "
  while IFS= read -r -d '' pair; do
    [[ $names != *" ${pair%%=*} "* ]] || printf '%s\0' "$pair"
  done <"$ENVIRONMENT"
}

# Fails when a variable is missing that a secret or config needs: Compose says so after it has started
# half of the services. And when a file is, that an export has left out as a secret.
require_secrets() {
  local name there missing=() file
  there=" $(stack_variables | sed -z 's/=.*//' | tr '\0' ' ')"
  while read -r name; do
    [[ $there == *" $name "* ]] || missing+=("$name")
  done < <(jq -r '.variables[]?' "$STACK/stack.json")
  ((${#missing[@]} == 0)) ||
    die 1 "secrets or configs need the variable ${missing[*]}: run the container with --env ${missing[0]}"
  while read -r file; do
    [[ -e $STACK/release/$file ]] || die 1 "the file $file was left out of this image: mount it with" \
      "--volume FILE:$STACK/release/$file:ro"
  done < <(jq -r '.secretFiles[]?' "$STACK/stack.json")
}

# Self-healing (heal.sh): after how many unhealthy looks a service is restarted, while that is to
# happen; the process that restarts one at this moment; what it has seen and done.
readonly HEAL=$RUN/heal
readonly HEALING=$RUN/healing
readonly HEALTH=$RUN/health.json
readonly HEAL_WAIT_SECONDS=120

# heal_on LOOKS
heal_on() {
  echo "$1" >"$HEAL.new"
  mv "$HEAL.new" "$HEAL"
}

# Returns when no restart is under way: that one would come up behind our back.
heal_off() {
  local end=$((SECONDS + HEAL_WAIT_SECONDS)) pid
  rm -f "$HEAL"
  while ((SECONDS < end)) && pid=$(cat "$HEALING" 2>/dev/null) && kill -0 "$pid" 2>/dev/null; do
    pause 0.1
  done
}

# After a start that nobody but us has asked for, which is that of a capsule under plain docker run.
heal_by_itself() {
  local looks=${CAPSULE_HEAL:-3}
  if [[ ${CAPSULE_MODE:-auto} == auto ]] && ((looks > 0)); then
    heal_on "$looks"
  fi
}

# compose ARGUMENT...: its progress is kept aside; when it fails, its last line is the error. A start
# and a stop may run side by side: each has files of its own.
compose() {
  local log=$RUN/compose-$BASHPID.log file=$STACK/compose.json code=0 pid error
  [[ -e $file ]] || die 1 "there is no stack in this image"
  # A stop may come before anything was created.
  [[ ! -e $COMPOSE ]] || file=$COMPOSE
  (
    # Compose would give any other variable to a service that names it without a value.
    docker=$(command -v docker)
    mapfile -d '' -t variables < <(stack_variables)
    exec env --ignore-environment "${variables[@]}" "$docker" --host "unix://$SOCKET" compose \
      --ansi never --progress plain --project-directory "$STACK" --file "$file" "$@"
  ) >"$log" 2>&1 &
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

# create_services [aside NAME...]: with nothing put into these volumes. A call that was given up may
# still be under way.
create_services() {
  local lock
  require_secrets
  exec {lock}>"$RUN/create.lock"
  flock "$lock"
  if [[ ${1:-} == aside ]]; then
    put_aside "${@:2}" || die 1 "a data volume could not be put aside: $(head -n 1 "$RUN/mount.err")"
  fi
  prepare_data
  write_compose
  rm -f "$CREATED"
  seed_for compose create --no-build
  note_created
  take_back || die 1 "a data volume could not be taken back: $(head -n 1 "$RUN/mount.err")"
  exec {lock}>&-
}

# The client of a stop may have gone away, such as a service that was killed: what is being stopped still
# ends, and would do so behind a start's back. A stop ends a start that waits here, too.
await_stop() {
  local lock
  exec {lock}>"$RUN/stop.lock"
  touch "$START.$BASHPID"
  flock --timeout "$STOP_WAIT_SECONDS" "$lock" ||
    die 1 "a stop of the services has been under way for $STOP_WAIT_SECONDS s"
  rm -f "$START.$BASHPID"
  exec {lock}>&-
}

start_services() {
  await_stop
  take_back || die 1 "a data volume could not be taken back: $(head -n 1 "$RUN/mount.err")"
  # shellcheck disable=SC2119 # without "new"
  mount_volumes || die 1 "a data volume could not be mounted"
  require_secrets
  take_lease
  adopt_fresh
  prepare_data
  apply_files
  write_compose
  start_in_order || {
    compose up --detach --no-build
    note_created
  }
  heal_by_itself
}

# stop_services [SERVICE...]: all unless some are named. Ends a start that is still under way: its
# services would come up behind our back.
stop_services() {
  local file lock
  [[ -e $STACK/compose.json ]] || return 0
  heal_off
  exec {lock}>"$RUN/stop.lock" # for as long as Compose's process lives, which has it too
  for file in "$START".*; do
    [[ -e $file ]] || continue # no start is under way
    rm -f "$file"
    kill -TERM "${file##*.}" 2>/dev/null || continue
    timeout 5 tail --pid="${file##*.}" -f /dev/null || true
  done
  flock "$lock"
  keep_roots
  compose stop "$@"
  (($# > 0)) || stop_others
  flush_data
  (($# > 0)) || unmount_clones || say "a clone could not be unmounted"
}

# Keeps the roots of all containers mounted for a while. The engine unmounts that of a container that ends,
# and with the last reference to it the kernel writes all of the file system below to the disk, whoever has
# written it (ovl_sync_fs in fs/overlayfs/super.c): beside a busy writer that takes seconds, in which clients
# may wait. What a process has open is a reference.
keep_roots() {
  local root fd
  local -a open=()
  while read -r root; do
    { exec {fd}<"$root"; } 2>/dev/null || continue # it has ended meanwhile
    open+=("$fd")
  done < <(inspect_services | jq -r 'select(.State.Running) | .GraphDriver.Data.MergedDir // empty')
  # Not with the lock, for which the next stop would wait.
  sleep "$ROOT_SECONDS" >/dev/null 2>&1 {lock}>&- &
  for fd in "${open[@]}"; do exec {fd}<&-; done
}

# Containers that a service has started by itself, through the inner engine's socket, may write to the
# data too.
stop_others() {
  local ids
  mapfile -t ids < <(api /containers/json | grep -o '"Id":"[0-9a-f]*"' | cut -d '"' -f 4)
  ((${#ids[@]} == 0)) || docker stop "${ids[@]}" >/dev/null
}

# freeze_services SERVICE...: those that run.
freeze_services() {
  heal_off
  compose pause "$@"
  flush_data
}

# What is frozen goes on as if nothing had been.
thaw_services() {
  local ids
  mapfile -t ids < <(docker ps --quiet --filter status=paused)
  ((${#ids[@]} > 0)) || return 0
  docker unpause "${ids[@]}" >/dev/null
  heal_by_itself
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
  inspect_services | jq -sc --slurpfile stack "$STACK/compose.json" \
    --slurpfile meta <(cat "$STACK/stack.json" 2>/dev/null || echo '{}') \
    --slurpfile seen <(cat "$HEALTH" 2>/dev/null || echo '{}') '
    # Seconds of the epoch; 0 for a time that has not come.
    def seconds:
      (. // "" | capture("^(?<t>\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d)(\\.\\d+)?(?<z>.*)$")
        // {t: "0001-01-01T00:00:00", z: "Z"})
      | if .t | startswith("0001") then 0 else
          ((.t + "Z") | fromdateiso8601)
          - (.z | if . == "Z" or . == "" then 0
              else (.[1:3] | tonumber) * 3600 + (.[4:6] | tonumber) * 60 end
            ) * (if .z[0:1] == "-" then -1 else 1 end)
        end;
    def or_default($seconds): (. // 0) / 1e9 | if . > 0 then . else $seconds end;
    # Time after an earlier run, or the start, at which the engine runs a check again: see getInterval
    # in health.go of moby.
    def pause($check; $started; $last):
      if $last - $started < ($check.StartPeriod | or_default(0))
      then $check.StartInterval | or_default(5)
      else $check.Interval | or_default(30) end;
    ($meta[0].oneShots) as $jobs
    | $seen[0] as $seen
    | map(select(.Id)
      | .Config.Labels["com.docker.compose.service"] as $name
      | (.Config.Healthcheck // {}) as $check
      | (.State.StartedAt | seconds) as $started
      | ((.State.Health.Log // []) | last | .End) as $last
      | (.State.Status == "running" and .State.Health.Status == "starting") as $starting
      | (.State.Status == "running" and (.State.Health.Status // "none") != "none") as $checked
      | {
        service: $name,
        id: .Id,
        state: .State.Status,
        health: (.State.Health.Status // "none"),
        exitCode: .State.ExitCode,
        restarts: .RestartCount,
        startedAt: .State.StartedAt,
        checkOutput: (if (.State.Health.Status // "healthy") == "healthy" then ""
          else .State.Health.Log // [] | last | .Output // "" end),
        dependsOn: ($stack[0].services[$name].depends_on // {} | keys),
        mayEnd: ($jobs == null or ($jobs | index($name)) != null),
        firstCheckMillis: (if $starting and $last == null
          then pause($check; $started; $started) * 1000 | floor else 0 end),
        nextCheckMillis: (if $checked
          then ($last // .State.StartedAt | seconds) as $last
            | (if $starting then pause($check; $started; $last) else $check.Interval | or_default(30) end)
            | [($last + . - now) * 1000, 0] | max | floor
          else 0 end),
        retries: ($check.Retries // 0 | if . > 0 then . else 3 end),
        heals: ($seen.heals[$name] // 0),
        recentEnds: ($seen.ends[$name] // [] | map(select(now - . < 300)) | length)
      }) as $found
    | [$stack[0].services // {} | to_entries[] | .key as $name
        | range((.value.scale // .value.deploy.replicas // 1)
            - ([$found[] | select(.service == $name)] | length))
        | {
          service: $name,
          state: "missing",
          health: "none",
          dependsOn: ($stack[0].services[$name].depends_on // {} | keys)
        }]
    | {services: ($found + . | sort_by(.service, .id))}'
}

# run_check SERVICE: runs its health check as the engine would, and ends as that does.
run_check() {
  local id words
  id=$(container_of "$1") || exit
  mapfile -d '' -t words < <(api "/containers/$id/json" | jq -j '
    .Config as $config | ($config.Healthcheck // {}) as $check | ($check.Test // []) as $test
    | [($check.Timeout // 0) / 1e9 | if . > 0 then ceil else 30 end, 10] | min
    | [tostring] + (if $test[0] == "CMD" then $test[1:]
        elif $test[0] == "CMD-SHELL" then ($config.Shell // ["/bin/sh", "-c"]) + $test[1:]
        else [] end)
    | .[] + "\u0000"')
  ((${#words[@]} > 1)) || die 1 "the service $1 has no health check"
  exec timeout "${words[0]}" docker exec "$id" "${words[@]:1}"
}

# The id of a service's running container.
container_of() {
  local id
  id=$(docker ps --quiet --filter "label=com.docker.compose.service=$1" \
    --filter label=com.docker.compose.oneoff=False)
  [[ -n $id ]] || die 1 "the service $1 is not running"
  echo "${id%%$'\n'*}"
}

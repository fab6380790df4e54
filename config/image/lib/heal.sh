# shellcheck shell=bash
# Self-healing: a service whose health check fails at several looks in a row is restarted, each time
# after a longer pause. Runs beside the inner engine for as long as that is ready, and does nothing
# unless healing is on (see heal_on in services.sh): whoever stops or freezes services, or has not
# led clients here yet, is not to find them restarted.
#
# One request to the engine stays open, and brings a line when a service ends or becomes unhealthy. While
# all is well no other is made, and no process is started: a capsule that is idle costs nothing here.

readonly LOOK_SECONDS=10
# What is unhealthy is looked for this often although nothing was heard of it, as a line may get lost.
readonly UNHEARD_SECONDS=600
readonly FIRST_PAUSE_SECONDS=60
readonly LONGEST_PAUSE_SECONDS=1800
# Ends with an error are counted for this time: two of them are a slow restart loop.
readonly ENDS_SECONDS=300
# A service that is told to end does so within its grace time, and that is no error.
readonly TOLD_SECONDS=150

# {"type":["container"],"event":["start","die","kill","health_status"]}
readonly EVENTS='%7B%22type%22%3A%5B%22container%22%5D%2C%22event%22%3A%5B%22start%22%2C%22die%22%2C%22kill%22%2C%22health_status%22%5D%7D'
# {"health":["unhealthy"],"label":["com.docker.compose.oneoff=False"]}
readonly UNHEALTHY='%7B%22health%22%3A%5B%22unhealthy%22%5D%2C%22label%22%3A%5B%22com.docker.compose.oneoff%3DFalse%22%5D%7D'

# By container: unhealthy looks in a row; when it was told to end.
declare -A looks_of told_at
# By service: restarts, time of the last and pause after it; times of its ends with an error.
declare -A heals_of healed_at pause_of ends_of

# Not empty while a service may be unhealthy: since one was said to be, or since events may have been
# missed, until a look finds none.
sick=yes
# When the last look was.
looked=0

# Until the engine is ready no more. An error in here must not end it.
heal_loop() {
  local events line begun_line code
  set +e
  while [[ -e $RUN/ready ]]; do
    # From now on, whenever the request arrives.
    exec {events}< <(exec curl --silent --no-buffer --unix-socket "$SOCKET" \
      "http://engine/events?since=$EPOCHSECONDS&filters=$EVENTS")
    sick=yes
    begun_line=
    while [[ -e $RUN/ready ]]; do
      if next_event "$LOOK_SECONDS"; then
        note_event "$line"
      else
        code=$?
        ((code > 128)) || break # the engine has closed it
      fi
      look_when_due
    done
    exec {events}<&-
    pause 1
  done
}

note_event() {
  local action id code service at
  read_event "$1" || return 0
  note_time "$action" "$service" "$code" "$at"
  keep_times
  case $action in
    kill) told_at[$id]=$EPOCHSECONDS ;;
    unhealthy) sick=yes ;;
    die)
      if ((EPOCHSECONDS - ${told_at[$id]:-0} > TOLD_SECONDS)) && ((code != 0)); then
        ends_of[$service]="${ends_of[$service]:-} $EPOCHSECONDS"
        write_health
      fi
      unset "told_at[$id]"
      ;;
  esac
}

look_when_due() {
  local pause=$UNHEARD_SECONDS
  [[ -z $sick ]] || pause=$LOOK_SECONDS
  if ((SECONDS - looked >= pause)); then
    looked=$SECONDS
    look_for_unhealthy
  fi
}

look_for_unhealthy() {
  local after answer id service
  local -A now=()
  [[ -s $HEAL ]] || { looks_of=(); sick=yes; return 0; }
  after=$(<"$HEAL")
  sick=
  answer=$(api "/containers/json?filters=$UNHEALTHY") || { sick=yes; return 0; }
  if [[ $answer != '[]'* ]]; then
    sick=yes
    while read -r id service; do
      now[$id]=$service
    done < <(jq -r '.[] | "\(.Id) \(.Labels["com.docker.compose.service"])"' <<<"$answer")
  fi
  for id in "${!looks_of[@]}"; do
    [[ -n ${now[$id]:-} ]] || unset "looks_of[$id]"
  done
  for id in "${!now[@]}"; do
    service=${now[$id]}
    looks_of[$id]=$((${looks_of[$id]:-0} + 1))
    if ((looks_of[$id] >= after)) &&
      ((EPOCHSECONDS - ${healed_at[$service]:-0} >= ${pause_of[$service]:-0})); then
      unset "looks_of[$id]"
      restart_service "$id" "$service"
    fi
  done
}

# restart_service ID SERVICE: in two halves, so that one who stops the services in between is not
# surprised by the second.
restart_service() {
  local id=$1 service=$2 last=${healed_at[$2]:-0} pause=${pause_of[$2]:-0} sharer
  echo "$BASHPID" >"$HEALING"
  if [[ -e $HEAL ]]; then
    heals_of[$service]=$((${heals_of[$service]:-0} + 1))
    # The pause doubles, until the service has been well for twice as long.
    if ((pause == 0 || EPOCHSECONDS - last > 2 * pause)); then
      pause=$FIRST_PAUSE_SECONDS
    else
      pause=$((2 * pause < LONGEST_PAUSE_SECONDS ? 2 * pause : LONGEST_PAUSE_SECONDS))
    fi
    say "service $service is unhealthy: restarting it (${heals_of[$service]} times so far; if it is" \
      "unhealthy again, not before $pause s have passed)"
    # Its own grace time is the engine's limit.
    post "/containers/$id/stop" && [[ -e $HEAL ]] && post "/containers/$id/start"
    # Services that use its network have lost it with the old process.
    for sharer in $(sharers_of "$service"); do
      [[ ! -e $HEAL ]] || post "/containers/$sharer/restart"
    done
    healed_at[$service]=$EPOCHSECONDS
    pause_of[$service]=$pause
    write_health
  fi
  rm -f "$HEALING"
}

# Ids of the containers that use the network of a service.
sharers_of() {
  local names
  names=$(jq -c --arg mode "service:$1" \
    '[.services // {} | to_entries[] | select(.value.network_mode == $mode) | .key]' "$STACK/compose.json")
  [[ $names == '[]' ]] || api "/containers/json?filters=$SERVICES" | jq -r --argjson names "$names" \
    '.[] | select(.Labels["com.docker.compose.service"] as $s | $names | index($s)) | .Id'
}

post() {
  curl --silent --fail --max-time 600 --request POST --unix-socket "$SOCKET" "http://engine$1"
}

# For `capsule state`.
write_health() {
  local service time kept
  for service in "${!ends_of[@]}"; do
    kept=
    for time in ${ends_of[$service]}; do
      ((EPOCHSECONDS - time > ENDS_SECONDS)) || kept+=" $time"
    done
    ends_of[$service]=$kept
  done
  {
    for service in "${!heals_of[@]}"; do
      printf 'heals\t%s\t%s\n' "$service" "${heals_of[$service]}"
    done
    for service in "${!ends_of[@]}"; do
      for time in ${ends_of[$service]}; do
        printf 'end\t%s\t%s\n' "$service" "$time"
      done
    done
  } | jq -Rnc '[inputs | split("\t")] | {
      heals: (map(select(.[0] == "heals") | {(.[1]): (.[2] | tonumber)}) | add // {}),
      ends: (map(select(.[0] == "end")) | group_by(.[1])
        | map({(.[0][1]): map(.[2] | tonumber)}) | add // {})
    }' >"$HEALTH.new"
  mv "$HEALTH.new" "$HEALTH"
}

# A client of the stack, and what is checked. Sourced, never run; needs vm-machine.sh.
# shellcheck shell=bash

client_pid=
failed_checks=0
checks=0

now_ms() { local now=${EPOCHREALTIME/[.,]/}; echo "${now%???}"; }
seconds_since() { local ms=$(($(now_ms) - $1)); printf '%d.%d s' $((ms / 1000)) $((ms % 1000 / 100)); }

# check WHAT COMMAND...: one line.
check() {
  local what=$1
  shift
  checks=$((checks + 1))
  if "$@"; then
    printf 'ok    %s\n' "$what"
  else
    failed_checks=$((failed_checks + 1))
    printf 'FAIL  %s\n' "$what"
  fi
}

# must WHAT COMMAND...: a check without which those behind it say nothing.
must() {
  local before=$failed_checks
  check "$@"
  [ "$failed_checks" = "$before" ] || { summary; exit 1; }
}

summary() { printf '%d checks, %d failed, %d s\n' "$checks" "$failed_checks" "$SECONDS"; }

# Writes 1, 2, 3 … through the route; never a number twice, as one that was not acknowledged may be
# there nevertheless. "number ms" of those that were acknowledged, and of the others.
client() {
  local number=0 begun code
  while number=$((number + 1)); do
    begun=$(now_ms)
    code=0
    curl -fsS -o /dev/null --max-time 900 -d "$number" "http://127.0.0.1:$vm_web_port/lines" \
      2>>"$vm_work/client.log" || code=$?
    if [ "$code" = 0 ]; then
      echo "$number $(($(now_ms) - begun))" >>"$vm_work/acknowledged"
    else
      echo "$number $(($(now_ms) - begun)) $code" >>"$vm_work/refused"
      sleep 1
    fi
    sleep 0.2
  done
}

start_client() {
  touch "$vm_work"/{acknowledged,refused,client.log}
  client &
  client_pid=$!
}

stop_client() {
  [ -n "$client_pid" ] || return 0
  kill "$client_pid" 2>/dev/null || true
  wait "$client_pid" 2>/dev/null || true
  client_pid=
}

count() { wc -l <"$vm_work/$1"; }
more_than() { [ "$(count acknowledged)" -gt "$1" ]; }

# longest_since NUMBER: the longest that an acknowledged write took, of those after so many.
longest_since() { tail -n "+$(($1 + 1))" "$vm_work/acknowledged" | cut -d ' ' -f 2 | sort -n | tail -n 1; }

answers() { curl -fsS --max-time 10 "http://127.0.0.1:$vm_web_port/" 2>/dev/null; }

serves() { [ "$(answers)" = "ledger $1" ]; }

# What was acknowledged by now is there, and nothing twice.
all_lines_are_there() {
  # The acknowledged ones first: those that come meanwhile are not asked for.
  cut -d ' ' -f 1 "$vm_work/acknowledged" | sort >"$vm_work/wanted"
  curl -fsS --max-time 120 "http://127.0.0.1:$vm_web_port/lines" | sort >"$vm_work/found" || return 1
  sort -u "$vm_work/found" | comm -23 "$vm_work/wanted" - >"$vm_work/missing"
  uniq -d "$vm_work/found" >"$vm_work/twice"
  [ ! -s "$vm_work/missing" ] && [ ! -s "$vm_work/twice" ]
}

check_lines() {
  local right=true
  all_lines_are_there || right=false
  check "$(wc -l <"$vm_work/wanted") acknowledged lines: $(wc -l <"$vm_work/missing") missing, $(wc -l <"$vm_work/twice") twice" $right
}

orchestrator() { in_vm /opt/orchestrator/scripts/orchestrator "$@" </dev/null; }

# status FILTER: of the service's API, by jq; empty while it doesn't answer.
status() { in_vm "vm-api status | jq -r '$1'" </dev/null 2>/dev/null || true; }

settled() { [ "$(status '"\(.state) \(.running)"')" = "serving null" ]; }

check_one_serves() {
  local version=$1 running serving
  check "$version serves" serves "$version"
  running=$(in_vm "docker ps --filter label=dev.orchestrator=1 --format '{{.Names}}'" </dev/null)
  serving=$(status .serving.container)
  check "one capsule runs, and it is the one that serves: ${running//$'\n'/, }" test -n "$running" -a "$running" = "$serving"
}

# check_words PATTERN: what `orchestrator status` says of the last run.
check_words() {
  local words
  words=$(orchestrator status | sed -n 's/^ *last run *//p')
  check "status says: $words" grep -qE "$1" <<<"$words"
}

# How much processor things use while nobody asks them for anything, in microseconds since they began.
# Sourced, never run; needs common.sh, curl and jq, and root's view of /proc.
# shellcheck shell=bash

# container_usage CONTAINER...: of these, and of all that is nested in them.
container_usage() {
  local container answer sum=0
  for container; do
    answer=$(curl --silent --fail --unix-socket "${engine_socket:-/var/run/docker.sock}" \
      "http://engine/containers/$container/stats?stream=false&one-shot=true" |
      jq '.cpu_stats.cpu_usage.total_usage / 1000 | floor') || die "container $container has no figures"
    sum=$((sum + answer))
  done
  echo "$sum"
}

# process_usage PID...: of these, and of their children that have ended.
process_usage() {
  local files=("${@/#//proc/}")
  files=("${files[@]/%//stat}")
  # One may have ended since it was found.
  { cat "${files[@]}" 2>/dev/null || true; } | awk -v ticks="$(getconf CLK_TCK)" '
    { sub(/.*\) /, ""); sum += $12 + $13 + $14 + $15 }
    END { printf "%.0f\n", sum * 1000000 / ticks }'
}

# engine_processes [PID]: the engine that runs beside this process: dockerd, containerd and their shims.
# An engine in a container is told from one outside by the processes that it sees.
engine_processes() {
  local space name pid
  space=$(as_root readlink "/proc/${1:-self}/ns/pid")
  for pid in /proc/[0-9]*; do
    read -r name 2>/dev/null <"$pid/comm" || continue # it has ended
    [[ $name == @(dockerd|containerd|docker-proxy|containerd-shim*) ]] || continue
    [[ $(as_root readlink "$pid/ns/pid") != "$space" ]] || echo "${pid#/proc/}"
  done
}

# engine_usage [PID]: of that engine. What it has started and ended meanwhile is its children's.
engine_usage() {
  local pids
  mapfile -t pids < <(engine_processes "$@")
  if ((${#pids[@]} > 0)); then process_usage "${pids[@]}"; else echo 0; fi
}

# percent BEFORE AFTER SECONDS: of one core.
percent() { awk -v used="$(($2 - $1))" -v seconds="$3" 'BEGIN { printf "%.3f", used / 10000 / seconds }'; }

# shellcheck shell=bash
# The inner engine: what it needs of the kernel, its configuration, start and stop.

readonly ENGINE_DEADLINE_SECONDS=60
readonly CGROUP_TRIES=100
readonly CONTAINERD=/run/containerd/containerd.sock
engine_pid=
containerd_pid=
engine_version=

# Says it in one line when the container was started without a capsule's run flags.
check_capabilities() {
  local held lacks='' pair
  held=$((16#$(sed -n 's/^CapEff:\s*//p' /proc/self/status)))
  for pair in NET_ADMIN=12 SYS_PTRACE=19 SYS_ADMIN=21 MKNOD=27; do
    ((held >> ${pair#*=} & 1)) || lacks+=" ${pair%=*}"
  done
  [[ -z $lacks ]] || die 1 "this container lacks the capabilities$lacks: see config/image/run-flags"
}

# Containers get their cgroups read-only; the inner engine makes groups of its own below them.
prepare_cgroups() {
  local root=/sys/fs/cgroup directory
  mount -o remount,rw "$root" 2>/dev/null || true
  if [[ ! -e $root/cgroup.controllers ]]; then # version 1: a mount for each controller
    for directory in "$root"/*/; do
      mount -o remount,bind,rw "$directory" 2>/dev/null || true
    done
    return
  fi
  # The host's root group has no cgroup.type: then this is the host's hierarchy, not ours to change.
  [[ ! -e $root/cgroup.type ]] || pass_controllers_on "$root"
}

# Version 2: only a group without processes of its own can pass controllers on to its children. A
# `docker exec` puts another one into it at any time, until the first controller is passed on.
pass_controllers_on() {
  local root=$1 pids pid controller lacks try
  mkdir -p "$root/init"
  for ((try = 0; try < CGROUP_TRIES; try++)); do
    # As a whole: the list changes with every process that leaves it.
    mapfile -t pids <"$root/cgroup.procs"
    for pid in "${pids[@]}"; do
      echo "$pid" >"$root/init/cgroup.procs" 2>/dev/null || true
    done
    lacks=
    for controller in $(<"$root/cgroup.controllers"); do
      [[ " $(<"$root/cgroup.subtree_control") " == *" $controller "* ]] ||
        echo "+$controller" >"$root/cgroup.subtree_control" 2>/dev/null || lacks+=" $controller"
    done
    [[ -n $lacks ]] || return 0
    pause 0.05
  done
  say "the services can't have limits that need these cgroup controllers:$lacks"
}

# Kernels without nf_tables: the inner engine finds the legacy variant first in its path.
prepare_iptables() {
  local command
  if ! iptables -nL >/dev/null 2>&1 && iptables-legacy -nL >/dev/null 2>&1; then
    mkdir -p "$RUN/bin"
    for command in iptables iptables-save iptables-restore ip6tables; do
      ln -sf "$(command -v "${command/tables/tables-legacy}")" "$RUN/bin/$command"
    done
    PATH=$RUN/bin:$PATH
  fi
}

# engine_config POOL MTU [HOST]: the engine's configuration on stdout. The size limit on logs keeps a
# talkative service from filling the host's disk. HOST is the host's address as the capsule sees it.
engine_config() {
  jq -n --arg pool "$1" --argjson mtu "$2" --arg host "${3:-}" --arg socket "unix://$SOCKET" \
    --arg root "$STORE" --arg lib "$LIB" '{
    hosts: [$socket],
    "data-root": $root,
    "storage-driver": "overlay2",
    features: {"containerd-snapshotter": false},
    "log-level": "warn",
    "log-driver": "json-file",
    "log-opts": {"max-size": "10m", "max-file": "3"},
    "default-address-pools": [{base: $pool, size: 24}],
    mtu: $mtu,
    runtimes: {"host-network": {path: ($lib + "/runc-host-network")}},
    "default-network-opts": {bridge: {"com.docker.network.driver.mtu": ($mtu | tostring)}}
  } + if $host == "" then {} else {"host-gateway-ip": $host} end'
}

# Of what the engine says, not the every-day part.
filter_log() {
  grep --line-buffered -v -e 'Flag --restart has been deprecated' -e level=info >&2
}

# The engine would start its own containerd and then wait for a second before it tries again to
# reach it. Kubernetes' part is of no use here. In its own session, as the engine below.
start_containerd() {
  printf '%s\n' 'version = 2' 'root = "/var/lib/docker/containerd/daemon"' \
    'state = "/run/containerd"' \
    'disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.cri.v1.images",' \
    '  "io.containerd.cri.v1.runtime"]' >"$RUN/containerd.toml"
  setsid containerd --config "$RUN/containerd.toml" --address "$CONTAINERD" --log-level warn \
    > >(filter_log) 2>&1 &
  containerd_pid=$!
}

# start_engine: with $RUN/daemon.json. Its own session keeps a terminal's Ctrl-C from it;
# --restart=false keeps it from starting services by their restart policy: `capsule start` does
# that, after it has looked at the lease.
start_engine() {
  local deadline=$((SECONDS + ENGINE_DEADLINE_SECONDS))
  until [[ -S $CONTAINERD ]]; do
    if ((SECONDS >= deadline)) || ! kill -0 "$containerd_pid" 2>/dev/null; then
      die 1 "the inner containerd did not start: see the lines above for the cause"
    fi
    pause 0.02
  done
  # Set, it keeps the engine from looking for AppArmor, which can't be reached from in here.
  container=docker setsid dockerd --config-file="$RUN/daemon.json" --containerd="$CONTAINERD" \
    --restart=false > >(filter_log) 2>&1 &
  engine_pid=$!
}

# Waits until the engine answers. The socket is there before the engine listens to it, so that one
# request waits for exactly as long as needed.
wait_engine() {
  local deadline=$((SECONDS + ENGINE_DEADLINE_SECONDS)) driver
  while ((SECONDS < deadline)); do
    if [[ -S $SOCKET ]]; then
      api /info "$ENGINE_DEADLINE_SECONDS" >"$RUN/info.json" &
      if wait "$!"; then
        # shellcheck disable=SC2034 # the version is for those who source this
        read -r driver engine_version < <(jq -r '"\(.Driver) \(.ServerVersion)"' "$RUN/info.json")
        [[ $driver == overlay2 ]] ||
          die 1 "the inner engine uses $driver, not overlay2: is $STORE a volume of its own?"
        return
      fi
    fi
    kill -0 "$engine_pid" 2>/dev/null ||
      die 1 "the inner engine ended while it started: see the lines above for the cause"
    pause 0.02
  done
  die 1 "the inner engine did not answer within $ENGINE_DEADLINE_SECONDS s"
}

stop_engine() {
  local pid
  for pid in $engine_pid $containerd_pid; do
    kill -TERM "$pid" 2>/dev/null || continue
    wait "$pid" || true
  done
}

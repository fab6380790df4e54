# shellcheck shell=bash
# What services see of the host: its time zone, its network, and the Docker engine's socket, which in
# here is the inner engine's.

readonly ZONE=/var/lib/capsule/zone
readonly READ_SOCKET=$RUN/engine.sock

# The time zone as the two files that services mount, whether or not the host has them: its rules at
# localtime, its name at timezone. CAPSULE_ZONE is the host's, TZ that of plain `docker run`.
write_zone() {
  local zone=${CAPSULE_ZONE:-${TZ:-Etc/UTC}} rules
  rules=/usr/share/zoneinfo/$zone
  if [[ $zone == *..* || ! -f $rules ]]; then
    say "no time zone $zone in this image: services that mount the host's have Etc/UTC"
    zone=Etc/UTC
    rules=/usr/share/zoneinfo/$zone
  fi
  mkdir -p "$ZONE"
  echo "$zone" >"$ZONE/timezone"
  cp -L "$rules" "$ZONE/localtime"
}

# Where the host's network namespace is mounted (security.host-network), see runc-host-network. Empty
# when it isn't.
host_network() {
  local path
  for path in /host/proc/1/ns/net /host/run/docker/netns/default; do
    if [[ -e $path ]]; then
      echo "$path"
      return
    fi
  done
}

# The capsule's ports that lead to services in the host's network, or in the network of one of these.
host_ports() {
  jq -r --slurpfile compose "$STACK/compose.json" '
    def in_host: $compose[0].services[.].runtime == "host-network"
      or (($compose[0].services[.].network_mode // "") as $mode
        | ($mode | startswith("service:")) and ($mode[8:] | in_host));
    .ports // {} | to_entries[] | select(.key | split(":")[0] | in_host) | .value' "$STACK/stack.json" 2>/dev/null
}

# forward_to_host: connections to these ports of the capsule go to the same ports in the host's network.
# A service that doesn't listen refuses at once. HAProxy finds a namespace by its name.
forward_to_host() {
  local network port ports
  mapfile -t ports < <(host_ports | sort -nu)
  ((${#ports[@]} > 0)) || return 0
  network=$(host_network)
  if [[ -z $network ]]; then
    say "services with network_mode: host are in the capsule's network: see the image's label dev.orchestrator.run-flags"
    return
  fi
  mkdir -p /run/netns
  ln -sfn "$network" /run/netns/host
  {
    printf '%s\n' defaults '  mode tcp' '  retries 0' '  timeout connect 10s' '  timeout client 24d' \
      '  timeout server 24d'
    for port in "${ports[@]}"; do
      printf '%s\n' "listen port-$port" "  bind :$port" \
        "  server service 127.0.0.1:$port namespace host"
    done
  } >"$RUN/host-network.cfg"
  setsid haproxy -q -db -f "$RUN/host-network.cfg" >&2 &
}

# For docker-socket = inner: a socket of the inner engine that answers questions alone. A websocket is
# a GET that writes to a service.
read_only_socket() {
  cat <<END
global
  maxconn 500
defaults
  mode http
  timeout connect 5s
  timeout client 1h
  timeout server 1h
  timeout tunnel 1h
  errorfile 403 $RUN/read-only.http
frontend services
  bind unix@$READ_SOCKET mode 666
  http-request deny deny_status 403 unless METH_GET
  http-request deny deny_status 403 if { path_end /attach/ws }
  http-request deny deny_status 403 if { req.hdr(Upgrade) -m found }
  default_backend engine
backend engine
  server engine unix@$SOCKET
END
}

# The 403 as the engine's API words an error.
read_only_answer() {
  local body='{"message":"read-only: docker-socket = inner-write in stack.conf allows changes"}'
  printf 'HTTP/1.1 403 Forbidden\r\nContent-Type: application/json\r\nContent-Length: %d\r\n' \
    "${#body}"
  printf 'Connection: close\r\n\r\n%s' "$body"
}

# Offers the socket that this version's services mount, once the engine listens. Nobody else can reach
# it, so that it needs no group: services run as users of their own.
offer_socket() {
  case $(jq -r '.dockerSocket // "none"' "$STACK/stack.json" 2>/dev/null) in
    inner)
      read_only_socket >"$RUN/haproxy.cfg"
      read_only_answer >"$RUN/read-only.http"
      setsid haproxy -q -db -f "$RUN/haproxy.cfg" >&2 &
      wait_for_socket || die 1 "the read-only socket of the inner engine did not come up"
      ;;
    inner-write) chmod 666 "$SOCKET" ;;
  esac
}

wait_for_socket() {
  local try
  for ((try = 0; try < 100; try++)); do
    [[ ! -S $READ_SOCKET ]] || return 0
    pause 0.05
  done
  return 1
}

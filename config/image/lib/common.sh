# shellcheck shell=bash disable=SC2034 # used where this is sourced
# Paths and small functions that every script of the capsule uses.

readonly LIB=/usr/local/lib/capsule
readonly SOCKET=/run/docker.sock
readonly STORE=/var/lib/docker      # the inner engine's store: a volume, belongs to one version
readonly DATA=/data                 # the data volume
readonly SEED=/capsule/seed         # the packed inner images
readonly PACKED=/capsule/data       # the data that came with the image, where it has any
readonly STACK=/capsule/stack       # compose.json, stack.json, release/
readonly RUN=/run/capsule           # state of this boot; /run is a tmpfs
readonly COMPOSE=$RUN/compose.json  # compose.json with addresses: see addresses.sh
readonly ENVIRONMENT=/proc/1/environ # what the container was started with
export DOCKER_HOST=unix://$SOCKET

say() {
  echo "capsule: $*" >&2
}

# die CODE MESSAGE...: one clear line, also left for `capsule ready` to show.
die() {
  local code=$1
  shift
  say "$*"
  if [[ $$ == "$(cat "$RUN/main.pid" 2>/dev/null)" ]]; then
    echo "failed: $*" >"$RUN/status"
  fi
  exit "$code"
}

# GET of the inner engine's API.
api() {
  curl --silent --fail --max-time "${2:-10}" --unix-socket "$SOCKET" "http://engine$1"
}

# Under a tini as PID 1: it reaps, and passes SIGTERM on to us alone.
under_tini() {
  local tini
  tini=$(command -v tini || command -v docker-init)
  exec "$tini" -- "$@"
}

now_ms() {
  local now=${EPOCHREALTIME/[.,]/}
  echo "${now%???}"
}

# pause SECONDS: a sleep without a process of its own.
pause() {
  read -r -t "$1" <> <(:) || true
}

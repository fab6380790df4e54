#!/bin/bash
set -euo pipefail
if [ "${1#-}" != "$1" ]; then
  set -- redis-server --protected-mode no --bind 0.0.0.0 "$@"
fi
if [ "$1" = redis-server ] && [ "$(id -u)" = 0 ]; then
  chown -R redis:redis /data
  exec setpriv --reuid=redis --regid=redis --clear-groups "$@"
fi
exec "$@"

# What the project needs on a Debian or Ubuntu machine. Sourced, never run; needs common.sh.
# shellcheck shell=bash

# Where a started engine leaves its pid: only where no init starts one.
engine_file=$cache/dockerd
engine_log=$cache/dockerd.log

apt_updated=false
engine_started=false

# packages NAME...: installs those that are missing.
packages() {
  local missing=() name
  for name in "$@"; do
    dpkg-query -W -f '${Status}' "$name" 2>/dev/null | grep -q 'ok installed' || missing+=("$name")
  done
  [ ${#missing[@]} = 0 ] && return
  command -v apt-get >/dev/null || die "missing: ${missing[*]}; this system has no apt, install them by hand"
  $apt_updated || { say "updating the package lists"; as_root apt-get update -qq; }
  apt_updated=true
  say "installing ${missing[*]}"
  as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get install -qq -y --no-install-recommends "${missing[@]}" >"$cache/apt.log" 2>&1 ||
    die "apt-get could not install ${missing[*]}: $(grep '^E:' "$cache/apt.log" | tail -n 1)"
}

has_package() { apt-cache show "$1" >/dev/null 2>&1; }

setup_java() {
  command -v mvn >/dev/null || packages maven
  find_jdk >/dev/null && return
  if has_package openjdk-25-jdk-headless; then
    packages openjdk-25-jdk-headless
  else
    borrow_jdk
  fi
  find_jdk >/dev/null || die "no JDK 25 could be installed: install one and set ORCHESTRATOR_JAVA_HOME"
}

# Debian 12 has no JDK 25. Debian 13's runs there with the C library that it was built for beside it.
borrow_jdk() {
  local fresh=$cache/jdk-25.new jdk library program
  [ "$(uname -m)" = x86_64 ] || die "this system has no JDK 25: install one and set ORCHESTRATOR_JAVA_HOME"
  packages mmdebstrap patchelf
  say "no JDK 25 among this system's packages: taking Debian 13's"
  as_root rm -rf "$fresh" "$cache/jdk-root"
  as_root mmdebstrap --quiet --variant=extract --include=openjdk-25-jdk-headless trixie \
    "$cache/jdk-root" || die "Debian 13's packages could not be had"
  as_root chown -R "$(id -u):$(id -g)" "$cache/jdk-root"
  jdk=$cache/jdk-root/usr/lib/jvm/java-25-openjdk-amd64
  cp -a "$jdk" "$fresh"
  rm -rf "$fresh/conf"
  cp -a "$cache/jdk-root/etc/java-25-openjdk" "$fresh/conf"
  # Its programs look for libraries beside their own first.
  for library in ld-linux-x86-64.so.2 libc.so.6 libm.so.6 libdl.so.2 libpthread.so.0 librt.so.1 \
    libresolv.so.2 libz.so.1 libstdc++.so.6 libgcc_s.so.1; do
    cp -L "$cache/jdk-root/usr/lib/x86_64-linux-gnu/$library" "$fresh/lib/"
  done
  for program in "$fresh"/bin/* "$fresh/lib/jspawnhelper"; do
    patchelf --set-interpreter "$cache/jdk-25/lib/ld-linux-x86-64.so.2" "$program"
  done
  # shellcheck disable=SC2016 # for the loader
  patchelf --force-rpath --set-rpath '$ORIGIN' "$fresh/lib/jspawnhelper"
  mv "$fresh" "$cache/jdk-25"
  rm -rf "$cache/jdk-root"
}

engine_answers() { docker version >/dev/null 2>&1; }

# An engine that answers: the one that is there, else Debian's, started by init or by us.
setup_engine() {
  packages curl jq
  if ! engine_answers; then
    [ -z "${DOCKER_HOST:-}" ] || die "no Docker engine answers at $DOCKER_HOST (DOCKER_HOST)"
    if ! command -v dockerd >/dev/null; then
      packages docker.io iptables
      ! has_package docker-cli || packages docker-cli
    fi
    start_engine
  fi
  setup_roots
  setup_filter
}

# The kernel's path of routes (path = kernel) needs these; without them clients come by the proxy.
setup_filter() {
  command -v nft >/dev/null && command -v conntrack >/dev/null && return
  command -v apt-get >/dev/null || return 0
  (packages nftables conntrack) || say "no nftables or no conntrack: routes do without the kernel's path"
}

# mmdebstrap makes the images that no registry gives us.
setup_roots() {
  command -v mmdebstrap >/dev/null && return
  docker image inspect orchestrator/debian:trixie >/dev/null 2>&1 && return
  timeout 10 docker manifest inspect debian:trixie-slim >/dev/null 2>&1 || packages mmdebstrap
}

start_engine() {
  local pid deadline=$((SECONDS + 60))
  if [ -d /run/systemd/system ]; then
    as_root systemctl start docker
  else
    say "starting dockerd (no init does it here)"
    as_root setsid dockerd >"$engine_log" 2>&1 </dev/null &
    pid=$!
    echo "$pid $(start_of "$pid")" >"$engine_file"
    engine_started=true
  fi
  until engine_answers; do
    [ $SECONDS -lt $deadline ] || die "the Docker engine did not answer within 60 s: see $engine_log"
    ! $engine_started || [ -n "$(start_of "$pid")" ] ||
      die "dockerd ended: $(tail -n 1 "$engine_log")"
    sleep 0.2
  done
}

# When a process began, in clock ticks since boot: a number alone may be another process by now.
start_of() { sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -d ' ' -f 20; }

# Stops the engine that an earlier call of start_engine has started, if it still runs.
stop_engine() {
  local pid began
  [ -e "$engine_file" ] || return 0
  read -r pid began <"$engine_file"
  if [ -n "$began" ] && [ "$(start_of "$pid")" = "$began" ]; then
    say "stopping dockerd"
    as_root kill "$pid"
    timeout 60 tail --pid="$pid" -f /dev/null || die "dockerd (process $pid) did not stop within 60 s"
  fi
  rm -f "$engine_file"
}

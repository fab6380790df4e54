# Shared by the scripts: where things are, how they speak. Sourced, never run.
# shellcheck shell=bash

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cache=$root/.cache
mkdir -p "$cache"

# One line a step, on stderr, so that a script's own output stays clean.
say() { printf '%s %s\n' "==>" "$*" >&2; }

die() {
  printf 'error: %s\n' "$1" >&2
  exit "${2:-1}"
}

# as_root COMMAND...: runs it as root, with sudo where we aren't.
as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo -- "$@"
  else
    die "need root for: $* (run as root, or install sudo)"
  fi
}

is_jdk_25() {
  [ -x "$1/bin/javac" ] && grep -q '^JAVA_VERSION="25' "$1/release" 2>/dev/null
}

# Prints the folder of a JDK 25, or fails.
find_jdk() {
  local home
  for home in "${ORCHESTRATOR_JAVA_HOME:-}" "${JAVA_HOME:-}" /usr/lib/jvm/*25* "$cache/jdk-25"; do
    if [ -n "$home" ] && is_jdk_25 "$home"; then
      printf '%s\n' "$home"
      return
    fi
  done
  return 1
}

# maven ARGUMENT...: in the project's folder, with the JDK 25 where its toolchain search looks.
maven() {
  local jdk
  jdk=$(find_jdk) || die "no JDK 25 found: run scripts/setup"
  (cd "$root" && JAVA25_HOME=$jdk MAVEN_OPTS="${MAVEN_OPTS:-} -Xmx1g" mvn -B -ntp "$@")
}

# The project's version stands in pom.xml alone.
version=$(sed -n '0,/<version>/s/.*<version>\(.*\)<\/version>.*/\1/p' "$root/pom.xml")
jar=$root/orchestrator/target/orchestrator-$version.jar

# Classes that commands load, as the JDK wants to have them; only for the options they were made with.
# shellcheck disable=SC2034 # used by scripts that source this
archive=$cache/orchestrator.aot
# shellcheck disable=SC2034 # used by scripts that source this
serve_archive=$cache/orchestrator-serve.aot
# shellcheck disable=SC2034 # used by scripts that source this
client_options=(
  --enable-native-access=ALL-UNNAMED
  --sun-misc-unsafe-memory-access=allow
  -XX:+UseSerialGC
)
# Most commands end before the second compiler would be of any use. It alone knows the processor's own
# SHA-256, which is some twenty times faster.
# shellcheck disable=SC2034 # used by scripts that source this
short_options=(-XX:TieredStopAtLevel=1)

# Options of the service's JVM: the jar has the same file, for services that the program starts.
# shellcheck disable=SC2034 # used by scripts that source this
serve_options=()
while read -r line; do
  if [[ $line = -* ]]; then
    serve_options+=("$line")
  fi
done <"$root/scripts/lib/serve-options"

# Whether the jar is there, and no older than what it is made from.
built() {
  [ -e "$jar" ] && [ -z "$(find "$root"/{orchestrator,proxy}/{src,pom.xml} "$root/scripts/lib/serve-options" -newer "$jar" -print -quit)" ]
}

# shellcheck shell=bash
# The lease: a number in the data volume. Who starts services writes its own epoch there. A capsule
# that is told what to do (managed) starts services under its own number alone, any other under that
# or a smaller one: also after a reboot and when started by hand. Never two writers.

readonly LEASE=$DATA/.orchestrator/lease
readonly MARK=$DATA/.orchestrator/mark
readonly REFUSED=3

read_lease() {
  local epoch=0
  [[ ! -e $LEASE ]] || epoch=$(<"$LEASE")
  [[ $epoch =~ ^[0-9]{1,18}$ ]] ||
    die "$REFUSED" "refused: $LEASE is damaged; 'capsule lease N' sets it"
  echo "$((10#$epoch))"
}

write_lease() {
  [[ $1 =~ ^[0-9]{1,18}$ ]] || die 2 "an epoch is a whole number, not $1"
  mkdir -p "${LEASE%/*}"
  echo "$((10#$1))" >"$LEASE.new"
  sync "$LEASE.new"
  mv "$LEASE.new" "$LEASE"
  sync "${LEASE%/*}"
}

# A word kept with the data, for who tells this capsule what to do.
read_mark() {
  cat "$MARK" 2>/dev/null || true
}

write_mark() {
  echo "$1" >"$MARK.new"
  sync "$MARK.new"
  mv "$MARK.new" "$MARK"
  sync "${MARK%/*}"
}

# Exits with 3 when the data belongs to another epoch than ours.
check_lease() {
  local mine=${CAPSULE_EPOCH:-0} held
  [[ $mine =~ ^[0-9]{1,18}$ ]] || die 2 "CAPSULE_EPOCH is a whole number, not $mine"
  held=$(read_lease) || exit
  if ((held == 0 || held == 10#$mine)); then return; fi
  if [[ ${CAPSULE_MODE:-auto} == auto ]] && ((held < 10#$mine)); then return; fi
  die "$REFUSED" "refused: this capsule has epoch $mine, its data belongs to epoch $held"
}

take_lease() {
  local mine=${CAPSULE_EPOCH:-0}
  check_lease
  # Decimal also with a zero in front, which would make it octal.
  if [[ ! -e $LEASE ]] || (($(read_lease) < 10#$mine)); then
    write_lease "$mine"
  fi
}

# shellcheck shell=bash
# The lease: a number in the data volume. Who starts services writes its own epoch there. A capsule
# that is told what to do (managed) starts services under its own number alone, any other under that
# or a smaller one: also after a reboot and when started by hand. Never two writers.
#
# Behind the number stands the place that it was written for: the lease's folder, by its inode and the
# time it was made, and the volume's name. A copy of the data has a folder of its own, whatever has
# made it, so a lease in a copy binds nobody: no other capsule can write there.

readonly LEASE=$DATA/.orchestrator/lease
readonly MARK=$DATA/.orchestrator/mark
readonly REFUSED=3

read_lease() {
  local epoch=0 _
  [[ ! -s $LEASE ]] || read -r epoch _ <"$LEASE"
  [[ $epoch =~ ^[0-9]{1,18}$ ]] ||
    die "$REFUSED" "refused: $LEASE is damaged; 'capsule lease N' sets it"
  echo "$((10#$epoch))"
}

# here: the place of this data. The time is 0 where the file system keeps none.
here() {
  stat --format '%i.%W' "${LEASE%/*}"
}

# volume_name: of the volume at /data, as the host's engine calls it, or the host's folder.
volume_name() {
  local folder _
  read -r _ _ _ folder _ < <(grep --max-count 1 --fixed-strings " $DATA " /proc/self/mountinfo) || return 0
  [[ ! $folder =~ /volumes/([^/]+)/_data$ ]] || folder=${BASH_REMATCH[1]}
  echo "$folder"
}

# lease_place: where it was written; empty for that of an older capsule, which is taken at its word.
lease_place() {
  local _ place=''
  [[ ! -s $LEASE ]] || read -r _ place _ <"$LEASE"
  echo "$place"
}

# is_copy: whether this data was copied from where its lease was written.
is_copy() {
  local place
  place=$(lease_place)
  [[ -n $place && $place != "$(here)" ]]
}

write_lease() {
  [[ $1 =~ ^[0-9]{1,18}$ ]] || die 2 "an epoch is a whole number, not $1"
  mkdir -p "${LEASE%/*}"
  echo "$((10#$1)) $(here) $(volume_name)" >"$LEASE.new"
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
  if [[ ${CAPSULE_MODE:-auto} == managed ]]; then
    die "$REFUSED" "refused: this capsule has epoch $mine, its data belongs to epoch $held"
  fi
  if ((held < 10#$mine)) || is_copy; then return; fi
  die "$REFUSED" "refused: the data belongs to epoch $held, as a newer version or an orchestrator has" \
    "written it, and this capsule has epoch $mine. Run it on a copy of the volume; or, when nothing else" \
    "will write to this one any more, with --env CAPSULE_EPOCH=$held"
}

take_lease() {
  local mine=${CAPSULE_EPOCH:-0} volume _
  check_lease
  if is_copy; then
    read -r _ _ volume <"$LEASE"
    say "the data is a copy of ${volume:-another volume}, and is this capsule's own now"
    write_lease "$mine"
  # Decimal also with a zero in front, which would make it octal.
  elif [[ ! -e $LEASE ]] || (($(read_lease) < 10#$mine)); then
    write_lease "$mine"
  elif [[ -z $(lease_place) ]]; then
    write_lease "$(read_lease)"
  fi
}

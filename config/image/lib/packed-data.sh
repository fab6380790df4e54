# shellcheck shell=bash
# Data that travels in an image (`orchestrator export --with-data`). At its first start a capsule in
# mode auto puts it into its data volumes:
#
#   $PACKED/index.json       id, created, and each volume's name, compression and size
#   $PACKED/NAME/NNNNNNNN    the parts of one tar of volume NAME, in the order of their names
#
# .orchestrator/packed-data in a volume says how far that has come: "begun ID" while what is in the
# volume is of this script alone, which removes it and begins anew after a kill; "done ID" when all of
# it is on the disk. Into a volume that has this word, or anything else, nothing is put again: it has
# data of its own. Each new volume gets the data.
#
# One tar, because an image's layer has no sparse files, and takes names that begin with .wh. for
# deletions.

readonly ARRIVED=.orchestrator/packed-data
# Owners as numbers, ACLs, every extended attribute: file capabilities are one.
readonly PACK_TAR=(tar --numeric-owner --acls --xattrs --xattrs-include='*')

# pack_volume FOLDER [PATH...]: a data volume, at rest, as a compressed tar on stdout; without these
# paths. Of the orchestrator's own files only those go along that are about the data: the record of
# what a release has seeded, and the addresses of the inner networks.
pack_volume() {
  local from=$1 path
  local -a without=() ours=()
  shift
  for path; do without+=(--exclude "./$path"); done
  for path in .orchestrator/release-files.json .orchestrator/subnet; do
    [[ ! -e $from/$path ]] || ours+=("$path")
  done
  # The excluded ones are written with a ./ in front, and those that go along all the same are not. In
  # extra/ are places for other volumes.
  "${PACK_TAR[@]}" --create --directory "$from" --sparse --anchored --no-wildcards \
    --exclude ./.orchestrator --exclude ./extra --exclude ./lost+found "${without[@]}" \
    . "${ours[@]}" | zstd --quiet --threads=0 -1
}

# What pack_volume will take, as JSON.
measure_volume() {
  find "$1" \( -path "$1/.orchestrator" -o -path "$1/extra" -o -path "$1/lost+found" \) -prune \
    -o -printf '%y %b %n %i\n' | awk '
    $1 == "f" { files++; if ($3 > 1 && seen[$4]++) next }
    { used += $2 * 512 }
    END { printf "{\"bytes\": %.0f, \"files\": %d}\n", used, files }'
}

# Puts the data of this image into the volumes that are empty.
unpack_data() {
  local list=$PACKED/index.json id created name compression bytes place
  [[ -e $list ]] || return 0
  id=$(jq -r .id "$list")
  created=$(jq -r .created "$list")
  while read -r name compression bytes; do
    place=$DATA
    [[ $name == data ]] || place=$DATA/extra/$name
    mkdir -p "$place/.orchestrator"
    unpack_volume "$name" "$compression" "$bytes" "$place" "$id" "$created"
  done < <(jq -r '.volumes[] | "\(.name) \(.compression) \(.bytes)"' "$list")
}

unpack_volume() {
  local name=$1 compression=$2 bytes=$3 place=$4 id=$5 created=$6 state free
  state=$(cat "$place/$ARRIVED" 2>/dev/null) || true
  case $state in
    done\ *) return ;;
    "begun $id")
      say "the data did not all arrive in $place: once more, from the beginning"
      own_entries "$place" -exec rm -rf -- {} +
      ;;
    begun\ *) die 1 "the volume at $place was being filled by another image: give this one a new volume" ;;
    *)
      if [[ -n $(own_entries "$place" -print -quit) ]]; then
        say "the data of this image stays where it is: the volume at $place has data of its own"
        return
      fi
      ;;
  esac
  free=$(df --output=avail --block-size=1 "$place" | tail -n 1)
  ((free >= bytes)) || die 1 "the data of this image takes $((bytes / 1000000)) MB, and the volume at" \
    "$place has $((free / 1000000)) MB free: make room, or give it another volume"
  say "putting $((bytes / 1000000)) MB of data into $place, as it was at $created"
  note_unpacked "$place" "begun $id"
  mkdir -p "$RUN"
  # In the background, as a signal waits for what is in the foreground.
  unpack_parts "$name" "$compression" "$place" 2>"$RUN/unpack.err" &
  wait "$!" || die 1 "the data could not be put into $place: $(head -n 1 "$RUN/unpack.err" | sed 's#^.*/\*stdin\*\\ *: *##')"
  sync -f "$place"
  note_unpacked "$place" "done $id"
}

unpack_parts() {
  find "$PACKED/$1" -type f -name '[0-9]*' -print0 | LC_ALL=C sort -z | xargs -0 cat -- |
    extract "$2" "$3"
}

# extract COMPRESSION FOLDER: the stream on stdin.
extract() {
  decompress "$1" | "${PACK_TAR[@]}" --extract --directory "$2" --same-owner --same-permissions \
    --delay-directory-restore
}

decompress() {
  if [[ $1 == zstd ]]; then zstd --quiet --decompress --stdout; else cat; fi
}

# own_entries FOLDER ACTION...: find's action on what is in a volume, but for what is there before any
# data: the orchestrator's own, and the places of other volumes. Those may be on the same file system, so
# that find can't tell them from folders.
own_entries() {
  local place=$1
  shift
  find "$place" -mindepth 1 -maxdepth 1 ! -name .orchestrator ! -name lost+found ! -name extra "$@"
}

note_unpacked() {
  echo "$2" >"$1/$ARRIVED.new"
  sync "$1/$ARRIVED.new"
  mv "$1/$ARRIVED.new" "$1/$ARRIVED"
  sync "$1/${ARRIVED%/*}"
}

# shellcheck shell=bash
# Puts the capsule's data volumes in their places.
#
# A main volume that isn't layered is mounted at /data by the outer engine. All else comes at
# /layers/NAME/, and CAPSULE_VOLUMES says what it is, "NAME=LOWER,LOWER… NAME=…", the main one first:
#
#   media=            /layers/media/top is the volume; its place is /data/extra/media
#   data=1/upper,2    a clone: what is written to it is in /layers/data/top/upper; below that are
#                     1/upper and 2, read-only, the nearest first. Nobody may write to those.
#
# A clone is made (`capsule mount`) when what it is made from is at rest, which is after the start of
# the inner engine. Until then top/fresh is in its place, for what creating the services puts there.
# Nothing may be put into a volume that a copy will fill (`capsule create aside`): while the services
# are created, its folder .orchestrator/fresh is in its place, which no copy looks at. At the first start
# the volumes in there that the data lacks become the data's.

readonly LAYERS=/layers
readonly FRESH=.orchestrator/fresh

# mount_volumes [new]: with it, clones that weren't made yet are. May be run again.
# shellcheck disable=SC2120 # `capsule mount` alone passes "new"
mount_volumes() {
  local new=${1:-} pair name target source below=''
  mkdir -p "$RUN/placed"
  for pair in ${CAPSULE_VOLUMES:-}; do
    name=${pair%%=*}
    target=$DATA
    [[ $name == data ]] || target=$DATA/extra/$name
    source=$LAYERS/$name/top
    if [[ -n ${pair#*=} ]]; then
      if [[ -n $new || -d $source/upper ]]; then
        source=$LAYERS/$name/merged
        mountpoint -q "$source" || mount_clone "$name" "${pair#*=}" || return 1
      else
        source+=/fresh
        mkdir -p "$source"
      fi
    fi
    # What is mounted at /data hides what was mounted below it.
    if [[ -n $below || $source != "$(cat "$RUN/placed/$name" 2>/dev/null)" ]]; then
      mkdir -p "$target"
      mount --bind "$source" "$target" 2>"$RUN/mount.err" || return 1
      echo "$source" >"$RUN/placed/$name"
      [[ $name != data ]] || below=yes
    fi
  done
}

# mount_clone NAME LOWERS. Of the options, redirect_dir lets folders be renamed, metacopy keeps a
# file's content where it is when its owner or mode changes, index keeps hard links together (where
# the file system can: else the kernel goes on without).
mount_clone() {
  local name=$1 top=$LAYERS/$1/top lower lowers='' folder
  local -a made=("$top")
  for lower in ${2//,/ }; do
    lowers+=${lowers:+:}$LAYERS/$name/$lower
  done
  mkdir -p "$top/work" "$LAYERS/$name/merged"
  if [[ ! -d $top/upper ]]; then
    # The root of a clone is that of its upper layer.
    mkdir -p "$top/upper.new"
    rsync --archive --acls --xattrs --filter '-x trusted.overlay.*' --numeric-ids --exclude '*' \
      "${lowers%%:*}/" "$top/upper.new/"
    mv "$top/upper.new" "$top/upper"
    made+=("$top/upper")
  fi
  mount -t overlay "clone-$name" -o "lowerdir=$lowers,upperdir=$top/upper,workdir=$top/work" \
    -o redirect_dir=on,metacopy=on,index=on "$LAYERS/$name/merged" 2>"$RUN/mount.err" || return 1
  # Volumes that the version before didn't have: the engine has filled them from their images.
  for folder in "$top"/fresh/volumes/*/; do
    [[ -d $folder ]] || continue
    folder=$(basename "$folder")
    [[ -e $LAYERS/$name/merged/volumes/$folder ]] || {
      mkdir -p "$LAYERS/$name/merged/volumes"
      cp -a "$top/fresh/volumes/$folder" "$LAYERS/$name/merged/volumes/"
      made+=("$top/upper/volumes" "$top/upper/volumes/$folder")
    }
  done
  # The folder itself is where the clone will be mounted.
  [[ ! -d $top/fresh ]] || find "$top/fresh" -mindepth 1 -delete
  # Each by itself, as clients are waiting: see flush_data. What a clone had before is its services' business.
  sync "${made[@]}"
  ((${#made[@]} < 2)) || find "${made[@]:1}" \( -type f -o -type d \) -print0 | xargs -0 -r sync --
}

# put_aside NAME...: folders for what creating the services puts into these volumes. Until take_back.
put_aside() {
  local pair name source target main='' others=()
  take_back || return 1
  for pair in data ${CAPSULE_VOLUMES:-}; do
    name=${pair%%=*}
    [[ $name == data ]] || others+=("$name")
  done
  [[ " $* " != *" data "* ]] || main=yes
  [[ -z $main ]] || place_aside "$DATA/$FRESH" "$DATA" || return 1
  for name in "${others[@]}"; do
    target=$DATA/extra/$name
    if [[ " $* " == *" $name "* ]]; then
      source=$LAYERS/$name/top/$FRESH
    elif [[ -n $main ]]; then
      source=$(<"$RUN/placed/$name") # hidden by what is at /data now
    else
      continue
    fi
    place_aside "$source" "$target" || return 1
  done
}

place_aside() {
  mkdir -p "$1" "$2"
  mount --bind "$1" "$2" 2>"$RUN/mount.err" || return 1
  echo "$2" >>"$RUN/aside"
}

take_back() {
  local target
  [[ -e $RUN/aside ]] || return 0
  while read -r target; do
    ! mountpoint -q "$target" || umount "$target" 2>"$RUN/mount.err" || return 1
  done < <(tac "$RUN/aside")
  rm -f "$RUN/aside"
}

# Volumes that the version before didn't have: the engine has filled them from their images.
adopt_fresh() {
  local place folder
  for place in "$DATA" "$LAYERS"/*/top; do
    [[ -d $place/$FRESH ]] || continue
    for folder in "$place/$FRESH"/volumes/*/; do
      [[ -d $folder && ! -e $place/volumes/$(basename "$folder") ]] || continue
      mkdir -p "$place/volumes"
      mv -T "$folder" "$place/volumes/$(basename "$folder")"
    done
    rm -rf "${place:?}/$FRESH"
  done
}

# With all services stopped: clones are unmounted, as a layer of one mounted twice is the kernel's to
# refuse. What uses them next mounts them again.
unmount_clones() {
  local pair
  local -a pairs
  read -r -a pairs <<<"${CAPSULE_VOLUMES:-}"
  [[ ${pairs[*]} == *=[0-9]* ]] || return 0
  for pair in $(printf '%s\n' "${pairs[@]}" | tac); do
    unmount_volume "${pair%%=*}" || return 1
  done
}

# Its place may have been mounted at twice; below the main one there is what the outer engine mounts.
unmount_volume() {
  local name=$1 target=$DATA
  [[ $name == data ]] || target=$DATA/extra/$name
  while [[ $(stat --file-system --format %T "$target") == overlayfs || $name != data ]] &&
    mountpoint -q "$target"; do
    umount "$target" || return 1
  done
  ! mountpoint -q "$LAYERS/$name/merged" || umount "$LAYERS/$name/merged" || return 1
  rm -f "$RUN/placed/$name"
}

# Since when all of the data was on the disk, in seconds; not there where nobody has seen to that.
readonly FLUSHED=$RUN/flushed
# So often at most: a whole file system is flushed again where that took so
# long that more has been written meanwhile.
readonly FLUSHES=3 SLOW_FLUSH_MS=1000
# Data that it takes longer to go through is flushed as a whole.
readonly SLOW_LISTING_MS=500

# data_places: the folders that hold what the services write, each ended by a zero byte. Of a clone that is
# what it has by itself: nobody writes to what is below.
data_places() {
  local place name
  for place in "$DATA" "$DATA"/extra/*/; do
    [[ -d $place ]] || continue
    name=data
    [[ $place == "$DATA" ]] || name=$(basename "$place")
    if mountpoint -q "$LAYERS/$name/merged"; then
      printf '%s\0' "$LAYERS/$name/top/upper"
    else
      printf '%s\0' "${place%/}"
    fi
  done
}

# changed_data SECONDS: files and folders that have changed since then, each ended by a zero byte. A write
# through mmap too is noted with the time, where the page was on the disk before.
changed_data() {
  local place
  while IFS= read -r -d '' place; do
    find "$place" -ignore_readdir_race -path "$DATA/extra" -prune \
      -o \( -type f -o -type d \) -newerct "@$1" -print0
  done < <(data_places)
}

flush_whole() {
  local place
  while IFS= read -r -d '' place; do
    sync -f "$place"
  done < <(data_places)
}

# flush_early: to be called while clients are served, so that flush_data has little to do when they are not.
flush_early() {
  local try begun listing since
  rm -f "$FLUSHED"
  for ((try = 1; try <= FLUSHES; try++)); do
    begun=$(now_ms)
    flush_whole
    (($(now_ms) - begun > SLOW_FLUSH_MS)) || break
  done
  # File times are those of the last tick of the kernel's clock.
  since=$((begun / 1000 - 1))
  listing=$(now_ms)
  changed_data "$since" >/dev/null
  (($(now_ms) - listing > SLOW_LISTING_MS)) || echo "$since" >"$FLUSHED"
}

# Whatever the services have written is on the disk when it returns. `sync -f` waits for whatever anybody
# has written to this disk, so that after flush_early single files are flushed; a folder's is for what was
# made, renamed or removed in it.
flush_data() {
  local since errors=$RUN/flush-$BASHPID
  if [[ ! -s $FLUSHED ]]; then
    flush_whole
    return
  fi
  since=$(<"$FLUSHED")
  # Services that go on may remove files meanwhile.
  changed_data "$since" | xargs -0 -r sync -- 2>"$errors" ||
    ! grep -v ': No such file or directory$' "$errors" >&2 || return 1
  rm -f "$errors"
}

# What a clone can do here, as JSON: tried out, on the disk of the inner engine's store.
try_clone() {
  local at=$STORE/capsule-try overlay=false links=false
  umount "$at/merged" 2>/dev/null || true
  rm -rf "$at"
  mkdir -p "$at"/{lower/folder,upper,work,merged}
  echo a >"$at/lower/one"
  ln "$at/lower/one" "$at/lower/two"
  if mount -t overlay try -o "lowerdir=$at/lower,upperdir=$at/upper,workdir=$at/work" \
    -o redirect_dir=on,metacopy=on,index=on "$at/merged" 2>"$RUN/try.err"; then
    [[ ! -d $at/merged/folder ]] || ! mv -T "$at/merged/folder" "$at/merged/renamed" || overlay=true
    echo b >>"$at/merged/one"
    ! cmp -s "$at/merged/one" "$at/merged/two" || links=true
    umount "$at/merged"
  fi
  rm -rf "$at"
  jq -nc --argjson overlay "$overlay" --argjson links "$links" \
    --arg why "$(tail -n 1 "$RUN/try.err" 2>/dev/null)" '{overlay: $overlay, links: $links, why: $why}'
}

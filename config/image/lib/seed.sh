# shellcheck shell=bash
# Puts the packed inner images into the engine's store, before the engine starts.
#
# Each seed file is a squashfs with
#   layers/ID/   a layer's content, as overlay2 keeps it
#   store/       what goes into the store: image and layer descriptions; where a layer's content is
#                asked for, a link to layers/ID at $RUN/seed/GROUP
# Mounting it and copying store/ is all, whatever the size of the images. Done at each boot: it
# mends what a crash has left half-written, and brings an image back that was removed by hand.

# mount_seed FILE TARGET: through a loop device that goes away with the mount.
mount_seed() {
  local try loop last=''
  [[ -e /dev/loop-control ]] || mknod /dev/loop-control c 10 237 || return 1
  for try in {1..50}; do
    # Adds a device when all are in use.
    loop=$(losetup --find) || return 1
    loop=${loop%% *} # "/dev/loop8 (lost)" while there is no node: /dev doesn't follow the kernel's
    [[ -b $loop ]] || mknod "$loop" b 7 "${loop#/dev/loop}" || return 1
    if mount -t squashfs -o "ro,loop=$loop" "$1" "$2" 2>"$RUN/mount.err"; then
      return 0
    fi
    # Another capsule that starts at the same time may have taken the device: then another is free.
    [[ $loop != "$last" || $try -le 3 ]] || return 1
    last=$loop
    pause "0.0$((RANDOM % 10))"
  done
  return 1
}

# extract_seed FILE TARGET: for kernels that can't mount it. Kept on the store's volume.
extract_seed() {
  local kept=$STORE/capsule-seed/${2##*/}
  if [[ ! -e $kept.done ]]; then
    say "extracting ${1##*/}, as it can't be mounted: $(tail -n 1 "$RUN/mount.err" 2>/dev/null)"
    rm -rf "$kept"
    mkdir -p "${kept%/*}"
    unsquashfs -quiet -no-progress -xattrs -dest "$kept" "$1" >/dev/null &
    wait "$!" || return 1
    sync -f "$kept"
    touch "$kept.done"
  fi
  rmdir "$2"
  ln -s "$kept" "$2"
}

# A store that was filled from other seeds has links to layers that aren't there.
check_store_owner() {
  local owner=$STORE/capsule-owner mine
  mine=$(sha256sum <"$SEED/index.json")
  mine=${mine%% *}
  if [[ ! -e $owner ]]; then
    echo "$mine" >"$owner"
  elif [[ $(<"$owner") != "$mine" ]]; then
    die 1 "the volume at $STORE belongs to another version: give this one a new volume there"
  fi
}

# CAPSULE_SEED=extract: as if the kernel couldn't mount.
install_seeds() {
  local file group target from repositories=$STORE/image/overlay2/repositories.json known='{}'
  [[ -e $SEED/index.json ]] || return 0
  check_store_owner
  # A path of its own for each capsule: mount(8) takes equal paths behind loop devices that it can't
  # look at, those of other capsules, for the same file and refuses.
  from=$RUN/from-$(</proc/sys/kernel/random/uuid)
  mkdir "$from"
  mount --bind "$SEED" "$from"
  while read -r file; do
    group=${file%.sqfs}
    target=$RUN/seed/$group
    mkdir -p "$target"
    if [[ ${CAPSULE_SEED:-} == extract ]] || ! mount_seed "$from/$file" "$target"; then
      extract_seed "$SEED/$file" "$target" || die 1 "can't extract $file into $STORE: disk full?"
    fi
  done < <(jq -r '.groups[].file' "$SEED/index.json")
  cp -a "$RUN"/seed/*/store/. "$STORE/"
  if [[ -s $repositories ]] && jq -e . "$repositories" >/dev/null 2>&1; then
    known=$(<"$repositories")
  fi
  jq -c --argjson known "$known" '{Repositories: (($known.Repositories // {}) * $seed)}' \
    --argjson seed "$(jq -c .repositories "$SEED/index.json")" -n >"$repositories.seed"
  chmod 600 "$repositories.seed"
  mv "$repositories.seed" "$repositories"
}

# Prints how many seed images there are; fails when the engine doesn't list one of them.
count_seed_images() {
  [[ -e $SEED/index.json ]] || { echo 0; return; }
  api /images/json | jq -e --slurpfile index "$SEED/index.json" '
    map(.Id) as $listed | [$index[0].images[].id] | unique
    | if . - $listed == [] then length
      else error("images missing from the inner engine: \(. - $listed | join(" "))") end'
}

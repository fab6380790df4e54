# What the virtual machine is made of, kept in the cache: a disk with a whole Debian 13 host, and an
# archive of the images that no registry gives it. Sourced, never run; needs common.sh and setup.sh.
# shellcheck shell=bash

readonly vm_cache=$cache/vm
readonly light=$root/orchestrator/src/test/resources/light
readonly vm_packages=(
  linux-image-cloud-amd64 initramfs-tools systemd systemd-sysv udev dbus openssh-server
  docker.io docker-cli iptables openjdk-25-jdk-headless curl jq
)

key_of() { sha256sum | cut -c 1-12; }

# host_folder: prints the folder with disk.img, vmlinuz and initrd.img; makes it where it is missing.
host_folder() {
  local folder
  folder=$vm_cache/host-$({ echo "${vm_packages[*]}"; declare -f make_root make_disk; } | key_of)
  if [ ! -e "$folder" ]; then
    rm -rf "$vm_cache"/host-*
    say "making a Debian 13 host (two minutes)"
    mkdir -p "$folder.new"
    make_root "$folder.new/root"
    make_disk "$folder.new"
    mv "$folder.new" "$folder"
  fi
  echo "$folder"
}

make_root() {
  # shellcheck disable=SC2016 # $1 is for the hooks' shell: mmdebstrap passes the root's path
  as_root mmdebstrap --quiet --variant=minbase \
    --aptopt='APT::Install-Recommends "false"' \
    --aptopt='Acquire::Languages "none"' \
    --dpkgopt='force-unsafe-io' \
    --include="$(IFS=,; echo "${vm_packages[*]}")" \
    --customize-hook='echo vm >"$1/etc/hostname"' \
    --customize-hook='echo "/dev/vda / ext4 errors=remount-ro 0 1" >"$1/etc/fstab"' \
    --customize-hook='printf "[Match]\nName=e*\n[Network]\nDHCP=yes\n" >"$1/etc/systemd/network/10-vm.network"' \
    --customize-hook='systemctl --quiet --root="$1" enable systemd-networkd' \
    --customize-hook='systemctl --quiet --root="$1" mask apt-daily.timer apt-daily-upgrade.timer' \
    --customize-hook='mkdir -p -m 700 "$1/root/.ssh"' \
    --customize-hook='rm -rf "$1"/var/cache/apt "$1"/var/lib/apt/lists' \
    trixie "$1" || die "Debian 13's packages could not be had"
}

# make_disk FOLDER: of FOLDER/root.
make_disk() {
  local folder=$1
  as_root cp "$folder"/root/boot/vmlinuz-* "$folder/vmlinuz"
  as_root cp "$folder"/root/boot/initrd.img-* "$folder/initrd.img"
  as_root mkfs.ext4 -q -F -d "$folder/root" "$folder/disk.img" 10G >/dev/null
  as_root chown -R "$(id -u):$(id -g)" "$folder"/{vmlinuz,initrd.img,disk.img}
  as_root rm -rf "$folder/root"
}

# images_archive: prints the file with the capsules' base and the stack's images; makes it where it
# is missing, with this machine's engine, which keeps the base alone.
images_archive() {
  local archive names version image
  archive=$vm_cache/images-$({ "$root/config/image/build" --tag; cat "$light"/images/*/*; } | key_of).tar
  if [ ! -e "$archive" ]; then
    say "making the images"
    rm -f "$vm_cache"/images-*
    names=("$("$root/config/image/build" 2>"$vm_cache/build.log")") || die "no base image: see $vm_cache/build.log"
    for version in v1 v2; do
      for image in ledger greeter; do
        docker build --quiet --build-arg "VERSION=$version" --tag "orchestrator-vm/$image:$version" \
          "$light/images/$image" >"$vm_cache/build.log" 2>&1 || die "no image $image: see $vm_cache/build.log"
        names+=("orchestrator-vm/$image:$version")
      done
    done
    docker save --output "$archive.new" "${names[@]}"
    docker image rm "${names[@]:1}" >/dev/null
    mv "$archive.new" "$archive"
  fi
  echo "$archive"
}

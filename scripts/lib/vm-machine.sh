# The virtual machine: on, off, and what is asked of it. Sourced, never run; needs common.sh.
# shellcheck shell=bash

readonly vm_memory=4096 # MB
readonly boot_seconds=600
vm_pid=
vm_work=
vm_ssh_port=
vm_web_port=

# A port of the loopback address that nobody listens on, below those that clients get.
free_port() {
  local port
  while port=$((20000 + RANDOM % 12000)); (: >"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do :; done
  echo "$port"
}

# make_machine HOST ARCHIVE: its own copy of the disk, with a key for us.
make_machine() {
  local host=$1
  vm_archive=$2
  vm_work=$(mktemp -d "${TMPDIR:-/tmp}/vm-XXXXXX")
  vm_kernel=$host/vmlinuz
  vm_initrd=$host/initrd.img
  ssh-keygen -q -t ed25519 -N '' -f "$vm_work/key"
  cp --sparse=always --reflink=auto "$host/disk.img" "$vm_work/disk.img"
  debugfs -w -R "write $vm_work/key.pub /root/.ssh/authorized_keys" "$vm_work/disk.img" >/dev/null 2>&1
  vm_ssh_port=$(free_port)
  vm_web_port=$(free_port)
}

power_on() {
  nice -n 10 qemu-system-x86_64 -accel tcg,thread=multi -cpu max -smp 2 -m "$vm_memory" \
    -kernel "$vm_kernel" -initrd "$vm_initrd" -append 'root=/dev/vda rw console=ttyS0 quiet' \
    -drive "file=$vm_work/disk.img,format=raw,if=virtio,cache=writeback" \
    -drive "file=$vm_archive,format=raw,if=virtio,readonly=on" \
    -netdev "user,id=net,hostfwd=tcp:127.0.0.1:$vm_ssh_port-:22,hostfwd=tcp:127.0.0.1:$vm_web_port-:18080" \
    -device virtio-net-pci,netdev=net -device virtio-rng-pci \
    -display none -monitor none -serial "file:$vm_work/console" \
    >>"$vm_work/qemu.log" 2>&1 </dev/null &
  vm_pid=$!
}

# As a power cut: what the guest had not flushed is gone.
power_off() {
  [ -n "$vm_pid" ] || return 0
  kill -KILL "$vm_pid" 2>/dev/null || true
  wait "$vm_pid" 2>/dev/null || true
  vm_pid=
}

# in_vm COMMAND: a command line for the guest's shell.
in_vm() {
  ssh -i "$vm_work/key" -p "$vm_ssh_port" -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null \
    -o LogLevel=ERROR -o ConnectTimeout=20 -o ServerAliveInterval=15 -o ServerAliveCountMax=8 \
    -o BatchMode=yes root@127.0.0.1 "$@"
}

# await SECONDS WHAT COMMAND...: until the command succeeds, and the machine is on.
await() {
  local end=$((SECONDS + $1)) what=$2
  shift 2
  until "$@"; do
    kill -0 "$vm_pid" 2>/dev/null || die "the virtual machine ended: $(tail -n 1 "$vm_work/qemu.log")"
    ((SECONDS < end)) || { say "not in time: $what"; return 1; }
    sleep 1
  done
}

# boot_of: the guest's boot id, which differs after each start.
boot_of() { in_vm cat /proc/sys/kernel/random/boot_id </dev/null 2>/dev/null; }

booted_anew() {
  local now
  now=$(boot_of) && [ -n "$now" ] && [ "$now" != "$1" ]
}

# shellcheck shell=bash
# The inner networks' addresses and packet size.

# Where inner networks get their addresses from: the first that collides with nothing is taken.
readonly POOLS="172.30.0.0/16 10.213.0.0/16 172.21.0.0/16 10.87.0.0/16 192.168.208.0/20 10.151.0.0/16"

# number A.B.C.D -> an integer
number() {
  local IFS=. parts
  read -r -a parts <<<"$1"
  echo $(((parts[0] << 24) + (parts[1] << 16) + (parts[2] << 8) + parts[3]))
}

# mask BITS -> an integer
mask() {
  echo $((0xffffffff << (32 - $1) & 0xffffffff))
}

# The networks that the capsule reaches without its gateway, its name servers, and the subnets that
# the stack's own networks ask for: "address mask" in integers, one a line. The kernel's table is in
# hexadecimal, lowest byte first.
neighbours() {
  local to mask _
  while read -r _ to _ _ _ _ _ mask _; do
    [[ $to =~ ^[0-9A-F]{8}$ && $mask != 00000000 ]] || continue
    echo "$((0x${to:6:2}${to:4:2}${to:2:2}${to:0:2}))" \
      "$((0x${mask:6:2}${mask:4:2}${mask:2:2}${mask:0:2}))"
  done </proc/net/route
  while read -r _ to; do
    echo "$(number "$to") $((0xffffffff))"
  done < <(grep -E '^nameserver +[0-9.]+$' /etc/resolv.conf)
  while read -r to; do
    echo "$(number "${to%/*}") $(mask "${to#*/}")"
  done < <(stack_subnets)
}

# The subnets of IPv4 that the compose file fixes.
stack_subnets() {
  [[ ! -e $STACK/compose.json ]] || jq -r '.networks[]?.ipam.config[]?.subnet // empty
    | select(test("^[0-9.]+/[0-9]+$"))' "$STACK/compose.json"
}

# collides A.B.C.D/BITS: whether it overlaps with a neighbour.
collides() {
  local base bits_mask address mask both
  base=$(number "${1%/*}")
  bits_mask=$(mask "${1#*/}")
  while read -r address mask; do
    both=$((bits_mask & mask))
    (((base & both) != (address & both))) || return 0
  done < <(neighbours)
  return 1
}

# Prints the pool: CAPSULE_SUBNET, else the one that was used before (a database's grants may name
# addresses), else a free one. The choice is kept with the data.
choose_pool() {
  local file=$DATA/.orchestrator/subnet pool pinned=
  [[ ! -s $file ]] || pinned=$(<"$file")
  for pool in ${CAPSULE_SUBNET:-} $pinned $POOLS; do
    if [[ ! $pool =~ ^([0-9]{1,3}\.){3}[0-9]{1,3}/[0-9]{1,2}$ ]]; then
      say "not an address range such as 172.30.0.0/16: $pool"
    elif collides "$pool"; then
      [[ $pool != "$pinned" ]] ||
        say "the inner networks move: $pool is now in use around the capsule, or by a network of the stack"
    else
      if [[ $pool != "$pinned" ]]; then
        mkdir -p "${file%/*}"
        echo "$pool" >"$file.new"
        mv "$file.new" "$file"
      fi
      echo "$pool"
      return
    fi
  done
  die 1 "no free address range for the inner networks: set CAPSULE_SUBNET"
}

# The host's address as the capsule sees it, its default gateway: what host-gateway means to the
# services. Empty when there is none.
host_address() {
  local to gateway _
  while read -r _ to gateway _; do
    if [[ $to == 00000000 && $gateway =~ ^[0-9A-F]{8}$ && $gateway != 00000000 ]]; then
      echo "$((0x${gateway:6:2})).$((0x${gateway:4:2})).$((0x${gateway:2:2})).$((0x${gateway:0:2}))"
      return
    fi
  done </proc/net/route
}

# The packet size of the interface that leads outside. Larger packets from inside would get lost
# where the way back is blocked to the notices that say so.
outer_mtu() {
  local interface=eth0 name to _
  while read -r name to _; do
    [[ $to != 00000000 ]] || interface=$name
  done </proc/net/route
  cat "/sys/class/net/$interface/mtu" 2>/dev/null || echo 1500
}

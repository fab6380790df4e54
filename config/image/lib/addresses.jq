# Gives the inner networks and the services in them addresses that follow from their names: see
# addresses.sh. Otherwise they follow from the order in which Compose makes and starts them, which is
# another one each time.
#
# Input: the compose model, as in compose.json
#        $pool   where inner networks get their addresses from, such as 172.30.0.0/16
#        $there  the inner engine's networks, as its API lists them
# Output: the same model, with `subnet`, `ip_range` and `gateway` of networks and `ipv4_address` of
# services filled in. What the compose file says itself stays as it is.
#
# The lower half of a network is for the services; containers without an address of their own (replicas,
# those that a service starts by itself) get theirs from the upper half, so that none takes a service's.

def number: split(".") | map(tonumber) | reduce .[] as $part (0; . * 256 + $part);
def dotted: . as $n | [16777216, 65536, 256, 1] | map(($n / . | floor) % 256 | tostring) | join(".");
def size: pow(2; 32 - (split("/")[1] | tonumber));
def first: size as $size | split("/")[0] | number | . - . % $size;
def is_v4: (. // "") | test("^[0-9.]+/[0-9]+$");
def overlaps($other): first < ($other | first + size) and ($other | first) < (first + size);
# Spreads names evenly.
def spread: reduce explode[] as $char (7; (. * 131 + $char) % 1000003);

# place($taken; $count): gives each of these names a number below $count that none of $taken is. A name
# that comes or goes moves another one only where both have the same place.
def place($taken; $count):
  reduce sort[] as $name ({taken: ($taken | map({key: tostring, value: true}) | from_entries), places: {}};
    ($name | spread % $count) as $begin
    | .taken as $now
    | (first(range($count) | ($begin + .) % $count | select($now[tostring] | not)) // null) as $found
    | if $found == null then . else .taken[$found | tostring] = true | .places[$name] = $found end)
  | .places;

def replicas: .scale // .deploy.replicas // 1;
def is_in($network): if .network_mode then false
  else (.networks // {default: null}) | has($network) end;

# What the file says of a network's addresses of version 4; and what the network has, once it is there.
def said: [.ipam.config[]? | select(.subnet | is_v4)];
def made: [.IPAM.Config[]? | select(.Subnet | is_v4)
  | {subnet: .Subnet, gateway: .Gateway, ip_range: .IPRange}];

def upper_half: size as $size | "\(first + $size / 2 | dotted)/\((split("/")[1] | tonumber) + 1)";

# Whether there is a lower half to give away, and the upper one is enough for all others.
def can_be_halved($services; $network):
  (.subnet | size / 2) as $half
  | $half >= 8
    and ([$services[] | select(is_in($network) and replicas > 1) | replicas] | add // 0) <= $half / 2;

. as $model
| ($there | map(select(.Labels["com.docker.compose.network"])
    | {key: .Labels["com.docker.compose.network"], value: .}) | from_entries) as $existing
| [$there[].IPAM.Config[]?.Subnet | select(is_v4)] as $used
# The first of the pool's subnets is the inner engine's own.
| ([$pool | size / 256 | floor, 1] | max) as $count
| (.networks // {} | to_entries
    | map(select(.value.external != true and (.value.driver // "bridge") == "bridge"
        and (.value.ipam.driver // "default") == "default"))) as $networks
| ($networks | map(select($existing[.key] == null and (.value | said) == []) | .key)) as $new
| [range($count) | . as $i | ($pool | first + $i * 256 | dotted + "/24") as $subnet
    | select($i == 0 or any($used[]; overlaps($subnet)))] as $taken
| (if any($new[]; . == "default") and $count > 1 and all($taken[]; . != 1) then {default: 1} else {} end) as $begin
| ($begin + ($new - ($begin | keys) | place($taken + [1]; $count))) as $places
| reduce $networks[] as {key: $name, value: $network} (.;
    ($network | said) as $said
    | (if $existing[$name] then $existing[$name] | made
        | map(select(.ip_range == (.subnet | upper_half)) | .aux_addresses = $said[0].aux_addresses)
      elif $places[$name] then [{subnet: ($pool | first + $places[$name] * 256 | dotted + "/24")}]
      else $said end) as $configs
    | if ($configs | length) != 1 or any($said[]; .ip_range) then . else
        $configs[0] as $config
        | if $config | can_be_halved($model.services; $name) | not then . else
            ($config.subnet | first) as $first
            | ($config.subnet | size / 2) as $half
            | ($config.gateway // ($first + 1 | dotted)) as $gateway
            | ({subnet: $config.subnet, ip_range: ($config.subnet | upper_half), gateway: $gateway}) as $filled
            # Without its name the engine looks for a plugin, and complains.
            | .networks[$name].ipam.driver = "default"
            | .networks[$name].ipam.config |=
                ((. // []) | map(select(.subnet | is_v4 | not)) + [($said[0] // {}) + $filled])
            | ([$gateway, ($config.aux_addresses // {} | .[]),
                ($model.services[] | .networks[$name]?.ipv4_address // empty)]
                | map(select(test("^[0-9.]+$")) | number - $first) + [0, 1]) as $fixed
            | (($model.services | to_entries | map(select(.value | is_in($name) and replicas <= 1
                  and .networks[$name]?.ipv4_address == null)) | map(.key))
                | place($fixed; $half)) as $addresses
            | reduce ($addresses | to_entries[]) as {key: $service, value: $offset} (.;
                .services[$service].networks[$name] |=
                  ((. // {}) + {ipv4_address: ($first + $offset | dotted)}))
          end
      end)

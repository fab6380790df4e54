# Compares what plain Compose has made of a compose file ($plain) with what runs in a capsule ($here):
# a list of {service, key, plain, here}. What a capsule is known to have of its own is left out: names
# and ids of containers, networks and images, Compose's labels, addresses from the engine's pool, the
# packet size, when a health check begins (start_period, start_interval), a host name where plain Compose
# takes the container's id, the address of the host where it is "host-gateway", and the time of a file of
# the release that a service may write to, where its content has not changed.

def short: tostring | if length > 160 then .[:160] + "…" else . end;
def nothing: . == null or . == "" or . == [] or . == {} or . == 0 or . == false;

# Names of containers by id, so that "container:ID" reads as the service's name.
def services: [.containers[] | {key: .Id, value: .Config.Labels["com.docker.compose.service"]}] | from_entries;
def by_service($names): if type == "string" and startswith("container:") then
  "service:" + ($names[.[10:]] // .[10:]) else . end;

# Names of hosts whose address is to be the engine's host.
def gateways: [.[]? | select(endswith(":host-gateway")) | rtrimstr("host-gateway")];
# Whether two lists of hosts are the same, but for the address of those.
def same_hosts($other): gateways as $names
  | [.[]? | select(endswith(":host-gateway") | not)] - ($other // []) == []
    and all($names[]; . as $name | any($other[]?; startswith($name)))
    and length == ($other | length);

def network_name: sub("^[a-z0-9-]+_"; "");

def flat($names):
  . as $c
  | .HostConfig as $h
  | (.Id[:12]) as $id
  | ([.Config.Env[]? | capture("^(?<k>[^=]*)=(?<v>.*)$"; "s") | {key: ("environment " + .k), value: .v}] | from_entries)
  + ([.Config.Labels | to_entries[] | select(.key | test("^(com\\.docker\\.compose|dev\\.orchestrator|desktop\\.docker)") | not)
      | {key: ("label " + .key), value: .value}] | from_entries)
  + {
    "user": .Config.User,
    "entrypoint": .Config.Entrypoint,
    "command": .Config.Cmd,
    "working folder": .Config.WorkingDir,
    "hostname": (.Config.Hostname | if test("^[0-9a-f]{12}$") then "" else . end),
    "domainname": .Config.Domainname,
    "stop signal": .Config.StopSignal,
    "stop grace period": .Config.StopTimeout,
    "tty": .Config.Tty,
    "stdin_open": .Config.OpenStdin,
    "restart": (if ($h.RestartPolicy.Name // "") == "" then "no" else "\($h.RestartPolicy.Name) \($h.RestartPolicy.MaximumRetryCount)" end),
    "healthcheck test": .Config.Healthcheck.Test,
    "healthcheck interval": .Config.Healthcheck.Interval,
    "healthcheck timeout": .Config.Healthcheck.Timeout,
    "healthcheck retries": .Config.Healthcheck.Retries,
    "cap_add": ([$h.CapAdd[]? | ltrimstr("CAP_") | ascii_upcase] | sort),
    "cap_drop": ([$h.CapDrop[]? | ltrimstr("CAP_") | ascii_upcase] | sort),
    "privileged": $h.Privileged,
    "devices": [$h.Devices[]? | "\(.PathOnHost):\(.PathInContainer):\(.CgroupPermissions)"],
    "device requests": $h.DeviceRequests,
    "ulimits": ([$h.Ulimits[]? | "\(.Name) \(.Soft) \(.Hard)"] | sort),
    "sysctls": $h.Sysctls,
    "shm_size": (if $h.IpcMode == "private" or $h.IpcMode == "shareable" then $h.ShmSize else 0 end),
    "tmpfs": $h.Tmpfs,
    "read_only": $h.ReadonlyRootfs,
    "security_opt": ([$h.SecurityOpt[]? | select(startswith("label=") | not)] | sort),
    "init": $h.Init,
    "mem_limit": $h.Memory,
    "mem_reservation": $h.MemoryReservation,
    "memswap_limit": $h.MemorySwap,
    "cpus": $h.NanoCpus,
    "cpu_shares": $h.CpuShares,
    "cpuset": $h.CpusetCpus,
    "pids_limit": $h.PidsLimit,
    "oom_kill_disable": $h.OomKillDisable,
    "oom_score_adj": $h.OomScoreAdj,
    "dns": $h.Dns,
    "dns_search": $h.DnsSearch,
    "extra_hosts": $h.ExtraHosts,
    "links": (($h.Links // []) | length),
    "ipc": ($h.IpcMode | by_service($names)),
    "pid": ($h.PidMode | by_service($names)),
    "uts": $h.UTSMode,
    "userns_mode": $h.UsernsMode,
    "cgroup": $h.CgroupnsMode,
    "group_add": $h.GroupAdd,
    "logging": {driver: $h.LogConfig.Type, options: ($h.LogConfig.Config // {})},
    "runtime": $h.Runtime,
    "network_mode": ($h.NetworkMode | if startswith("container:") or . == "host" or . == "none" then by_service($names) else "networks" end),
    "state": (if .State.Running then "running" else "\(.State.Status) with \(.State.ExitCode)" end),
    "restarts": (if .RestartCount > 0 then "some" else "none" end)
  }
  + ([.Mounts[] | {key: "mount \(.Destination)", value: "\(.Type), \(if .RW then "rw" else "ro" end), \(.Propagation // "")"}] | from_entries)
  + (if $h.NetworkMode | startswith("container:") or . == "host" or . == "none" then {} else
      [.NetworkSettings.Networks | to_entries[]
        | {key: "network \(.key | network_name)",
           value: {aliases: ([.value.Aliases[]? | select(. != $id and . != ($c.Name | ltrimstr("/")))] | unique),
                   addresses: (.value.IPAMConfig // {} | with_entries(select(.value | nothing | not)))}}] | from_entries
    end);

def inside($text): [$text | split("\n")[] | select(contains("\t")) | split("\t") | {key: .[0], value: (.[1:] | join(" "))}] | from_entries;

# {"service": {"key": value}}; of several containers of a service, the one that was made first.
def side:
  . as $side | services as $names
  | [.containers[]
      | (.Config.Labels["com.docker.compose.service"]) as $service
      | (.Id[:12]) as $id
      | {service: $service, number: (.Config.Labels["com.docker.compose.container-number"] | tonumber),
         keys: (flat($names) + (inside($side.inside[.Id] // "") | with_entries(
           if .key == "host name" and (.value | test("^[0-9a-f]{12}$")) then .value = "" else . end)))}]
  | group_by(.service)
  | [.[] | (sort_by(.number)[0].keys + {"containers": length}) as $keys | {key: .[0].service, value: $keys}]
  | from_entries;

def networks:
  [.networks[] | {key: (.Labels["com.docker.compose.network"] // .Name), value: {
    driver: .Driver, internal: .Internal, ipv6: .EnableIPv6, attachable: .Attachable,
    labels: ((.Labels // {}) | with_entries(select(.key | startswith("com.docker.compose") | not))),
    options: ((.Options // {}) | with_entries(select(.key | test("mtu$") | not)))}}] | from_entries;

# Subnets are compared where the file fixes them: there an address of the pool is a difference.
def subnets($fixed): [.networks[] | (.Labels["com.docker.compose.network"] // .Name) as $name
  | select($fixed | index($name)) | {key: $name, value: ([.IPAM.Config[]?.Subnet] | sort)}] | from_entries;

# Fields that are said twice over: by the engine and by a look inside.
def ports: [.containers[]
  | (.Config.Labels["com.docker.compose.service"]) as $service
  | (.HostConfig.PortBindings // {}) | to_entries[]
  | .key as $port | .value[]? | {service: $service, port: $port, published: .HostPort}] | unique;

($plain[0]) as $p | ($here[0]) as $h
| ($p | side) as $ps | ($h | side) as $hs
| [ (($ps | keys) + ($hs | keys) | unique[]) as $service
    | if $ps[$service] == null then {service: $service, key: "service", plain: "none", here: "runs"}
      elif $hs[$service] == null then {service: $service, key: "service", plain: "runs", here: "missing"}
      else ((($ps[$service] | keys) + ($hs[$service] | keys) | unique[]) as $key
        | ($ps[$service][$key]) as $a
        # Where the file leaves a service's address to the engine, a capsule chooses it.
        | ($hs[$service][$key] | if ($key | startswith("network ")) and type == "object" and ($a.addresses? // {}) == {}
            then .addresses = {} else . end) as $b
        | select(($a | nothing) and ($b | nothing) | not)
        | select($a != $b)
        | select(($key == "hostname" or $key == "host name") and ($a | nothing) | not)
        | select($key == "extra_hosts" and ($a | same_hosts($b)) | not)
        # A file that the service may write to is left as it is while its content is the release's.
        | ($key | ltrimstr("time of ")) as $file
        | select(($key | startswith("time of ")) and $ps[$service]["content of \($file)"] == $hs[$service]["content of \($file)"]
            and any($hs[$service] | to_entries[]; (.key | startswith("mount ")) and (.value | tostring | contains(", rw"))
              and (.key[6:] as $at | $file | . == $at or startswith($at + "/"))) | not)
        | {service: $service, key: $key, plain: ($a | short), here: ($b | short)})
      end ]
  + [ (($p | networks) as $a | ($h | networks) as $b | (($a | keys) + ($b | keys) | unique[]) as $name
      | select($a[$name] != $b[$name])
      | {service: "", key: "network \($name)", plain: ($a[$name] | short), here: ($b[$name] | short)}) ]
  + [ (($p | subnets($fixed)) as $a | ($h | subnets($fixed)) as $b | (($a | keys)[]) as $name
      | select($a[$name] != $b[$name])
      | {service: "", key: "subnet of \($name)", plain: ($a[$name] | short), here: ($b[$name] | short)}) ]
  + [ ($p | ports[]) as $port
      | ($port.port | split("/")) as [$inner, $protocol]
      | select([$routes[] | select(.port == ($inner | tonumber) and .protocol == $protocol)] | length == 0)
      | {service: $port.service, key: "ports", plain: "\($port.published):\($port.port)", here: "no route leads there"} ]
| sort_by(.service, .key)

# What came of one stack: which of the differences the plan or the end of `up` has named, and what
# clients saw.

# The words by which a line of the plan names a key: a line that has the service's name and one of
# these announces it.
def told_by: {
  "ports": "port", "extra_hosts": "host-gateway|extra_hosts|host.docker.internal", "host.docker.internal": "host-gateway|host.docker.internal",
  "network_mode": "network_mode|host network|network of the host", "containers": "replicas|scale",
  "/etc/timezone": "timezone", "logging": "logging|syslog", "healthcheck interval": "healthcheck|health check"
};

# Milliseconds since 1970 of a time such as 2026-11-26T17:26:24.089100227Z.
def ms: capture("^(?<to>[^.Z]*)[.]?(?<fraction>[0-9]*)Z$")
  | (.to + "Z" | fromdate) * 1000 + (("0." + (if .fraction == "" then "0" else .fraction end) | tonumber) * 1000 | floor);

($said | split("\n")) as $lines
| (($v1[0] + $v2[0]) | unique_by([.service, .key])) as $differences
| [$differences[] | . as $d
   | (if .key == "ports" then (.plain | split(":")[0]) else (told_by[.key] // (.key | split(" ")[-1] | gsub("[^A-Za-z0-9_/.-]"; "."))) end) as $word
   | . + {announced: any($lines[];
       # A variable is named with its line in the file, which is one of the service.
       (($d.key | startswith("environment ")) and test("^(warning: )?[^ ]+[.]ya?ml:[0-9]+: variable ") and test($word))
       or ((test("\\b" + ($d.service | gsub("[.]"; "\\.")) + "\\b") or $d.service == "") and test($word)))}] as $all
| ($run[0]) as $run
| ([$clients | split("\n")[] | select(. != "") | capture("^(?<at>[0-9]+) (?<took>[0-9]+) (?<what>.*)$") | .took |= tonumber]) as $tries
| ([$run.steps[]? | select(.step == "hold" and .phase == "done") | .at | ms][0]) as $hold
# Until the switch has released what waits, or the undo of hold has.
| ([$run.steps[]? | select((.step == "switch" and .phase == "done") or (.step == "hold" and .phase != "done"))
    | (.at | ms) + .millis][0]) as $released
| {
    name: $name, about: $about, grants: $grants, code: $code, step: $step, words: $words,
    silent: [$all[] | select(.announced | not)], announced: [$all[] | select(.announced)],
    plain: $plain[0],
    hold: (if $hold and $released then $released - $hold else null end),
    steps: [$run.steps[]? | {step, phase, at, millis}],
    clients: {tries: ($tries | length), longest: ([$tries[].took] | max), failed: ([$tries[] | select(.what != "ok")] | length),
      what: ([$tries[] | select(.what != "ok") | .what] | group_by(.) | map("\(length) × \(.[0])"))}
  }

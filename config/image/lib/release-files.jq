# What becomes of the files of a release that services write to: see release-files.sh. By the rule of
# dpkg's conffiles: a file that nobody changed since it was seeded becomes the new release's.
#
# Input: manifest    release-files.json of this release
#        records     by volume: what was seeded there last, null where that isn't known
#        absent      roots that are to be seeded as a whole
#        found       by path: what is there, "file:SHA256", "link:TARGET", "folder" or "other"
#        known       by path: what earlier releases had there; used where there is no record
#        override    "release" or "keep": in place of the policies auto and ask

def volume: if startswith("/data/extra/") then split("/")[0:4] | join("/") else "/data" end;
def below($root): . == $root or startswith($root + "/");
# As in the compose file.
def shown: ltrimstr(volume) | sub("^/binds/"; "./");

def policy($in):
  . as $to
  | [$in.manifest.policies[]? | select(.to as $at | $to | below($at))] | max_by(.to | length)
  | .policy // "auto"
  | if . == "auto" or . == "ask" then (if $in.override == "" then "auto" else $in.override end) else . end;

def record($in): . as $to | $in.records[volume] | .files[$to]?;

# Of the manifest's files, each with what is recorded of it and whether it must be looked at.
def considered($in):
  $in.manifest.files[]
  | . as $file
  | {file: ., recorded: (.to | record($in)), policy: (.to | policy($in)),
     new: any($in.absent[]; . as $root | $file.to | below($root))}
  | .look = (.new | not) and .policy != "keep" and
      (.policy == "release" or .recorded == null or .recorded.value != $file.value
        or .recorded.mode != $file.mode or .recorded.owner != $file.owner);

# What an earlier release has seeded below the same roots, and this one hasn't.
def dropped($in):
  ($in.manifest.files | map({key: .to, value: true}) | from_entries) as $has
  | [($in.records[] | .files? // {} | to_entries[] | {to: .key, values: [.value.value]}),
     ($in.known | to_entries[] | select($in.records[.key | volume] == null)
       | {to: .key, values: .value})]
  | map(select($has[.to] | not))
  | .[]
  | select(.to as $to | any($in.manifest.roots[]; .to as $root | $to | below($root)))
  | select(.to as $to | any($in.absent[]; . as $root | $to | below($root)) | not)
  | select(.to | policy($in) != "keep");

def action($in):
  .file as $file | .recorded as $recorded | $in.found[$file.to] as $found
  | if .new then "add"
    elif .look | not then "leave"
    elif $found == $file.value then
      (if $recorded and ($recorded.mode != $file.mode or $recorded.owner != $file.owner)
       then "attributes" else "same" end)
    elif $found == null then
      (if .policy == "release" or $recorded == null then "add"
       elif $recorded.value == $file.value then "leave"
       else "deleted" end)
    elif (if $recorded then $found == $recorded.value
          else $in.records[$file.to | volume] == null and ($in.known[$file.to] // [] | index([$found])) != null
          end) and $file.value != "folder" and $found != "folder" then "replace"
    elif .policy == "release" and $file.value != "folder" and $found != "folder" then "aside"
    elif $recorded and $recorded.value == $file.value then "leave"
    else "kept" end;

def look:
  . as $in
  | ([considered($in) | select(.look) | .file.to] + [dropped($in) | .to]) | unique | map("\(.)\u0000") | add // "";

def decide:
  . as $in
  | $in.manifest as $manifest
  | [considered($in) | .do = action($in)] as $all
  | [dropped($in) | .found = $in.found[.to] | select(.found != null)
     | .do = (if .found as $found | .values | index([$found]) then "remove" else "kept" end)] as $gone
  | {
      version: $manifest.version,
      put: [$all[] | select(.do == "add" or .do == "replace" or .do == "aside" or .do == "attributes") | .file.to],
      aside: [$all[] | select(.do == "aside") | .file.to],
      remove: [$gone[] | select(.do == "remove") | .to] | sort | reverse,
      report: {
        version: $manifest.version,
        added: [$all[] | select(.do == "add" and (.new | not) and .file.value != "folder") | .file.to | shown],
        changed: [$all[] | select(.do == "replace") | .file.to | shown],
        removed: [$gone[] | select(.do == "remove" and .found != "folder") | .to | shown],
        aside: [$all[] | select(.do == "aside") | .file.to | shown],
        kept: ([$all[] | select(.do == "kept") | .file
            | {path: (.to | shown), to, from, why: "changed here and in \($manifest.version)"}]
          + [$all[] | select(.do == "deleted") | .file
            | {path: (.to | shown), why: "deleted here, changed in \($manifest.version)"}]
          + [$gone[] | select(.do == "kept" and .found != "folder")
            | {path: (.to | shown), why: "changed here, gone in \($manifest.version)"}])
      },
      records: ([$manifest.roots[].to | volume] | unique | map(. as $volume | {
        key: .,
        value: {
          version: $manifest.version, content: $manifest.content,
          files: ((
            # Below roots that this release doesn't mount nothing changes.
            [$in.records[$volume] | .files? // {} | to_entries[]
              | select(.key as $to | any($manifest.roots[]; .to as $root | $to | below($root)) | not)]
            + [$all[] | select(.file.to | volume == $volume)
              | {key: .file.to, value: (
                  if .do == "leave" then .recorded
                  else (.file | {value, mode, owner}) + {version: $manifest.version}
                    + (if .do == "kept" or .do == "deleted" then {kept: true} else {} end) end)}
              | select(.value != null)]) | from_entries)
        }}) | from_entries)
    };

# For a person: what differs from this release's own files.
def differences:
  . as $in
  | [$in.manifest.files[] | select(.value != "folder") | . as $file | $in.found[.to] as $found
     | select($found != .value)
     | {path: (.to | shown), why: (if $found == null then "deleted" else "changed" end),
        kept: ((.to | record($in)).kept // false)} + (if $found == null then {} else {to, from} end)];

if $step == "look" then look
elif $step == "decide" then decide
else differences end

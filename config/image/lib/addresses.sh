# shellcheck shell=bash
# The services' addresses in the inner networks: the same in every version, after a restart, in an
# export and on another host, as grants of databases and lists of trusted proxies may name them. They
# follow from the names of network and service; the rule is in addresses.jq.

# Between two boots nothing changes but the networks that are there, which keep what they were made with.
write_compose() {
  local pool networks new=$COMPOSE.$BASHPID
  [[ ! $COMPOSE -nt $STACK/compose.json ]] || return 0
  pool=$(jq -r .subnet "$RUN/ready")
  networks=$(api /networks) || die 1 "the inner engine does not tell its networks"
  jq -c --arg pool "$pool" --argjson there "$networks" -f "$LIB/addresses.jq" \
    "$STACK/compose.json" >"$new"
  mv "$new" "$COMPOSE"
}

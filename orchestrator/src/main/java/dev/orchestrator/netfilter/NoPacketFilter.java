package dev.orchestrator.netfilter;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Leads nothing anywhere: all clients come by the proxy. */
public final class NoPacketFilter implements PacketFilter {
  @Override
  public String findObstacle() {
    return "this service has no packet filter";
  }

  @Override
  public Optional<String> bridgeOf(String address) {
    return Optional.empty();
  }

  @Override
  public String findFirewallRules() {
    return "";
  }

  @Override
  public void lead(LeadRules rules) {
    throw new IllegalStateException(findObstacle());
  }

  @Override
  public void leadNowhere(String table) {}

  @Override
  public void remove(String table) {}

  @Override
  public List<String> tables(String prefix) {
    return List.of();
  }

  @Override
  public Map<String, Figures> figures(String table) {
    return Map.of();
  }

  @Override
  public List<TrackedConnection> connections() {
    return List.of();
  }

  @Override
  public void cut(boolean udp, String address) {}
}

package dev.orchestrator.testing;

import dev.orchestrator.common.RefusedException;
import dev.orchestrator.netfilter.LeadRules;
import dev.orchestrator.netfilter.PacketFilter;
import dev.orchestrator.netfilter.TrackedConnection;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Consumer;

/** The packet filter of a host in memory; it outlives the processes that use it. */
public final class FakePacketFilter implements PacketFilter {
  /** What each table leads; a table that leads nothing has none. */
  public final Map<String, List<LeadRules.Lead>> tables = new TreeMap<>();

  public final List<TrackedConnection> connections = new ArrayList<>();

  /** The addresses whose connections were cut, with their protocol. */
  public final List<String> cuts = new ArrayList<>();

  public String obstacle = "";
  public String firewallRules = "";

  /** Why no rule can be changed; empty where they can. */
  public String failure = "";

  public String bridge = "docker0";

  /** Is told of each change before it is made. */
  public Consumer<String> beforeChange = change -> {};

  public Runnable beforeCut = () -> {};

  private void change(String what) {
    beforeChange.accept(what);
    if (!failure.isEmpty()) {
      throw new RefusedException(failure);
    }
  }

  @Override
  public String findObstacle() {
    return obstacle;
  }

  @Override
  public Optional<String> bridgeOf(String address) {
    return bridge.isEmpty() ? Optional.empty() : Optional.of(bridge);
  }

  @Override
  public String findFirewallRules() {
    return firewallRules;
  }

  @Override
  public void lead(LeadRules rules) {
    change("lead");
    tables.put(rules.table(), rules.leads());
  }

  @Override
  public void leadNowhere(String table) {
    change("nowhere");
    tables.computeIfPresent(table, (name, leads) -> List.of());
  }

  @Override
  public void remove(String table) {
    change("remove");
    tables.remove(table);
  }

  @Override
  public List<String> tables(String prefix) {
    return tables.keySet().stream().filter(table -> table.startsWith(prefix)).toList();
  }

  @Override
  public Map<String, Figures> figures(String table) {
    return Map.of("web", new Figures(7, 900));
  }

  @Override
  public List<TrackedConnection> connections() {
    return List.copyOf(connections);
  }

  @Override
  public void cut(boolean udp, String address) {
    beforeCut.run();
    cuts.add((udp ? "udp " : "tcp ") + address);
    connections.removeIf(each -> each.udp() == udp && each.address().equals(address));
  }
}

package dev.orchestrator.netfilter;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What leads new connections to ports of this host straight to another address, without a process
 * of ours in between. Open connections stay where they were led to. Every call blocks until it has
 * taken effect; repeating it changes nothing. Thread-safe.
 */
public interface PacketFilter {

  /**
   * What went by one route since its table was made.
   *
   * @param connections of udp: clients
   * @param bytes in both directions, with the heads of the packets
   */
  record Figures(long connections, long bytes) {
    public static final Figures NONE = new Figures(0, 0);
  }

  /** Why nothing can be led anywhere on this host; empty where it can. */
  String findObstacle();

  /** The network of this host that an address belongs to, such as {@code docker0}. */
  Optional<String> bridgeOf(String address);

  /**
   * The rules of this host's firewall that make a difference between what is led and what comes to
   * the host itself: those for the host, which what is led would pass by, and those that may drop
   * what is forwarded; empty where there are none.
   */
  String findFirewallRules();

  /**
   * Leads new connections as these rules say, in place of what their table has said so far, all of
   * them at one moment.
   *
   * @throws dev.orchestrator.common.RefusedException when that can't be, or something on this host
   *     would drop what is led; the table then says what it said before
   */
  void lead(LeadRules rules);

  /**
   * Leads new connections nowhere any more; no effect where the table is not there.
   *
   * @throws dev.orchestrator.common.RefusedException when that can't be
   */
  void leadNowhere(String table);

  /**
   * Removes a table and everything that was made with it; no effect where it is not there.
   *
   * @throws dev.orchestrator.common.RefusedException when that can't be
   */
  void remove(String table);

  /** The tables whose names begin so; none where this process may not ask for them. */
  List<String> tables(String prefix);

  /** What went by each route of a table. */
  Map<String, Figures> figures(String table);

  /** The connections of this host that were led to another address and live. */
  List<TrackedConnection> connections();

  /**
   * Forgets where connections were led: what clients send on them reaches this host itself, which
   * tells them that they are closed; datagrams go where new ones do.
   *
   * @param udp those of udp, else those of tcp
   * @param address that they were led to
   */
  void cut(boolean udp, String address);
}

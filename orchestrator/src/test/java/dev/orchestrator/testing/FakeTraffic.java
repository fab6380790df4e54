package dev.orchestrator.testing;

import dev.orchestrator.journal.Receipt;
import dev.orchestrator.proxy.config.Backend;
import dev.orchestrator.proxy.gate.DrainResult;
import dev.orchestrator.traffic.Traffic;
import java.time.Duration;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** The proxy of one process of the orchestrator: gone with it. */
public final class FakeTraffic implements Traffic {
  private final FakeHost host;

  public FakeTraffic(FakeHost host) {
    this.host = host;
  }

  public @Nullable String leadsTo;
  public boolean held;
  public boolean open;
  public Function<String, Clients> clients = name -> Clients.NONE;

  /** Where a client that keeps its connection is connected to. */
  public @Nullable String connected;

  @Override
  public void open(Duration holdDeadline) {
    held = !open || held;
    open = true;
  }

  @Override
  public void hold(Duration deadline) {
    host.operate("traffic.hold", () -> held = true);
  }

  @Override
  public DrainResult drain(Duration budget) {
    connected = null;
    return new DrainResult(0, 0);
  }

  @Override
  public void preview(Backend candidate) {}

  @Override
  public void lead(Backend backend) {
    host.operate(
        "traffic.lead",
        () -> {
          if (connected != null && !connected.equals(backend.name())) {
            host.violations.add("a connection to " + connected + " is open after the switch");
          }
          leadsTo = backend.name();
          held = false;
        });
  }

  @Override
  public boolean leadsTo(String name) {
    return open && !held && name.equals(leadsTo);
  }

  @Override
  public void shut() {
    open = false;
    connected = null; // the proxy closes what there is
  }

  @Override
  public Receipt.Traffic sinceHold() {
    return new Receipt.Traffic(0, 0, 0, 0, 0, 0);
  }

  @Override
  public Clients clients(String name) {
    return clients.apply(name);
  }

  @Override
  public List<RouteState> routes() {
    return List.of();
  }

  @Override
  public void close() {}

  /** Where a client's write goes at this moment. */
  public @Nullable String reaches() {
    if (open && !held) {
      connected = leadsTo;
    }
    return open ? connected : null;
  }
}

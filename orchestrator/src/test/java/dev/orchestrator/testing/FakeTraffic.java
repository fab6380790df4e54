package dev.orchestrator.testing;

import dev.orchestrator.journal.Receipt;
import dev.orchestrator.traffic.Traffic;
import java.time.Duration;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** The proxy of one process of the orchestrator: gone with it. */
public final class FakeTraffic implements Traffic {
  private final FakeHost world;

  public FakeTraffic(FakeHost world) {
    this.world = world;
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
    world.operate("traffic.hold", () -> held = true);
  }

  @Override
  public Drained drain(Duration budget) {
    connected = null;
    return new Drained(0, 0);
  }

  @Override
  public void preview(Side side) {}

  @Override
  public void lead(Side side) {
    world.operate(
        "traffic.lead",
        () -> {
          if (connected != null && !connected.equals(side.name())) {
            world.violations.add("a connection to " + connected + " is open after the switch");
          }
          leadsTo = side.name();
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

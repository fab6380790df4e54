package dev.orchestrator.testing;

import dev.orchestrator.common.RefusedException;
import dev.orchestrator.journal.Receipt;
import dev.orchestrator.proxy.config.Backend;
import dev.orchestrator.proxy.gate.DrainResult;
import dev.orchestrator.traffic.Traffic;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** The proxy of one process of the orchestrator, in memory. */
public final class FakeTraffic implements Traffic {
  private final FakeHost host;

  public FakeTraffic(FakeHost host) {
    this.host = host;
  }

  public @Nullable String backend;
  public boolean held;
  public boolean open;
  public boolean detoursOpen;

  /** Whether connections live on whose ports were left. */
  private boolean left;

  /** Why the routes can't be opened; empty where they can. */
  public String unavailable = "";

  private String openFailure = "";
  public Function<String, Clients> clients = name -> Clients.NONE;

  /** The backend of a client that keeps its connection open. */
  public @Nullable String connectedTo;

  @Override
  public void open(Duration holdDeadline) {
    openFailure =
        open
            ? ""
            : host.project.exists() && host.project.isRunning()
                ? "the port is in use"
                : unavailable;
    if (!openFailure.isEmpty()) {
      throw new RefusedException(openFailure);
    }
    held = !open || held;
    open = true;
  }

  @Override
  public String openFailure() {
    return openFailure;
  }

  private void requireOpen() {
    if (!mayHaveClients()) {
      throw new IllegalStateException("the routes are not open");
    }
  }

  @Override
  public void hold(Duration deadline) {
    requireOpen();
    host.operate(
        "traffic.hold",
        () -> {
          host.ledByKernel = null;
          held = true;
        });
  }

  @Override
  public DrainResult drain(Duration budget) {
    connectedTo = null;
    return new DrainResult(0, 0);
  }

  @Override
  public void preview(Backend candidate) {}

  @Override
  public void switchTo(Backend backend) {
    requireOpen();
    host.operate(
        "traffic.lead",
        () -> {
          if (connectedTo != null && !connectedTo.equals(backend.name())) {
            host.violations.add("a connection to " + connectedTo + " is open after the switch");
          }
          host.ledByKernel = null;
          this.backend = backend.name();
          held = false;
        });
  }

  @Override
  public boolean mayLeadByKernel() {
    return host.kernelPath;
  }

  @Override
  public void leadByKernel(Backend backend) {
    host.ledByKernel = backend;
  }

  @Override
  public void leadByProxy() {
    host.ledByKernel = null;
  }

  @Override
  public void leadByProxy(Backend gone) {
    host.ledByKernel = null;
  }

  @Override
  public Optional<Backend> ledByKernel() {
    return Optional.ofNullable(host.ledByKernel);
  }

  @Override
  public boolean isOpenTo(String name) {
    return open && !held && name.equals(backend);
  }

  @Override
  public boolean mayHaveClients() {
    return open || detoursOpen || left;
  }

  @Override
  public void leavePorts() {
    host.ledByKernel = null;
    left |= open;
    open = false;
  }

  @Override
  public List<Integer> openDetours(List<Detour> detours, Duration holdDeadline) {
    host.operate(
        "traffic.detours",
        () -> {
          held = held || !mayHaveClients();
          detoursOpen = true;
        });
    return IntStream.range(0, detours.size()).mapToObj(index -> 40_000 + index).toList();
  }

  @Override
  public void closeDetours() {
    left |= detoursOpen;
    detoursOpen = false;
  }

  @Override
  public Map<String, String> findUnavailable(Set<String> taken) {
    return Map.of();
  }

  /** The backend that a client's write reaches whose connection was redirected, or null. */
  public @Nullable String reachedByDetour() {
    return detoursOpen && !held ? backend : null;
  }

  @Override
  public void stopListening() {
    host.ledByKernel = null;
    openFailure = "";
    left = false;
    detoursOpen = false;
    open = false;
    connectedTo = null; // the proxy closes open connections
  }

  @Override
  public Receipt.Traffic trafficSinceHold() {
    return new Receipt.Traffic(0, 0, 0, 0, 0, 0);
  }

  @Override
  public Map<String, Clients> clients(String name) {
    return Map.of("web", clients.apply(name));
  }

  @Override
  public List<RouteState> routes() {
    return List.of();
  }

  @Override
  public void close() {}

  /** The container that a client's write reaches now, or null. */
  public @Nullable String reachedContainer() {
    Backend led = host.ledByKernel;
    if (led != null) {
      connectedTo = led.name();
      return connectedTo;
    }
    if (open && !held) {
      connectedTo = backend;
    }
    return open ? connectedTo : null;
  }
}

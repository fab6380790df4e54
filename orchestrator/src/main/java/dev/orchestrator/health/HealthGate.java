package dev.orchestrator.health;

import dev.orchestrator.capsule.Capsule;
import dev.orchestrator.capsule.CapsuleException;
import dev.orchestrator.capsule.InnerService;
import dev.orchestrator.settings.Probe;
import dev.orchestrator.settings.UpgradeSettings.VerifySettings;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/** Tells whether every inner service is healthy and every probe passes. Calls block. */
public interface HealthGate {
  /**
   * What a wait has found.
   *
   * @param summary one line on what was checked
   * @param services as the last round found them
   * @param after time from the begin of the wait until nothing was wrong with a service any more,
   *     by service
   */
  record Healthy(String summary, List<InnerService> services, Map<String, Duration> after) {
    public Healthy {
      after = Map.copyOf(after);
    }
  }

  /**
   * Waits until the capsule is healthy several times in a row. Past the deadline, or as soon as the
   * capsule can't become healthy any more (a service exited with an error and isn't restarted), it
   * fails with a {@link HealthException} that names each service or probe and what is wrong with
   * it; when the engine was away in between, with a {@link CapsuleException} that is an outage.
   *
   * @param ports from {@code service:port} to the capsule's port
   * @param progress gets a short line whenever the result of a round differs from the one before
   */
  Healthy await(
      Capsule capsule,
      List<Probe> probes,
      Map<String, Integer> ports,
      VerifySettings settings,
      Consumer<String> progress);

  /**
   * Sets the lease, starts the services in the order of their dependencies and returns when all of
   * them are started. Fails at once with a {@link HealthException} when a service ends with an
   * error again and again, although what it depends on is up; otherwise as {@link Capsule#start}
   * does, with what is wrong with which service.
   */
  default void start(Capsule capsule, int epoch, Duration deadline, Consumer<String> progress) {
    capsule.start(epoch, deadline);
  }

  /**
   * Starts the services and returns, with one line on what was checked, as soon as clients can be
   * served, because every probe passes and every route's target is alive: a health check that has
   * not run yet is not waited for, nor the start of a service without a probe or route. For a
   * version that is known to be good, while clients wait for it. Fails like {@link #await}.
   */
  default String serve(
      Capsule capsule,
      List<Probe> probes,
      Map<String, Integer> ports,
      VerifySettings settings,
      Consumer<String> progress) {
    capsule.start(settings.deadline());
    return await(capsule, probes, ports, settings, progress).summary();
  }

  /** A capsule that is looked at again and again. For one thread. */
  @FunctionalInterface
  interface Watch {
    /** Looks now; returns a line for each problem, none when the capsule is healthy. */
    List<String> look();
  }

  /**
   * Begins to watch a capsule: each look is a {@link #check}, and runs the services' health checks
   * itself, every two seconds, where the inner engine does so less often.
   */
  default Watch watch(Capsule capsule, List<Probe> probes, Map<String, Integer> ports) {
    return () -> check(capsule, probes, ports);
  }

  /** Whether somebody accepts a connection at an address, of a container of the host. */
  default boolean accepts(String host, int port, Duration timeout) {
    try (Socket socket = new Socket()) {
      socket.connect(new InetSocketAddress(host, port), Math.toIntExact(timeout.toMillis()));
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  /** Checks once; returns a line for each problem, none when the capsule is healthy. */
  List<String> check(Capsule capsule, List<Probe> probes, Map<String, Integer> ports);
}

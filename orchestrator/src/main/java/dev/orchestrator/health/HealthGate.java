package dev.orchestrator.health;

import dev.orchestrator.capsule.Capsule;
import dev.orchestrator.capsule.CapsuleException;
import dev.orchestrator.settings.Probe;
import dev.orchestrator.settings.UpgradeSettings.VerifySettings;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/** Is every inner service healthy, and does every probe pass, several times in a row? */
public interface HealthGate {

  /**
   * Waits until it is so; returns one line on what was checked. Past the deadline, or as soon as it
   * can't become so any more (a service exited with an error and isn't restarted), fails with a
   * {@link HealthException} that names each service or probe and what is wrong with it; where the
   * engine was away in between, with a {@link CapsuleException} that is an outage.
   *
   * @param ports from {@code service:port} to the capsule's port
   */
  String await(
      Capsule capsule,
      List<Probe> probes,
      Map<String, Integer> ports,
      VerifySettings settings,
      Consumer<String> progress);

  /** One round: what is wrong at this moment, a line each; empty when all is well. */
  List<String> check(Capsule capsule, List<Probe> probes, Map<String, Integer> ports);
}

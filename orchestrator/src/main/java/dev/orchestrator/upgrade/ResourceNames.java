package dev.orchestrator.upgrade;

import dev.orchestrator.engine.Labels;
import dev.orchestrator.journal.Generation;
import dev.orchestrator.settings.Settings;
import java.util.Map;

/** Names and labels of the containers and volumes on the engine. Immutable. */
public final class ResourceNames {
  /** Role label of containers and volumes for copying data. */
  public static final String COPY = "copy";

  /** Role label of containers for measuring data. */
  public static final String LOOK = "look";

  /** Role label of the containers in which backups are made. */
  public static final String BACKUP = "backup";

  private final String stack;
  private final String homeHash;

  public ResourceNames(Settings settings) {
    this.stack = settings.stack().name();
    this.homeHash = Labels.home(settings.home());
  }

  public String container(int generation) {
    return stack + "-" + homeHash.substring(0, 4) + "-g" + generation;
  }

  /** Name of the container that redirects connections. */
  String redirect() {
    return stack + "-" + homeHash.substring(0, 4) + "-redirect";
  }

  /** Name of the network of a proof. */
  public String network(int generation) {
    return container(generation) + "-net";
  }

  /** Name of a data volume of a generation. */
  public String volume(int generation, String name) {
    return container(generation) + "-" + name;
  }

  /** Name of the volume with the cache of the stack's backups. */
  public String backupCache() {
    return stack + "-" + homeHash.substring(0, 4) + "-backup-cache";
  }

  public String store(int generation) {
    return container(generation) + "-store";
  }

  /** Name on another engine of the image of a generation there. */
  public String sentImage(Generation generation) {
    return "orchestrator/%s:%s".formatted(generation.container(), generation.version());
  }

  /** The labels on everything of this stack and this service. */
  public Map<String, String> stackLabels() {
    return Map.of(Labels.OURS, "1", Labels.HOME, homeHash, Labels.STACK, stack);
  }

  public Map<String, String> generationLabels(Generation generation, String upgrade, String role) {
    Map<String, String> labels = Labels.with(stackLabels(), Labels.VERSION, generation.version());
    labels = Labels.with(labels, Labels.GENERATION, Integer.toString(generation.number()));
    labels = Labels.with(labels, Labels.UPGRADE, upgrade);
    return Labels.with(labels, Labels.ROLE, role);
  }

  /** The labels on everything that a run has created. */
  public Map<String, String> runLabels(String upgrade) {
    return Labels.with(stackLabels(), Labels.UPGRADE, upgrade);
  }

  /** The labels of a run's helper container. */
  public Map<String, String> helperLabels(String upgrade, String role) {
    return Labels.with(Labels.with(stackLabels(), Labels.UPGRADE, upgrade), Labels.ROLE, role);
  }
}

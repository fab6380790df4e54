package dev.orchestrator.capsule;

import dev.orchestrator.settings.Probe;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/** Builds the capsule image of a version of the stack, or finds it. */
public interface CapsuleBuilder {

  /**
   * Checks what can be checked without building: the release is there, Compose takes its file,
   * every route and probe names a service that exists. Fails with a {@link
   * dev.orchestrator.common.RefusedException}.
   *
   * @return what a person should know, a line each
   */
  List<String> check(String version);

  /** Builds it, or takes the one that is there when its content is the same. Blocks. */
  CapsuleImage build(String version, Consumer<String> progress);

  /**
   * Removes from the image store what was built for other versions than these; returns how many
   * images went.
   */
  int prune(Collection<String> versions);

  /** The image of a version as it was built last; empty when there is none. */
  Optional<String> built(String version);

  /**
   * The database servers in a capsule image, by service, with their release series: {@code MariaDB
   * 10.11}. Empty when there is no such image.
   */
  Map<String, String> databases(String image);

  /**
   * The probes that a version has of its own, as its release had them when the image was built.
   * Empty when there is no such image.
   */
  List<Probe> probes(String image);

  /** The base image's reference, built where it is missing: helpers run in it too. */
  String base(Consumer<String> progress);
}

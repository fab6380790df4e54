package dev.orchestrator.capsule;

import dev.orchestrator.archive.ArchiveReader;
import dev.orchestrator.compose.HostGrants;
import dev.orchestrator.compose.ReleaseFiles;
import dev.orchestrator.settings.Probe;
import dev.orchestrator.settings.RouteSettings;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/** Builds the capsule image of a version, or finds an image with the same content. */
public interface CapsuleBuilder {

  /**
   * Checks a version as far as that is possible without building: the release exists, Compose
   * accepts its file, every route and probe names a service that exists. Fails with a {@link
   * dev.orchestrator.common.RefusedException}.
   */
  VersionCheck check(String version);

  /**
   * The files of a version's release that services write to, as its folder has them now. Fails as
   * {@link #check} does.
   */
  ReleaseFiles releaseFiles(String version);

  /**
   * The routes that the compose file of a version publishes, for a stack whose routes are {@link
   * dev.orchestrator.settings.AutoRoutes}.
   */
  default List<RouteSettings> routes(String version) {
    return List.of();
  }

  /** Builds the image, or takes the existing image when its content is the same. Blocks. */
  CapsuleImage build(String version, Consumer<String> progress);

  /**
   * Takes the image of a version from the file of an export, as it was built there; it becomes an
   * image of this stack and service. Blocks.
   */
  CapsuleImage load(String version, ArchiveReader archive, Consumer<String> progress);

  /**
   * Removes the images that were built for other versions than these, and those that a later build
   * of their version took the name of; returns how many it removed.
   */
  int prune(Collection<String> versions);

  /** The images that {@link #prune} would remove, by name, or by id where they have no name. */
  List<String> unneeded(Collection<String> versions);

  /** The id of the image of a version as it was built last; empty when there is none. */
  Optional<String> built(String version);

  /**
   * The database servers in a capsule image, by service, with their release series, such as {@code
   * MariaDB 10.11}. Empty when the image doesn't exist.
   */
  Map<String, String> databases(String image);

  /**
   * The probes that a version has of its own, as its release had them when the image was built.
   * Empty when there is no such image.
   */
  List<Probe> probes(String image);

  /** What the capsules of an image get of their host; nothing when there is no such image. */
  HostGrants grants(String image);

  /**
   * The variables that the container of a capsule gets: values of secrets and configs that a
   * version takes from its environment. They are secrets: they are in no image, and must not be
   * logged. Fails with a {@link dev.orchestrator.common.RefusedException} when the version's
   * release has no value any more.
   *
   * @param image of the capsule, which has the names
   */
  Map<String, String> variables(String version, String image);

  /** The reference of the base image, which is built when it is missing; helpers run in it too. */
  String base(Consumer<String> progress);
}

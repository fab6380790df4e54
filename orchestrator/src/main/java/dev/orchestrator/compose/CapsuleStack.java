package dev.orchestrator.compose;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.orchestrator.settings.GrantSettings.DockerSocket;
import dev.orchestrator.settings.VolumeSettings;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * A stack as it runs in a capsule.
 *
 * @param compose the compose model that runs inside
 * @param dirs folders below /data that must exist before the services are created
 * @param seedFiles files of the release that are copied to the data unless the data has them
 * @param variables that the capsule's container must have: the values of secrets and configs
 * @param ports the capsule's port for the {@code service:port} of each route and probe
 * @param oneShots services whose purpose is to end
 * @param warnings for a person, a line each
 * @param grants what the capsule needs of the host
 * @param socket what services have as the Docker engine's socket
 */
public record CapsuleStack(
    ObjectNode compose,
    List<String> dirs,
    List<SeedFile> seedFiles,
    List<String> variables,
    Map<String, Integer> ports,
    List<String> oneShots,
    List<String> warnings,
    HostGrants grants,
    DockerSocket socket) {

  /**
   * Whether a service mounts the release's {@code .env}. Otherwise it has no place in the image: it
   * often has secrets in it.
   */
  public boolean mountsEnvFile() {
    Set<String> paths = Set.of(BindMapping.RELEASE, BindMapping.RELEASE + "/.env");
    return seedFiles.stream().map(SeedFile::from).anyMatch(paths::contains)
        || paths.stream().anyMatch(path -> compose.toString().contains("\"" + path + "\""));
  }

  /**
   * Folders that a release lacks, and where services mount folders of the data into a mount of the
   * release, relative to it: nobody could create them there, as it is read-only.
   *
   * @param folder the release's
   */
  public List<String> mountPoints(Path folder) {
    Set<String> found = new TreeSet<>();
    Path release = Path.of(BindMapping.RELEASE);
    for (JsonNode service : compose.path("services")) {
      for (JsonNode outer : service.path("volumes")) {
        Path source = path(outer, "source");
        if (source.startsWith(release)) {
          for (JsonNode inner : service.path("volumes")) {
            Path at = path(inner, "target");
            if (dirs.contains(path(inner, "source").toString())
                && at.startsWith(path(outer, "target"))) {
              Path place = release.relativize(source).resolve(path(outer, "target").relativize(at));
              if (isMissing(folder, place)) {
                found.add(place.toString());
              }
            }
          }
        }
      }
    }
    return List.copyOf(found);
  }

  private static Path path(JsonNode mount, String key) {
    return Path.of(ComposeModel.text(mount.path(key))).normalize();
  }

  /** Whether it isn't there, and no link or file is in the way. */
  private static boolean isMissing(Path folder, Path place) {
    Path at = folder;
    for (Path name : place) {
      at = at.resolve(name);
      if (!Files.exists(at, LinkOption.NOFOLLOW_LINKS)) {
        return true;
      }
      if (!Files.isDirectory(at, LinkOption.NOFOLLOW_LINKS)) {
        return false;
      }
    }
    return false;
  }

  /** A file, or a folder with everything below it, by absolute paths inside the capsule. */
  record SeedFile(String from, String to) {}

  /**
   * What the services mount of the data or of the release: {@code volumes/NAME} for a named volume,
   * {@code binds/PATH} for a path of the release folder.
   */
  public List<String> dataPaths() {
    Set<String> paths = new TreeSet<>();
    dirs.forEach(dir -> paths.add(VolumeSettings.held(dir)));
    seedFiles.forEach(seed -> paths.add(VolumeSettings.held(seed.to())));
    for (JsonNode service : compose.path("services")) {
      for (JsonNode mount : service.path("volumes")) {
        String source = ComposeModel.text(mount.path("source"));
        if (source.startsWith(BindMapping.RELEASE + "/")) {
          paths.add(BindMapping.BINDS + source.substring(BindMapping.RELEASE.length() + 1));
        }
      }
    }
    return List.copyOf(paths);
  }
}

package dev.orchestrator.compose;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.orchestrator.settings.GrantSettings.DockerSocket;
import dev.orchestrator.settings.VolumeSettings;
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
        String source = mount.path("source").asText("");
        if (source.startsWith(BindMapping.RELEASE + "/")) {
          paths.add(BindMapping.BINDS + source.substring(BindMapping.RELEASE.length() + 1));
        }
      }
    }
    return List.copyOf(paths);
  }
}

package dev.orchestrator.compose;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.orchestrator.settings.GrantSettings.DockerSocket;
import java.util.List;
import java.util.Map;

/**
 * A stack as it runs in a capsule.
 *
 * @param compose the compose model that runs inside
 * @param dirs folders below /data that must exist before the services are created
 * @param seedFiles files of the release that are copied to the data unless the data has them
 * @param ports the capsule's port for the {@code service:port} of each route and probe
 * @param warnings for a person, a line each
 * @param grants what the capsule needs of the host
 * @param socket what services have as the Docker engine's socket
 */
public record CapsuleStack(
    ObjectNode compose,
    List<String> dirs,
    List<SeedFile> seedFiles,
    Map<String, Integer> ports,
    List<String> warnings,
    HostGrants grants,
    DockerSocket socket) {

  /** A file, or a folder with everything below it, by absolute paths inside the capsule. */
  record SeedFile(String from, String to) {}
}

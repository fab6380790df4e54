package dev.orchestrator.compose;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Map;

/**
 * What a capsule is told about its stack.
 *
 * @param compose the model that runs inside
 * @param dirs folders below /data that must exist before the services are created
 * @param seedFiles what is copied from the release to the data where it isn't there yet
 * @param ports from {@code service:port}, for each route and probe, to the capsule's port
 * @param warnings for a person, a line each
 */
public record CapsuleStack(
    ObjectNode compose,
    List<String> dirs,
    List<SeedFile> seedFiles,
    Map<String, Integer> ports,
    List<String> warnings) {

  /** Absolute paths inside the capsule, of a file or of a folder with all below it. */
  record SeedFile(String from, String to) {}
}

package dev.orchestrator.adopt;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * A project as Compose reads it on the host.
 *
 * @param folder from which relative paths start
 * @param root Compose's model: paths are the host's, variables are replaced
 * @param shell variables of the shell that started it
 * @param drift what the containers have and the files don't, a line each
 * @param rebuilt whether the files are gone, and its containers tell what it is
 * @param notes for a person, a line each
 */
record ReadProject(
    Project project,
    Path folder,
    ProjectFiles files,
    ObjectNode root,
    List<ShellVariable> shell,
    List<String> drift,
    boolean rebuilt,
    List<String> notes) {

  /** The services by name. */
  Map<String, JsonNode> services() {
    Map<String, JsonNode> services = new TreeMap<>();
    root.path("services")
        .properties()
        .forEach(service -> services.put(service.getKey(), service.getValue()));
    return services;
  }
}

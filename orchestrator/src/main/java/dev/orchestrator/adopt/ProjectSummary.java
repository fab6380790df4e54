package dev.orchestrator.adopt;

import java.util.List;

/**
 * A compose project of the engine, for a person.
 *
 * @param folder empty where no label has it
 * @param files compose files; empty where no label has them
 * @param state {@code running}, {@code partly running} or {@code stopped}
 * @param stack of an orchestrator that it is already; empty for none
 */
public record ProjectSummary(
    String name,
    String folder,
    List<String> files,
    List<String> services,
    String state,
    String stack) {

  public ProjectSummary {
    files = List.copyOf(files);
    services = List.copyOf(services);
  }
}

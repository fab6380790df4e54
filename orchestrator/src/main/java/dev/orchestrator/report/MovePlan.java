package dev.orchestrator.report;

import java.util.List;

/**
 * A plan of a move to another host, as {@code move --plan} prints it. JSON of the API: component
 * names are a contract. Sizes are in bytes.
 *
 * @param plan the steps, the data and the warnings, as of an upgrade
 * @param to the address of the engine there, as it was given
 * @param host the address at which the capsule's ports would be published there
 * @param engine version and platform of the engine there
 * @param sent what of images would be sent
 * @param needed space that the move takes there
 * @param reserve that is to stay free beside it
 * @param free space there where that engine keeps its volumes; -1 where that is not known
 * @param ports the services' ports that would be published there
 * @param holdMillis how long clients would wait about; -1 where nothing tells it
 * @param holdBasis what that is known from
 * @param refusals what the move would be refused for; empty where it would go
 */
public record MovePlan(
    Plan plan,
    String to,
    String host,
    String engine,
    List<Image> sent,
    long needed,
    long reserve,
    long free,
    List<String> ports,
    long holdMillis,
    String holdBasis,
    List<String> refusals) {

  /**
   * An image.
   *
   * @param bytes of its layers that the other engine lacks, at most; 0 where it has all of them
   */
  public record Image(String name, long bytes) {}
}

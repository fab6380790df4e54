package dev.orchestrator.adopt;

import com.fasterxml.jackson.annotation.JsonIgnore;
import java.util.List;

/**
 * How a project becomes a stack: everything that a person wants to know before it is done, and what
 * those need who do it. As JSON it has no value of a secret.
 *
 * @param project its name
 * @param stack the name of the stack to be
 * @param folder of the stack, which is not there yet
 * @param source the project's folder; empty where it is not known
 * @param files its compose files, as the containers name them
 * @param state of its containers, in words
 * @param started whether it runs: its data is taken over; otherwise the stack begins with none
 * @param rebuilt whether its files are gone, and the compose file is made from its containers
 * @param variables those of the shell that started it
 * @param images by service, in the order of the services
 * @param data what is copied, attached, shared or part of the release, each with the reason
 * @param grants lines of stack.conf for what it has of the host
 * @param cannot what can't go along as it is, each with the choice there is
 * @param notes for a person, a line each
 * @param refusals why it can't be done as things are, a line each; empty when it can
 * @param original what is stopped and copied; not in the JSON
 * @param draft the content of the stack's folder; not in the JSON
 */
public record AdoptPlan(
    String project,
    String stack,
    String folder,
    String source,
    List<String> files,
    String state,
    boolean started,
    boolean rebuilt,
    List<Variable> variables,
    List<Image> images,
    List<Route> routes,
    List<Probe> probes,
    List<Data> data,
    List<String> grants,
    List<Cannot> cannot,
    List<String> notes,
    List<String> refusals,
    @JsonIgnore Original original,
    @JsonIgnore StackDraft draft) {

  /**
   * A variable of the shell that started the project.
   *
   * @param value hidden where it looks like a secret
   */
  public record Variable(String name, String value, List<String> places) {}

  /**
   * The image of a service.
   *
   * @param pinned as release 1 has it; the same where it has no digest
   * @param how where it comes from, in words
   */
  public record Image(String service, String image, String pinned, String how) {}

  /**
   * A public port.
   *
   * @param listen as in stack.conf
   * @param protocol {@code http}, {@code tcp} or {@code udp}
   * @param why the protocol is that
   */
  public record Route(
      String name, String listen, String service, int port, String protocol, String why) {}

  /**
   * A check of a service.
   *
   * @param check what is asked and expected, in words
   * @param line of stack.conf; empty where the service's own health check is enough
   */
  public record Probe(String service, String check, String line) {}

  /**
   * Something that services mount.
   *
   * @param source a volume's name or a path of the host
   * @param becomes {@code data}, {@code attached}, {@code host path} or {@code release}
   * @param why in words
   * @param bytes -1 when it was not measured
   */
  public record Data(
      String source,
      List<String> services,
      String becomes,
      String why,
      long bytes,
      long files,
      List<String> databases) {}

  /** What can't go along as it is. */
  public record Cannot(String what, String choice) {}

  public AdoptPlan {
    files = List.copyOf(files);
    variables = List.copyOf(variables);
    images = List.copyOf(images);
    routes = List.copyOf(routes);
    probes = List.copyOf(probes);
    data = List.copyOf(data);
    grants = List.copyOf(grants);
    cannot = List.copyOf(cannot);
    notes = List.copyOf(notes);
    refusals = List.copyOf(refusals);
  }

  /** Bytes that are copied; what was not measured counts as nothing. */
  public long bytesToCopy() {
    return bytesToCopy(data);
  }

  static long bytesToCopy(List<Data> data) {
    return data.stream()
        .filter(one -> one.becomes().equals("data") || one.becomes().equals("attached"))
        .mapToLong(one -> Math.max(0, one.bytes()))
        .sum();
  }
}

package dev.orchestrator.upgrade;

import dev.orchestrator.common.HumanText;
import dev.orchestrator.compose.HostGrants;
import dev.orchestrator.engine.ContainerInfo;
import dev.orchestrator.engine.Engine;
import dev.orchestrator.engine.EngineInfo;
import dev.orchestrator.engine.Labels;
import dev.orchestrator.engine.RemoteEngines;
import dev.orchestrator.journal.Generation;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Finds out what would keep an engine from running the capsule that serves. Reads only. */
public final class MoveCheck {
  private MoveCheck() {}

  /**
   * What the move of a generation to another engine would be refused for, a line each; but for
   * space.
   */
  public static List<String> problems(
      UpgradeContext context, Generation blue, RemoteEngines.Found found) {
    EngineInfo here = context.engine().info();
    EngineInfo there = found.info();
    String address = found.where().address();
    if (isSame(blue, context.engine(), found.engine())) {
      return List.of(
          "%s is the engine that the stack is on already: name another".formatted(address));
    }
    List<String> problems = new ArrayList<>();
    if (!here.platform().architecture().equals(there.platform().architecture())
        || !here.platform().os().equals(there.platform().os())) {
      problems.add(
          "the engine at %s is on %s/%s, and the images are for %s/%s: build the stack there"
              .formatted(
                  address,
                  there.platform().os(),
                  there.platform().architecture(),
                  here.platform().os(),
                  here.platform().architecture()));
    }
    List<HostGrants.Path> paths = context.builder().grants(blue.image()).paths();
    if (!paths.isEmpty()) {
      problems.add(
          "the services use paths of this host, which do not go along: %s: make them data of the stack, or move them by hand and upgrade to a version without them first"
              .formatted(
                  paths.stream().map(HostGrants.Path::path).collect(Collectors.joining(", "))));
    }
    String others = ofOthers(context, found.engine());
    if (!others.isEmpty()) {
      problems.add(
          "the engine at %s has a stack %s of another orchestrator (%s): give one of the two another name, or remove that one there"
              .formatted(address, context.settings().stack().name(), others));
    }
    return problems;
  }

  /** By the container that serves: machines that were copied have engines with one id. */
  private static boolean isSame(Generation blue, Engine here, Engine there) {
    Optional<String> own = here.container(blue.container()).map(ContainerInfo::id);
    return own.isPresent() && own.equals(there.container(blue.container()).map(ContainerInfo::id));
  }

  /** Capsules and data there of a stack of the same name that is not this one. */
  private static String ofOthers(UpgradeContext context, Engine there) {
    Map<String, String> ours = context.names().stackLabels();
    Map<String, String> labels =
        Map.of(Labels.OURS, "1", Labels.STACK, context.settings().stack().name());
    String home = ours.getOrDefault(Labels.HOME, "");
    Stream<String> capsules =
        there.containers(Labels.with(labels, Labels.ROLE, "capsule")).stream()
            .filter(each -> !home.equals(each.labels().get(Labels.HOME)))
            .map(ContainerInfo::name);
    Stream<String> data =
        there.volumes(Labels.with(labels, Labels.ROLE, "data")).stream()
            .filter(each -> !home.equals(each.labels().get(Labels.HOME)))
            .map(each -> "volume " + each.name());
    return String.join(
        ", ", Stream.concat(capsules, data).collect(Collectors.toCollection(TreeSet::new)));
  }

  /**
   * The space that a move needs there.
   *
   * @param data bytes of the volumes
   * @param image bytes of the capsule's image that are sent: the inner engine unpacks them once
   *     more
   * @param reserve that is to stay free
   */
  public record Space(String address, long data, long image, long reserve, long free) {
    public long needed() {
      return data + image * 2;
    }

    /** The refusal; empty where there is enough. */
    public Optional<String> problem() {
      return needed() + reserve <= free
          ? Optional.empty()
          : Optional.of(
              "not enough space at %s: %s needed and %s to stay free (data.reserve), %s free where that engine keeps its volumes"
                  .formatted(
                      address,
                      HumanText.bytes(needed()),
                      HumanText.bytes(reserve),
                      HumanText.bytes(free)));
    }

    public String describe() {
      return "%s needed, %s free".formatted(HumanText.bytes(needed()), HumanText.bytes(free));
    }
  }
}

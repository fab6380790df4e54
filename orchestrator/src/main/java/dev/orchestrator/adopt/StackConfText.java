package dev.orchestrator.adopt;

import dev.orchestrator.adopt.AdoptPlan.Data;
import dev.orchestrator.adopt.AdoptPlan.Probe;
import dev.orchestrator.adopt.AdoptPlan.Route;
import dev.orchestrator.common.HumanText;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/** The text of a stack.conf that was made from a project, with a comment for each choice. */
final class StackConfText {
  private final StringBuilder text = new StringBuilder();

  private StackConfText() {}

  /**
   * What the text is made of.
   *
   * @param from where the project is, for the comment at the head
   * @param composeFiles empty where they are those that Compose takes by itself
   * @param attached volumes of the compose file, each a data volume of its own
   * @param hostPaths with the kinds of use
   * @param grants lines with comments
   */
  record Content(
      String project,
      String from,
      List<String> composeFiles,
      List<ShellVariable> variables,
      List<Route> routes,
      List<Probe> probes,
      List<Data> data,
      List<Data> attached,
      List<HostPathLine> hostPaths,
      Map<String, String> adoptedPaths,
      List<String> grants) {}

  /** A path of the host that services use. */
  record HostPathLine(String path, boolean readOnly, String why) {}

  static String of(Content content) {
    StackConfText conf = new StackConfText();
    conf.write(content);
    return conf.text.toString();
  }

  private void write(Content content) {
    line("# Made from the compose project %s%s.".formatted(content.project(), content.from()));
    line("# Every key is explained in the manual: docs/configuration.md.");
    if (!content.composeFiles().isEmpty()) {
      line("");
      line("# As the project was started: with these files, merged in this order.");
      line("compose-files = [%s]".formatted(list(content.composeFiles())));
    }
    if (!content.variables().isEmpty()) {
      line("");
      line("# Variables of the shell that started the project, read back from its containers.");
      line("env {");
      for (ShellVariable variable : content.variables()) {
        line("  # " + String.join(", ", variable.places()));
        line("  %s = %s".formatted(variable.name(), EnvText.conf(variable.value())));
      }
      line("}");
    }
    routes(content.routes());
    probes(content.probes());
    data(content);
    if (!content.grants().isEmpty()) {
      line("");
      line("# What services have of the host.");
      content.grants().forEach(this::line);
    }
  }

  private void routes(List<Route> routes) {
    line("");
    if (routes.isEmpty()) {
      line("# The project publishes no port, so that there is no route.");
      line("routes = []");
      return;
    }
    line("# The ports that the project publishes.");
    line("routes = [");
    for (Route route : routes) {
      line("  # " + route.why());
      line(
          "  { name = %s, listen = %s, service = %s, port = %d%s }"
              .formatted(
                  route.name(),
                  route.listen().matches("[0-9]+") ? route.listen() : EnvText.conf(route.listen()),
                  EnvText.conf(route.service()),
                  route.port(),
                  route.protocol().equals("tcp") ? "" : ", protocol = " + route.protocol()));
    }
    line("]");
  }

  private void probes(List<Probe> probes) {
    line("");
    line("# How a version is known to be healthy:");
    for (Probe probe : probes) {
      line("#   %s: %s".formatted(probe.service(), probe.check()));
    }
    line("probes = [");
    probes.stream()
        .filter(probe -> !probe.line().isEmpty())
        .forEach(probe -> line("  " + probe.line()));
    line("]");
  }

  private void data(Content content) {
    if (!content.data().isEmpty()) {
      line("");
      line(
          "# Data, which goes along at each upgrade. strategy = auto: each upgrade finds out"
              + " whether");
      line("# it is copied or cloned.");
      for (Data data : content.data()) {
        line("#   %s (%s): %s".formatted(data.source(), size(data), data.why()));
      }
      line("data.strategy = auto");
    }
    if (!content.attached().isEmpty()) {
      line("");
      line("# Too large to be copied at each upgrade: both versions use the same files, which no");
      line("# service changes once they are written.");
      line("data.volumes = [");
      for (Data data : content.attached()) {
        line("  # %s: %s".formatted(size(data), data.why()));
        line(
            "  { name = %s, paths = [%s], strategy = attach, immutable = true }"
                .formatted(volumeName(data.source()), EnvText.conf(data.source())));
      }
      line("]");
    }
    if (!content.hostPaths().isEmpty()) {
      line("");
      line("# Paths of the host, which both versions use: never copied, never rolled back.");
      line("data.host-paths = [");
      for (HostPathLine path : content.hostPaths()) {
        line("  # " + path.why());
        line(
            "  { path = %s, mode = %s }"
                .formatted(EnvText.conf(path.path()), path.readOnly() ? "ro" : "rw"));
      }
      line("]");
    }
    if (!content.adoptedPaths().isEmpty()) {
      line("");
      line(
          "# What was there is in the stack's own data: a release whose files name such a path as");
      line("# the project's did means that, and not what the project has left there.");
      line("adopted-paths = [");
      content
          .adoptedPaths()
          .forEach((path, is) ->
              line("  { path = %s, is = %s }".formatted(EnvText.conf(path), EnvText.conf(is))));
      line("]");
    }
  }

  static String volumeName(String volume) {
    String name =
        volume.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9_-]", "-").replaceFirst("^[_-]+", "");
    String plain = name.isEmpty() ? "volume" : name.substring(0, Math.min(40, name.length()));
    return plain.equals("data") || plain.equals("store") ? plain + "-volume" : plain;
  }

  private static String size(Data data) {
    return data.bytes() < 0
        ? "not measured"
        : "%s, %d files".formatted(HumanText.bytes(data.bytes()), data.files());
  }

  private static String list(List<String> texts) {
    List<String> quoted = new ArrayList<>();
    texts.forEach(text -> quoted.add(EnvText.conf(text)));
    return quoted.stream().collect(Collectors.joining(", "));
  }

  private void line(String line) {
    text.append(line.replaceAll("[\\r\\n]+", " ")).append('\n');
  }
}

package dev.orchestrator.data;

import dev.orchestrator.capsule.image.ImageBuilder;
import dev.orchestrator.engine.ContainerSecurity;
import dev.orchestrator.engine.ContainerSpec;
import dev.orchestrator.engine.DockerEngine;
import dev.orchestrator.engine.Engine;
import dev.orchestrator.engine.ExecResult;
import dev.orchestrator.engine.Labels;
import dev.orchestrator.engine.Mount;
import dev.orchestrator.testing.LightStackFixture;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.Function;

/** Volumes of a test on a real engine, and a container that sees and changes them all. */
final class VolumesFixture implements AutoCloseable {
  private static final Duration SOON = Duration.ofMinutes(1);
  private static final Path SCRIPTS = Path.of("src/test/resources/tree").toAbsolutePath();

  final String run = "data-test-" + UUID.randomUUID().toString().substring(0, 8);
  final Map<String, String> labels = Labels.with(Labels.role("test"), "run", run);
  final Engine engine = DockerEngine.connect("", SOON);
  final String from = run + "-from";
  final String to = run + "-to";
  private String writer = "";

  VolumesFixture(String image) {
    this(image, name -> Map.of());
  }

  /**
   * Makes volumes with these options.
   *
   * @param options of a volume, by its name
   */
  VolumesFixture(String image, Function<String, Map<String, String>> options) {
    engine.createVolume(from, labels, options.apply(from));
    engine.createVolume(to, labels, options.apply(to));
    engine.createContainer(
        ContainerSpec.helper(
            run,
            image,
            List.of("sleep", "600"),
            labels,
            List.of(
                Mount.of(from, "/from"),
                Mount.of(to, "/to"),
                Mount.readOnly(SCRIPTS.toString(), "/tree"))));
    engine.startContainer(run);
  }

  /** The capsules' base image, which has the scripts. */
  static String base(Path folder) {
    try (Engine engine = DockerEngine.connect("", Duration.ofMinutes(2))) {
      return new ImageBuilder(
              engine, LightStackFixture.in(folder).settings(8080), Map.of(), InstantSource.system())
          .base(line -> {});
    }
  }

  /** Runs a command that sees the volumes at /from and /to, and the scripts at /tree. */
  String run(String... command) {
    ExecResult result = engine.exec(run, List.of(command), SOON);
    if (!result.ok()) {
      throw new AssertionError(List.of(command) + ": " + result.stderr());
    }
    return result.stdout();
  }

  /** A volume that is a clone of {@code from}, in use by a container that sees it at /data. */
  DataVolume clone(String image) {
    String top = run + "-top";
    engine.createVolume(top, labels);
    writer = run + "-writer";
    engine.createContainer(
        new ContainerSpec(
            writer,
            image,
            List.of("sleep"),
            List.of("600"),
            Map.of("CAPSULE_VOLUMES", "data=1"),
            labels,
            List.of(
                Mount.readOnly(from, "/layers/data/1"),
                Mount.of(top, "/layers/data/top"),
                Mount.readOnly(SCRIPTS.toString(), "/tree")),
            List.of("/run", "/data"),
            "none",
            List.of(),
            new ContainerSecurity(
                false,
                List.of("SYS_ADMIN"),
                List.of("seccomp=unconfined", "apparmor=unconfined"),
                List.of(),
                true),
            Duration.ofSeconds(1),
            Map.of()));
    engine.startContainer(writer);
    inClone("source /usr/local/lib/capsule/common.sh; source $LIB/volumes.sh; mount_volumes new");
    return new DataVolume(
        "data",
        top,
        DataVolume.Method.OVERLAY,
        List.of(new DataVolume.Layer(from, false)),
        List.of());
  }

  String inClone(String script) {
    ExecResult result = engine.exec(writer, List.of("bash", "-euc", script), SOON);
    if (!result.ok()) {
      throw new AssertionError(script + ": " + result.stderr());
    }
    return result.stdout();
  }

  /** Runs a command that must fail; returns what it says. */
  String failing(String... command) {
    ExecResult result = engine.exec(run, List.of(command), SOON);
    if (result.ok()) {
      throw new AssertionError(List.of(command) + " should have failed: " + result.stdout());
    }
    return result.stderr().strip();
  }

  DataVolume volume(String name) {
    return DataVolume.plain("data", name, DataVolume.Method.COPY, List.of());
  }

  String shell(String script) {
    return run("bash", "-euc", script);
  }

  /** All of a volume's entries, a line each. */
  List<String> listing(String path) {
    return run("perl", "/tree/list.pl", path).lines().toList();
  }

  /** Links and inodes of an overlay are not reliable. */
  static List<String> withoutLinks(List<String> listing) {
    return listing.stream()
        .map(line -> line.replaceFirst(" links \\d+ with .* (?=\\d+ bytes)", " "))
        .toList();
  }

  /** Containers of this run beside our own. */
  List<String> helpers() {
    return engine.containers(labels).stream()
        .map(container -> container.name())
        .filter(name -> !name.equals(run))
        .toList();
  }

  @Override
  public void close() {
    engine.containers(labels).forEach(container -> engine.removeContainer(container.name()));
    engine.removeVolume(from);
    engine.removeVolume(to);
    engine.removeVolume(run + "-top");
    engine.close();
  }
}

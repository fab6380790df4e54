package dev.orchestrator.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.orchestrator.engine.EngineException.Kind;
import java.io.Closeable;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/** The behaviour of every {@link Engine}: of the real one, and of the fake that other tests use. */
abstract class EngineContract {
  static final Duration SOON = Duration.ofSeconds(30);
  static final Duration TINY = Duration.ofMillis(300);

  /** A script that ends with 0 at SIGTERM. */
  static final String RUNS_ON = "trap 'exit 0' TERM; while :; do sleep 300 & wait; done";

  final String run = "engine-test-" + UUID.randomUUID().toString().substring(0, 8);
  final Map<String, String> labels = Labels.with(Labels.role("test"), "run", run);

  abstract Engine engine();

  /** The name of an image with {@code /bin/busybox} and the label {@code kept=yes}. */
  abstract String image();

  @AfterEach
  void removeAll() {
    engine().containers(labels).forEach(c -> engine().removeContainer(c.name()));
    engine().volumes(labels).forEach(v -> engine().removeVolume(v.name()));
    engine().networks(labels).forEach(n -> engine().removeNetwork(n));
    engine().images(labels).forEach(i -> engine().removeImage(i.tags().getFirst()));
  }

  static List<String> shell(String script) {
    return List.of("/bin/busybox", "sh", "-c", script);
  }

  String create(String script, Mount... mounts) {
    String name = run + "-" + engine().containers(labels).size();
    engine()
        .createContainer(
            ContainerSpec.helper(name, image(), shell(script), labels, List.of(mounts)));
    return name;
  }

  String running(String script) {
    String name = create(script);
    engine().startContainer(name);
    return name;
  }

  static EngineException fails(Kind kind, Executable call) {
    EngineException e = assertThrows(EngineException.class, call);
    assertEquals(kind, e.kind(), e.getMessage());
    assertFalse(String.valueOf(e.getMessage()).contains("{"), "no JSON: " + e.getMessage());
    assertFalse(String.valueOf(e.getMessage()).contains("\n"), "one line: " + e.getMessage());
    return e;
  }

  String state(String name) {
    return engine().container(name).map(ContainerInfo::state).orElse("gone");
  }

  @Test
  void aContainerIsCreatedStartedStoppedAndRemoved() {
    String name = create(RUNS_ON);
    assertEquals("created", state(name));
    engine().startContainer(name);
    engine().startContainer(name);
    assertTrue(engine().container(name).orElseThrow().running());
    engine().stopContainer(name, SOON);
    engine().stopContainer(name, SOON);
    ContainerInfo stopped = engine().container(name).orElseThrow();
    assertEquals("exited", stopped.state());
    assertEquals(0, stopped.exitCode());
    assertEquals(image(), stopped.image());
    assertEquals(labels, keepOnly(stopped.labels()));
    engine().startContainer(name);
    assertEquals("running", state(name));
    engine().removeContainer(name);
    engine().removeContainer(name);
    assertEquals("gone", state(name));
  }

  /** Runs a command in a container, as somebody else does it. */
  abstract void runByHand(String container);

  @Test
  void aWatcherIsToldOfContainersThatStartAndEndUntilItIsClosed() throws Exception {
    BlockingQueue<String> told = new LinkedBlockingQueue<>();
    ContainerWatcher watcher =
        new ContainerWatcher() {
          @Override
          public void began() {
            told.add("began");
          }

          @Override
          public void changed() {
            told.add("changed");
          }

          @Override
          public void commandEnded() {
            told.add("command");
          }

          @Override
          public void ended() {
            told.add("ended");
          }
        };
    String other = running(RUNS_ON);
    String name;
    Map<String, String> watched = Labels.with(labels, "watched", run);
    try (Closeable _ = engine().watch(watched, watcher)) {
      assertEquals("began", told.poll(SOON.toSeconds(), TimeUnit.SECONDS));
      engine().removeContainer(other);
      name = run + "-watched";
      engine()
          .createContainer(ContainerSpec.helper(name, image(), shell(RUNS_ON), watched, List.of()));
      engine().startContainer(name);
      assertEquals("changed", told.poll(SOON.toSeconds(), TimeUnit.SECONDS));
      ExecResult _ = engine().exec(name, shell("exit 0"), SOON);
      runByHand(name);
      assertEquals("command", told.poll(SOON.toSeconds(), TimeUnit.SECONDS));
      engine().killContainer(name);
      assertEquals("changed", told.poll(SOON.toSeconds(), TimeUnit.SECONDS));
      assertEquals(
          List.of(), List.copyOf(told), "nothing of the other container, nor of our own command");
    }
    assertEquals("ended", told.poll(SOON.toSeconds(), TimeUnit.SECONDS));
    engine().startContainer(name);
    assertEquals(List.of(), List.copyOf(told));
  }

  private Map<String, String> keepOnly(Map<String, String> all) {
    assertTrue(all.entrySet().containsAll(labels.entrySet()), all.toString());
    return labels;
  }

  @Test
  void detailsOfContainersAreFoundByTheNameOfALabel() {
    String volume = run + "-details";
    engine().createVolume(volume, labels);
    String name = run + "-details";
    engine()
        .createContainer(
            ContainerSpec.helper(
                    name,
                    image(),
                    shell(RUNS_ON),
                    Labels.with(labels, run, "x"),
                    List.of(Mount.of(volume, "/data")))
                .withEnv(Map.of("GREETING", "a=b")));
    engine().startContainer(name);
    ContainerDetails found = engine().containerDetails(run).getFirst();
    assertEquals(1, engine().containerDetails(run).size());
    assertEquals(name, found.name());
    assertTrue(found.running());
    assertEquals(image(), found.image());
    assertEquals(engine().image(image()).orElseThrow().id(), found.imageId());
    assertTrue(found.env().contains("GREETING=a=b"), found.env().toString());
    assertFalse(found.toString().contains("a=b"));
    assertEquals("x", found.label(run));
    assertEquals(
        List.of(new ContainerDetails.MountPoint("volume", volume, "/data", false)), found.mounts());
    assertEquals("no", found.restartPolicy());
    assertEquals(List.of(), found.ports());
    assertTrue(
        engine().containerDetails("").stream().anyMatch(one -> one.name().equals(name)),
        "an empty name finds all");
    assertEquals(List.of(), engine().containerDetails(run + "-nobody"));
  }

  @Test
  void whatAnImageSetsIsTold() {
    assertEquals("yes", engine().imageConfig(image()).orElseThrow().at("/Labels/kept").asText());
    assertEquals(Optional.empty(), engine().imageConfig(run + "-nobody"));
  }

  @Test
  void aNameInUseIsAConflict() {
    String name = create("exit 0");
    EngineException e =
        fails(
            Kind.CONFLICT,
            () ->
                engine()
                    .createContainer(
                        ContainerSpec.helper(name, image(), shell("exit 0"), labels, List.of())));
    assertTrue(String.valueOf(e.getMessage()).contains(name));
  }

  @Test
  void missingContainersVolumesAndImagesAreNotFound() {
    String nobody = run + "-nobody";
    assertEquals(Optional.empty(), engine().container(nobody));
    assertEquals(Optional.empty(), engine().volume(nobody));
    assertEquals(Optional.empty(), engine().image(nobody));
    fails(Kind.NOT_FOUND, () -> engine().startContainer(nobody));
    fails(Kind.NOT_FOUND, () -> engine().stopContainer(nobody, SOON));
    fails(Kind.NOT_FOUND, () -> engine().pauseContainer(nobody));
    fails(Kind.NOT_FOUND, () -> engine().exec(nobody, shell("exit 0"), SOON));
    fails(Kind.NOT_FOUND, () -> engine().awaitExit(nobody, SOON));
    fails(Kind.NOT_FOUND, () -> engine().logs(nobody, 5));
    fails(Kind.NOT_FOUND, () -> engine().tag(nobody, nobody + ":x"));
    fails(
        Kind.NOT_FOUND,
        () ->
            engine()
                .createContainer(
                    ContainerSpec.helper(nobody, nobody, shell("exit 0"), labels, List.of())));
    EngineException e = fails(Kind.NOT_FOUND, () -> create("exit 0", Mount.of(nobody, "/data")));
    assertTrue(String.valueOf(e.getMessage()).contains(nobody));
    assertEquals(Optional.empty(), engine().volume(nobody), "no volume made in passing");
    engine().removeContainer(nobody);
    engine().removeVolume(nobody);
    engine().removeImage(nobody);
  }

  @Test
  void theBeginningOfAnIdIsNotAName() {
    String name = create("exit 0");
    String id = engine().container(name).orElseThrow().id();
    assertEquals(Optional.empty(), engine().container(id.substring(0, 12)));
  }

  @Test
  void exitCodesArriveAndUnstartedOnesAreRefused() {
    String name = create("exit 3");
    fails(Kind.REFUSED, () -> engine().awaitExit(name, SOON));
    engine().startContainer(name);
    assertEquals(3, engine().awaitExit(name, SOON));
    assertEquals(3, engine().container(name).orElseThrow().exitCode());
    assertEquals(3, engine().awaitExit(name, SOON), "asked again");
  }

  @Test
  void execGivesOutputLinesAndCode() {
    String name = running(RUNS_ON);
    List<String> lines = new ArrayList<>();
    ExecResult result =
        engine().exec(name, shell("echo one; echo two; echo no >&2; exit 4"), SOON, lines::add);
    assertEquals(new ExecResult(4, "one\ntwo\n", "no\n"), result);
    assertEquals(List.of("one", "two"), lines);
    engine().stopContainer(name, SOON);
    fails(Kind.CONFLICT, () -> engine().exec(name, shell("exit 0"), SOON));
  }

  @Test
  void waitsEndAtTheirDeadline() {
    String name = running(RUNS_ON);
    fails(Kind.TIMEOUT, () -> engine().awaitExit(name, TINY));
    fails(Kind.TIMEOUT, () -> engine().exec(name, shell("sleep 300"), TINY));
    assertEquals("running", state(name));
  }

  @Test
  void pausedStopsAndGoesOnAndCanBeRemoved() {
    String name = running(RUNS_ON);
    engine().pauseContainer(name);
    engine().pauseContainer(name);
    assertEquals("paused", state(name));
    assertFalse(engine().container(name).orElseThrow().running());
    fails(Kind.CONFLICT, () -> engine().exec(name, shell("exit 0"), SOON));
    engine().unpauseContainer(name);
    engine().unpauseContainer(name);
    assertEquals("running", state(name));
    engine().pauseContainer(name);
    engine().removeContainer(name);
    assertEquals("gone", state(name));
    String created = create("exit 0");
    fails(Kind.CONFLICT, () -> engine().pauseContainer(created));
  }

  @Test
  void pausedCanBeKilledAndNotStarted() {
    String name = running(RUNS_ON);
    engine().pauseContainer(name);
    assertTrue(engine().container(name).orElseThrow().paused());
    assertThrows(EngineException.class, () -> engine().startContainer(name));
    engine().killContainer(name);
    engine().killContainer(name);
    assertEquals(137, engine().awaitExit(name, SOON));
    engine().startContainer(name);
    assertEquals("running", state(name));
    engine().killContainer(name);
    assertEquals("exited", state(name));
    fails(Kind.NOT_FOUND, () -> engine().killContainer(run + "-nobody"));
  }

  @Test
  void aSearchByLabelsFindsThoseThatHaveAllOfThem() {
    String name = create("exit 0");
    engine().createVolume(run, labels);
    Map<String, String> more = Labels.with(labels, "more", "x");
    assertEquals(
        List.of(name), engine().containers(labels).stream().map(ContainerInfo::name).toList());
    assertEquals(List.of(), engine().containers(more));
    assertEquals(List.of(run), engine().volumes(labels).stream().map(VolumeInfo::name).toList());
    assertEquals(List.of(), engine().volumes(more));
    assertEquals(List.of(), engine().images(more));
  }

  @Test
  void volumesAreMadeOnceAndKeptWhileInUse() {
    engine().createVolume(run, labels);
    engine().createVolume(run, labels);
    VolumeInfo volume = engine().volume(run).orElseThrow();
    assertEquals(new VolumeInfo(run, volume.mountpoint(), labels), volume);
    fails(Kind.CONFLICT, () -> engine().createVolume(run, Labels.role("other")));
    String name = create("exit 0", Mount.of(run, "/data"));
    fails(Kind.CONFLICT, () -> engine().removeVolume(run));
    assertEquals(List.of(), engine().volumeUsers(run), "it does not run");
    engine().removeContainer(name);
    engine().removeVolume(run);
    engine().removeVolume(run);
    assertEquals(Optional.empty(), engine().volume(run));
  }

  @Test
  void theUsersOfAVolumeAreTheContainersThatRunWithIt() {
    engine().createVolume(run, labels);
    String name = create(RUNS_ON, Mount.of(run, "/data"));
    engine().startContainer(name);
    assertEquals(List.of(name), engine().volumeUsers(run));
    assertEquals(List.of(), engine().volumeUsers(run + "-other"));
    engine().removeContainer(name);
    assertEquals(List.of(), engine().volumeUsers(run));
  }

  @Test
  void logsAreTheLastLines() {
    String name = running("echo one; echo two; exit 0");
    engine().awaitExit(name, SOON);
    assertEquals(List.of("one", "two"), engine().logs(name, 10));
    assertEquals(List.of("two"), engine().logs(name, 1));
  }

  @Test
  void aCommittedImageHasWhatItIsGivenAndNothingOfTheContainer() {
    String name = create("exit 0");
    String id =
        engine()
            .commit(
                name,
                run + ":v1",
                new ImageConfig(
                    List.of("/bin/busybox"),
                    List.of("true"),
                    List.of("A=b"),
                    Map.of(Labels.OURS, "1", "run", run, "mine", "yes")));
    ImageInfo image = engine().image(run + ":v1").orElseThrow();
    assertEquals(id, image.id());
    assertEquals(List.of(run + ":v1"), image.tags());
    ImageInfo parent = engine().image(image()).orElseThrow();
    Map<String, String> expected = new HashMap<>(parent.labels());
    expected.putAll(Map.of(Labels.OURS, "1", "run", run, "mine", "yes"));
    assertEquals(expected, image.labels());
    assertEquals(parent.layers(), image.layers().subList(0, parent.layers().size()));
    assertEquals(List.of(), engine().images(labels), "the container's role doesn't show");
    engine().tag(id, run + ":also");
    assertEquals(id, engine().image(run + ":also").orElseThrow().id());
    engine().removeImage(run + ":v1");
    engine().removeImage(run + ":v1");
    assertEquals(Optional.empty(), engine().image(run + ":v1"));
    assertTrue(engine().image(id).isPresent(), "it has another name");
    engine().removeImage(run + ":also");
    assertEquals(Optional.empty(), engine().image(id));
  }

  @Test
  void anImageInUseStays() {
    create("exit 0");
    fails(Kind.CONFLICT, () -> engine().removeImage(image()));
  }

  @Test
  void aPathThatTheHostDoesNotHaveIsNotMounted() {
    String path = "/" + run + "-nobody";
    EngineException e = fails(Kind.REFUSED, () -> create("exit 0", Mount.of(path, "/data")));
    assertTrue(String.valueOf(e.getMessage()).contains("does not exist"), e.getMessage());
    String name = create("exit 0", Mount.readOnly("/", "/host"));
    assertEquals("created", state(name));
  }

  @Test
  void theDefaultNetworkHasASubnetAndAnUnknownOneHasNone() {
    assertTrue(engine().subnets("bridge").getFirst().matches("[0-9.]+/[0-9]+"));
    assertEquals(List.of(), engine().subnets(run + "-nobody"));
  }

  @Test
  void infoDescribesTheEngine() {
    EngineInfo info = engine().info();
    assertTrue(info.apiVersion().startsWith("1."), info.toString());
    assertTrue(info.dataRoot().startsWith("/"), info.toString());
    assertTrue(info.cgroup() == 1 || info.cgroup() == 2, info.toString());
  }

  @Test
  void anIsolatedNetworkIsMadeOnceAndRemovedWhenNobodyIsInIt() {
    String name = run + "-net";
    engine().createIsolatedNetwork(name, labels);
    engine().createIsolatedNetwork(name, labels);
    assertEquals(List.of(name), engine().networks(labels));
    assertEquals(List.of(), engine().networks(Map.of("nobody", "has this")));
    fails(Kind.CONFLICT, () -> engine().createIsolatedNetwork(name, Labels.role("test")));

    String container = run + "-in";
    engine()
        .createContainer(
            ContainerSpec.helper(container, image(), shell(RUNS_ON), labels, List.of())
                .withNetwork(name));
    engine().startContainer(container);
    assertFalse(engine().container(container).orElseThrow().address().isEmpty());
    fails(Kind.REFUSED, () -> engine().removeNetwork(name));
    engine().removeContainer(container);
    engine().removeNetwork(name);
    engine().removeNetwork(name);
    assertEquals(List.of(), engine().networks(labels));
  }
}

package dev.orchestrator.cli;

import com.fasterxml.jackson.databind.JsonNode;
import dev.orchestrator.client.ApiClient;
import dev.orchestrator.client.CommandException;
import dev.orchestrator.client.ExitCode;
import dev.orchestrator.common.Json;
import dev.orchestrator.common.RefusedException;
import dev.orchestrator.data.DataVolume;
import dev.orchestrator.data.DataVolume.Layer;
import dev.orchestrator.data.DataVolume.Method;
import dev.orchestrator.export.StackExporter;
import dev.orchestrator.home.ExportClaim;
import dev.orchestrator.journal.Generation;
import dev.orchestrator.report.Status;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What an export reads: a version, and data of one moment that nobody writes to. Of a stack that
 * serves that is a snapshot; a stack that is down is at rest itself.
 */
final class ExportSource {
  private final ApiClient api;
  private final Follower follower;
  private final String stack;
  private final Path home;
  private final Consumer<String> warning;

  /** Shows a run to its end; returns its exit code. */
  interface Follower {
    int follow(String id) throws InterruptedException;
  }

  /**
   * Reads a stack of a service.
   *
   * @param home folder of the service's state
   * @param warning takes a line on what could not be removed
   */
  ExportSource(
      ApiClient api, Follower follower, String stack, Path home, Consumer<String> warning) {
    this.api = api;
    this.follower = follower;
    this.stack = stack;
    this.home = home;
    this.warning = warning;
  }

  /**
   * The source of a stack for a command.
   *
   * @param json whether the command prints JSON: what a run says goes to the errors then
   */
  static ExportSource of(RootCommand root, String stack, boolean json) {
    Terminal terminal = root.context().terminal();
    Terminal shown =
        json
            ? new Terminal(
                terminal.err(),
                terminal.err(),
                terminal.in(),
                terminal.interactive(),
                terminal.colour(),
                terminal.unicode(),
                terminal.width())
            : terminal;
    return new ExportSource(
        root.api(),
        id -> root.follower(stack, shown).followAccepted(id),
        stack,
        root.location().home(),
        line -> terminal.err().println(line));
  }

  /** A version and its data, until it is closed. */
  interface Data extends AutoCloseable {
    /** Names what is made for the export. */
    String id();

    String version();

    /** The engine's id of the version's image. */
    String image();

    /** The data; where it has to be a snapshot of now, that is made. */
    List<DataVolume> volumes() throws InterruptedException;

    /**
     * Called when all of the data was read: refuses data that may have been written to meanwhile.
     * What was made for the export begins to be removed.
     */
    void endReading();

    @Override
    void close();
  }

  /**
   * Finds what there is to export.
   *
   * @param withData whether there is to be any
   * @param snapshot name of the snapshot; null for none
   */
  Data open(boolean withData, @Nullable String snapshot) {
    ExportClaim claim;
    try {
      claim = ExportClaim.take(home);
    } catch (IOException e) {
      throw new RefusedException(
          "an export notes in %s that it is under way, which fails: %s"
              .formatted(home, e.getMessage()),
          e);
    }
    Data data = null;
    try {
      data = open(claim, withData, snapshot);
      return data;
    } finally {
      if (data == null) {
        release(claim);
      }
    }
  }

  private Data open(ExportClaim claim, boolean withData, @Nullable String snapshot) {
    if (snapshot != null) {
      JsonNode found = find(snapshot);
      List<DataVolume> volumes = withData ? volumes(found) : List.of();
      return held(claim, version(found), image(found), () -> volumes, () -> {});
    }
    Generation current = Json.read(api.get("/v1/current"), Generation.class);
    if (!withData) {
      return held(claim, current.version(), current.image(), List::of, () -> {});
    }
    if (isDown()) {
      return held(claim, current.version(), current.image(), current::volumes, this::requireDown);
    }
    SnapshotOfNow data = new SnapshotOfNow(claim.id(), current);
    return new Held(claim, current.version(), current.image(), data, () -> {}, data::release);
  }

  /** What is there, and stays. */
  private Data held(
      ExportClaim claim,
      String version,
      String image,
      StackExporter.DataSource data,
      Runnable check) {
    return new Held(claim, version, image, data, check, () -> {});
  }

  /** A snapshot that can't be deleted is no failure of the export. */
  private void delete(String name) {
    try {
      String _ = api.delete(ExportCommand.snapshotPath(name), ExportCommand.DEADLINE);
    } catch (CommandException e) {
      warning.accept(
          "snapshot %s, which was made for the export, is not deleted: %s; the next export, or start of the service, does it"
              .formatted(name, e.getMessage()));
    }
  }

  private void release(ExportClaim claim) {
    try {
      claim.close();
    } catch (IOException e) {
      warning.accept("can't remove what is in %s: %s".formatted(home, e.getMessage()));
    }
  }

  private boolean isDown() {
    return Json.read(api.get("/v1/status"), Status.class).state().equals("down");
  }

  private void requireDown() {
    if (!isDown()) {
      throw new RefusedException(
          "stack %s was brought up while its data was read, which is not of one moment: export it again"
              .formatted(stack));
    }
  }

  private JsonNode find(String snapshot) {
    return Json.tree(api.get(ExportCommand.snapshotPath(snapshot)));
  }

  private static String version(JsonNode snapshot) {
    return snapshot.path("version").asText();
  }

  private static String image(JsonNode snapshot) {
    return snapshot.path("image").asText();
  }

  private static List<DataVolume> volumes(JsonNode snapshot) {
    List<DataVolume> volumes = new ArrayList<>();
    snapshot.path("volumes").forEach(volume -> volumes.add(volume(volume)));
    return volumes;
  }

  /** A volume out of the API's description of a snapshot. */
  static DataVolume volume(JsonNode volume) {
    List<Layer> lowers = new ArrayList<>();
    volume
        .path("lowers")
        .forEach(layer ->
            lowers.add(new Layer(layer.path("volume").asText(), layer.path("upper").asBoolean())));
    return new DataVolume(
        volume.path("name").asText(),
        volume.path("volume").asText(),
        Method.COPY,
        lowers,
        List.of());
  }

  private final class Held implements Data {
    private final ExportClaim claim;
    private final String version;
    private final String image;
    private final StackExporter.DataSource data;
    private final Runnable check;
    private final FutureTask<Boolean> release;
    private boolean closed;

    Held(
        ExportClaim claim,
        String version,
        String image,
        StackExporter.DataSource data,
        Runnable check,
        Runnable release) {
      this.claim = claim;
      this.version = version;
      this.image = image;
      this.data = data;
      this.check = check;
      this.release = new FutureTask<>(release, true);
    }

    @Override
    public String id() {
      return claim.id();
    }

    @Override
    public String version() {
      return version;
    }

    @Override
    public String image() {
      return image;
    }

    @Override
    public List<DataVolume> volumes() throws InterruptedException {
      return data.volumes();
    }

    @Override
    public void endReading() {
      check.run();
      // Beside what is still written.
      Thread.ofVirtual().name("end of reading").start(release);
    }

    @Override
    public synchronized void close() {
      if (!closed) {
        closed = true;
        release.run(); // which does nothing where that has begun
        awaitRelease();
        ExportSource.this.release(claim);
      }
    }

    private void awaitRelease() {
      try {
        boolean _ = release.get();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt(); // the next export, or start of the service, does it
      } catch (ExecutionException e) {
        throw e.getCause() instanceof RuntimeException failure
            ? failure
            : new IllegalStateException(e.getCause());
      }
    }
  }

  /** The data of what serves: a snapshot that is made when it is asked for. */
  private final class SnapshotOfNow implements StackExporter.DataSource {
    private final String name;
    private final Generation current;
    private volatile boolean made;

    SnapshotOfNow(String name, Generation current) {
      this.name = name;
      this.current = current;
    }

    @Override
    public List<DataVolume> volumes() throws InterruptedException {
      int code =
          follower.follow(api.beginRun("/v1/snapshots", Map.of("name", name, "export", true)));
      if (code != ExitCode.DONE) {
        throw new CommandException(
            code,
            "the snapshot that an export with data is made of was not made: see the lines above");
      }
      made = true;
      JsonNode found = find(name);
      if (!version(found).equals(current.version()) || !image(found).equals(current.image())) {
        throw new RefusedException(
            "stack %s went from %s to %s while it was exported: export it again"
                .formatted(stack, current.version(), version(found)));
      }
      return ExportSource.volumes(found);
    }

    void release() {
      if (made) {
        delete(name);
      }
    }
  }
}

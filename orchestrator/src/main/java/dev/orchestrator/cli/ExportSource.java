package dev.orchestrator.cli;

import com.fasterxml.jackson.databind.JsonNode;
import dev.orchestrator.client.ApiClient;
import dev.orchestrator.client.CommandException;
import dev.orchestrator.client.ExitCode;
import dev.orchestrator.common.Json;
import dev.orchestrator.common.RefusedException;
import dev.orchestrator.data.DataVolume;
import dev.orchestrator.data.DataVolume.Method;
import dev.orchestrator.journal.Generation;
import dev.orchestrator.report.Status;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * What an export reads: a version, and data of one moment that nobody writes to. Of a stack that
 * serves that is a snapshot; a stack that is down is at rest itself.
 */
final class ExportSource {
  private final ApiClient api;
  private final Follower follower;
  private final String stack;

  /** Shows a run to its end; returns its exit code. */
  interface Follower {
    int follow(String id) throws InterruptedException;
  }

  ExportSource(ApiClient api, Follower follower, String stack) {
    this.api = api;
    this.follower = follower;
    this.stack = stack;
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
        root.api(), id -> root.follower(stack, shown).followAccepted(id), stack);
  }

  /** A version and its data, until it is closed. */
  interface Data extends AutoCloseable {
    String version();

    /** The engine's id of the version's image. */
    String image();

    List<DataVolume> volumes();

    /** Refuses data that may have been written to while it was read. */
    void requireUnchanged();

    @Override
    void close();
  }

  /**
   * Finds the data, or makes a snapshot of it.
   *
   * @param withData whether there is to be any
   * @param snapshot name of the snapshot; null for none
   */
  Data open(boolean withData, @Nullable String snapshot) throws InterruptedException {
    if (snapshot != null) {
      return ofSnapshot(snapshot, withData, false);
    }
    Generation current = Json.read(api.get("/v1/current"), Generation.class);
    if (!withData) {
      return new Held(current.version(), current.image(), List.of(), () -> {}, () -> {});
    }
    if (isDown()) {
      return new Held(
          current.version(), current.image(), current.volumes(), this::requireDown, () -> {});
    }
    String name = "export-" + UUID.randomUUID().toString().substring(0, 8);
    int code = follower.follow(api.beginRun("/v1/snapshots", Map.of("name", name)));
    if (code != ExitCode.DONE) {
      throw new CommandException(
          code,
          "the snapshot that an export with data is made of was not made: see the lines above");
    }
    return ofSnapshot(name, true, true);
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

  private Data ofSnapshot(String name, boolean withData, boolean temporary) {
    JsonNode found = Json.tree(api.get(ExportCommand.snapshotPath(name)));
    List<DataVolume> volumes = new ArrayList<>();
    if (withData) {
      for (JsonNode volume : found.path("volumes")) {
        volumes.add(
            DataVolume.plain(
                volume.path("name").asText(),
                volume.path("volume").asText(),
                Method.COPY,
                List.of()));
      }
    }
    return new Held(
        found.path("version").asText(),
        found.path("image").asText(),
        volumes,
        () -> {},
        temporary
            ? () -> {
              String _ = api.delete(ExportCommand.snapshotPath(name), ExportCommand.DEADLINE);
            }
            : () -> {});
  }

  private static final class Held implements Data {
    private final String version;
    private final String image;
    private final List<DataVolume> volumes;
    private final Runnable check;
    private final Runnable release;
    private boolean closed;

    Held(String version, String image, List<DataVolume> volumes, Runnable check, Runnable release) {
      this.version = version;
      this.image = image;
      this.volumes = List.copyOf(volumes);
      this.check = check;
      this.release = release;
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
    public List<DataVolume> volumes() {
      return volumes;
    }

    @Override
    public void requireUnchanged() {
      check.run();
    }

    @Override
    public synchronized void close() {
      if (!closed) {
        closed = true;
        release.run();
      }
    }
  }
}

package dev.orchestrator.data;

import com.fasterxml.jackson.databind.JsonNode;
import dev.orchestrator.common.Json;
import dev.orchestrator.engine.ContainerSecurity;
import dev.orchestrator.engine.ContainerSpec;
import dev.orchestrator.engine.Engine;
import dev.orchestrator.engine.EngineException;
import dev.orchestrator.engine.ExecResult;
import dev.orchestrator.engine.ExecStream;
import dev.orchestrator.engine.Mount;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A container with data at /from and /to, in which the script {@code capsule-copy} runs. It has no
 * network, and only the rights to read every file and to give a copy its owner, mode and
 * capabilities.
 */
final class HelperContainer implements AutoCloseable {
  private static final ContainerSecurity RIGHTS =
      ContainerSecurity.only(
          "CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID", "MKNOD", "SETFCAP");

  /** Where an image of ours has its scripts. */
  static final String FOLDER = "/usr/local/lib/capsule/";

  private final Engine engine;
  private final String name;
  private final String doing;
  private final List<String> temporary = new ArrayList<>();
  private final List<VolumeView> views = new ArrayList<>();

  private HelperContainer(Engine engine, String doing) {
    this.engine = engine;
    this.name = "orchestrator-data-" + UUID.randomUUID().toString().substring(0, 8);
    this.doing = doing;
  }

  /**
   * Starts a container.
   *
   * @param doing for messages, such as "copying a to b"
   * @param from at /from, read-only; null for nothing
   * @param to volume at /to; null for an empty volume that is removed afterwards
   * @param writes whether {@code to} may be written to
   */
  static HelperContainer start(
      Engine engine,
      String image,
      String doing,
      @Nullable CopySource from,
      @Nullable DataVolume to,
      boolean writes,
      Map<String, String> labels,
      Duration life) {
    return start(engine, image, doing, from, to, writes, List.of(), labels, life);
  }

  /** The same, with more that the container sees. */
  static HelperContainer start(
      Engine engine,
      String image,
      String doing,
      @Nullable CopySource from,
      @Nullable DataVolume to,
      boolean writes,
      List<Mount> more,
      Map<String, String> labels,
      Duration life) {
    HelperContainer helper = new HelperContainer(engine, doing);
    try {
      List<Mount> mounts = new ArrayList<>(more);
      switch (from) {
        case null -> {}
        case DataVolume volume -> {
          mounts.add(Mount.readOnly(helper.view(volume, "from", labels), "/from"));
          if (volume.layered()) {
            mounts.add(Mount.readOnly(volume.volume(), "/below"));
          }
        }
        case HostData host ->
            host.parts()
                .forEach(part -> mounts.add(Mount.readOnly(part.source(), "/from/" + part.path())));
      }
      if (to == null) {
        mounts.add(Mount.of(helper.empty(labels), "/to"));
      } else {
        mounts.add(new Mount(helper.view(to, "to", labels), "/to", !writes));
      }
      engine.createContainer(helper.spec(image, mounts, labels, life));
      engine.startContainer(helper.name);
      return helper;
    } catch (EngineException e) {
      helper.close();
      throw new DataException(doing + ": " + e.getMessage(), e);
    }
  }

  /**
   * Starts a container that has one side of a copy to another host.
   *
   * @param from at /from, read-only; null in the container that has the other side
   * @param to volume at /to, or null
   */
  static HelperContainer startSide(
      Engine engine,
      String image,
      String doing,
      @Nullable DataVolume from,
      @Nullable DataVolume to,
      Map<String, String> labels,
      Duration life) {
    HelperContainer helper = new HelperContainer(engine, doing);
    try {
      List<Mount> mounts = new ArrayList<>();
      if (from != null) {
        mounts.add(Mount.readOnly(helper.view(from, "from", labels), "/from"));
        if (from.layered()) {
          mounts.add(Mount.readOnly(from.volume(), "/below"));
        }
      }
      if (to != null) {
        mounts.add(Mount.of(to.volume(), "/to"));
      }
      engine.createContainer(helper.spec(image, mounts, labels, life));
      engine.startContainer(helper.name);
      return helper;
    } catch (EngineException e) {
      helper.close();
      throw new DataException(doing + ": " + e.getMessage(), e);
    }
  }

  /** Starts a container that sees volumes at {@link #places}, read-only. */
  static HelperContainer startReading(
      Engine engine,
      String image,
      String doing,
      List<DataVolume.Layer> layers,
      Map<String, String> labels,
      Duration life) {
    HelperContainer helper = new HelperContainer(engine, doing);
    try {
      List<Mount> mounts = new ArrayList<>();
      for (int i = 0; i < layers.size(); i++) {
        mounts.add(Mount.readOnly(layers.get(i).volume(), "/volumes/" + i));
      }
      engine.createContainer(helper.spec(image, mounts, labels, life));
      engine.startContainer(helper.name);
      return helper;
    } catch (EngineException e) {
      helper.close();
      throw new DataException(doing + ": " + e.getMessage(), e);
    }
  }

  /** Where a container that reads layers has them, in their order. */
  static List<String> places(List<DataVolume.Layer> layers) {
    List<String> places = new ArrayList<>();
    for (int i = 0; i < layers.size(); i++) {
      String folder = layers.get(i).folder();
      places.add("/volumes/" + i + (folder.isEmpty() ? "" : "/" + folder));
    }
    return places;
  }

  /** Starts a command in the container, whose streams are the caller's. */
  ExecStream open(List<String> command, Consumer<String> errorLine) {
    try {
      return engine.openExec(name, command, errorLine);
    } catch (EngineException e) {
      throw new DataException(doing + ": " + e.getMessage(), e);
    }
  }

  private String empty(Map<String, String> labels) {
    String volume = name + "-empty";
    engine.createVolume(volume, labels);
    temporary.add(volume);
    return volume;
  }

  /** A volume as services see it: for a layered volume, a read-only overlay of its layers. */
  private String view(DataVolume volume, String role, Map<String, String> labels) {
    VolumeView view = VolumeView.of(engine, volume, name + "-" + role, labels);
    views.add(view);
    return view.volume();
  }

  /** The container ends by itself a minute after its life, in case a crash leaves it behind. */
  private ContainerSpec spec(
      String image, List<Mount> mounts, Map<String, String> labels, Duration life) {
    List<String> command = List.of("sleep", Long.toString(life.toSeconds() + 60));
    return ContainerSpec.helper(name, image, command, labels, mounts, RIGHTS);
  }

  /** Runs {@code capsule-copy} with data as its output. */
  void read(List<String> arguments, Duration deadline, OutputStream out) {
    try {
      ExecResult exec = engine.execOutput(name, command("capsule-copy", arguments), deadline, out);
      if (!exec.ok()) {
        throw new DataException(doing + ": " + exec.errorLine());
      }
    } catch (EngineException e) {
      throw new DataException(doing + ": " + e.getMessage(), e);
    }
  }

  /** Runs {@code capsule-copy} with data as its input; returns the result that it prints. */
  JsonNode write(List<String> arguments, Duration deadline, InputStream in) {
    return result(
        lines -> engine.execInput(name, command("capsule-copy", arguments), deadline, in, lines),
        line -> {});
  }

  /** Runs {@code capsule-copy}; returns the result that it prints. */
  JsonNode run(List<String> arguments, Duration deadline, Consumer<String> progress) {
    return run("capsule-copy", arguments, deadline, progress);
  }

  /** Runs a script of the capsules' images; returns the result that it prints. */
  JsonNode run(
      String script, List<String> arguments, Duration deadline, Consumer<String> progress) {
    return result(
        lines -> engine.exec(name, command(script, arguments), deadline, lines), progress);
  }

  /** Runs {@code capsule-copy} with a file of the container as its output. */
  void readTo(String file, List<String> arguments, Duration deadline) {
    require(shell("exec \"$@\" >" + file, arguments), deadline);
  }

  /**
   * Runs {@code capsule-copy} with a file of the container as its input; returns its result.
   *
   * @param opened is run when it has the file open
   */
  JsonNode writeFrom(String file, List<String> arguments, Duration deadline, Runnable opened) {
    List<String> command = shell("exec <" + file + "; echo open; exec \"$@\"", arguments);
    return result(lines -> engine.exec(name, command, deadline, lines), line -> opened.run());
  }

  private static List<String> shell(String script, List<String> arguments) {
    List<String> command = new ArrayList<>(List.of("sh", "-euc", script, "sh"));
    command.addAll(command("capsule-copy", arguments));
    return command;
  }

  /** Runs a command that must end well. */
  void require(List<String> command, Duration deadline) {
    try {
      ExecResult exec = engine.exec(name, command, deadline, line -> {});
      if (!exec.ok()) {
        throw new DataException(doing + ": " + exec.errorLine());
      }
    } catch (EngineException e) {
      throw new DataException(doing + ": " + e.getMessage(), e);
    }
  }

  private static List<String> command(String script, List<String> arguments) {
    List<String> command = new ArrayList<>(List.of(FOLDER + script));
    command.addAll(arguments);
    return command;
  }

  /** Runs a script of ours, which the image need not have; returns the result that it prints. */
  JsonNode script(String name, List<String> arguments, Duration deadline) {
    List<String> command = new ArrayList<>(List.of("bash", "-c", resource(name), name));
    command.addAll(arguments);
    return command(command, deadline);
  }

  /** Runs a command; returns the result that it prints. */
  JsonNode command(List<String> command, Duration deadline) {
    return result(lines -> engine.exec(this.name, command, deadline, lines), line -> {});
  }

  private static String resource(String name) {
    try (InputStream in = HelperContainer.class.getResourceAsStream(name)) {
      return new String(Objects.requireNonNull(in, name).readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private JsonNode result(
      Function<Consumer<String>, ExecResult> command, Consumer<String> progress) {
    List<String> result = new ArrayList<>();
    try {
      ExecResult exec =
          command.apply(line -> {
            if (line.startsWith("{")) {
              result.add(line);
            } else {
              progress.accept(line);
            }
          });
      if (!exec.ok() || result.isEmpty()) {
        throw new DataException(doing + ": " + exec.errorLine());
      }
      return Json.tree(result.getLast());
    } catch (EngineException e) {
      throw new DataException(doing + ": " + e.getMessage(), e);
    } catch (IllegalArgumentException e) {
      throw new DataException(doing + ": its answer can't be read", e);
    }
  }

  /** After a deadline has passed, rsync still runs: it ends with its container. */
  @Override
  public void close() {
    try {
      engine.removeContainer(name);
      temporary.forEach(engine::removeVolume);
      views.forEach(VolumeView::close);
    } catch (EngineException e) {
      throw new DataException(doing + ": removing what was made for it: " + e.getMessage(), e);
    }
  }
}

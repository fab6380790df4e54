package dev.orchestrator;

import dev.orchestrator.common.Json;
import dev.orchestrator.common.RefusedException;
import dev.orchestrator.engine.ContainerInfo;
import dev.orchestrator.engine.Engine;
import dev.orchestrator.engine.EngineException;
import dev.orchestrator.engine.ExecStream;
import dev.orchestrator.engine.Labels;
import dev.orchestrator.files.FileTree;
import dev.orchestrator.journal.Generation;
import dev.orchestrator.settings.RouteSettings;
import dev.orchestrator.settings.ServiceSettings;
import dev.orchestrator.upgrade.AttachedRoutes;
import dev.orchestrator.upgrade.OwnerClaim;
import dev.orchestrator.upgrade.TravellingFiles;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermission;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.jspecify.annotations.Nullable;

/**
 * A capsule that the orchestrator of another host has moved here, on its way to become a stack of
 * this service. It runs all the time.
 */
final class StackAttachment {
  private final Engine engine;
  private final ServiceSettings settings;
  private final ContainerInfo container;
  private final String stack;

  private StackAttachment(
      Engine engine, ServiceSettings settings, ContainerInfo container, String stack) {
    this.engine = engine;
    this.settings = settings;
    this.container = container;
    this.stack = stack;
  }

  /**
   * Finds the capsule.
   *
   * @param name of its container or its stack
   * @param wanted another name for the stack, or null
   * @throws RefusedException when there is none, or it is not one that can be taken over
   */
  static StackAttachment find(
      Engine engine, ServiceSettings settings, String name, @Nullable String wanted) {
    ContainerInfo found =
        engine
            .container(name)
            .filter(StackAttachment::isCapsule)
            .orElseGet(() -> only(engine, name));
    if (!found.running()) {
      throw new RefusedException(
          "%s does not run (%s): attach a capsule that serves"
              .formatted(found.name(), found.state()));
    }
    if (Labels.home(settings.home()).equals(found.labels().get(Labels.HOME))) {
      throw new RefusedException(found.name() + " belongs to this service already");
    }
    String stack = wanted == null ? found.labels().getOrDefault(Labels.STACK, "") : wanted;
    Path folder = settings.stacksFolder().resolve(stack);
    if (Files.exists(folder, LinkOption.NOFOLLOW_LINKS)) {
      throw new RefusedException(
          "there is a stack %s already (%s): give the new one another name with --stack"
              .formatted(stack, folder));
    }
    return new StackAttachment(engine, settings, found, stack);
  }

  private static boolean isCapsule(ContainerInfo container) {
    return "1".equals(container.labels().get(Labels.OURS))
        && "capsule".equals(container.labels().get(Labels.ROLE));
  }

  private static ContainerInfo only(Engine engine, String stack) {
    List<ContainerInfo> found =
        engine
            .containers(Map.of(Labels.OURS, "1", Labels.ROLE, "capsule", Labels.STACK, stack))
            .stream()
            .filter(ContainerInfo::running)
            .toList();
    if (found.size() != 1) {
      throw new RefusedException(
          found.isEmpty()
              ? "no capsule %s runs on this engine: 'orchestrator move' on the other host names it"
                  .formatted(stack)
              : "several capsules of stack %s run on this engine: name the container: %s"
                  .formatted(
                      stack, String.join(", ", found.stream().map(ContainerInfo::name).toList())));
    }
    return found.getFirst();
  }

  String stack() {
    return stack;
  }

  /** Takes the capsule for this service; whoever else would, is refused from now on. */
  void claim() {
    try {
      engine.createVolume(OwnerClaim.volume(container.name()), OwnerClaim.labels(labels()));
    } catch (EngineException e) {
      if (e.kind() != EngineException.Kind.CONFLICT) {
        throw e;
      }
      throw new RefusedException(
          "another orchestrator has %s, for a run or for good: wait for the end of its run"
              .formatted(container.name()),
          e);
    }
  }

  private Map<String, String> labels() {
    return Map.of(Labels.OURS, "1", Labels.HOME, Labels.home(settings.home()), Labels.STACK, stack);
  }

  /** Undoes {@link #claim} and {@link #write}. */
  void giveUp() {
    delete(settings.stacksFolder().resolve(stack));
    engine.removeVolume(OwnerClaim.volume(container.name()));
  }

  /** Tells the orchestrator that has moved it where its clients are to be led from now on. */
  void tellRoutes(List<RouteSettings> routes) {
    engine.createVolume(
        AttachedRoutes.volume(container.name()),
        Labels.with(
            OwnerClaim.labels(labels()), AttachedRoutes.LABEL, AttachedRoutes.text(routes)));
  }

  /**
   * Writes the stack's folder, whole or not at all; returns the capsule as that orchestrator's
   * journal has it.
   */
  Generation write() {
    Path stacks = settings.stacksFolder();
    Path beside = stacks.resolve(".attaching-" + stack);
    try {
      FileTree.delete(beside); // of one that was killed
      Files.createDirectories(beside);
      unpack(beside);
      Path file = beside.resolve(TravellingFiles.GENERATION);
      if (!Files.isRegularFile(file) || !Files.isRegularFile(beside.resolve("stack.conf"))) {
        throw new RefusedException(
            "%s was not moved here by an orchestrator: it has no stack.conf with it"
                .formatted(container.name()));
      }
      Generation generation = generation(Files.readString(file));
      Files.delete(file);
      Files.move(beside, stacks.resolve(stack), StandardCopyOption.ATOMIC_MOVE);
      return generation;
    } catch (IOException e) {
      throw new RefusedException(
          "can't write the folder of stack %s in %s: %s".formatted(stack, stacks, e), e);
    } finally {
      delete(beside);
    }
  }

  private static void delete(Path folder) {
    try {
      FileTree.delete(folder);
    } catch (IOException e) {
      throw new UncheckedIOException("removing " + folder, e);
    }
  }

  private Generation generation(String json) {
    Generation moved;
    try {
      moved = Json.read(json, Generation.class);
    } catch (IllegalArgumentException e) {
      throw new RefusedException(
          "what came with %s can't be read: %s".formatted(container.name(), e.getMessage()), e);
    }
    List<String> missing = new ArrayList<>();
    moved.volumes().stream()
        .flatMap(volume -> volume.needs().stream())
        .filter(volume -> engine.volume(volume).isEmpty())
        .forEach(missing::add);
    if (!moved.container().equals(container.name()) || !missing.isEmpty()) {
      throw new RefusedException(
          missing.isEmpty()
              ? "what came with %s is about %s".formatted(container.name(), moved.container())
              : "volumes of %s are not there: %s"
                  .formatted(container.name(), String.join(", ", missing)));
    }
    return new Generation(
        moved.number(),
        moved.version(),
        moved.content(),
        moved.image(),
        moved.container(),
        moved.volumes(),
        moved.storeVolume(),
        moved.ports(),
        moved.created());
  }

  private void unpack(Path folder) throws IOException {
    List<String> errors = new ArrayList<>();
    try (ExecStream files =
            engine.openExec(
                container.name(),
                List.of("tar", "-C", TravellingFiles.FOLDER, "-cf", "-", "."),
                errors::add);
        TarArchiveInputStream tar = new TarArchiveInputStream(files.output(), "UTF-8")) {
      files.input().close();
      for (TarArchiveEntry entry = tar.getNextEntry(); entry != null; entry = tar.getNextEntry()) {
        Path path = folder.resolve(entry.getName()).normalize();
        if (!path.startsWith(folder)) {
          throw new IOException("it has a file outside of its folder: " + entry.getName());
        }
        if (entry.isDirectory()) {
          Files.createDirectories(path);
        } else if (entry.isSymbolicLink()) {
          Files.createSymbolicLink(path, Path.of(entry.getLinkName()));
        } else if (entry.isFile()) {
          Files.createDirectories(Optional.ofNullable(path.getParent()).orElse(folder));
          Files.copy(tar, path, StandardCopyOption.REPLACE_EXISTING);
          Files.setPosixFilePermissions(path, permissions(entry.getMode()));
        }
      }
    }
    if (!errors.isEmpty()) {
      throw new RefusedException(
          "%s was not moved here by an orchestrator: %s"
              .formatted(container.name(), errors.getLast()));
    }
  }

  private static Set<PosixFilePermission> permissions(int mode) {
    PosixFilePermission[] all = PosixFilePermission.values();
    Set<PosixFilePermission> set = EnumSet.noneOf(PosixFilePermission.class);
    for (int bit = 0; bit < all.length; bit++) {
      if ((mode & (0400 >> bit)) != 0) {
        set.add(all[bit]);
      }
    }
    return set;
  }
}

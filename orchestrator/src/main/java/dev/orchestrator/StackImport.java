package dev.orchestrator;

import dev.orchestrator.archive.ArchiveContents;
import dev.orchestrator.archive.ArchiveReader;
import dev.orchestrator.common.HumanText;
import dev.orchestrator.common.RefusedException;
import dev.orchestrator.data.DataException;
import dev.orchestrator.data.RsyncCopier;
import dev.orchestrator.engine.Engine;
import dev.orchestrator.engine.EngineException;
import dev.orchestrator.engine.Labels;
import dev.orchestrator.files.FileTree;
import dev.orchestrator.files.TarExtract;
import dev.orchestrator.settings.InvalidSettingsException;
import dev.orchestrator.settings.NameRules;
import dev.orchestrator.settings.StackSettings;
import dev.orchestrator.stack.ImportRequest;
import dev.orchestrator.upgrade.ArchiveImports;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The folder of a stack out of the file of an export. Everything that can be wrong with the file is
 * refused before anything is written. Calls block.
 */
final class StackImport {
  private static final Logger log = LoggerFactory.getLogger(StackImport.class);
  private static final Duration MEASURE_DEADLINE = Duration.ofMinutes(5);

  private static final Pattern BACKUP = Pattern.compile("(?m)^\\s*backup\\b");

  /** In front of the name of a folder that is being written. */
  private static final String BESIDE = ".importing-";

  private final Engine engine;
  private final Supplier<String> base;
  private final Path stacks;
  private final Function<Path, StackSettings> load;

  /**
   * Nothing is read yet.
   *
   * @param base the capsules' base image
   * @param stacks the folder that has a folder for each stack
   * @param load reads the settings of a stack whose folder may be anywhere
   */
  StackImport(
      Engine engine, Supplier<String> base, Path stacks, Function<Path, StackSettings> load) {
    this.engine = engine;
    this.base = base;
    this.stacks = stacks;
    this.load = load;
  }

  /** A stack's folder that was written. */
  record Written(String stack, String version, Path folder) {
    /** Takes it back. */
    void remove() {
      try {
        FileTree.delete(folder);
      } catch (IOException e) {
        throw new RefusedException(
            "can't remove %s again: %s".formatted(folder, e.getMessage()), e);
      }
    }
  }

  /** Removes what imports have left that were killed while they wrote a stack's folder. */
  static void removeLeftovers(Path stacks) {
    try (DirectoryStream<Path> left = Files.newDirectoryStream(stacks, BESIDE + "*")) {
      for (Path each : left) {
        FileTree.delete(each);
        log.info("removed {}, left by an import that was killed", each);
      }
    } catch (NoSuchFileException e) {
      log.debug("no folder of stacks: {}", e.getMessage());
    } catch (IOException | DirectoryIteratorException e) {
      log.warn("left by an import, and can't be removed: {}", e.getMessage());
    }
  }

  /** The name that the stack is to have. */
  static String name(ImportRequest request) {
    String name = request.stack();
    if (name == null) {
      try (ArchiveReader archive = new ArchiveReader(Path.of(request.file()))) {
        name = archive.head().stack();
      }
    }
    if (!NameRules.isValid(name)) {
      throw new RefusedException(NameRules.explain(name) + ": give it another one with --stack");
    }
    return name;
  }

  /**
   * Checks the file and writes the stack's folder.
   *
   * @param room removes the stack that has the name, once all is checked; empty where none may
   */
  Written write(ImportRequest request, String name, Optional<Runnable> room) {
    Path target = stacks.resolve(name);
    if (room.isEmpty() && Files.exists(target, LinkOption.NOFOLLOW_LINKS)) {
      throw new RefusedException(
          "there is a stack %s already (%s): give the new one another name with --stack"
              .formatted(name, target));
    }
    try (ArchiveReader archive = new ArchiveReader(Path.of(request.file()))) {
      archive.requireArchitecture(engine.info().platform().architecture());
      requireSecrets(request, archive.contents());
      requireSpace(archive.contents(), name);
      archive.verify(bytes -> {});
      return write(request, name, archive, target, room);
    } catch (EngineException | DataException e) {
      throw new RefusedException(String.valueOf(e.getMessage()), e);
    } catch (IOException e) {
      throw new RefusedException("can't write the folder %s: %s".formatted(target, e), e);
    }
  }

  private static void requireSecrets(ImportRequest request, ArchiveContents contents) {
    List<String> missing = new ArrayList<>(contents.secrets().variables());
    missing.addAll(contents.secrets().files());
    missing.removeIf(
        each -> request.variables().containsKey(each) || request.files().containsKey(each));
    if (!missing.isEmpty()) {
      throw new RefusedException(
          "%s was exported without its secrets, or they are encrypted: give the values of %s (--secrets FILE)"
              .formatted(request.file(), String.join(", ", missing)));
    }
    TreeSet<String> given = new TreeSet<>(request.variables().keySet());
    given.addAll(request.files().keySet());
    given.removeAll(contents.secrets().variables());
    given.removeAll(contents.secrets().files());
    if (!given.isEmpty()) {
      throw new RefusedException(
          "%s needs no secret %s".formatted(request.file(), String.join(", ", given)));
    }
  }

  private void requireSpace(ArchiveContents contents, String name) {
    Map<String, String> labels = Labels.with(Labels.role("look"), Labels.STACK, name);
    long free = new RsyncCopier(engine, base).free(labels, MEASURE_DEADLINE);
    if (contents.dataBytes() > free) {
      throw new RefusedException(
          "not enough space: the data takes %s, and %s are free where the engine keeps its volumes"
              .formatted(HumanText.bytes(contents.dataBytes()), HumanText.bytes(free)));
    }
  }

  private Written write(
      ImportRequest request,
      String name,
      ArchiveReader archive,
      Path target,
      Optional<Runnable> room)
      throws IOException {
    String version = archive.head().version();
    Path beside = stacks.resolve(BESIDE + name);
    FileTree.delete(beside); // of an import that was killed
    try {
      try (InputStream files = archive.files()) {
        TarExtract.unpack(request.file(), files, beside);
      }
      Path folder = beside.resolve("stack");
      Path release = folder.resolve("releases").resolve(version);
      if (!Files.isRegularFile(folder.resolve("stack.conf")) || !Files.isDirectory(release)) {
        throw new RefusedException(
            "%s has no stack.conf, or no release %s".formatted(request.file(), version));
      }
      addSecrets(request, archive.contents(), release);
      Path renamed = beside.resolve(name);
      Files.move(folder, renamed);
      requireSettings(renamed, name);
      ArchiveImports.mark(renamed, Path.of(request.file()));
      room.ifPresent(Runnable::run);
      Files.move(renamed, target, StandardCopyOption.ATOMIC_MOVE);
      return new Written(name, version, target);
    } finally {
      FileTree.delete(beside);
    }
  }

  /**
   * A name that stack.conf has of its own is overridden, and backups are turned off: the repository
   * is that of the stack that was exported, whose backups this one would mix with its own.
   */
  private void requireSettings(Path folder, String name) throws IOException {
    Path conf = folder.resolve("stack.conf");
    try {
      String text = Files.readString(conf);
      if (BACKUP.matcher(text).find()) {
        text += "\n# Turned off by the import: name a repository of its own.\nbackup = null\n";
        Files.writeString(conf, text);
      }
      if (!load.apply(folder).name().equals(name)) {
        Files.writeString(
            conf, text + "\n# The name that it was imported with.\nname = " + name + "\n");
        StackSettings _ = load.apply(folder);
      }
    } catch (InvalidSettingsException e) {
      throw new RefusedException(
          "its stack.conf can't be used here: %s"
              .formatted(String.valueOf(e.getMessage()).replace(folder.toString(), name)),
          e);
    }
  }

  private static void addSecrets(ImportRequest request, ArchiveContents contents, Path release)
      throws IOException {
    for (String file : contents.secrets().files()) {
      Path path = release.resolve(file).normalize();
      if (!path.startsWith(release)) {
        throw new RefusedException("%s leads out of the release".formatted(file));
      }
      Path parent = path.getParent();
      if (parent != null) {
        Files.createDirectories(parent);
      }
      try {
        byte[] content = Base64.getDecoder().decode(request.files().getOrDefault(file, ""));
        boolean owned = Files.exists(path);
        Files.write(path, content);
        if (!owned) {
          Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rw-------"));
        }
      } catch (IllegalArgumentException e) {
        throw new RefusedException("the content of %s is not Base64".formatted(file), e);
      }
    }
    if (request.variables().isEmpty()) {
      return;
    }
    Path env = release.resolve(".env");
    StringBuilder text = new StringBuilder();
    if (Files.isRegularFile(env)) {
      text.append(Files.readString(env, StandardCharsets.UTF_8));
    }
    new TreeMap<>(request.variables())
        .forEach((variable, value) ->
            text.append(variable).append('=').append(quoted(variable, value)).append('\n'));
    Files.writeString(env, text);
    Files.setPosixFilePermissions(env, PosixFilePermissions.fromString("rw-------"));
  }

  /** As Compose reads a .env file: nothing is replaced between single quotes. */
  private static String quoted(String variable, String value) {
    if (value.contains("'") || value.contains("\n")) {
      throw new RefusedException(
          "the value of %s has a quote or an end of line, which .env can't hold"
              .formatted(variable));
    }
    return "'" + value + "'";
  }
}

package dev.orchestrator.report;

import dev.orchestrator.archive.SecretNames;
import dev.orchestrator.files.FileTree;
import dev.orchestrator.release.EnvFile;
import dev.orchestrator.settings.StackSettings;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** What {@code secrets} of a stack.conf may have forgotten: an export would take it along. */
final class SecretProposals {
  private SecretProposals() {}

  /** Names of variables and files of a version's release; none where it can't be read. */
  static List<String> of(StackSettings stack, String version) {
    Path release = stack.releases().resolve(version);
    if (!Files.isDirectory(release)) {
      return List.of();
    }
    List<String> declared = stack.compose().secrets();
    List<String> found =
        new ArrayList<>(SecretNames.variables(EnvFile.read(release).keySet(), declared));
    try {
      List<String> files =
          FileTree.of(release).stream()
              .filter(FileTree.Entry::file)
              .map(FileTree.Entry::name)
              .toList();
      found.addAll(SecretNames.files(files, declared));
    } catch (UncheckedIOException _) {
      // Who wants the release for its own sake says that it can't be read.
      return List.copyOf(found);
    }
    return List.copyOf(found);
  }

  /** What to write into stack.conf. */
  static String advice(StackSettings stack, List<String> found) {
    List<String> all = new ArrayList<>(stack.compose().secrets());
    all.addAll(found);
    return "secrets = [%s] in stack.conf keeps them out of an export"
        .formatted(String.join(", ", all.stream().map(SecretProposals::quoted).toList()));
  }

  private static String quoted(String name) {
    return name.matches("\\w+") ? name : "\"" + name + "\"";
  }
}

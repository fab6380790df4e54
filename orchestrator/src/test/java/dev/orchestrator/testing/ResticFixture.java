package dev.orchestrator.testing;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.orchestrator.settings.BackupSettings;
import dev.orchestrator.settings.BackupSettings.Keep;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/** Settings and data for tests with the restic of this machine, in a folder of the test. */
public record ResticFixture(Path folder) {
  /** The restic under test: another one, such as a newer release, may be named. */
  public static final Path RESTIC = Path.of(System.getProperty("restic", "/usr/bin/restic"));

  public static final Keep KEEP = new Keep(2, 0, 0, 0, 0);

  public ResticFixture {
    assumeTrue(Files.isExecutable(RESTIC), "the package restic is not installed");
  }

  /** Settings with the password {@code secret-word}. */
  public BackupSettings settings(String repository) throws IOException {
    return settings(repository, "secret-word", null);
  }

  public BackupSettings settings(String repository, String password, @Nullable Path environment)
      throws IOException {
    return new BackupSettings(
        repository, secret("password-" + password, password + "\n"), environment, "", KEEP, 0);
  }

  /** A file that its owner alone can read. */
  public Path secret(String name, String text) throws IOException {
    Path file = folder.resolve(name);
    Files.deleteIfExists(file);
    Files.createFile(
        file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    return Files.writeString(file, text);
  }

  public Path cache() {
    return folder.resolve("cache");
  }

  /** A folder with files whose content no other has. */
  public Path data(String name, int files, int bytes) throws IOException {
    Path data = Files.createDirectories(folder.resolve(name).resolve("sub")).resolveSibling("");
    Random random = new Random(name.hashCode());
    byte[] content = new byte[bytes];
    for (int i = 0; i < files; i++) {
      random.nextBytes(content);
      Files.write(data.resolve("sub/file-" + i), content);
    }
    Files.writeString(data.resolve("name"), name);
    return data.normalize();
  }

  /** Runs the restic of this machine as a person does, without the orchestrator. */
  public String run(BackupSettings settings, String... arguments)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of(RESTIC.toString()));
    command.addAll(List.of(arguments));
    Process process = builder(settings, command).start();
    String output = new String(process.getInputStream().readAllBytes(), UTF_8);
    if (process.waitFor() != 0) {
      throw new IOException(output);
    }
    return output;
  }

  /** Starts restic as a person does; its output goes nowhere. */
  public Process startQuietly(BackupSettings settings, String... arguments) throws IOException {
    List<String> command = new ArrayList<>(List.of(RESTIC.toString()));
    command.addAll(List.of(arguments));
    return builder(settings, command).redirectOutput(ProcessBuilder.Redirect.DISCARD).start();
  }

  private ProcessBuilder builder(BackupSettings settings, List<String> command) {
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder
        .environment()
        .putAll(
            Map.of(
                "RESTIC_REPOSITORY",
                settings.repository(),
                "RESTIC_PASSWORD_FILE",
                String.valueOf(settings.passwordFile()),
                "RESTIC_CACHE_DIR",
                cache().toString()));
    return builder;
  }
}

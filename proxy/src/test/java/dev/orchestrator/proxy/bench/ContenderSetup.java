package dev.orchestrator.proxy.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * What all contenders have in common.
 *
 * @param folder for files and logs
 * @param threads of each
 * @param connections that each may have from clients
 * @param blue port of an upstream
 * @param green port of another
 */
record ContenderSetup(Path folder, int threads, int connections, int blue, int green) {

  /** Writes a file of the folder. */
  Path write(String name, String text) throws IOException {
    return Files.writeString(folder.resolve(name), text);
  }

  /** A process whose output goes to a file of the folder. */
  Process start(String log, List<String> command) throws IOException {
    return new ProcessBuilder(command)
        .redirectErrorStream(true)
        .redirectOutput(folder.resolve(log).toFile())
        .start();
  }
}

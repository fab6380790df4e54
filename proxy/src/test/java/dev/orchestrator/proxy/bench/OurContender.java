package dev.orchestrator.proxy.bench;

import dev.orchestrator.proxy.testing.FreePorts;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Our proxy in a process of its own, with the service's JVM options but a heap of 256 MiB. */
final class OurContender extends Contender {
  private final BufferedReader answers = process.inputReader(StandardCharsets.US_ASCII);

  private OurContender(int tcp, int http, Process process) {
    super("ours", tcp, http, process);
  }

  static OurContender start(ContenderSetup setup) throws IOException {
    int tcp = FreePorts.next();
    int http = FreePorts.next();
    List<String> command =
        new ArrayList<>(
            List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString()));
    command.addAll(List.of(System.getProperty("bench.options").split(" ", -1)));
    command.addAll(
        List.of(
            "-Xmx256m",
            "-cp",
            System.getProperty("java.class.path"),
            OurProxyMain.class.getName()));
    for (int number : new int[] {setup.threads(), tcp, http, setup.blue(), setup.green()}) {
      command.add(Integer.toString(number));
    }
    Process process =
        new ProcessBuilder(command)
            .redirectError(setup.folder().resolve("ours.log").toFile())
            .start();
    return new OurContender(tcp, http, process);
  }

  private String ask(String line) throws IOException {
    process.outputWriter(StandardCharsets.US_ASCII).append(line).append('\n').flush();
    String answer = answers.readLine();
    while (answer != null && !answer.startsWith("= ")) {
      answer = answers.readLine(); // a line of its log
    }
    if (answer == null) {
      throw new IOException("our proxy has ended: see its log");
    }
    return answer.substring(2);
  }

  @Override
  void switchTo(String backend) throws IOException {
    String _ = ask(backend);
  }

  /** Live objects on the heap, and buffers outside of it. */
  @Override
  long held() throws IOException {
    return Long.parseLong(ask("memory"));
  }
}

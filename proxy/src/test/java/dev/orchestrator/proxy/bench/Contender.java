package dev.orchestrator.proxy.bench;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/**
 * A running proxy, with a tcp route and an http route to the same upstream; where it can, also a
 * udp route with the number of the tcp port.
 */
abstract class Contender implements AutoCloseable {
  private static final int KIB = 1024;

  final String name;
  final int tcp;
  final int http;
  final Process process;

  Contender(String name, int tcp, int http, Process process) {
    this.name = name;
    this.tcp = tcp;
    this.http = http;
    this.process = process;
    Ports.awaitListening(tcp);
    Ports.awaitListening(http);
  }

  /** Switches to an upstream: {@code blue} or {@code green}. */
  abstract void switchTo(String backend) throws IOException;

  /** The memory in use, in bytes. */
  long held() throws IOException {
    return resident();
  }

  /** The resident memory, in bytes. */
  long resident() throws IOException {
    long kib = 0;
    for (long pid : ProcessorTime.pids(process)) {
      for (String line : Files.readAllLines(Path.of("/proc/" + pid + "/status"))) {
        if (line.startsWith("VmRSS:")) {
          kib += Long.parseLong(line.replaceAll("[^0-9]", ""));
        }
      }
    }
    return kib * KIB;
  }

  /** The number of open file descriptors. */
  int descriptors() throws IOException {
    int count = 0;
    for (long pid : ProcessorTime.pids(process)) {
      try (DirectoryStream<Path> all = Files.newDirectoryStream(Path.of("/proc/" + pid + "/fd"))) {
        for (Path _ : all) {
          count++;
        }
      }
    }
    return count;
  }

  /** The processor time used, in nanoseconds. */
  long cpu() throws IOException {
    return ProcessorTime.nanos(process);
  }

  @Override
  public void close() {
    process.destroy();
    try {
      if (!process.waitFor(10, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}

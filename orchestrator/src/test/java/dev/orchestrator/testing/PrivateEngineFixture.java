package dev.orchestrator.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A private Docker engine on its own small disk and bridge, which a test may stop, kill and fill
 * up. It leaves the host's packet filter alone, so that its containers reach only the host; in a
 * network of its own they reach nothing. Needs root and {@code dockerd} on this host.
 */
public final class PrivateEngineFixture implements AutoCloseable {
  private static final long LIMIT_SECONDS = 60;
  private static final String NAME = "own" + ProcessHandle.current().pid();

  private final Path folder;
  private final LoopDiskFixture disk;
  private final @Nullable NetworkNamespaceFixture network;
  private final List<String> options;
  private @Nullable Process process;

  /**
   * Starts the engine on a disk of its own.
   *
   * @param bytes size of its disk
   */
  public PrivateEngineFixture(Path folder, long bytes) {
    this(folder, bytes, null, List.of());
  }

  /**
   * The same.
   *
   * @param network where it is; null for this host's
   * @param options more options of {@code dockerd}
   */
  public PrivateEngineFixture(
      Path folder, long bytes, @Nullable NetworkNamespaceFixture network, List<String> options) {
    this.folder = folder;
    this.network = network;
    this.options = options;
    disk = new LoopDiskFixture(folder, "mkfs.ext4", bytes);
    if (network == null) {
      removeBridgesOfRunsThatWereKilled();
      LoopDiskFixture.run("ip", "link", "add", NAME, "type", "bridge");
      LoopDiskFixture.run("ip", "address", "add", "10.213.0.1/16", "dev", NAME);
      LoopDiskFixture.run("ip", "link", "set", NAME, "up");
    }
    start();
  }

  /** They have the same addresses, and the host would send what is for this engine to them. */
  private static void removeBridgesOfRunsThatWereKilled() {
    try (DirectoryStream<Path> found =
        Files.newDirectoryStream(Path.of("/sys/class/net"), "own[0-9]*")) {
      for (Path link : found) {
        String name = link.getFileName().toString();
        if (ProcessHandle.of(Long.parseLong(name.substring(3))).isEmpty()) {
          LoopDiskFixture.run("ip", "link", "delete", name);
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Whether this host has the programs and the rights that the fixture needs. */
  public static boolean isSupported() {
    return LoopDiskFixture.isSupported("mkfs.ext4") && LoopDiskFixture.isSupported("dockerd");
  }

  /** The engine's address, as for {@code engine.host}. */
  public String host() {
    return "unix://" + socket();
  }

  private Path socket() {
    return folder.resolve("docker.sock");
  }

  public LoopDiskFixture disk() {
    return disk;
  }

  /** Starts the engine; returns when it answers. */
  public void start() {
    try {
      Path log = folder.resolve("dockerd.log");
      List<String> command =
          new ArrayList<>(
              List.of(
                  "dockerd",
                  "--host=" + host(),
                  "--data-root=" + disk.folder(),
                  "--exec-root=" + folder.resolve("exec"),
                  "--pidfile=" + folder.resolve("pid"),
                  "--containerd-namespace=" + NAME,
                  "--containerd-plugins-namespace=plugins." + NAME,
                  network == null ? "--bridge=" + NAME : "--bip=10.213.0.1/16",
                  "--iptables=false",
                  "--ip-masq=false"));
      command.addAll(options);
      process =
          new ProcessBuilder(
                  network == null ? command : network.inside(command.toArray(String[]::new)))
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
              .start();
      long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(LIMIT_SECONDS);
      while (!answers()) {
        if (!process.isAlive() || System.nanoTime() > end) {
          throw new AssertionError("dockerd does not start: " + Files.readString(log));
        }
        TimeUnit.MILLISECONDS.sleep(50);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError(e);
    }
  }

  private boolean answers() {
    try (SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(socket()))) {
      return channel.isConnected();
    } catch (IOException e) {
      return false;
    }
  }

  /** Stops the engine as {@code systemctl stop docker} does; its containers end with it. */
  public void stop() {
    Process running = process;
    if (running != null) {
      running.destroy();
      awaitEnd(running);
    }
  }

  /** Kills the engine with SIGKILL; its containers run on. */
  public void kill() {
    Process running = process;
    if (running != null) {
      List<ProcessHandle> helpers = running.children().toList();
      running.destroyForcibly();
      awaitEnd(running);
      // Its containerd dies a moment later; an engine that starts before that would wait for it.
      helpers.forEach(helper -> helper.onExit().orTimeout(LIMIT_SECONDS, TimeUnit.SECONDS).join());
    }
  }

  private static void awaitEnd(Process process) {
    try {
      if (!process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS)) {
        throw new AssertionError("dockerd does not end");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError(e);
    }
  }

  /** Copies images from the host's engine. */
  public void copyImages(List<String> images) {
    LoopDiskFixture.run(
        "bash",
        "-c",
        "set -o pipefail; docker save %s | docker --host %s load --quiet"
            .formatted(String.join(" ", images), host()));
  }

  @Override
  public void close() {
    stop();
    if (network == null) {
      LoopDiskFixture.run("ip", "link", "delete", NAME);
    }
    disk.close();
  }
}

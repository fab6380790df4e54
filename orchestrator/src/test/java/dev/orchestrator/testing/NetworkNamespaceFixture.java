package dev.orchestrator.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The network of another host: a name space of its own with one cable to this host, whose addresses
 * no other process of the tests has. Needs root.
 */
public final class NetworkNamespaceFixture implements AutoCloseable {
  private static final String PREFIX = "mvh";
  private static final Path ALL = Path.of("/run/netns");

  private final String name = PREFIX + ProcessHandle.current().pid();
  private final String address;

  public NetworkNamespaceFixture() {
    removeThoseOfRunsThatWereKilled();
    int slot = (int) (ProcessHandle.current().pid() % 16384);
    String network = "10.214.%d.".formatted(slot / 64);
    address = network + (slot % 64 * 4 + 2);
    String here = network + (slot % 64 * 4 + 1);
    LoopDiskFixture.run("ip", "netns", "add", name);
    LoopDiskFixture.run(
        "ip", "link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", name);
    LoopDiskFixture.run("ip", "address", "add", here + "/30", "dev", name);
    LoopDiskFixture.run("ip", "link", "set", name, "up");
    runInside("ip", "link", "set", "lo", "up");
    runInside("ip", "address", "add", address + "/30", "dev", "eth0");
    runInside("ip", "link", "set", "eth0", "up");
    runInside("ip", "route", "add", "default", "via", here);
  }

  private static void removeThoseOfRunsThatWereKilled() {
    if (!Files.isDirectory(ALL)) {
      return;
    }
    try (DirectoryStream<Path> found = Files.newDirectoryStream(ALL, PREFIX + "[0-9]*")) {
      for (Path each : found) {
        String name = each.getFileName().toString();
        if (ProcessHandle.of(Long.parseLong(name.substring(PREFIX.length()))).isEmpty()) {
          LoopDiskFixture.run("ip", "netns", "delete", name);
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The address at which this host reaches it. */
  public String address() {
    return address;
  }

  /** A command that runs there; it has the files and processes of this host. */
  public List<String> inside(String... command) {
    List<String> words = new ArrayList<>(List.of("nsenter", "--net=" + ALL.resolve(name)));
    words.addAll(List.of(command));
    return words;
  }

  private void runInside(String... command) {
    LoopDiskFixture.run(inside(command).toArray(String[]::new));
  }

  /** Both ends of the cable go with it. */
  @Override
  public void close() {
    LoopDiskFixture.run("ip", "link", "delete", name);
    LoopDiskFixture.run("ip", "netns", "delete", name);
  }
}

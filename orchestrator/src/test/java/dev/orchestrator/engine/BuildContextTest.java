package dev.orchestrator.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class BuildContextTest {
  private static final Platform PLATFORM = new Platform("linux", "amd64", "");

  @TempDir Path dir;

  private void file(String name) throws IOException {
    Path path = dir.resolve(name);
    Files.createDirectories(path.getParent());
    Files.writeString(path, name);
  }

  private List<String> names() throws IOException {
    return new BuildContext(dir, "Dockerfile", PLATFORM)
        .paths().stream().map(path -> dir.relativize(path).toString()).toList();
  }

  @Test
  void ignoredFilesStayOutButTheDockerfileIsSent() throws IOException {
    for (String name : List.of("Dockerfile", "a.log", "src/b.log", "src/b.c", "doc/x", "doc/y/k")) {
      file(name);
    }
    Files.writeString(
        dir.resolve(".dockerignore"),
        """
        # noise
        **/*.log
        /doc
        !doc/y/k
        Dockerfile
        .dockerignore
        """);
    assertEquals(List.of("Dockerfile", "doc/y/k", "src", "src/b.c"), names());
    Files.writeString(dir.resolve(".dockerignore"), "*\n!src/*.c\n");
    assertEquals(List.of("Dockerfile", "src/b.c"), names());
  }

  @Test
  void theTarKeepsModesAndLinksAndLongNames() throws IOException {
    file("Dockerfile");
    file("run");
    Files.setPosixFilePermissions(dir.resolve("run"), PosixFilePermissions.fromString("rwxr-x--x"));
    Files.createSymbolicLink(dir.resolve("link"), Path.of("run"));
    String deep = "d".repeat(120) + "/" + "ü".repeat(60);
    file(deep);
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    new BuildContext(dir, "Dockerfile", PLATFORM).write(out);
    List<String> seen = new ArrayList<>();
    try (TarArchiveInputStream tar =
        new TarArchiveInputStream(new ByteArrayInputStream(out.toByteArray()))) {
      for (TarArchiveEntry e = tar.getNextEntry(); e != null; e = tar.getNextEntry()) {
        seen.add(
            e.isSymbolicLink()
                ? e.getName() + " -> " + e.getLinkName()
                : "%s %o %d".formatted(e.getName(), e.getMode() & 0777, e.getLongUserId()));
      }
    }
    assertEquals(
        List.of(
            "Dockerfile 644 0",
            "d".repeat(120) + "/ 755 0",
            deep + " 644 0",
            "link -> run",
            "run 751 0"),
        seen);
  }

  @Test
  void aDockerfileMayHaveIgnoredFilesOfItsOwn() throws IOException {
    for (String name : List.of("Dockerfile", "a", "b")) {
      file(name);
    }
    Files.writeString(dir.resolve(".dockerignore"), "a\n");
    Files.writeString(dir.resolve("Dockerfile.dockerignore"), "b\n*ignore\n");
    assertEquals(List.of("Dockerfile", "a"), names());
  }

  @Test
  void theDockerfileGetsTheVariablesThatItUses() throws IOException {
    Files.writeString(
        dir.resolve("Dockerfile"),
        """
        # syntax=docker/dockerfile:1

        FROM --platform=$BUILDPLATFORM x
        ARG TARGETARCH
        RUN echo $TARGETARCH
        """);
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    new BuildContext(dir, "Dockerfile", PLATFORM).write(out);
    try (TarArchiveInputStream tar =
        new TarArchiveInputStream(new ByteArrayInputStream(out.toByteArray()))) {
      assertEquals("Dockerfile", tar.getNextEntry().getName());
      assertEquals(
          """
          # syntax=docker/dockerfile:1

          ARG BUILDPLATFORM=linux/amd64
          ARG TARGETARCH=amd64
          FROM --platform=$BUILDPLATFORM x
          ARG TARGETARCH
          RUN echo $TARGETARCH
          """,
          new String(tar.readAllBytes(), StandardCharsets.UTF_8));
    }
  }
}

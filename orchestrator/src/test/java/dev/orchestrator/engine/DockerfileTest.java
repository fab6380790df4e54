package dev.orchestrator.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DockerfileTest {
  private static final Platform PLATFORM = new Platform("linux", "amd64", "");

  @Test
  void readsInstructionsOverSeveralLines() {
    Dockerfile file =
        Dockerfile.parse(
            """
            # comment
            FROM x

            RUN a && \\
              # within

              b
            onbuild copy --from=y . /
            """);
    assertEquals(
        List.of("2 FROM x", "4 RUN a &&   b", "8 COPY . /"),
        file.instructions().stream()
            .map(i -> "%d %s %s".formatted(i.line(), i.name(), i.arguments()))
            .toList());
  }

  @Test
  void theEscapeMayBeAnotherOne() {
    Dockerfile file = Dockerfile.parse("# escape=`\nFROM x\nRUN a `\n  b\nRUN c\\\nRUN d\n");
    assertEquals(4, file.instructions().size());
  }

  @Test
  void saysWhatTheClassicBuilderCannotDo() {
    Dockerfile file =
        Dockerfile.parse(
            """
            FROM debian AS build
            RUN --mount=type=cache,target=/root/.cache \\
                --network=none make
            COPY --chmod=755 --link run /
            COPY <<-"END" /etc/x
            \tFROM this is text
            \tEND
            RUN <<EOF
            COPY --chmod=1 this too
            EOF
            ADD --checksum=sha256:1 https://example.org/x /x
            ADD https://example.org/x.git#v1 /x
            ONBUILD RUN --mount=type=secret,id=x true
            """);
    assertEquals(
        List.of(
            "2 RUN --mount",
            "2 RUN --network",
            "4 COPY --chmod",
            "4 COPY --link",
            "5 COPY with a heredoc (<<)",
            "8 RUN with a heredoc (<<)",
            "11 ADD --checksum",
            "12 ADD of a git repository",
            "13 RUN --mount"),
        file.problems(false).stream()
            .map(p -> p.line() + " " + p.text().substring(0, p.text().indexOf(':')))
            .toList());
    assertEquals(List.of(), file.problems(true));
  }

  @Test
  void anImageThatAMountIsTakenFromIsABase() {
    Dockerfile file =
        Dockerfile.parse(
            """
            FROM x AS one
            RUN --mount=type=bind,from=tools:2,target=/t true
            RUN --mount=from=one,target=/o true
            """);
    assertEquals(List.of("x", "tools:2"), file.bases(Map.of(), PLATFORM));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "RUN sh -c 'cat <<EOF'",
        "RUN sh -c \"cat <<EOF\"",
        "RUN [\"sh\", \"-c\", \"cat <<EOF\"]",
        "RUN echo $((1<<3))",
        "RUN cat <<< text",
        "RUN echo don\\'t; cat x",
        "RUN make --mount=x",
        "COPY --from=build --chown=1:1 /a /b",
        "ADD --chown=1 https://example.org/x.tar.gz /",
        "LABEL a=<<EOF",
        "HEALTHCHECK --interval=5s CMD true",
        "FROM --platform=$BUILDPLATFORM y"
      })
  void takesNothingElseForSuch(String line) {
    Dockerfile file = Dockerfile.parse("# syntax=docker/dockerfile:1.7-labs\nFROM x\n" + line);
    assertEquals(List.of(), file.problems(false));
    assertEquals(2, file.instructions().size());
  }

  @Test
  void anotherLanguageIsNamed() {
    Dockerfile file = Dockerfile.parse("#syntax=example/pack\nimage: x\n");
    assertTrue(file.problems(false).getFirst().text().contains("example/pack"));
    assertTrue(file.problems(true).getFirst().text().contains("example/pack"));
  }

  @Test
  void namesOfStagesAreTheSameInCapitals() {
    Dockerfile file =
        Dockerfile.parse("FROM x AS Builder\nFROM BUILDER as two\nCOPY --from=builder /a /b\n");
    assertEquals(List.of("x"), file.bases(Map.of(), PLATFORM));
  }

  @Test
  void onlyArgumentsBeforeTheFirstStageChooseAnImage() {
    Dockerfile file =
        Dockerfile.parse(
            "ARG A=1 B=\"2\"\nFROM x:$A-$B\nARG A=9\nFROM y:${A}-${TARGETARCH}-${C-d}\n");
    assertEquals(List.of("x:1-2", "y:1-amd64-d"), file.bases(Map.of(), PLATFORM));
    assertEquals(List.of("x:3-2", "y:3-amd64-d"), file.bases(Map.of("A", "3"), PLATFORM));
    assertEquals(Set.of("TARGETARCH"), file.platformVariables());
  }

  @Test
  void stagesOfAnotherPlatformAreFound() {
    Dockerfile file =
        Dockerfile.parse(
            """
            FROM --platform=$BUILDPLATFORM x
            FROM --platform=linux/amd64 x
            FROM --platform=linux/arm64 x
            """);
    assertEquals(
        List.of(3),
        file.otherPlatforms(Map.of(), PLATFORM).stream().map(Dockerfile.Problem::line).toList());
  }
}

package dev.orchestrator.capsule;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The start of {@code config/image/lib/order.sh}, with a program of the test in place of the inner
 * engine: it starts at once, and a service is healthy when it runs.
 */
class OrderScriptTest {
  private static final String PLACES =
      "s#=/run/capsule#=$PWD/run#; s#=/data#=$PWD/data#; s#=/capsule/stack#=$PWD/stack#;"
          + " s#=/proc/1/environ#=$PWD/environ#";

  private static final String ENGINE =
      """
      : >>environ
      mkdir -p programs.d
      PATH=$PWD/programs.d:$PATH
      cat >programs.d/curl <<'END'
      #!/bin/bash
      url=${*: -1}
      id=${url#http://engine/containers/}
      id=${id%/*}
      event() {
        printf '{"Action":"%s","Actor":{"ID":"%s","Attributes":{"com.docker.compose.service":"%s","exitCode":"%s"}},"timeNano":%s}\\n' \\
          "$1" "$id" "$(sed -n "s/^$id //p" services)" "${2:-}" "$(date +%s%N)" >"line-$id"
        if [ -e "in-parts-$id" ]; then
          head -c 30 "line-$id" >>events
          sleep 0.6
          tail -c +31 "line-$id" >>events
        else
          cat "line-$id" >>events
        fi
      }
      case $url in
        */events*) exec tail -n +1 -f events 2>/dev/null ;;
        */start)
          echo "start $(sed -n "s/^$id //p" services)" >>asked
          event start
          if [ -e "ends-$id" ]; then event die "$(cat "ends-$id")"; else event "health_status: $(cat "health-$id" 2>/dev/null || echo healthy)"; fi
          printf '\\n204' ;;
        */json) printf '{"State":{"Status":"exited","ExitCode":%s}}' "$(cat "ends-$id")" ;;
      esac
      END
      chmod +x programs.d/curl
      : >events
      source services.sh
      source order.sh
      compose() { builtin echo "compose $*" >>asked; }
      inspect_services() {
        while read -r id service; do
          printf '{"Id":"%s","Name":"/stack-%s-1","Config":{"Labels":{"com.docker.compose.service":"%s"},"Healthcheck":{"Test":["CMD","x"]}},"State":{"Status":"%s","Health":{"Status":"unhealthy"}}}' \\
            "$id" "$service" "$service" "${status:-exited}"
        done <services
      }
      """;

  private static final String STACK =
      """
      {"services": {
        "web": {"depends_on": {"app": {"condition": "service_healthy"}}},
        "app": {"depends_on": {"db": {"condition": "service_healthy"}, "job": {"condition": "service_completed_successfully"}}},
        "job": {}, "db": {}, "mail": {}}}
      """;

  @TempDir Path capsule;

  @BeforeEach
  void makeStack() throws IOException {
    Files.createDirectories(capsule.resolve("run"));
    Files.createDirectories(capsule.resolve("stack"));
    Files.writeString(capsule.resolve("stack/stack.json"), "{}");
    Files.writeString(capsule.resolve("stack/compose.json"), STACK);
    Files.writeString(capsule.resolve("run/compose.json"), STACK);
    Files.writeString(capsule.resolve("run/created"), STACK);
    Files.writeString(capsule.resolve("services"), "a1 web\na2 app\na3 db\na4 mail\na5 job\n");
    Files.writeString(capsule.resolve("ends-a5"), "0");
  }

  @Test
  void eachServiceIsStartedWhenWhatItDependsOnIsThere() throws Exception {
    assertEquals("", bash("start_in_order"));
    List<String> asked = asked();
    assertTrue(asked.contains("start mail"), asked.toString());
    List<String> others = asked.stream().filter(each -> !each.equals("start mail")).toList();
    assertEquals(List.of("start db", "start job"), others.subList(0, 2).stream().sorted().toList());
    assertEquals(List.of("start app", "start web"), others.subList(2, others.size()));
    List<String> times =
        Files.readAllLines(capsule.resolve("run/times")).stream()
            .map(line -> line.replaceFirst("^\\d{19} ", ""))
            .toList();
    assertEquals(
        List.of("ask app", "ask web"),
        times.stream().filter(line -> line.matches("ask (app|web)")).toList());
  }

  /** A wait that ends in the middle of a line loses nothing of it. */
  @Test
  void anEventMayComeInParts() throws Exception {
    Files.writeString(capsule.resolve("in-parts-a1"), "");
    assertEquals("", bash("start_in_order"));
    assertTrue(asked().contains("start web"));
  }

  @Test
  void whatCanNotComeAnyMoreEndsTheStart() throws Exception {
    Files.writeString(capsule.resolve("health-a3"), "unhealthy");
    assertEquals(
        "capsule: compose up: dependency failed to start: container stack-db-1 is unhealthy\n",
        failure());
    Files.delete(capsule.resolve("health-a3"));
    Files.writeString(capsule.resolve("ends-a5"), "3");
    assertEquals(
        "capsule: compose up: service \"job\" didn't complete successfully: exit 3\n", failure());
    Files.writeString(capsule.resolve("ends-a3"), "1");
    assertTrue(failure().contains("container stack-db-1 exited (1)"));
  }

  /** Such as a container that was removed by hand, and a model that is another one by now. */
  @Test
  void whatIsNotAsItWasMadeIsLeftToCompose() throws Exception {
    Files.writeString(capsule.resolve("services"), "a1 web\na2 app\na3 db\na4 mail\n");
    assertEquals("1\n", bash("start_in_order || builtin echo $?"));
    makeStack();
    Files.writeString(capsule.resolve("run/compose.json"), STACK.replace("mail", "post"));
    assertEquals("1\n", bash("start_in_order || builtin echo $?"));
    makeStack();
    String secret =
        STACK.replaceFirst("\\{", "{\"secrets\": {\"key\": {\"environment\": \"KEY\"}},");
    Files.writeString(capsule.resolve("run/compose.json"), secret);
    Files.writeString(capsule.resolve("run/created"), secret);
    assertEquals("1\n", bash("start_in_order || builtin echo $?"));
    assertTrue(Files.notExists(capsule.resolve("asked")));
  }

  private String failure() throws Exception {
    return bash(": >events\n(start_in_order) 2>&1 || [[ $? = 1 ]]").replace("\r", "");
  }

  private List<String> asked() throws IOException {
    return Files.readAllLines(capsule.resolve("asked"));
  }

  private String bash(String script) throws IOException, InterruptedException {
    return new ScriptRunner(capsule, PLACES, ENGINE).run(script);
  }
}

package dev.orchestrator.capsule;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.orchestrator.capsule.image.ImageBuilder;
import dev.orchestrator.engine.ContainerSecurity;
import dev.orchestrator.engine.ContainerSpec;
import dev.orchestrator.engine.DockerEngine;
import dev.orchestrator.engine.Engine;
import dev.orchestrator.engine.ExecResult;
import dev.orchestrator.engine.Labels;
import dev.orchestrator.testing.LightStackFixture;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Redirecting connections with either packet filter of an engine, behind firewalls that drop what
 * they do not know: in a network of its own, with rules like an engine's.
 */
@Tag("engine")
class RedirectScriptEngineTest {
  private static final Duration DEADLINE = Duration.ofMinutes(1);

  /** Port 9999 is the project's container, 40000 is where new connections are to wait. */
  private static final String BEGIN =
      """
      set -euo pipefail
      cat >/tmp/ports.cfg <<'END'
      defaults
        mode http
        timeout client 9s
        timeout server 9s
        timeout connect 9s
      frontend container
        bind 127.0.0.1:9999
        http-request return status 200 content-type text/plain string container
      frontend detour
        bind 127.0.0.1:40000
        http-request return status 200 content-type text/plain string detour
      END
      haproxy -D -f /tmp/ports.cfg
      redirect=/usr/local/lib/capsule/capsule-redirect
      ask() { curl --silent --max-time 5 http://127.0.0.1:8080/ || echo nobody; }
      rules() { nft list ruleset | sed 's/ packets [0-9]* bytes [0-9]*//'; }
      firewall() {
        nft -f - <<'END'
      table inet guard {
        chain input {
          type filter hook input priority 0; policy drop;
          ct state established accept
          tcp dport 9999 accept
        }
      }
      END
        iptables-nft -P INPUT DROP
        iptables-nft -A INPUT -m conntrack --ctstate ESTABLISHED -j ACCEPT
        iptables-nft -A INPUT -p tcp --dport 9999 -j ACCEPT
      }
      redirected() {
        firewall
        rules >/tmp/before 2>&1
        ask; echo " $($redirect look | cut -d ' ' -f 2)"
        $redirect add ORCHESTRATOR-1 "orchestrator photos u1" 'tcp,*,8080,127.0.0.1,40000'
        ask; echo
        $redirect add ORCHESTRATOR-1 "orchestrator photos u1" 'tcp,127.0.0.1,8080,127.0.0.1,40000'
        ask; echo
        $redirect clear ORCHESTRATOR-1
        ask; echo
        rules >/tmp/after 2>&1
        ! grep -e ORCHESTRATOR -e photos /tmp/after
      }
      """;

  private final Map<String, String> labels =
      Labels.with(
          Labels.role("test"), Labels.HOME, "test-" + UUID.randomUUID().toString().substring(0, 8));
  private final Engine engine = DockerEngine.connect("", DEADLINE);
  private final String container = "orchestrator-test-" + UUID.randomUUID();
  @TempDir Path directory;

  @BeforeEach
  void start() {
    String base =
        new ImageBuilder(
                engine,
                LightStackFixture.in(directory).settings(8080),
                labels,
                InstantSource.system())
            .base(System.out::println);
    engine.createContainer(
        ContainerSpec.helper(
            container,
            base,
            List.of("sleep", "300"),
            labels,
            List.of(),
            ContainerSecurity.only("NET_ADMIN", "NET_RAW")));
    engine.startContainer(container);
  }

  @AfterEach
  void stop() {
    engine.removeContainer(container);
    engine.close();
  }

  private void assertSays(String expected, String script) {
    ExecResult result =
        engine.exec(container, List.of("bash", "-c", BEGIN + script), Duration.ofMinutes(1));
    assertEquals(expected, result.stdout(), result.toString());
    assertEquals(0, result.exitCode(), result.toString());
  }

  @Test
  void besideAnEngineThatUsesIptables() {
    assertSays(
        """
        container nft
        detour
        detour
        container
        """,
        """
        iptables-nft -t nat -N DOCKER
        iptables-nft -t nat -A OUTPUT -m addrtype --dst-type LOCAL -j DOCKER
        iptables-nft -t nat -A DOCKER -p tcp --dport 8080 -j REDIRECT --to-ports 9999
        redirected
        """);
  }

  @Test
  void besideAnEngineThatUsesNftablesItself() {
    assertSays(
        """
        container native
        detour
        detour
        container
        same rules as before
        """,
        """
        nft -f - <<'END'
        table ip docker-bridges {
          chain nat-output {
            type nat hook output priority -100; policy accept;
            fib daddr type local tcp dport 8080 redirect to :9999
          }
        }
        END
        redirected
        cmp /tmp/before /tmp/after && echo same rules as before
        """);
  }
}

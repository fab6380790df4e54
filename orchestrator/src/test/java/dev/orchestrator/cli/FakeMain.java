package dev.orchestrator.cli;

import dev.orchestrator.api.ApiServer;
import dev.orchestrator.client.RunningService;
import dev.orchestrator.common.RefusedException;
import dev.orchestrator.home.HomeOwnership;
import dev.orchestrator.settings.Settings.ApiSettings;
import dev.orchestrator.testing.FakeControl;
import dev.orchestrator.testing.FakeStacks;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import org.slf4j.LoggerFactory;

/** The program, with a service that has an API in front of a {@link FakeControl}. */
public final class FakeMain {
  private FakeMain() {}

  public static void main(String[] arguments) {
    CliContext context = CliContext.ofProcess(FakeMain.class.getName(), FakeMain::start);
    System.exit(Cli.run(context, arguments));
  }

  public static RunningService start(Path config, Path home, HomeOwnership ownership)
      throws IOException {
    if (Files.readString(config).contains("refuse-me")) {
      throw new RefusedException("orchestrator.conf:3: refuse-me: unknown key");
    }
    LoggerFactory.getLogger(FakeMain.class)
        .error("starting", new IllegalStateException("only in the file"));
    Vertx vertx = Vertx.vertx();
    FakeControl control = new FakeControl();
    control.publish("prepare", "intent", "", 0);
    ApiServer server =
        ApiServer.start(vertx, FakeStacks.of(control), new ApiSettings("127.0.0.1", 0), home);
    return new RunningService() {
      @Override
      public String address() {
        return server.address();
      }

      @Override
      public void awaitHandover() throws InterruptedException {
        new CountDownLatch(1).await();
      }

      @Override
      public void reload() {
        LoggerFactory.getLogger(FakeMain.class).info("reloaded");
      }

      @Override
      public void close() {
        server.close();
        vertx.close().await();
      }
    };
  }
}

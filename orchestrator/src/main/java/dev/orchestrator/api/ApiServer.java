package dev.orchestrator.api;

import dev.orchestrator.common.RefusedException;
import dev.orchestrator.home.HomeFiles;
import dev.orchestrator.settings.Settings.ApiSettings;
import dev.orchestrator.stack.Stacks;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The HTTP API of the service, on loopback. While it listens, its address is in a file of the home
 * folder, where clients find it and the token. Start and close it from one thread that is not an
 * event loop.
 */
public final class ApiServer implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(ApiServer.class);
  private static final long DEADLINE_SECONDS = 10;

  private final HomeFiles files;
  private final HttpServer server;
  private final String address;

  private ApiServer(HomeFiles files, HttpServer server, String address) {
    this.files = files;
    this.server = server;
    this.address = address;
  }

  /**
   * Listens, then writes the address to the home folder.
   *
   * @throws RefusedException when the address isn't a loopback address or can't be bound, or the
   *     state folder can't be written
   */
  public static ApiServer start(Vertx vertx, Stacks stacks, ApiSettings settings, Path home) {
    requireLoopback(settings.host());
    HomeFiles files = new HomeFiles(home);
    try {
      return start(vertx, stacks, settings, files);
    } catch (IOException e) {
      throw new RefusedException("can't write into the state folder: " + e, e);
    }
  }

  private static ApiServer start(Vertx vertx, Stacks stacks, ApiSettings settings, HomeFiles files)
      throws IOException {
    files.create();
    AccessGuard guard = new AccessGuard(ApiToken.loadOrCreate(files), settings.host());
    HttpServer server =
        vertx
            .createHttpServer(
                new HttpServerOptions()
                    .setHost(settings.host())
                    .setPort(settings.port())
                    .setReuseAddress(true))
            .requestHandler(new ApiRoutes(vertx, stacks, guard).router());
    listen(server, settings);
    String host = settings.host().contains(":") ? "[" + settings.host() + "]" : settings.host();
    ApiServer api = new ApiServer(files, server, host + ":" + server.actualPort());
    files.write(files.address(), api.address + "\n");
    log.info("API on {}", api.address);
    return api;
  }

  /** The address that it listens on, {@code host:port}. */
  public String address() {
    return address;
  }

  /** Removes the address from the home folder and closes; open event streams are cut. */
  @Override
  public void close() {
    try {
      Files.deleteIfExists(files.address());
      server.close().await(DEADLINE_SECONDS, TimeUnit.SECONDS);
    } catch (IOException e) {
      log.warn("can't remove {}", files.address(), e);
    } catch (TimeoutException e) {
      log.warn("the API on {} did not close within {} s", address, DEADLINE_SECONDS, e);
    }
  }

  private static void requireLoopback(String host) {
    try {
      if (InetAddress.getByName(host).isLoopbackAddress()) {
        return;
      }
    } catch (UnknownHostException e) {
      throw new RefusedException("api.listen: can't resolve \"" + host + "\": use 127.0.0.1", e);
    }
    throw new RefusedException(
        "api.listen: \"" + host + "\" isn't a loopback address: the API is for this machine alone");
  }

  private static void listen(HttpServer server, ApiSettings settings) {
    String where = settings.host() + ":" + settings.port();
    try {
      server.listen().await(DEADLINE_SECONDS, TimeUnit.SECONDS);
    } catch (TimeoutException e) {
      throw new RefusedException("can't listen on " + where + " for the API: no answer", e);
    } catch (Exception e) { // Future.await throws what the listen failed with, checked or not.
      throw new RefusedException(
          "can't listen on %s for the API (%s): free the port or set api.listen to another"
              .formatted(where, e.getMessage()),
          e);
    }
  }
}

package dev.orchestrator.api;

import dev.orchestrator.common.Json;
import dev.orchestrator.common.NotYetException;
import dev.orchestrator.common.RefusedException;
import dev.orchestrator.stack.Control;
import dev.orchestrator.upgrade.DataOptions;
import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import io.vertx.ext.web.handler.BodyHandler;
import io.vertx.ext.web.handler.HttpException;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.function.Function;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The routes of the HTTP API: which request calls which method of {@link Control}. These calls
 * block, so each has a virtual thread of its own; requests are read and answered on the event loop.
 */
final class ApiRoutes {
  private static final Logger log = LoggerFactory.getLogger(ApiRoutes.class);
  private static final String MALFORMED = "the request is malformed";
  private static final long MOST_BODY_BYTES = 64 * 1024;

  private final Vertx vertx;
  private final Control control;
  private final AccessGuard guard;

  ApiRoutes(Vertx vertx, Control control, AccessGuard guard) {
    this.vertx = vertx;
    this.control = control;
    this.guard = guard;
  }

  Router router() {
    Router router = Router.router(vertx);
    router.route().handler(guard::checkHost);
    router.get("/v1/health").handler(context -> context.response().end("ok\n"));
    router.route().handler(guard::checkToken);
    router.route().handler(BodyHandler.create(false).setBodyLimit(MOST_BODY_BYTES));

    get(router, "/v1/status", context -> control::status);
    get(router, "/v1/serving", context -> control::serving);
    get(router, "/v1/versions", context -> control::versions);
    get(router, "/v1/upgrades", context -> control::history);
    get(router, "/v1/upgrades/:id", this::receipt);
    get(
        router,
        "/v1/plan",
        Set.of("version", "full", "attach", "acceptUnused", "files"),
        this::plan);
    get(router, "/v1/rollback", context -> control::rollbackCost);
    get(router, "/v1/doctor", context -> control::doctor);
    get(router, "/v1/logs", Set.of("service", "tail"), this::logs);
    router.get("/v1/upgrades/:id/events").handler(this::events);

    post(router, "/v1/up", this::up);
    post(router, "/v1/upgrades", this::upgrade);
    post(router, "/v1/rollback", this::rollback);
    post(router, "/v1/abort", context -> runId(context, control::abort));
    post(router, "/v1/resume", context -> runId(context, control::resume));
    post(router, "/v1/takeover", this::takeover);
    post(router, "/v1/down", context -> down(RequestReader.removalInBody(context)));

    router.route().failureHandler(this::answerRouterFailure);
    router.errorHandler(400, context -> JsonResponses.error(context, 400, MALFORMED));
    router.errorHandler(404, context -> JsonResponses.error(context, 404, "no such path"));
    router.errorHandler(
        405, context -> JsonResponses.error(context, 405, "wrong method for this path"));
    return router;
  }

  private Callable<Object> receipt(RoutingContext context) {
    String id = RequestReader.runId(context);
    return () -> control.receipt(id);
  }

  private Callable<Object> plan(RoutingContext context) {
    String version = RequestReader.version(context);
    DataOptions options = RequestReader.planOptions(context);
    return () -> control.plan(version, options);
  }

  private Callable<Object> logs(RoutingContext context) {
    String service = RequestReader.service(context);
    int tail = RequestReader.tailLines(context);
    return () -> control.logs(service, tail);
  }

  private Callable<Object> up(RoutingContext context) {
    String version = RequestReader.versionInBody(context);
    return () -> Map.of("id", control.up(version));
  }

  private Callable<Object> upgrade(RoutingContext context) {
    String version = RequestReader.requiredVersionInBody(context);
    DataOptions options = RequestReader.upgradeOptions(context);
    return () -> Map.of("id", control.upgrade(version, options));
  }

  private Callable<Object> rollback(RoutingContext context) {
    DataOptions options = RequestReader.rollbackOptions(context);
    return () -> Map.of("id", control.rollback(options));
  }

  /** A request without parameters that is answered with the id of a run. */
  private static Callable<Object> runId(RoutingContext context, Supplier<String> request) {
    RequestReader.requireEmptyBody(context);
    return () -> Map.of("id", request.get());
  }

  private Callable<Object> takeover(RoutingContext context) {
    RequestReader.requireEmptyBody(context);
    return () -> Map.of("socket", control.handOver());
  }

  private Callable<Object> down(Control.Removal removal) {
    return () -> {
      int images = control.down(removal);
      return Map.of("id", "", "images", images);
    };
  }

  private void get(Router router, String path, Function<RoutingContext, Callable<Object>> handler) {
    get(router, path, Set.of(), handler);
  }

  /**
   * Routes a GET.
   *
   * @param parameters names of the query parameters that it has
   */
  private void get(
      Router router,
      String path,
      Set<String> parameters,
      Function<RoutingContext, Callable<Object>> handler) {
    router
        .get(path)
        .handler(context -> {
          RequestReader.requireKnownParameters(context, parameters);
          answer(context, 200, handler.apply(context));
        });
  }

  private void post(
      Router router, String path, Function<RoutingContext, Callable<Object>> handler) {
    router.post(path).handler(context -> answer(context, 202, handler.apply(context)));
  }

  private void answer(RoutingContext context, int status, Callable<Object> work) {
    onVirtualThread(
        context,
        loop -> {
          String answer = Json.write(work.call());
          loop.runOnContext(now -> JsonResponses.text(context, status, answer));
        });
  }

  private void events(RoutingContext context) {
    RequestReader.requireKnownParameters(context, Set.of());
    String id = RequestReader.runId(context);
    long lastSeen = RequestReader.lastEventId(context);
    onVirtualThread(
        context,
        loop -> {
          control.receipt(id); // An unknown id is refused before the stream begins.
          loop.runOnContext(now -> startStream(context, loop, id, lastSeen));
        });
  }

  private void startStream(RoutingContext context, Context loop, String id, long lastSeen) {
    EventStream stream = new EventStream(vertx, loop, context.response(), lastSeen);
    onVirtualThread(context, sameLoop -> stream.attach(control.watch(id, stream::accept)));
  }

  /** Work that may block; an exception of it becomes the answer. */
  private interface Work {
    void run(Context loop) throws Exception;
  }

  private void onVirtualThread(RoutingContext context, Work work) {
    Context loop = vertx.getOrCreateContext();
    Thread.ofVirtual()
        .name("api-" + context.request().path())
        .start(() -> {
          try {
            work.run(loop);
          } catch (Throwable e) {
            loop.runOnContext(now -> answerFailure(context, e));
          }
        });
  }

  private void answerRouterFailure(RoutingContext context) {
    Throwable failure = context.failure();
    if (failure == null && context.statusCode() == 413) {
      JsonResponses.error(context, 413, "the body is larger than " + MOST_BODY_BYTES + " bytes");
    } else if (failure == null) {
      JsonResponses.error(context, context.statusCode(), MALFORMED);
    } else {
      answerFailure(context, failure);
    }
  }

  private static void answerFailure(RoutingContext context, Throwable failure) {
    switch (failure) {
      case NotYetException refusal -> JsonResponses.notYet(context, message(refusal));
      case RefusedException refusal -> JsonResponses.refused(context, message(refusal));
      case BadRequestException bad -> JsonResponses.error(context, 400, message(bad));
      case HttpException http when http.getStatusCode() < 500 ->
          JsonResponses.error(context, http.getStatusCode(), MALFORMED);
      default -> {
        String reference = Long.toHexString(System.nanoTime() & 0xffff_ffffL);
        log.error(
            "{} {} failed, reference {}",
            context.request().method(),
            context.request().path(),
            reference,
            failure);
        if (context.response().headWritten()) {
          context
              .response()
              .reset(); // An event stream: the client connects again, and gets the error then.
          return;
        }
        JsonResponses.error(
            context,
            500,
            "unexpected error in the service (reference %s): its log says more"
                .formatted(reference));
      }
    }
  }

  private static String message(Throwable failure) {
    String message = failure.getMessage();
    return message == null ? failure.getClass().getSimpleName() : message;
  }
}
